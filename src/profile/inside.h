/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_INSIDE_H
#define PYRO_PROFILE_INSIDE_H

#include "base/map.h"
#include "profile/profile.h"
#include "profile/table.h"

/* The inside of a profile, for the files of this room only. */

struct pyro_profile_fact {
	char *key;
	char *value;
};

struct pyro_profile {
	struct pyro_intern strings;
	struct pyro_table functions;
	struct pyro_table function_next; /* uint32_t: earlier function of the same hash */
	struct pyro_table frames;
	struct pyro_table stacks;
	struct pyro_table processes;
	struct pyro_table tracks;
	struct pyro_table totals;
	struct pyro_table changed;    /* size_t: totals changed since last taken, in that order */
	struct pyro_table is_changed; /* bool per total: is it in `changed`? */
	struct pyro_table objects;
	struct pyro_table waits;
	struct pyro_table waits_changed; /* size_t: waits changed since last taken */
	struct pyro_table tasks;
	struct pyro_table task_totals;
	struct pyro_table tasks_changed; /* size_t: task totals changed since last taken */
	struct pyro_table meta;
	struct pyro_map function_by_hash;
	struct pyro_map frame_by_key; /* (function, line) */
	struct pyro_map stack_by_key; /* (parent, frame) */
	struct pyro_map total_by_key; /* (track, stack) */
	struct pyro_map object_by_hash;
	struct pyro_map wait_by_hash;
	struct pyro_map task_total_by_hash;
	struct pyro_quality quality;
	uint64_t duration_ns;
};

static inline uint64_t pyro_key(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

void pyro_profile_waits_init(struct pyro_profile *profile);
void pyro_profile_waits_deinit(struct pyro_profile *profile);
void pyro_profile_tasks_init(struct pyro_profile *profile);
void pyro_profile_tasks_deinit(struct pyro_profile *profile);
/** waits.c: finds the row of @table that is @same as @wanted, or leaves a key that is free. */
bool pyro_profile_find(const struct pyro_map *map, const struct pyro_table *table, uint64_t *key,
		       const void *wanted, bool (*same)(const void *a, const void *b),
		       size_t *ret_index);
enum pyro_rc pyro_profile_push(struct pyro_map *map, struct pyro_table *table, uint64_t key,
			       const void *row) PYRO_NODISCARD;
void pyro_profile_meta_deinit(struct pyro_profile *profile);

#endif
