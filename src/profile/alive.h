/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_ALIVE_H
#define PYRO_PROFILE_ALIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** The tasks of asyncio that live now, one by one. It stands beside a profile, which only grows and
 *  counts tasks of one coroutine as one: what is kept here of a task goes when the task does. Not
 *  thread-safe. */
struct pyro_alive;

enum pyro_alive_state {
	PYRO_ALIVE_RUNNING,
	PYRO_ALIVE_BLOCKING, /**< on its thread, which waits meanwhile: no other task can run */
	PYRO_ALIVE_READY,    /**< its loop has not come to it yet */
	PYRO_ALIVE_WAITING,
	PYRO_ALIVE_STATES
};
/** "running", "blocking", …; NULL out of range. */
const char *pyro_alive_state_name(enum pyro_alive_state state);

/** A task as last told. Times are on the clock of the profile, in ns. */
struct pyro_alive_task {
	uint32_t process; /**< of the profile */
	uint32_t number;  /**< which one of that process, as long as it lives */
	uint32_t group;   /**< of tasks, in the profile */
	uint32_t stack;   /**< where it is, below it those that await it; PYRO_NONE: not known */
	enum pyro_alive_state state;
	const char *wait;  /**< what it awaits, "a lock"; static; "" for nothing */
	uint64_t began_ns; /**< first seen */
	uint64_t since_ns; /**< it has been where it is: every look since then found it there */
	uint64_t seen_ns;  /**< the last of them before that was told */
	bool before;       /**< so did the first look of all: it may have been there for longer */
	uint64_t cpu_ns;   /**< on a processor, since it was first seen */
	uint64_t ready_ns; /**< likewise, until its loop or its thread came to it */
};

/** When what was told of the tasks of a process was so. */
struct pyro_alive_looks {
	uint32_t process;
	uint64_t at_ns;   /**< the last look at any of them */
	uint64_t sure_ns; /**< since then each was looked at */
	uint64_t unseen;  /**< tasks that there are, and were not looked at yet */
};

/** Errors: NOMEM. */
enum pyro_rc pyro_alive_create(struct pyro_alive **ret_alive) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_alive_destroy(struct pyro_alive *alive);
/** A task that is new, named @name, or one that is known by its process and number; then @name is
 *  NULL. One that is neither is left out. Errors: NOMEM, LIMIT (PYRO_MAX_ALIVE). */
enum pyro_rc pyro_alive_put(struct pyro_alive *alive, const struct pyro_alive_task *task,
			    const char *name, size_t name_size) PYRO_NODISCARD;
/** It has ended. */
void pyro_alive_remove(struct pyro_alive *alive, uint32_t process, uint32_t number);
/** So have all of a process. */
void pyro_alive_remove_process(struct pyro_alive *alive, uint32_t process);
/** Errors: NOMEM, LIMIT (PYRO_MAX_PROCESSES). */
enum pyro_rc pyro_alive_looked(struct pyro_alive *alive,
			       const struct pyro_alive_looks *looks) PYRO_NODISCARD;
size_t pyro_alive_count(const struct pyro_alive *alive);
/** Notes how far each has come at @now_ns, for the windows that begin there. Errors: NOMEM. */
enum pyro_rc pyro_alive_advance(struct pyro_alive *alive, uint64_t now_ns) PYRO_NODISCARD;

/** What a task is and did in a window of time. */
struct pyro_alive_row {
	struct pyro_alive_task task;
	const char *name;   /**< as the program has it */
	uint64_t id;        /**< of this task alone, over all that ever were */
	uint64_t lasted_ns; /**< how long it has been where it is, for sure */
	/** Of the window, together the part of it in which the task was known. */
	uint64_t running_ns, ready_ns, waiting_ns;
};

struct pyro_alive_rows {
	struct pyro_alive_row *rows; /**< in no order */
	size_t count;
	uint64_t unseen; /**< there are so many more, which were not looked at yet */
	char *names;     /**< of all */
};

/** All that live, with what they did from @begin_ns to @end_ns. Errors: NOMEM. */
enum pyro_rc pyro_alive_take(const struct pyro_alive *alive, uint64_t begin_ns, uint64_t end_ns,
			     struct pyro_alive_rows *ret_rows) PYRO_NODISCARD;
void pyro_alive_rows_deinit(struct pyro_alive_rows *rows);

#endif
