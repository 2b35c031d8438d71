/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_PERF_STACK_H
#define PYRO_FORMAT_PERF_STACK_H

#include "base/buf.h"
#include "format/perf_lines.h"
#include "profile/profile.h"

/** A chain of perf's as a stack of ours: CPython's names for its functions become functions of
 *  Python with their file, and the interpreter's own frames that run and call them are left out. */
struct pyro_perf_stack {
	struct pyro_buf frames; /**< struct perf_frame, leaf first */
	struct pyro_buf text;   /**< of their names and files */
	int32_t map_pid; /**< process that named its functions of Python, as its file says; 0: none
			  */
	bool python;     /**< has frames of Python */
	bool cut;        /**< deeper than PYRO_MAX_STACK_DEPTH: the root's side is missing */
	bool partial;    /**< when settled: has addresses of which nothing is known */
};

void pyro_perf_stack_init(struct pyro_perf_stack *stack);
void pyro_perf_stack_deinit(struct pyro_perf_stack *stack);
void pyro_perf_stack_reset(struct pyro_perf_stack *stack);
/** Adds the caller of what was added before. Errors: NOMEM. */
enum pyro_rc pyro_perf_stack_add(struct pyro_perf_stack *stack,
				 const struct pyro_perf_frame *frame) PYRO_NODISCARD;
/** Where the processor was: PYRO_METRIC_CPU_PYTHON, _NATIVE or _SYSTEM. */
enum pyro_metric pyro_perf_stack_part(const struct pyro_perf_stack *stack);
/** The stack in @profile; PYRO_NONE if it is empty. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_perf_stack_settle(struct pyro_perf_stack *stack, struct pyro_profile *profile,
				    uint32_t *ret_stack) PYRO_NODISCARD;

#endif
