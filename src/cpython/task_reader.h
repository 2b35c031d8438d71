/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_TASK_READER_H
#define PYRO_CPYTHON_TASK_READER_H

/* What the files that read tasks share: the state behind struct pyro_tasks. */

#include "cpython/coroutine.h"
#include "cpython/frame_list.h"
#include "cpython/task_list.h"
#include "cpython/task_object.h"
#include "cpython/tasks.h"

/** What is known of a task beside what is shown. */
struct pyro_task_inside {
	uint64_t waiter; /**< the future in the task; 0: none */
	uint64_t target; /**< what the innermost coroutine waits for */
	uint64_t mark;   /**< the same for what has not changed */
	uint32_t item;   /**< in the list */
	uint32_t name;   /**< text */
	uint32_t type;   /**< text: of what it waits for */
};

/** That one task awaits another: indices. */
struct pyro_task_edge {
	uint32_t from, to;
};

struct pyro_tasks {
	struct pyro_python *python;
	struct pyro_task_layout layout;
	struct pyro_objects objects;
	struct pyro_task_list list;
	struct pyro_await_chain chain;
	uint64_t from;  /**< the lowest address that is read */
	size_t most;    /**< tasks that are */
	size_t ordered; /**< of the list, those that stand by their addresses */
	size_t reached; /**< of it, those that were read */
	uint64_t next;  /**< the lowest address that was out of reach; 0: none was */
	int readings;   /**< until two agree */
	bool is_listed; /**< the list is there for the next read */

	struct pyro_task *tasks;
	struct pyro_task_inside *insides;
	size_t count, capacity;
	struct pyro_frame_list frames;
	struct pyro_task_edge *edges;
	size_t edge_count, edge_capacity;
	uint32_t *awaited;
	size_t unread;
	bool truncated;
	struct pyro_map by_addr; /**< task to index */
	struct pyro_map marks;   /**< task to its mark in the last reading */
	bool unsupported;        /**< a task is laid out in a way that is not known */
};

/** task_waits.c: says what each task waits for. After lines and code objects are known. */
enum pyro_rc pyro_tasks_tell_waits(struct pyro_tasks *tasks) PYRO_NODISCARD;
/** task_edges.c: finds out who awaits whom. */
enum pyro_rc pyro_tasks_join(struct pyro_tasks *tasks) PYRO_NODISCARD;
/** The frame @at, counted from the leaf, of @task if it is of the function @name in the file of the
 *  standard library @file ("asyncio/tasks.py"). */
bool pyro_tasks_frame_is(const struct pyro_tasks *tasks, const struct pyro_task *task, uint32_t at,
			 const char *file, const char *name);

#endif
