/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_TASK_LIST_H
#define PYRO_CPYTHON_TASK_LIST_H

#include "cpython/decoder.h"
#include "cpython/task_layouts.h"

/** Sets that asyncio has of tasks, at most, in one interpreter. */
#define PYRO_TASK_SETS 3

/** Where asyncio keeps what it knows of an interpreter's tasks. It takes long to find, and stays
 *  where it is. */
struct pyro_task_roots {
	uint64_t interp;
	uint64_t sets[PYRO_TASK_SETS]; /**< set objects; 0: it has none such */
	uint64_t current;              /**< dict of loops; 0: it has none */
	uint32_t uses;                 /**< until it is looked for again */
};

/** Where the tasks of a process are. */
struct pyro_task_list {
	struct pyro_task_item {
		uint64_t addr;
		uint32_t interp_id;
	} * items;
	size_t count, capacity;
	struct pyro_task_roots roots[PYRO_MAX_INTERPRETERS]; /**< found so far */
	size_t root_count;
	struct pyro_map index;   /**< address to item */
	struct pyro_map threads; /**< running loop to thread state */
	struct pyro_map current; /**< running task to its loop */
	bool truncated;
	bool torn;
};

void pyro_task_list_init(struct pyro_task_list *list);
void pyro_task_list_deinit(struct pyro_task_list *list);
/** Lists what the last look's interpreters and threads have: the linked lists of 3.14 on, and the
 *  sets of the modules. Errors: GONE, PERM, NOMEM. */
enum pyro_rc pyro_task_list_load(struct pyro_python *python, struct pyro_objects *objects,
				 const struct pyro_task_layout *layout,
				 struct pyro_task_list *list) PYRO_NODISCARD;
/** Finds out which of the tasks run, in a list that was loaded a moment ago, and adds those.
 * Errors: the same. */
enum pyro_rc pyro_task_list_update(struct pyro_python *python, struct pyro_objects *objects,
				   const struct pyro_task_layout *layout,
				   struct pyro_task_list *list) PYRO_NODISCARD;
/** The loop that runs in @thread; 0: none. Errors: the same, FAULT. */
enum pyro_rc pyro_task_loop_read(struct pyro_python *python, struct pyro_objects *objects,
				 const struct pyro_task_layout *layout,
				 const struct pyro_thread *thread,
				 uint64_t *ret_loop) PYRO_NODISCARD;
/** The task that runs in @thread, of which @loop is the running loop. Errors: the same. */
enum pyro_rc pyro_task_current_read(struct pyro_python *python, struct pyro_objects *objects,
				    const struct pyro_task_layout *layout,
				    struct pyro_task_list *list, const struct pyro_thread *thread,
				    uint64_t loop, uint64_t *ret_task) PYRO_NODISCARD;

#endif
