/* SPDX-License-Identifier: Apache-2.0 */
#include "report/tasks.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "profile/places.h"
#include "report/cells.h"
#include "report/units.h"

static const struct pyro_report_column columns[] = {
	{.title = "task", .cut = PYRO_CUT_MIDDLE, .least = 12, .most = 28},
	{.title = "seen", .right = true, .rank = 6},
	{.title = "running", .right = true},
	{.title = "ready", .right = true, .rank = 5},
	{.title = "waiting", .right = true, .rank = 1},
	{.title = "for", .rank = 3},
	{.title = "lived", .right = true, .rank = 4},
	{.title = "mostly at", .cut = PYRO_CUT_MIDDLE, .least = 10, .rank = 2},
	{.cut = PYRO_CUT_FRONT, .least = 12, .rank = 7},
};

static int by_time(const void *a, const void *b)
{
	const struct pyro_tasks_row *x = a, *y = b;

	if (x->cpu_ns != y->cpu_ns)
		return x->cpu_ns < y->cpu_ns ? 1 : -1;
	if (x->life_ns != y->life_ns)
		return x->life_ns < y->life_ns ? 1 : -1;
	return strcmp(x->coroutine, y->coroutine);
}

const struct pyro_frame *pyro_tasks_place(const struct pyro_profile *profile,
					  const struct pyro_places *places, uint32_t stack,
					  bool unfold)
{
	const struct pyro_stack *leaf = pyro_profile_stack_get(profile, stack), *at = leaf;

	while (at && !unfold) {
		const struct pyro_frame *frame = pyro_profile_frame_get(profile, at->frame);
		const struct pyro_function *function =
			pyro_profile_function_get(profile, frame->function);

		if (!pyro_places_get(places, function->file)->library)
			return frame;
		at = at->parent == PYRO_NONE ? NULL : pyro_profile_stack_get(profile, at->parent);
	}
	return leaf ? pyro_profile_frame_get(profile, leaf->frame) : NULL;
}

/* A wait of a group at a line, for one kind of thing. */
struct spot {
	uint32_t task, function, wait;
	int32_t line;
	uint64_t ns;
};

static int by_spot(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->wait < y->wait ? -1 : x->wait > y->wait;
}

static uint64_t waiting_of(const struct pyro_task_total *total)
{
	const uint64_t ran = total->values[PYRO_METRIC_CPU] + total->values[PYRO_METRIC_READY];

	return total->values[PYRO_METRIC_WALL] > ran ? total->values[PYRO_METRIC_WALL] - ran : 0;
}

static void add_total(struct pyro_profile *profile, const struct pyro_tasks_options *options,
		      const struct pyro_task_total *total, struct pyro_tasks_row *row,
		      struct spot *spot)
{
	const struct pyro_frame *frame =
		pyro_tasks_place(profile, options->places, total->stack, options->unfold);
	const char *wait = pyro_profile_string_get(profile, total->wait, NULL);
	const uint64_t waiting = waiting_of(total);

	row->life_ns += total->values[PYRO_METRIC_WALL];
	row->cpu_ns += total->values[PYRO_METRIC_CPU];
	row->ready_ns += total->values[PYRO_METRIC_READY];
	row->waiting_ns += waiting;
	if (!wait || !*wait)
		row->blocked_ns += waiting;
	*spot = (struct spot){
		.task = total->task,
		.function = frame ? frame->function : PYRO_NONE,
		.line = frame ? frame->line : 0,
		.wait = total->wait,
		.ns = waiting,
	};
}

/* Each group's place with the most waiting. */
static void find_most(struct pyro_profile *profile, struct spot *spots, size_t count,
		      struct pyro_tasks_row *rows)
{
	if (count > 1)
		qsort(spots, count, sizeof(*spots), by_spot);
	for (size_t i = 0; i < count;) {
		struct pyro_tasks_row *row = &rows[spots[i].task];
		uint64_t ns = 0;
		size_t end = i;

		for (; end < count && by_spot(&spots[i], &spots[end]) == 0; end++)
			ns += spots[end].ns;
		if (ns > row->wait_ns && spots[i].function != PYRO_NONE) {
			row->wait_ns = ns;
			row->function = spots[i].function;
			row->wait_line = spots[i].line;
			row->wait = pyro_profile_string_get(profile, spots[i].wait, NULL);
		}
		i = end;
	}
}

