/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/pointer.h"

#include <unistd.h>

#include "base/clock.h"
#include "sample/rings.h"

/* The clock is to strike this long before the look: a timer of a virtual machine can be late by
 * half of it. */
#define LEAD_NS 26000
/* Closer to the look it may be on its way still. For what struck, too: else of calls, which hold us
 * up, more would be known. */
#define MARGIN_NS 14000
/* The clock begins when we have gone to sleep and the thread has got going: up to so much later. */
#define MOST_START_NS 40000
/* A look that comes sooner has no clock set for it. */
#define SOONEST_NS 100000
/* A thread that is switched to more often than this is one for whom a clock is dear: it is started
 * each time. After so many stretches of that kind it has none, until as many others have passed. */
#define SWITCH_NS   500000
#define BROKEN_MOST 8

static int clock_at(struct pyro_pointer *pointer, struct pyro_sched *sched,
		    const struct pyro_sched_thread *kernel)
{
	int fd;

	for (size_t i = 0; i < PYRO_COUNT(pointer->clocks); i++) {
		if (pointer->clocks[i].fd > 0 && pointer->clocks[i].cpu == kernel->cpu)
			return pointer->clocks[i].fd;
	}
	switch (pyro_sched_clock_open(sched, kernel, &fd)) {
	case PYRO_RC_OK:
		break;
	case PYRO_RC_NOTREADY:
		return -1;
	default:
		pointer->refused = true;
		return -1;
	}
	if (pointer->clocks[pointer->next].fd > 0)
		close(pointer->clocks[pointer->next].fd);
	pointer->clocks[pointer->next].fd = fd;
	pointer->clocks[pointer->next].cpu = kernel->cpu;
	pointer->next = (pointer->next + 1) % PYRO_COUNT(pointer->clocks);
	return fd;
}

static void run_clocks(const struct pyro_pointer *pointer, bool run)
{
	for (size_t i = 0; i < PYRO_COUNT(pointer->clocks); i++) {
		if (pointer->clocks[i].fd > 0)
			pyro_ring_clock_run(pointer->clocks[i].fd, run);
	}
}

/* Whether the thread is worth a clock, by how often it was switched to since the last was set. */
static bool is_steady(struct pyro_pointer *pointer, const struct pyro_sched_thread *kernel,
		      uint64_t now_ns)
{
	const uint64_t slices = kernel->slices - pointer->slices;
	const bool rested = pointer->rests;

	if (slices > 2 + (now_ns - pointer->set_ns) / SWITCH_NS)
		pointer->broken += pointer->broken < BROKEN_MOST;
	else if (pointer->broken)
		pointer->broken--;
	pointer->rests = rested ? pointer->broken > 0 : pointer->broken >= BROKEN_MOST;
	if (pointer->rests != rested)
		run_clocks(pointer, !pointer->rests);
	return !pointer->rests;
}

void pyro_pointer_set(struct pyro_pointer *pointer, struct pyro_sched *sched,
		      const struct pyro_sched_thread *kernel, uint64_t due_ns)
{
	uint64_t now_ns = pyro_clock_now();
	const bool steady = is_steady(pointer, kernel, now_ns);
	int fd;

	pointer->period_ns = 0;
	pointer->slices = kernel->slices;
	pointer->set_ns = now_ns;
	if (!steady || pointer->refused)
		return;
	fd = clock_at(pointer, sched, kernel);
	now_ns = pyro_clock_now();
	if (fd < 0 || due_ns < now_ns + SOONEST_NS)
		return;
	pointer->period_ns = due_ns - now_ns - LEAD_NS - pointer->start_ns;
	if (!pyro_ring_clock_set(fd, pointer->period_ns))
		pointer->period_ns = 0;
}

/* How long after the setting of the clock its thread got going. */
static void learn_start(struct pyro_pointer *pointer, const struct pyro_sched_thread *kernel)
{
	const uint64_t start_ns =
		kernel->in_ns > pointer->set_ns ? kernel->in_ns - pointer->set_ns : 0;

	if (start_ns < MOST_START_NS)
		pointer->start_ns = (7 * pointer->start_ns + start_ns) / 8;
}

enum pyro_pointer_is pyro_pointer_get(struct pyro_pointer *pointer,
				      const struct pyro_sched_thread *kernel, uint64_t *ret_pc)
{
	const uint64_t period_ns = pointer->period_ns;

	pointer->period_ns = 0; /* of one look */
	if (!period_ns || kernel->stale || kernel->slices != pointer->slices + 1)
		return PYRO_POINTER_UNKNOWN;
	learn_start(pointer, kernel);
	if (kernel->out_ns < kernel->in_ns + period_ns + MARGIN_NS)
		return PYRO_POINTER_UNKNOWN;
	if (kernel->at_ns < kernel->in_ns)
		return PYRO_POINTER_IN_CALL;
	*ret_pc = kernel->pc;
	return PYRO_POINTER_AT;
}

void pyro_pointer_close(struct pyro_pointer *pointer)
{
	for (size_t i = 0; i < PYRO_COUNT(pointer->clocks); i++) {
		if (pointer->clocks[i].fd > 0)
			close(pointer->clocks[i].fd);
	}
	*pointer = (struct pyro_pointer){0};
}
