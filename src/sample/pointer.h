/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_POINTER_H
#define PYRO_SAMPLE_POINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample/sched.h"

/** Where the program counter of a thread is when a look comes, for who may not ask for registers.
 *
 *  A clock of the thread (pyro_ring_clock_set) is set to strike some microseconds before the look
 *  is due, on the processor from which the look will take it. Where it strikes in code of the
 *  thread's own, the kernel reports the pc. Where it strikes in a system call, it reports nothing:
 *  that the thread ran beyond that moment, by its switch records, and that there is no report, says
 *  that it was in one. Nothing is known of a thread that did not run all the time from the setting
 *  of the clock to the look; one that hardly ever does has no clock, since each switch to it costs
 *  the starting of that. */
struct pyro_pointer {
	struct {
		int fd; /**< 0: none, so that all zeros is a pointer of which nothing is known */
		int cpu;
	} clocks[2];         /**< on the processors where the thread was last */
	unsigned int next;   /**< of these to be replaced */
	uint64_t slices;     /**< of the thread when its clock was set */
	uint64_t set_ns;     /**< when that was */
	uint64_t start_ns;   /**< how much later it began to go, lately */
	uint64_t period_ns;  /**< that it was set to; 0: it was not */
	unsigned int broken; /**< how many of the latest stretches had too many switches in them */
	bool rests;          /**< it has no clock for that reason */
	bool refused;        /**< the kernel does not do it */
};

enum pyro_pointer_is {
	PYRO_POINTER_UNKNOWN,
	PYRO_POINTER_AT, /**< in code of its own */
	PYRO_POINTER_IN_CALL
};

/** Before going to sleep on the processor of @kernel, which is off it because of us, until the next
 *  look at @due_ns. */
void pyro_pointer_set(struct pyro_pointer *pointer, struct pyro_sched *sched,
		      const struct pyro_sched_thread *kernel, uint64_t due_ns);
/** At that look, once @kernel is up to date. */
enum pyro_pointer_is pyro_pointer_get(struct pyro_pointer *pointer,
				      const struct pyro_sched_thread *kernel, uint64_t *ret_pc);
void pyro_pointer_close(struct pyro_pointer *pointer);

#endif
