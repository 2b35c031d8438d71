/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "profile/aggregate_inside.h"
#include "profile/match.h"

static const char *const group_names[] = {
	[PYRO_GROUP_FUNCTION] = "function", [PYRO_GROUP_LINE] = "line",
	[PYRO_GROUP_FILE] = "file",         [PYRO_GROUP_MODULE] = "module",
	[PYRO_GROUP_THREAD] = "thread",     [PYRO_GROUP_PROCESS] = "process",
};

const char *pyro_group_name(enum pyro_group group)
{
	return (unsigned)group < PYRO_GROUP_COUNT ? group_names[group] : NULL;
}

enum pyro_group pyro_group_by_name(const char *name)
{
	for (unsigned i = 0; i < PYRO_GROUP_COUNT; i++)
		if (strcmp(group_names[i], name) == 0)
			return (enum pyro_group)i;
	return PYRO_GROUP_COUNT;
}

struct order {
	enum pyro_metric metric;
	bool by_total;
};

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int ascending(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right, void *context)
{
	const struct pyro_row *a = left;
	const struct pyro_row *b = right;
	const struct order *order = context;
	int self = descending(a->self.of[order->metric], b->self.of[order->metric]);
	int total = descending(a->total.of[order->metric], b->total.of[order->metric]);
	int result = order->by_total ? total : self;
	if (!result)
		result = order->by_total ? self : total;
	if (!result)
		result = strcmp(a->name, b->name);
	if (!result)
		result = strcmp(a->place, b->place);
	if (!result)
		result = ascending(a->line, b->line);
	if (!result)
		result = ascending(a->track, b->track);
	if (!result)
		result = ascending(a->process, b->process);
	return result ? result : ascending(a->function, b->function);
}

void pyro_rows_sort(struct pyro_rows *rows, enum pyro_metric metric, bool by_total)
{
	struct order order = {metric, by_total};
	if (rows->count > 1)
		qsort_r(rows->rows, rows->count, sizeof(*rows->rows), compare, &order);
}

void pyro_rows_deinit(struct pyro_rows *rows)
{
	free(rows->rows);
	*rows = (struct pyro_rows){0};
}

static const char *text_of(const struct pyro_aggregate *a, uint32_t string)
{
	return pyro_profile_string_get(a->profile, string, NULL);
}

static struct pyro_row empty_row(void)
{
	return (struct pyro_row){
		.name = "",
		.place = "",
		.function = PYRO_NONE,
		.file = PYRO_NONE,
		.track = PYRO_NONE,
		.process = PYRO_NONE,
		.task = PYRO_NONE,
	};
}

void pyro_row_set_function(const struct pyro_aggregate *a, struct pyro_row *row, uint32_t function)
{
	const struct pyro_function *f = pyro_profile_function_get(a->profile, function);
	*row = empty_row();
	if (!f)
		return;
	const struct pyro_place *place = pyro_places_get(a->places, f->file);
	row->name = text_of(a, f->name);
	row->place = place->display;
	row->function = function;
	row->file = f->file;
	row->line = f->first_line;
	row->library = place->library;
}

static void set_line(const struct pyro_aggregate *a, struct pyro_row *row, uint32_t frame_index)
{
	const struct pyro_frame *frame = pyro_profile_frame_get(a->profile, frame_index);
	pyro_row_set_function(a, row, frame->function);
	row->line = frame->line;
}

static void set_file(const struct pyro_aggregate *a, struct pyro_row *row, uint32_t file)
{
	const struct pyro_place *place = pyro_places_get(a->places, file);
	*row = empty_row();
	row->name = place->display;
	row->place = place->display;
	row->file = file;
	row->library = place->library;
}

/* @file stands for its module: the first file of it that was met. */
static void set_module(const struct pyro_aggregate *a, struct pyro_row *row, uint32_t file)
{
	set_file(a, row, file);
	row->name = pyro_places_get(a->places, file)->module;
	row->place = "";
	row->file = PYRO_NONE;
}

/* For every file the lowest file of the same module and kind. */
static enum pyro_rc modules(const struct pyro_aggregate *a, uint32_t **ret_leaders)
{
	struct pyro_intern names;
	enum pyro_rc rc = PYRO_RC_OK;
	uint32_t strings = a->counts.strings;
	uint32_t *leaders = malloc(((size_t)strings + 1) * sizeof(*leaders));
	uint32_t *leader_of = malloc(((size_t)strings + 1) * sizeof(*leader_of));
	pyro_intern_init(&names, SIZE_MAX / 2);
	if (!leaders || !leader_of)
		rc = PYRO_RC_NOMEM;
	for (uint32_t i = 0; rc == PYRO_RC_OK && i < strings; i++) {
		const struct pyro_place *place = pyro_places_get(a->places, i);
		struct pyro_buf key;
		uint32_t id = 0;
		pyro_buf_init(&key, SIZE_MAX / 8);
		pyro_buf_add_char(&key, (char)place->kind);
		pyro_buf_add_text(&key, place->module);
		rc = pyro_buf_status(&key);
		if (rc == PYRO_RC_OK) {
			size_t before = names.count;
			rc = pyro_intern_add(&names, key.data, key.size, &id);
			if (rc == PYRO_RC_OK && id == before)
				leader_of[id] = i;
			if (rc == PYRO_RC_OK)
				leaders[i] = leader_of[id];
		}
		pyro_buf_deinit(&key);
	}
	pyro_intern_deinit(&names);
	free(leader_of);
	if (rc == PYRO_RC_OK)
		*ret_leaders = leaders;
	else
		free(leaders);
	return rc;
}

