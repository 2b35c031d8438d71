/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_STEP_H
#define PYRO_UNWIND_STEP_H

#include "unwind/known.h"
#include "unwind/unwind.h"

/** From one frame to its caller. */
struct pyro_step {
	bool returned;     /**< given: the frame's pc is a return address */
	size_t words_left; /**< given, and used up: words of the stack that may be searched */
	struct pyro_registers caller;
	uint64_t cfa;
	enum pyro_frame_source source; /**< how the caller was found */
	bool signal;                   /**< the frame is one that the kernel made for a signal */
	bool outermost;                /**< there is no caller */
};

/** Finds the caller of the frame with @registers, whose pc is @pc. COMPLETE: @step is set, and if
 *  not `outermost`, its `caller`; otherwise why it cannot be found, with `signal` set. */
enum pyro_stack_end pyro_step(struct pyro_known *known, const struct pyro_known_pc *pc,
			      const struct pyro_registers *registers,
			      struct pyro_stack_memory *memory, struct pyro_step *step);

#endif
