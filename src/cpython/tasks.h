/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_TASKS_H
#define PYRO_CPYTHON_TASKS_H

#include "cpython/python.h"

/* The tasks of asyncio in all threads and interpreters of a process: those that run, and those that
 * are suspended, which no thread's stack shows. */

enum pyro_task_state {
	PYRO_TASK_RUNNING, /**< in its thread, now */
	PYRO_TASK_READY,   /**< will run when its loop comes to it */
	PYRO_TASK_WAITING,
};

/** What a task waits for: a word for programs, and for people. */
#define PYRO_TASK_WAITS(X)                                                                         \
	X(NOTHING, "", "")                                                                         \
	X(SLEEP, "sleep", "sleeping")                                                              \
	X(LOCK, "lock", "a lock")                                                                  \
	X(SEMAPHORE, "semaphore", "a semaphore")                                                   \
	X(EVENT, "event", "an event")                                                              \
	X(CONDITION, "condition", "a condition")                                                   \
	X(BARRIER, "barrier", "a barrier")                                                         \
	X(QUEUE, "queue", "a queue")                                                               \
	X(STREAM, "stream", "a stream")                                                            \
	X(SOCKET, "socket", "a socket")                                                            \
	X(SERVER, "server", "connections")                                                         \
	X(THREAD, "thread", "a thread")                                                            \
	X(PROCESS, "process", "a process")                                                         \
	X(TASK, "task", "a task")                                                                  \
	X(TASKS, "tasks", "tasks")                                                                 \
	X(FUTURE, "future", "a future")                                                            \
	X(OBJECT, "object", "an object")

enum pyro_task_wait {
#define PYRO_TASK_WAIT_MEMBER(name, word, text) PYRO_TASK_WAIT_##name,
	PYRO_TASK_WAITS(PYRO_TASK_WAIT_MEMBER)
#undef PYRO_TASK_WAIT_MEMBER
};

const char *pyro_task_wait_name(enum pyro_task_wait wait);
const char *pyro_task_wait_text(enum pyro_task_wait wait);

#define PYRO_TASK_NONE UINT32_MAX

/** Text is UTF-8, NUL-terminated, never NULL, as the target has it (escape before showing). */
struct pyro_task {
	uint64_t addr;
	uint64_t loop;      /**< its event loop's address */
	uint64_t thread;    /**< the thread state in which that runs; 0: it does not, or unknown */
	uint32_t interp_id; /**< 0 is the main interpreter */
	enum pyro_task_state state;
	const char *name;
	uint64_t root;        /**< the address of its outermost frame; 0: it has none */
	uint32_t first_frame; /**< index into pyro_tasks_view.frames, leaf first */
	uint32_t frame_count;
	enum pyro_task_wait wait;
	const char *wait_type;  /**< the name of that object's type; "" if there is none */
	uint64_t wait_object;   /**< its address; 0: none */
	uint32_t first_awaited; /**< index into pyro_tasks_view.awaited ... */
	uint32_t awaited_count; /**< ... of the tasks that it awaits */
	uint32_t awaiter_count; /**< tasks that await it */
	bool partial;           /**< a frame is missing */
	bool moving;            /**< changed whenever it was read: may be of two moments */
};

/** Arrays live until the next read. */
struct pyro_tasks_view {
	const struct pyro_task *tasks; /**< if not listed before: as they were made, 3.14 on */
	size_t count;
	const struct pyro_raw_frame *frames; /**< with their lines */
	size_t frame_count;
	const uint32_t *awaited; /**< indices of tasks */
	size_t awaited_count;
	uint64_t generation; /**< of the look at the threads that came first */
	size_t listed;       /**< tasks that there are, also those out of reach */
	size_t reached;      /**< of them, those that were read */
	uint64_t next;       /**< the address from which to go on; 0: that was the last */
	size_t unread;       /**< tasks that could not be read */
	bool truncated; /**< there are more than PYRO_MAX_TASKS, or more frames than are kept */
	bool torn; /**< the list of tasks changed whenever it was walked: some may be missing */
};

/** A reader of tasks. Not thread-safe, and its pyro_python must not be used meanwhile. */
struct pyro_tasks;

/** @python is borrowed and must outlive the result. @published: where asyncio publishes its offsets
 *  (pyro_python_locate_asyncio), 0: it was not loaded, or is older than 3.14. Errors: UNSUPPORTED
 *  (this version's tasks are not known), FORMAT, NOMEM, and those of the reader. */
enum pyro_rc pyro_tasks_create(struct pyro_python *python, uint64_t published,
			       struct pyro_tasks **ret_tasks, struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_tasks_destroy(struct pyro_tasks *tasks);

/** How far reads of a list go: @most tasks, by their addresses from @from on, and what runs; each
 * is read @readings times at most. Who sees to it that the target's threads stand still needs one.
 */
void pyro_tasks_set_reach(struct pyro_tasks *tasks, uint64_t from, size_t most, int readings);
/** Lists the tasks, for the next read alone: so that this, which goes through all of them, need not
 *  be done while the threads stand still. Those that end meanwhile are left out, new ones are not
 *  known yet, but for those that run. Errors: as pyro_tasks_read. */
enum pyro_rc pyro_tasks_list(struct pyro_tasks *tasks) PYRO_NODISCARD;

/** Reads every task that is not done. The target is not stopped: what is suspended stands still,
 * and each is read until two readings agree, a few times at most. Errors: UNSUPPORTED (tasks are
 * laid out in a way that is not known), TORN, GONE, PERM, NOMEM. */
enum pyro_rc pyro_tasks_read(struct pyro_tasks *tasks, struct pyro_tasks_view *ret_view,
			     struct pyro_err *err) PYRO_NODISCARD;

/** The task that runs in @thread of the last look, by its address; 0: none. Some microseconds; from
 *  3.14 on one read. Errors: FAULT, GONE, PERM, NOMEM. */
enum pyro_rc pyro_tasks_current(struct pyro_tasks *tasks, const struct pyro_thread *thread,
				uint64_t *ret_task) PYRO_NODISCARD;

#endif
