/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_TASK_LAYOUTS_H
#define PYRO_CPYTHON_TASK_LAYOUTS_H

#include "cpython/layout.h"
#include "cpython/objects.h"

/** Where _asyncio keeps what in its futures and tasks, whose beginnings are the same (fu), in
 * thread states (ts) and interpreters (in). Offsets in bytes, PYRO_ABSENT where there is none. */
struct pyro_task_layout {
	uint32_t size; /**< of a task; by this and `weaklist` a type is known to be laid out so */
	uint32_t weaklist; /**< tp_weaklistoffset of its type; to 3.11 */
	uint32_t fu_loop;
	uint32_t fu_state;
	uint32_t fu_awaited_by;     /**< one future or a set of them; 3.14 on */
	uint32_t fu_awaited_by_set; /**< a byte: whether it is a set; 3.14 on */
	uint32_t waiter;            /**< the future that a task waits for */
	uint32_t coro;
	uint32_t name;
	uint32_t node;     /**< links of the list of tasks; 3.14 on */
	uint32_t in_tasks; /**< head of the list of tasks whose threads have ended; 3.14 on */
	uint32_t ts_loop;  /**< the loop that runs; 3.13 on */
	uint32_t ts_task;  /**< the task that runs; 3.14 on */
	uint32_t ts_tasks; /**< head of a thread's list; 3.14 on */
};

/** fu_state of a future without a result. */
#define PYRO_FUTURE_PENDING 0

/** The layout of 3.8 to 3.13, whose modules do not publish it. NULL where there is none. Static. */
const struct pyro_task_layout *pyro_task_layout_row(const struct pyro_layout *layout);
/** Reads what 3.14 and later publish at @addr. Errors: FORMAT (makes no sense), and the reader's.
 */
enum pyro_rc pyro_task_layout_read(struct pyro_reader *reader, const struct pyro_layout *layout,
				   uint64_t addr, struct pyro_task_layout *ret_layout,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Whether tasks of @type, which is of PYRO_KIND_TASK, are laid out so. */
bool pyro_task_layout_fits(const struct pyro_task_layout *layout, const struct pyro_type *type);

#endif
