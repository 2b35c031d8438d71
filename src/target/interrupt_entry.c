/* SPDX-License-Identifier: Apache-2.0 */
/* Where an interrupt of ours comes in to a thread that runs code of its own: the kernel leaves the
 * same word below such a thread's registers each time, and others where it was at work for it. */
#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "target/interrupt_inside.h"

/* A timer can come in between, and is then what the kernel was at: it must be the same so often. */
#define TIMES 3
/* Where other processors have other things to do. */
#define PATIENCE_NS (5 * PYRO_NS_PER_MS)
#define TURNS       4096 /* some tens of microseconds */

struct sending {
	struct pyro_interrupt *interrupt;
	int cpu; /**< of the thread that waits for it: should that go to another, nothing is read */
	_Atomic uint64_t turns; /**< of that thread: as they grow, it is in code of its own */
	_Atomic bool over;
	uint64_t entry; /**< 0: not found out */
};

/* 0: it was not interrupted, or in a system call. */
static uint64_t interrupt_it(const struct sending *sending)
{
	struct pyro_interrupt_area *area = sending->interrupt->once.area;
	const struct pyro_interrupt_slot *slot;

	if (!pyro_interrupt_once(sending->interrupt, sending->cpu) || !pyro_interrupt_filled(area))
		return 0;
	slot = pyro_interrupt_oldest(area);
	return pyro_interrupt_in_call(slot) ? 0 : slot->entry;
}

/* One interrupt can follow another so soon that the thread is where it was: in the kernel, say, on
 * its way back to a processor. */
static bool wait_for_turn(const struct sending *sending)
{
	const uint64_t turns = atomic_load(&sending->turns);

	while (atomic_load(&sending->turns) == turns) {
		if (atomic_load(&sending->over))
			return false;
	}
	return true;
}

static void *send(void *context)
{
	struct sending *sending = context;
	uint64_t entry, last = 0;
	int times = 0;

	while (times < TIMES && wait_for_turn(sending)) {
		entry = interrupt_it(sending);
		times = entry && entry == last ? times + 1 : entry != 0;
		last = entry;
	}
	if (times == TIMES)
		sending->entry = last;
	atomic_store(&sending->over, true);
	return NULL;
}

/* On any processor but @cpu, and before all else there, as far as we may. */
static bool start(struct sending *sending, pthread_t *thread)
{
	const struct sched_param first = {.sched_priority = 1};
	cpu_set_t others;

	if (sending->cpu < 0 || sched_getaffinity(0, sizeof(others), &others) != 0)
		return false;
	CPU_CLR(sending->cpu, &others);
	if (!CPU_COUNT(&others) || pthread_create(thread, NULL, send, sending) != 0)
		return false;
	(void)pthread_setaffinity_np(*thread, sizeof(others), &others);
	(void)pthread_setschedparam(*thread, SCHED_FIFO, &first);
	return true;
}

void pyro_interrupt_find_entry(struct pyro_interrupt *interrupt)
{
	const struct pyro_interrupt_wanted wanted = {.registers = true};
	struct sending sending = {.interrupt = interrupt, .cpu = sched_getcpu()};
	uint64_t until_ns;
	pthread_t thread;

	pyro_interrupt_request(interrupt->once.area, (int)syscall(SYS_gettid), &wanted);
	if (!start(&sending, &thread))
		return;
	until_ns = pyro_clock_now() + PATIENCE_NS;
	/* The clock is asked now and then alone: all else is in this very loop. */
	for (uint32_t i = 1; !atomic_load(&sending.over); i++) {
		atomic_fetch_add(&sending.turns, 1);
		if (i % TURNS == 0 && pyro_clock_now() >= until_ns)
			break;
	}
	atomic_store(&sending.over, true);
	pthread_join(thread, NULL);
	interrupt->entry = sending.entry;
}
