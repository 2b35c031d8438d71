/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "profile/aggregate_inside.h"
#include "profile/table.h"

/* Merging gives nodes in order of first sight; planting puts them in depth-first order, children
 * largest first. */
struct merging {
	const struct pyro_aggregate *aggregate;
	enum pyro_metric metric;
	struct pyro_table merged; /* struct pyro_node; parent is an index in here */
	uint32_t *children;       /* merged nodes, grouped by parent */
	uint32_t *start;          /* by merged node: its first child in `children` */
};

static enum pyro_rc merge(struct merging *m, bool by_line)
{
	const struct pyro_aggregate *a = m->aggregate;
	struct pyro_map map;
	PYRO_AUTO_FREE uint32_t *merged_of = malloc(((size_t)a->node_count + 1) * sizeof(uint32_t));
	struct pyro_node root = {.parent = PYRO_NONE,
				 .function = PYRO_NONE,
				 .first_child = PYRO_NONE,
				 .next_sibling = PYRO_NONE,
				 .self = a->outside,
				 .total = a->whole};
	enum pyro_rc rc = merged_of ? pyro_table_push(&m->merged, &root) : PYRO_RC_NOMEM;
	pyro_map_init(&map, PYRO_MAX_PROFILE_ROWS);
	for (uint32_t i = 0; rc == PYRO_RC_OK && i < a->node_count; i++) {
		struct pyro_node fresh = root;
		uint64_t found;
		uint32_t parent = a->nodes[i].parent;
		merged_of[i] = PYRO_NONE;
		if (!pyro_values_any(&a->total[i]))
			continue;
		pyro_aggregate_function(a, i, &fresh.function, &fresh.line);
		fresh.parent = parent == PYRO_NONE ? 0 : merged_of[parent];
		uint64_t key = (uint64_t)fresh.parent << 32 |
			       (by_line ? a->nodes[i].frame : fresh.function);
		if (!pyro_map_get(&map, key, &found)) {
			if (!by_line)
				fresh.line = 0;
			fresh.self = fresh.total = (struct pyro_values){0};
			found = m->merged.count;
			rc = pyro_table_push(&m->merged, &fresh);
			if (rc == PYRO_RC_OK)
				rc = pyro_map_put(&map, key, found);
			if (rc != PYRO_RC_OK)
				break;
		}
		merged_of[i] = (uint32_t)found;
		struct pyro_node *node = pyro_table_at(&m->merged, found);
		pyro_values_add(&node->self, &a->self[i]);
		pyro_values_add(&node->total, &a->total[i]);
	}
	pyro_map_deinit(&map);
	return rc;
}

static int compare_children(const void *left, const void *right, void *context)
{
	const struct merging *m = context;
	const struct pyro_node *a = pyro_table_at(&m->merged, *(const uint32_t *)left);
	const struct pyro_node *b = pyro_table_at(&m->merged, *(const uint32_t *)right);
	uint64_t x = a->total.of[m->metric];
	uint64_t y = b->total.of[m->metric];
	if (x != y)
		return x < y ? 1 : -1;
	struct pyro_row row_a;
	struct pyro_row row_b;
	pyro_row_set_function(m->aggregate, &row_a, a->function);
	pyro_row_set_function(m->aggregate, &row_b, b->function);
	int order = strcmp(row_a.name, row_b.name);
	if (!order)
		order = strcmp(row_a.place, row_b.place);
	if (!order)
		order = (a->line > b->line) - (a->line < b->line);
	return order ? order : (a->function > b->function) - (a->function < b->function);
}

/* Groups the merged nodes by parent and sorts each group. */
static enum pyro_rc sort_children(struct merging *m)
{
	size_t count = m->merged.count;
	const struct pyro_node *nodes = m->merged.rows;
	m->start = calloc(count + 2, sizeof(*m->start));
	m->children = malloc(count * sizeof(*m->children));
	if (!m->start || !m->children)
		return PYRO_RC_NOMEM;
	/* Counted two places up, so that placing moves each start to where it belongs. */
	for (size_t i = 1; i < count; i++)
		if ((size_t)nodes[i].parent + 2 < count + 2)
			m->start[nodes[i].parent + 2]++;
	for (size_t i = 2; i < count + 2; i++)
		m->start[i] += m->start[i - 1];
	for (size_t i = 1; i < count; i++)
		m->children[m->start[nodes[i].parent + 1]++] = (uint32_t)i;
	for (size_t i = 0; i < count; i++) {
		uint32_t size = m->start[i + 1] - m->start[i];
		if (size > 1)
			qsort_r(m->children + m->start[i], size, sizeof(*m->children),
				compare_children, m);
	}
	return PYRO_RC_OK;
}

/* Depth-first without recursion: @next of a merged node is the child to plant next. */
static enum pyro_rc plant(struct merging *m, struct pyro_tree *ret)
{
	size_t count = m->merged.count;
	struct pyro_node *nodes = malloc(count * sizeof(*nodes));
	PYRO_AUTO_FREE uint32_t *next = malloc(count * sizeof(*next));
	PYRO_AUTO_FREE uint32_t *planted = malloc(count * sizeof(*planted));
	PYRO_AUTO_FREE uint32_t *last_child = malloc(count * sizeof(*last_child));
	if (!nodes || !next || !planted || !last_child) {
		free(nodes);
		return PYRO_RC_NOMEM;
	}
	memcpy(next, m->start, count * sizeof(*next));
	size_t used = 0;
	uint32_t at = 0;
	nodes[used] = *(struct pyro_node *)pyro_table_at(&m->merged, 0);
	planted[0] = 0;
	last_child[used++] = PYRO_NONE;
	while (at != PYRO_NONE) {
		const struct pyro_node *here = pyro_table_at(&m->merged, at);
		if (next[at] == m->start[at + 1]) {
			at = here->parent;
			continue;
		}
		uint32_t child = m->children[next[at]++];
		uint32_t up = planted[at];
		uint32_t index = (uint32_t)used++;
		planted[child] = index;
		nodes[index] = *(struct pyro_node *)pyro_table_at(&m->merged, child);
		nodes[index].parent = up;
		nodes[index].depth = nodes[up].depth + 1;
		if (last_child[up] == PYRO_NONE)
			nodes[up].first_child = index;
		else
			nodes[last_child[up]].next_sibling = index;
		last_child[up] = index;
		last_child[index] = PYRO_NONE;
		at = child;
	}
	*ret = (struct pyro_tree){nodes, used};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_aggregate_tree(const struct pyro_aggregate *a, bool by_line,
				 enum pyro_metric metric, struct pyro_tree *ret_tree,
				 struct pyro_err *err)
{
	struct merging m = {.aggregate = a, .metric = metric};
	pyro_table_init(&m.merged, sizeof(struct pyro_node), PYRO_MAX_PROFILE_ROWS + 1ull);
	enum pyro_rc rc = merge(&m, by_line);
	if (rc == PYRO_RC_OK)
		rc = sort_children(&m);
	if (rc == PYRO_RC_OK)
		rc = plant(&m, ret_tree);
	pyro_table_deinit(&m.merged);
	free(m.children);
	free(m.start);
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "out of memory");
	return PYRO_RC_OK;
}

void pyro_tree_deinit(struct pyro_tree *tree)
{
	free(tree->nodes);
	*tree = (struct pyro_tree){0};
}
