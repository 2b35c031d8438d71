/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_FREEZE_H
#define PYRO_SAMPLE_FREEZE_H

#include "cpython/python.h"
#include "sample/message.h"
#include "sample/sampler.h"
#include "sample/sched.h"
#include "sample/seat.h"
#include "sample/snapshot.h"
#include "target/interrupt.h"

/** How to read the stack of one thread so that it is known to be consistent. */
struct pyro_freeze {
	enum pyro_proof_method method;    /**< never AUTO */
	struct pyro_interrupt *interrupt; /**< NULL: not by that */
	struct pyro_sched *sched;
	struct pyro_seat *seat;
	struct pyro_raw_stack *scratch; /**< for reads that are compared */
	struct pyro_snapshot *snapshot; /**< where the registers go that belong to the last stack
					   read, as far as they come with it; NULL: not wanted */
	bool native;  /**< they and the stack that they lead to are to be had at a price: threads
			 that run are stopped for them */
	bool no_stop; /**< ... and no thread is stopped for them */
	bool blind;   /**< they are wanted, and reads by interrupt do not bring them */
	uint64_t moment_ns;  /**< of the looks: who has left its processor since left it to us */
	uint64_t torn;       /**< reads thrown away */
	uint64_t faults;     /**< reads that failed */
	uint64_t held_ns;    /**< threads stood still for reads by interrupt */
	uint64_t stops;      /**< threads stopped, and let go on ... */
	uint64_t stopped_ns; /**< ... after this time in all */
	uint32_t unfit;      /**< stacks in a row that such reads did not get */
	uint32_t skip;       /**< stacks to read otherwise before the next is tried */
};

/** What one read of a stack came to. */
struct pyro_freeze_view {
	struct pyro_gil gil;
	struct pyro_thread thread;
	enum pyro_sample_proof proof;
	enum pyro_sched_state state;
	uint64_t slices; /**< of the kernel's thread at the read; UINT64_MAX: it ran during the read
			  */
};

/** Reads thread @index of the last look at @python, whose account is @kernel (just refreshed), into
 * @stack. @holder: it was the last to hold its GIL, so it must be frozen if it runs. Errors: TORN
 * (no consistent read in all tries), NOTREADY (the set of threads changed: look again), FAULT,
 * GONE. */
enum pyro_rc pyro_freeze_read(struct pyro_freeze *freeze, struct pyro_python *python, size_t index,
			      struct pyro_sched_thread *kernel, bool holder,
			      struct pyro_raw_stack *stack,
			      struct pyro_freeze_view *ret_view) PYRO_NODISCARD;

/** Only the registers of a thread, which was just refreshed and has no Python, as far as they can
 * be had. */
void pyro_freeze_snapshot(struct pyro_freeze *freeze, struct pyro_reader *reader,
			  struct pyro_sched_thread *kernel);

/** Says what the timer is to read of thread @index: pyro_interrupt_timer_order. Errors: as that. */
enum pyro_rc pyro_freeze_order(struct pyro_freeze *freeze, struct pyro_python *python,
			       size_t index) PYRO_NODISCARD;
/** Takes the oldest stack of thread @index that the timer has read. Errors: NOTFOUND (there is
 *  none), NOTREADY (what is to be read has changed: order anew), TORN (of no use), SHORT (not all
 *  of it: it takes another way). */
enum pyro_rc pyro_freeze_take(struct pyro_freeze *freeze, struct pyro_python *python, size_t index,
			      struct pyro_raw_stack *stack, struct pyro_freeze_view *ret_view,
			      uint64_t *ret_at_ns) PYRO_NODISCARD;

#endif
