/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_AGGREGATE_INSIDE_H
#define PYRO_PROFILE_AGGREGATE_INSIDE_H

#include "profile/aggregate.h"

/* The inside of an aggregate, for the files of this room only. */

/** A stack as it counts: without folding one per stack that has gathered anything or leads to one
 *  that has, in the profile's order. Parents come before their children. */
struct aggregate_node {
	uint32_t parent; /**< node, PYRO_NONE at a root */
	uint32_t frame;
	uint32_t first_child;
	uint32_t next_sibling;
};

struct pyro_aggregate {
	const struct pyro_profile *profile;
	const struct pyro_places *places;
	struct pyro_places *own_places; /**< the same, where they are not borrowed */
	struct pyro_profile_counts counts;
	struct aggregate_node *nodes;
	uint32_t node_count;
	uint32_t first_root;
	struct pyro_values *self;  /**< by node */
	struct pyro_values *total; /**< by node: with everything above it on the stack */
	struct pyro_values *tracks;
	struct pyro_values whole;
	struct pyro_values outside;
	bool folded; /**< some library frames count to a caller that is not */
};

/** Has anything been gathered? */
bool pyro_values_any(const struct pyro_values *values);

/** The function of a node. */
const struct pyro_function *pyro_aggregate_function(const struct pyro_aggregate *aggregate,
						    uint32_t node, uint32_t *ret_index,
						    int32_t *ret_line);

/** Sums by key: self and total of the nodes of each key, totals once per stack. */
struct aggregate_sum {
	uint32_t key;
	struct pyro_values self;
	struct pyro_values total;
};

/** @keys: one per node, below @key_count; PYRO_NONE leaves a node out. *ret_sums is freed by the
 *  caller. Errors: NOMEM. */
enum pyro_rc pyro_aggregate_sum(const struct pyro_aggregate *aggregate, const uint32_t *keys,
				size_t key_count, struct aggregate_sum **ret_sums,
				size_t *ret_count) PYRO_NODISCARD;

/** Fills name, place, library and the rest of a function's row. */
void pyro_row_set_function(const struct pyro_aggregate *aggregate, struct pyro_row *row,
			   uint32_t function);
/** Sorts as struct pyro_rows_options says. */
void pyro_rows_sort(struct pyro_rows *rows, enum pyro_metric metric, bool by_total);

/** Does a POSIX extended expression match a function's name or its file? One answer per function,
 *  to be freed. Errors: USAGE, NOMEM. */
enum pyro_rc pyro_match_functions(const struct pyro_profile *profile,
				  const struct pyro_places *places, const char *expression,
				  bool **ret_matches, struct pyro_err *err) PYRO_NODISCARD;

#endif
