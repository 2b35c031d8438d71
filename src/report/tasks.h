/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_TASKS_H
#define PYRO_REPORT_TASKS_H

#include "profile/places.h"
#include "report/report.h"

/** What is counted. Zero-initialised: all that the profile has. */
struct pyro_tasks_options {
	/** These @total_count totals, borrowed, such as those of a stretch of time
	 *  (profile/recent.h). NULL: all that the profile has. */
	const struct pyro_task_total *totals;
	size_t total_count;
	/** Of the profile as it is now, borrowed; NULL: made anew. */
	const struct pyro_places *places;
	bool unfold; /**< tasks are where they are in library code, not in the user's below it */
};

/** What a group of asyncio's tasks did, in ns. */
struct pyro_tasks_row {
	uint32_t task;         /**< the group */
	const char *coroutine; /**< where they begin */
	const char *name;      /**< "" if nobody gave them one */
	const char *file;
	int32_t line;
	uint64_t tasks;      /**< how many were seen */
	uint64_t life_ns;    /**< what follows, but for the last, together */
	uint64_t cpu_ns;     /**< on a processor */
	uint64_t ready_ns;   /**< until its loop came to it, or its thread got a processor */
	uint64_t waiting_ns; /**< for something */
	uint64_t blocked_ns; /**< part of that: on its thread, which could run no other task */
	/* Of their waiting, the place with the most. */
	const char *wait;  /**< what for: "a lock"; "" if they never waited */
	uint32_t function; /**< PYRO_NONE: they never waited */
	int32_t wait_line;
	uint64_t wait_ns;
};

struct pyro_tasks_rows {
	struct pyro_tasks_row *rows;
	size_t count;
};

/** The groups of tasks of @profile, which must not change meanwhile, the longest processor time
 *  first, then the longest life. Errors: NOMEM. */
enum pyro_rc pyro_tasks_rows(struct pyro_profile *profile, const struct pyro_tasks_options *options,
			     struct pyro_tasks_rows *ret_rows, struct pyro_err *err) PYRO_NODISCARD;
void pyro_tasks_rows_deinit(struct pyro_tasks_rows *rows);

/** Where a task with @stack is: the innermost frame of the user's own code. Where there is none, or
 *  with @unfold, the innermost. NULL for PYRO_NONE. */
const struct pyro_frame *pyro_tasks_place(const struct pyro_profile *profile,
					  const struct pyro_places *places, uint32_t stack,
					  bool unfold);

/** A table of them, @limit at most. Nothing where there are none. */
enum pyro_rc pyro_tasks_print(struct pyro_profile *profile, size_t limit,
			      const struct pyro_report_look *look, struct pyro_buf *buf,
			      struct pyro_err *err) PYRO_NODISCARD;
/** "tasks": [...] of a JSON object that is open. */
enum pyro_rc pyro_tasks_json(struct pyro_profile *profile, struct pyro_buf *buf,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
