/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_MOMENT_H
#define PYRO_PROFILE_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "profile/profile.h"

/* What every thread of a process does at one moment. Text is as the target has it (escape before
 * showing), never NULL, and lives as long as the moment. */

/** A variable of a frame, its value as Python's repr has it. */
struct pyro_moment_local {
	const char *name;
	const char *value;
	const char *kind; /**< "argument", "local", "cell", "free", "global" */
};

/** What else is known of a frame, where it was asked for. */
struct pyro_moment_frame {
	const struct pyro_moment_local *locals;
	size_t local_count;
	size_t left_out; /**< variables that are not here: there are too many */
	bool changed;    /**< it went on before or while they were read */
	bool unreadable; /**< some of them could not be read */
};

struct pyro_moment_thread {
	int tid;
	const char *name;
	bool main;
	bool python; /**< it has a state in the interpreter; else it runs native code only */
	uint32_t interpreter; /**< of that state; 0 is the main one */
	bool runs;            /**< or could, had it a processor */
	bool holds_gil;
	const char *wait;      /**< what it waits for, in one word; "" if it runs */
	const char *wait_text; /**< the same for people: "a lock" */
	const char *object;    /**< which one: a path, an address; "" if that is not known */
	uint64_t wait_ns;      /**< for how long; 0 unknown */
	uint32_t stack;        /**< in the moment's profile; PYRO_NONE: no Python frame */
	bool unread;           /**< its stack could not be read: there is none */
	bool proved;           /**< its frames belong together */
	bool truncated;        /**< the root side is missing */
	bool partial;          /**< a frame is missing */
	bool killed;           /**< it got the signal that the process died of */
	const struct pyro_moment_frame *frames; /**< one for each of `stack`, the innermost first;
						   NULL: nobody asked for more */
	size_t frame_count;
};

/** What runs in turns with others in a thread: a task of asyncio, or a greenlet. */
enum pyro_moment_task_state {
	PYRO_MOMENT_TASK_RUNNING,
	PYRO_MOMENT_TASK_READY, /**< its turn will come */
	PYRO_MOMENT_TASK_WAITING,
};

struct pyro_moment_task {
	const char *name; /**< of a greenlet, its class */
	int tid;          /**< the thread that it is of; 0: unknown */
	uint32_t interpreter;
	enum pyro_moment_task_state state;
	const char *wait;       /**< what it waits for, in one word; "" if for nothing */
	const char *wait_text;  /**< the same for people: "a lock" */
	const char *type;       /**< the class of that object; "" if there is none */
	const char *object;     /**< its address: equal for those that wait for the same; "" */
	uint32_t stack;         /**< of a task that runs, with what it called */
	uint32_t first_awaited; /**< index into `awaited` of the tasks that it awaits */
	uint32_t awaited_count;
	uint32_t awaiter_count; /**< tasks that await it */
	bool partial;           /**< a frame is missing */
	bool moving;            /**< it changed whenever it was read: not proved */
};

/** A file with code that could not be had: what is in it has no names, and what called it may be
 *  missing. */
struct pyro_moment_file {
	const char *path; /**< as it was mapped */
	const char *why;  /**< one line for people */
};

/** Tasks or greenlets. */
struct pyro_moment_tasks {
	struct pyro_moment_task *tasks;
	size_t count;
	uint32_t *awaited; /**< indices into `tasks` */
	size_t awaited_count;
	size_t unread;   /**< could not be read */
	bool incomplete; /**< some may be missing: there are too many, or they changed all the time
			  */
	const char *error; /**< why there are none; "" if there is nothing wrong */
};

struct pyro_moment {
	struct pyro_arena arena;
	struct pyro_profile *profile; /**< strings, functions, frames and stacks */
	int pid;
	const char *command;
	const char *version; /**< "3.13.0" */
	bool free_threaded;
	bool collecting;     /**< garbage is being collected */
	bool finalizing;     /**< the interpreter is shutting down */
	uint64_t up_ns;      /**< since the process began */
	uint64_t stops;      /**< threads that were stopped for a moment, one after the other ... */
	uint64_t stopped_ns; /**< ... for this time in all */
	struct pyro_moment_thread *threads; /**< the main one first, those without Python last */
	size_t thread_count;
	bool async; /**< whether the following were looked for */
	struct pyro_moment_tasks tasks;
	struct pyro_moment_tasks greenlets;
	const char *core;    /**< the core file that it was read from; "": the process itself */
	const char *signal;  /**< that the process died of, "SIGSEGV"; "" if it did not */
	const char *cause;   /**< of that, for people; "" if it is not known */
	uint64_t lost;       /**< bytes of the core, which was cut short */
	bool has_fault;      /**< the signal is about an address ... */
	uint64_t fault;      /**< ... which is this one */
	uint64_t pc;         /**< where the thread that was killed was; 0: not known */
	const char *pc_file; /**< of what is mapped there; "" if that is not known */
	struct pyro_moment_file *files;
	size_t file_count;
};

/** An empty one. Errors: NOMEM. */
enum pyro_rc pyro_moment_create(struct pyro_moment **ret_moment,
				struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_moment_destroy(struct pyro_moment *moment);
/** Puts the threads in order: the one that was killed, the main one, others of Python, the rest;
 *  each by its id. */
void pyro_moment_sort(struct pyro_moment *moment);
/** Adds a file that could not be had. Errors: NOMEM. */
enum pyro_rc pyro_moment_add_file(struct pyro_moment *moment, const char *path,
				  const char *why) PYRO_NODISCARD;
/** A copy of @text that lives as long as the moment. "" where memory is exhausted. */
const char *pyro_moment_text(struct pyro_moment *moment, const char *text);

#endif
