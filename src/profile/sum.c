/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "profile/aggregate_inside.h"
#include "profile/table.h"

struct summing {
	const struct pyro_aggregate *aggregate;
	const uint32_t *keys;
	uint32_t *sum_of; /* by key: index in sums, PYRO_NONE before the first */
	uint32_t *open;   /* by key: nodes of it on the way from the root to here */
	struct pyro_table sums;
};

static enum pyro_rc enter(struct summing *s, uint32_t node)
{
	uint32_t key = s->keys[node];
	const struct pyro_values *total = &s->aggregate->total[node];
	if (key == PYRO_NONE)
		return PYRO_RC_OK;
	if (s->sum_of[key] == PYRO_NONE) {
		struct aggregate_sum fresh = {.key = key};
		enum pyro_rc rc = pyro_table_push(&s->sums, &fresh);
		if (rc != PYRO_RC_OK)
			return rc;
		s->sum_of[key] = (uint32_t)s->sums.count - 1;
	}
	struct aggregate_sum *sum = pyro_table_at(&s->sums, s->sum_of[key]);
	pyro_values_add(&sum->self, &s->aggregate->self[node]);
	/* Deeper ones of the same key lie within the outermost, which has counted them. */
	if (s->open[key]++ == 0)
		pyro_values_add(&sum->total, total);
	return PYRO_RC_OK;
}

static void leave(struct summing *s, uint32_t node)
{
	if (s->keys[node] != PYRO_NONE)
		s->open[s->keys[node]]--;
}

/* Depth-first over the nodes in which something was gathered, without recursion: stacks may be
 * thousands deep. */
static enum pyro_rc walk(struct summing *s)
{
	const struct pyro_aggregate *a = s->aggregate;
	uint32_t at = a->first_root;
	while (at != PYRO_NONE) {
		bool used = pyro_values_any(&a->total[at]);
		if (used) {
			enum pyro_rc rc = enter(s, at);
			if (rc != PYRO_RC_OK)
				return rc;
			if (a->nodes[at].first_child != PYRO_NONE) {
				at = a->nodes[at].first_child;
				continue;
			}
			leave(s, at);
		}
		while (at != PYRO_NONE && a->nodes[at].next_sibling == PYRO_NONE) {
			at = a->nodes[at].parent;
			if (at != PYRO_NONE)
				leave(s, at);
		}
		if (at != PYRO_NONE)
			at = a->nodes[at].next_sibling;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_aggregate_sum(const struct pyro_aggregate *a, const uint32_t *keys,
				size_t key_count, struct aggregate_sum **ret_sums,
				size_t *ret_count)
{
	PYRO_AUTO_FREE uint32_t *sum_of = malloc((key_count + 1) * sizeof(*sum_of));
	PYRO_AUTO_FREE uint32_t *open = calloc(key_count + 1, sizeof(*open));
	struct summing s = {.aggregate = a, .keys = keys, .sum_of = sum_of, .open = open};
	if (!sum_of || !open)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < key_count; i++)
		sum_of[i] = PYRO_NONE;
	pyro_table_init(&s.sums, sizeof(struct aggregate_sum), PYRO_NONE);
	enum pyro_rc rc = walk(&s);
	if (rc != PYRO_RC_OK) {
		pyro_table_deinit(&s.sums);
		return rc;
	}
	*ret_sums = s.sums.rows;
	*ret_count = s.sums.count;
	return PYRO_RC_OK;
}
