/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_SEAT_H
#define PYRO_SAMPLE_SEAT_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

/** The processor that the sampler's thread sits on. Two things on one processor cannot run at once:
 *  who takes a thread's processor freezes it. For the calling thread only. */
struct pyro_seat {
	cpu_set_t allowed; /**< where this thread may run at all */
	int allowed_count;
	int cpu;   /**< pinned there; -1: anywhere */
	int avoid; /**< but there; -1: anywhere */
	uint64_t moves;
};

void pyro_seat_init(struct pyro_seat *seat);
/** Sits down on @cpu, preempting who runs there. False if the kernel does not allow it. */
bool pyro_seat_take(struct pyro_seat *seat, int cpu);
/** Goes anywhere but @cpu, so that longer work does not hold up what runs there. No effect on a
 *  machine with one processor. */
void pyro_seat_leave(struct pyro_seat *seat, int cpu);
/** Goes wherever the kernel likes. */
void pyro_seat_free(struct pyro_seat *seat);

#endif
