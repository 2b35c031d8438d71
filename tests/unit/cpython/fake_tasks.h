/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_CPYTHON_FAKE_TASKS_H
#define PYRO_TESTS_CPYTHON_FAKE_TASKS_H

#include "fake.h"

/* Tasks of 3.14 that never were, in the list of a thread. */

enum {
	FAKE_TASK_SIZE = 168,
	FAKE_TASK_NODE = 152, /**< its links */
	FAKE_TS_LOOP = 408,
	FAKE_TS_TASK = 416
};

struct fake_tasks {
	struct fake *fake;
	uint64_t thread;
	uint64_t published; /**< what .AsyncioDebug holds */
	uint64_t task_type, future_type, iter_type, coro_type, str_type;
	uint64_t code;
	uint64_t last; /**< link of the list */
};

void fake_tasks_init(struct fake_tasks *tasks);
void fake_tasks_deinit(struct fake_tasks *tasks);
uint64_t fake_tasks_type(struct fake_tasks *tasks, const char *name, uint64_t size);
uint64_t fake_tasks_object(struct fake_tasks *tasks, uint64_t type, size_t size);
/** A suspended coroutine that awaits @awaited; 0: it just yielded. */
uint64_t fake_tasks_coroutine(struct fake_tasks *tasks, uint64_t awaited);
/** What a coroutine that awaits @future has. */
uint64_t fake_tasks_iter(struct fake_tasks *tasks, uint64_t future);
/** Gives @task another name, of the same length. */
void fake_tasks_rename(struct fake_tasks *tasks, uint64_t task, const char *name);
/** A task at the end of the list. */
uint64_t fake_tasks_add(struct fake_tasks *tasks, const char *name, uint64_t coro, uint64_t waiter);

#endif
