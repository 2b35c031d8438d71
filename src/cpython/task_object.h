/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_TASK_OBJECT_H
#define PYRO_CPYTHON_TASK_OBJECT_H

#include "cpython/decoder.h"
#include "cpython/task_layouts.h"

/** What stands in a task, whoever made it: _asyncio, or asyncio/tasks.py. Addresses, 0: none. */
struct pyro_task_object {
	uint64_t coro;
	uint64_t loop;
	uint64_t name;
	uint64_t waiter; /**< the future that it waits for */
	bool pending;    /**< not done */
};

/** Reads the task at @addr. Errors: NOTFOUND (it is no task), UNSUPPORTED (it is laid out in
 * another way), FAULT, NOMEM, GONE, PERM. */
enum pyro_rc pyro_task_object_read(struct pyro_python *python, struct pyro_objects *objects,
				   const struct pyro_task_layout *layout, uint64_t addr,
				   struct pyro_task_object *ret_task) PYRO_NODISCARD;
/** The name of a task: a str, or the number of one that nobody gave a name or asked for it. */
enum pyro_rc pyro_task_name_read(struct pyro_python *python, struct pyro_objects *objects,
				 uint64_t name, uint32_t *ret_text) PYRO_NODISCARD;
/** Whether the future at @addr, of a kind in _asyncio, has its result. False for others. */
bool pyro_future_is_done(struct pyro_objects *objects, const struct pyro_task_layout *layout,
			 uint64_t addr);
/** The attribute @name of the object at @addr. Errors: NOTFOUND, FAULT, NOMEM, GONE, PERM. */
enum pyro_rc pyro_attribute_read(struct pyro_python *python, uint64_t addr, const char *name,
				 uint64_t *ret_value) PYRO_NODISCARD;

#endif
