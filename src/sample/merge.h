/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_MERGE_H
#define PYRO_SAMPLE_MERGE_H

#include "cpython/python.h"
#include "unwind/unwind.h"

/** Whose a frame of a merged stack is. */
enum pyro_merged_kind {
	PYRO_MERGED_PYTHON,
	PYRO_MERGED_NATIVE,
	PYRO_MERGED_KERNEL
};

/** One frame of a stack of Python, machine code and the kernel. */
struct pyro_merged_frame {
	enum pyro_merged_kind kind;
	uint32_t at; /**< its place in the stack that it is from */
};

/** How the two stacks of a thread fit together. */
enum pyro_merge_fit {
	PYRO_MERGE_WHOLE, /**< each activation of the interpreter's loop has its frames */
	PYRO_MERGE_EDGE,  /**< but for the innermost, which is just beginning or ending */
	PYRO_MERGE_CUT,   /**< the root side of one is missing, the leaf side is merged */
	PYRO_MERGE_NONE   /**< they do not: Python's frames alone */
};

/** A merged stack, leaf first. Allocated once by the caller (it is large). */
struct pyro_merged {
	struct pyro_merged_frame frames[2 * PYRO_MAX_STACK_DEPTH + PYRO_MAX_KERNEL_STACK];
	size_t count;
	enum pyro_merge_fit fit;
};

/** Puts the frames of @python, by way of their entries, in the places of the interpreter's loop in
 *  @native, and the first @kernel_count of the kernel's, which works for the leaf of @native, on
 * top. All are of one moment. What is rootward of the outermost Python frame says nothing and is
 * left out; without any Python frame, it is all there is. */
void pyro_merge(const struct pyro_raw_stack *python, const struct pyro_native_stack *native,
		size_t kernel_count, struct pyro_merged *merged);

#endif
