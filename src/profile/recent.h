/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_RECENT_H
#define PYRO_PROFILE_RECENT_H

#include "profile/alive.h"
#include "profile/profile.h"

/** The recent past of a profile that grows: what its totals gained in the last seconds, those of
 *  threads and those of tasks, kept as changes per interval. It takes the marks of change
 *  (pyro_profile_take_changed and _task_totals), so that nobody else may. Costs what changed, not
 *  what there is. Not thread-safe. */
struct pyro_recent;

/** What was gathered within some time. All rows are the caller's and never NULL. */
struct pyro_stretch {
	struct pyro_total *rows; /**< one per track and stack */
	size_t count;
	struct pyro_task_total *tasks; /**< one per group of tasks, stack and wait */
	size_t task_count;
	struct pyro_alive_rows alive; /**< the tasks that live at its end */
	uint64_t begin_ns;            /**< on the recording's clock */
	uint64_t end_ns;
};

/** @profile and @alive (its tasks one by one; NULL: none are told) are borrowed. Changes older than
 *  @longest_ns are forgotten. Errors: NOMEM. */
enum pyro_rc pyro_recent_create(struct pyro_profile *profile, struct pyro_alive *alive,
				uint64_t longest_ns,
				struct pyro_recent **ret_recent) PYRO_NODISCARD;
void pyro_recent_destroy(struct pyro_recent *recent);
/** An interval ends at @now_ns: takes in what changed in it. Errors: NOMEM. */
enum pyro_rc pyro_recent_advance(struct pyro_recent *recent, uint64_t now_ns) PYRO_NODISCARD;
/** Forgets all that was gathered until now: what follows starts from nothing. Errors: NOMEM. */
enum pyro_rc pyro_recent_reset(struct pyro_recent *recent, uint64_t now_ns) PYRO_NODISCARD;
/** The intervals that make up the last @span_ns, the oldest in full if it began within half of its
 *  length of them; at least the last one. 0: all since the reset or the start. Freed with
 *  pyro_stretch_deinit. Errors: NOMEM. */
enum pyro_rc pyro_recent_take(struct pyro_recent *recent, uint64_t span_ns,
			      struct pyro_stretch *ret_stretch) PYRO_NODISCARD;
void pyro_stretch_deinit(struct pyro_stretch *stretch);

#endif
