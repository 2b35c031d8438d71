/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "profile/aggregate_inside.h"

static uint32_t function_of(const struct pyro_aggregate *a, uint32_t node)
{
	uint32_t index;
	int32_t line;
	pyro_aggregate_function(a, node, &index, &line);
	return index;
}

/* Sums by @keys, which are functions, or their number for "nobody". */
static enum pyro_rc function_rows(const struct pyro_aggregate *a, const uint32_t *keys,
				  enum pyro_metric metric, struct pyro_rows *ret_rows,
				  struct pyro_err *err)
{
	PYRO_AUTO_FREE struct aggregate_sum *sums = NULL;
	size_t count = 0;
	enum pyro_rc rc =
		pyro_aggregate_sum(a, keys, (size_t)a->counts.functions + 1, &sums, &count);
	struct pyro_row *rows = rc == PYRO_RC_OK ? calloc(count + 1, sizeof(*rows)) : NULL;
	if (!rows)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		pyro_row_set_function(a, &rows[i], sums[i].key);
		rows[i].self = sums[i].self;
		rows[i].total = sums[i].total;
	}
	*ret_rows = (struct pyro_rows){rows, count};
	pyro_rows_sort(ret_rows, metric, true);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_aggregate_callers(const struct pyro_aggregate *a, uint32_t function,
				    enum pyro_metric metric, struct pyro_rows *ret_rows,
				    struct pyro_err *err)
{
	PYRO_AUTO_FREE uint32_t *keys = malloc(((size_t)a->node_count + 1) * sizeof(*keys));
	if (!keys)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (uint32_t i = 0; i < a->node_count; i++) {
		uint32_t parent = a->nodes[i].parent;
		keys[i] = function_of(a, i) != function ? PYRO_NONE
			  : parent == PYRO_NONE         ? a->counts.functions
							: function_of(a, parent);
	}
	return function_rows(a, keys, metric, ret_rows, err);
}

enum pyro_rc pyro_aggregate_callees(const struct pyro_aggregate *a, uint32_t function,
				    enum pyro_metric metric, struct pyro_rows *ret_rows,
				    struct pyro_err *err)
{
	PYRO_AUTO_FREE uint32_t *keys = malloc(((size_t)a->node_count + 1) * sizeof(*keys));
	if (!keys)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (uint32_t i = 0; i < a->node_count; i++) {
		uint32_t parent = a->nodes[i].parent;
		bool called = parent != PYRO_NONE && function_of(a, parent) == function;
		keys[i] = called ? function_of(a, i) : PYRO_NONE;
	}
	return function_rows(a, keys, metric, ret_rows, err);
}

/* Numbers the lines of @file as they are met. */
static enum pyro_rc line_keys(const struct pyro_aggregate *a, uint32_t file, uint32_t *keys,
			      struct pyro_map *numbers)
{
	for (uint32_t i = 0; i < a->node_count; i++) {
		uint32_t index;
		int32_t line;
		uint64_t number = numbers->count;
		keys[i] = PYRO_NONE;
		if (pyro_aggregate_function(a, i, &index, &line)->file != file)
			continue;
		if (!pyro_map_get(numbers, (uint32_t)line, &number)) {
			enum pyro_rc rc = pyro_map_put(numbers, (uint32_t)line, number);
			if (rc != PYRO_RC_OK)
				return rc;
		}
		keys[i] = (uint32_t)number;
	}
	return PYRO_RC_OK;
}

static int by_line(const void *left, const void *right)
{
	const struct pyro_row *a = left;
	const struct pyro_row *b = right;
	return (a->line > b->line) - (a->line < b->line);
}

/* Names each line's row after the function that took most on it. */
static void name_lines(const struct pyro_aggregate *a, const uint32_t *keys,
		       struct pyro_row *row_of, uint64_t *most)
{
	for (uint32_t i = 0; i < a->node_count; i++) {
		uint32_t index;
		int32_t line;
		if (keys[i] == PYRO_NONE)
			continue;
		pyro_aggregate_function(a, i, &index, &line);
		struct pyro_row *row = &row_of[keys[i]];
		uint64_t wall = a->total[i].of[PYRO_METRIC_WALL];
		if (row->name && wall <= most[keys[i]])
			continue;
		struct pyro_row named;
		pyro_row_set_function(a, &named, index);
		named.line = line;
		*row = named;
		most[keys[i]] = wall;
	}
}

enum pyro_rc pyro_aggregate_source(const struct pyro_aggregate *a, uint32_t file,
				   struct pyro_rows *ret_rows, struct pyro_err *err)
{
	struct pyro_map numbers;
	PYRO_AUTO_FREE uint32_t *keys = malloc(((size_t)a->node_count + 1) * sizeof(*keys));
	PYRO_AUTO_FREE struct aggregate_sum *sums = NULL;
	PYRO_AUTO_FREE struct pyro_row *named = NULL;
	PYRO_AUTO_FREE uint64_t *most = NULL;
	struct pyro_row *rows = NULL;
	size_t count = 0;
	pyro_map_init(&numbers, PYRO_MAX_PROFILE_ROWS);
	enum pyro_rc rc = keys ? line_keys(a, file, keys, &numbers) : PYRO_RC_NOMEM;
	size_t lines = numbers.count;
	pyro_map_deinit(&numbers);
	if (rc == PYRO_RC_OK)
		rc = pyro_aggregate_sum(a, keys, lines, &sums, &count);
	if (rc == PYRO_RC_OK) {
		named = calloc(lines + 1, sizeof(*named));
		most = calloc(lines + 1, sizeof(*most));
		rows = calloc(count + 1, sizeof(*rows));
	}
	if (!named || !most || !rows) {
		free(rows);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	name_lines(a, keys, named, most);
	for (size_t i = 0; i < count; i++) {
		rows[i] = named[sums[i].key];
		rows[i].self = sums[i].self;
		rows[i].total = sums[i].total;
	}
	if (count > 1)
		qsort(rows, count, sizeof(*rows), by_line);
	*ret_rows = (struct pyro_rows){rows, count};
	return PYRO_RC_OK;
}
