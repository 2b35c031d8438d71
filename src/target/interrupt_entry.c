/* SPDX-License-Identifier: Apache-2.0 */
/* Where an interrupt of ours comes in to a thread that runs code of its own: the kernel leaves the
 * same word below such a thread's registers each time, and others where it was at work for it. */
#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "target/interrupt_inside.h"

/* A timer can come in between, and is then what the kernel was at. */
#define TIMES 3
/* Where other processors have other things to do. */
#define PATIENCE_NS (5 * PYRO_NS_PER_MS)

struct sending {
	struct pyro_interrupt *interrupt;
	int cpu; /**< of the thread that waits for it: should that go to another, nothing is read */
	uint64_t entries[TIMES];
	_Atomic bool over;
};

static void *send(void *context)
{
	struct sending *sending = context;
	struct pyro_interrupt_area *area = sending->interrupt->once.area;

	for (size_t count = 0; count < TIMES && !atomic_load(&sending->over);) {
		if (pyro_interrupt_once(sending->interrupt, sending->cpu) &&
		    pyro_interrupt_filled(area))
			sending->entries[count++] = pyro_interrupt_oldest(area)->entry;
	}
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

/* Two of three. */
static uint64_t usual(const uint64_t entries[TIMES])
{
	return entries[0] == entries[1] || entries[0] == entries[2] ? entries[0]
	       : entries[1] == entries[2]                           ? entries[1]
								    : 0;
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
	/* In code of our own, as is the clock. */
	while (!atomic_load(&sending.over) && pyro_clock_now() < until_ns) {
	}
	atomic_store(&sending.over, true);
	pthread_join(thread, NULL);
	interrupt->entry = usual(sending.entries);
}