static void begin_row(struct pyro_profile *profile, uint32_t index, struct pyro_tasks_row *row)
{
	const struct pyro_task_group *task = pyro_profile_task_get(profile, index);
	const struct pyro_function *function = pyro_profile_function_get(profile, task->function);

	*row = (struct pyro_tasks_row){
		.task = index,
		.coroutine = pyro_profile_string_get(profile, function->name, NULL),
		.name = pyro_profile_string_get(profile, task->name, NULL),
		.file = pyro_profile_string_get(profile, function->file, NULL),
		.line = function->first_line,
		.tasks = task->tasks,
		.wait = "",
		.function = PYRO_NONE,
	};
}

/* With places and totals. */
static enum pyro_rc make_rows(struct pyro_profile *profile,
			      const struct pyro_tasks_options *options, uint32_t groups,
			      struct pyro_tasks_rows *ret_rows)
{
	struct pyro_tasks_row *rows = calloc(groups, sizeof(*rows));
	struct spot *spots PYRO_AUTO_FREE = calloc(options->total_count + 1, sizeof(*spots));

	if (!rows || !spots) {
		free(rows);
		return PYRO_RC_NOMEM;
	}
	for (uint32_t i = 0; i < groups; i++)
		begin_row(profile, i, &rows[i]);
	for (size_t i = 0; i < options->total_count; i++) {
		const struct pyro_task_total *total =
			options->totals ? &options->totals[i]
					: pyro_profile_task_total_get(profile, i);

		add_total(profile, options, total, &rows[total->task], &spots[i]);
	}
	find_most(profile, spots, options->total_count, rows);
	qsort(rows, groups, sizeof(*rows), by_time);
	*ret_rows = (struct pyro_tasks_rows){.rows = rows, .count = groups};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_tasks_rows(struct pyro_profile *profile, const struct pyro_tasks_options *options,
			     struct pyro_tasks_rows *ret_rows, struct pyro_err *err)
{
	struct pyro_tasks_options full = *options;
	struct pyro_profile_counts counts;
	struct pyro_places *places = NULL;
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_rows = (struct pyro_tasks_rows){.count = 0};
	pyro_profile_counts(profile, &counts);
	if (!counts.tasks)
		return PYRO_RC_OK;
	if (!full.totals)
		full.total_count = counts.task_totals;
	if (!full.places) {
		rc = pyro_places_create(profile, &places, err);
		full.places = places;
	}
	if (!rc && make_rows(profile, &full, counts.tasks, ret_rows))
		rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for the report");
	pyro_places_destroy(places);
	return rc;
}

void pyro_tasks_rows_deinit(struct pyro_tasks_rows *rows)
{
	free(rows->rows);
	*rows = (struct pyro_tasks_rows){.count = 0};
}

/* ---- the table ---- */

static void add_duration(struct pyro_report_table *table, uint64_t ns)
{
	struct pyro_buf text;

	pyro_buf_init(&text, 256);
	pyro_units_duration(&text, ns);
	pyro_report_table_take(table, PYRO_INK_DIM, &text);
}

static double part(uint64_t some, uint64_t whole)
{
	return whole > 0 ? (double)some / (double)whole : 0;
}

static void add_name(struct pyro_report_table *table, const struct pyro_tasks_row *row)
{
	pyro_cells_name(table, PYRO_INK_PLAIN, *row->name ? row->name : row->coroutine);
}

static void add_count(struct pyro_report_table *table, uint64_t count)
{
	struct pyro_buf text;

	pyro_buf_init(&text, 64);
	pyro_units_count(&text, count);
	pyro_report_table_take(table, PYRO_INK_DIM, &text);
}

static void add_row(struct pyro_report_table *table, const struct pyro_profile *profile,
		    const struct pyro_places *places, const struct pyro_tasks_row *row)
{
	const struct pyro_function *function =
		row->function == PYRO_NONE ? NULL
					   : pyro_profile_function_get(profile, row->function);

	pyro_report_table_row(table);
	add_name(table, row);
	if (row->tasks)
		add_count(table, row->tasks);
	else /* none but in samples of threads */
		pyro_report_table_cell(table, PYRO_INK_DIM, "");
	pyro_cells_percent(table, PYRO_INK_BOLD, part(row->cpu_ns, row->life_ns));
	pyro_cells_percent(table, PYRO_INK_PLAIN, part(row->ready_ns, row->life_ns));
	pyro_cells_percent(table, PYRO_INK_PLAIN, part(row->waiting_ns, row->life_ns));
	pyro_report_table_cell(table, PYRO_INK_DIM, function ? row->wait : "");
	add_duration(table, row->life_ns);
	if (!function)
		return;
	pyro_cells_name(table, PYRO_INK_PLAIN,
			pyro_profile_string_get(profile, function->name, NULL));
	pyro_cells_place(table, pyro_places_get(places, function->file)->display, row->wait_line);
}

static void add_rest(struct pyro_report_table *table, size_t more)
{
	struct pyro_buf text;

	if (!more)
		return;
	pyro_buf_init(&text, 256);
	pyro_units_count(&text, more);
	pyro_buf_add_text(&text, more == 1 ? " more kind of task" : " more kinds of tasks");
	if (text.failed)
		table->failed = true;
	else
		pyro_report_table_note(table, text.data);
	pyro_buf_deinit(&text);
}

enum pyro_rc pyro_tasks_print(struct pyro_profile *profile, size_t limit,
			      const struct pyro_report_look *look, struct pyro_buf *buf,
			      struct pyro_err *err)
{
	struct pyro_report_table table;
	struct pyro_tasks_rows rows;
	struct pyro_places *places = NULL;
	enum pyro_rc rc = pyro_tasks_rows(profile, &(struct pyro_tasks_options){0}, &rows, err);