/* The key of every node in @group, and how many keys there can be. */
static enum pyro_rc keys_of(const struct pyro_aggregate *a, enum pyro_group group,
			    uint32_t **ret_keys, size_t *ret_count)
{
	PYRO_AUTO_FREE uint32_t *leaders = NULL;
	if (group == PYRO_GROUP_MODULE) {
		enum pyro_rc rc = modules(a, &leaders);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	uint32_t *keys = malloc(((size_t)a->node_count + 1) * sizeof(*keys));
	if (!keys)
		return PYRO_RC_NOMEM;
	for (uint32_t i = 0; i < a->node_count; i++) {
		uint32_t index;
		int32_t line;
		const struct pyro_function *function = pyro_aggregate_function(a, i, &index, &line);
		switch (group) {
		case PYRO_GROUP_FUNCTION:
			keys[i] = index;
			break;
		case PYRO_GROUP_LINE:
			keys[i] = a->nodes[i].frame;
			break;
		case PYRO_GROUP_FILE:
			keys[i] = function->file;
			break;
		default:
			keys[i] = leaders ? leaders[function->file] : PYRO_NONE;
			break;
		}
	}
	*ret_count = group == PYRO_GROUP_FUNCTION ? a->counts.functions
		     : group == PYRO_GROUP_LINE   ? a->counts.frames
						  : a->counts.strings;
	*ret_keys = keys;
	return PYRO_RC_OK;
}

static enum pyro_rc rows_of_stacks(const struct pyro_aggregate *a, enum pyro_group group,
				   struct pyro_rows *ret)
{
	PYRO_AUTO_FREE uint32_t *keys = NULL;
	PYRO_AUTO_FREE struct aggregate_sum *sums = NULL;
	size_t key_count;
	size_t count;
	enum pyro_rc rc = keys_of(a, group, &keys, &key_count);
	if (rc == PYRO_RC_OK)
		rc = pyro_aggregate_sum(a, keys, key_count, &sums, &count);
	if (rc != PYRO_RC_OK)
		return rc;
	struct pyro_row *rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < count; i++) {
		if (group == PYRO_GROUP_FUNCTION)
			pyro_row_set_function(a, &rows[i], sums[i].key);
		else if (group == PYRO_GROUP_LINE)
			set_line(a, &rows[i], sums[i].key);
		else if (group == PYRO_GROUP_FILE)
			set_file(a, &rows[i], sums[i].key);
		else
			set_module(a, &rows[i], sums[i].key);
		rows[i].self = sums[i].self;
		rows[i].total = sums[i].total;
	}
	*ret = (struct pyro_rows){rows, count};
	return PYRO_RC_OK;
}

static enum pyro_rc rows_of_tracks(const struct pyro_aggregate *a, bool by_process,
				   struct pyro_rows *ret)
{
	struct pyro_profile *profile = (struct pyro_profile *)a->profile;
	uint32_t count = by_process ? a->counts.processes : a->counts.tracks;
	struct pyro_row *rows = calloc((size_t)count + 1, sizeof(*rows));
	if (!rows)
		return PYRO_RC_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_track *track = pyro_profile_track_get(profile, i);
		rows[i] = empty_row();
		rows[i].track = by_process ? PYRO_NONE : i;
		rows[i].process = by_process ? i : track->process;
		rows[i].name = text_of(a, by_process ? pyro_profile_process_get(profile, i)->command
						     : track->name);
	}
	for (uint32_t i = 0; i < a->counts.tracks; i++) {
		uint32_t row = by_process ? pyro_profile_track_get(profile, i)->process : i;
		pyro_values_add(&rows[row].self, &a->tracks[i]);
		rows[row].total = rows[row].self;
	}
	*ret = (struct pyro_rows){rows, 0};
	for (uint32_t i = 0; i < count; i++)
		if (pyro_values_any(&rows[i].total))
			rows[ret->count++] = rows[i];
	return PYRO_RC_OK;
}

static enum pyro_rc keep_matching(struct pyro_rows *rows, const char *expression,
				  struct pyro_err *err)
{
	regex_t regex;
	enum pyro_rc rc = pyro_match_compile(&regex, expression, err);
	if (rc != PYRO_RC_OK)
		return rc;
	size_t kept = 0;
	for (size_t i = 0; i < rows->count; i++)
		if (pyro_match_text(&regex, rows->rows[i].name) ||
		    pyro_match_text(&regex, rows->rows[i].place))
			rows->rows[kept++] = rows->rows[i];
	rows->count = kept;
	regfree(&regex);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_aggregate_rows(const struct pyro_aggregate *a,
				 const struct pyro_rows_options *options,
				 struct pyro_rows *ret_rows, struct pyro_err *err)
{
	struct pyro_rows rows = {0};
	enum pyro_rc rc;
	if (options->group == PYRO_GROUP_THREAD || options->group == PYRO_GROUP_PROCESS)
		rc = rows_of_tracks(a, options->group == PYRO_GROUP_PROCESS, &rows);
	else
		rc = rows_of_stacks(a, options->group, &rows);
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "out of memory");
	if (options->matching)
		rc = keep_matching(&rows, options->matching, err);
	if (rc != PYRO_RC_OK) {
		pyro_rows_deinit(&rows);
		return rc;
	}
	pyro_rows_sort(&rows, options->metric, options->by_total);
	if (options->limit && rows.count > options->limit)
		rows.count = options->limit;
	*ret_rows = rows;
	return PYRO_RC_OK;
}