	if (rc || !rows.count)
		return rc;
	rc = pyro_places_create(profile, &places, err);
	pyro_report_table_init(&table, columns, PYRO_COUNT(columns), look);
	for (size_t i = 0; !rc && i < rows.count && i < limit; i++)
		add_row(&table, profile, places, &rows.rows[i]);
	if (!rc) {
		add_rest(&table, rows.count > limit ? rows.count - limit : 0);
		pyro_buf_add_char(buf, '\n');
		rc = pyro_report_table_render(&table, 2, buf);
	}
	pyro_report_table_deinit(&table);
	pyro_places_destroy(places);
	pyro_tasks_rows_deinit(&rows);
	return rc;
}

/* ---- JSON ---- */

enum pyro_rc pyro_tasks_json(struct pyro_profile *profile, struct pyro_buf *buf,
			     struct pyro_err *err)
{
	struct pyro_tasks_rows rows;
	enum pyro_rc rc = pyro_tasks_rows(profile, &(struct pyro_tasks_options){0}, &rows, err);

	if (rc)
		return rc;
	pyro_json_open(buf, "tasks", '[');
	for (size_t i = 0; i < rows.count; i++) {
		const struct pyro_tasks_row *row = &rows.rows[i];
		const struct pyro_function *function =
			row->function == PYRO_NONE
				? NULL
				: pyro_profile_function_get(profile, row->function);

		pyro_json_open(buf, NULL, '{');
		pyro_json_text(buf, "name", *row->name ? row->name : NULL);
		pyro_json_text(buf, "coroutine", row->coroutine);
		pyro_json_text(buf, "file", row->file);
		pyro_json_signed(buf, "line", row->line);
		pyro_json_number(buf, "tasks", row->tasks);
		pyro_json_number(buf, "life_ns", row->life_ns);
		pyro_json_number(buf, "cpu_ns", row->cpu_ns);
		pyro_json_number(buf, "ready_ns", row->ready_ns);
		pyro_json_number(buf, "waiting_ns", row->waiting_ns);
		pyro_json_number(buf, "blocked_ns", row->blocked_ns);
		if (function) {
			pyro_json_open(buf, "waits_mostly", '{');
			pyro_json_text(buf, "for", *row->wait ? row->wait : NULL);
			pyro_json_text(buf, "function",
				       pyro_profile_string_get(profile, function->name, NULL));
			pyro_json_text(buf, "file",
				       pyro_profile_string_get(profile, function->file, NULL));
			pyro_json_signed(buf, "line", row->wait_line);
			pyro_json_number(buf, "ns", row->wait_ns);
			pyro_json_close(buf, '}');
		} else {
			pyro_json_text(buf, "waits_mostly", NULL);
		}
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_tasks_rows_deinit(&rows);
	return pyro_buf_status(buf);
}
