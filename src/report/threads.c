/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report/cells.h"
#include "report/headline.h"
#include "report/rows.h"
#include "report/units.h"
#include "report/waits.h"

#define USUAL_ROWS 30

static const struct pyro_report_column thread_columns[] = {
	{.cut = PYRO_CUT_MIDDLE, .least = 15, .most = 28}, /* threads, or tasks */
	{.title = "running", .right = true},
	{.title = "waiting", .right = true, .rank = 1},
	{.title = "for", .rank = 3},
	{.title = "for GIL", .right = true, .rank = 4},
	{.title = "has GIL", .right = true, .rank = 6},
	{.rank = 8},
	{.title = "lived", .right = true, .rank = 7},
	{.title = "mostly in", .cut = PYRO_CUT_MIDDLE, .least = 10, .rank = 2},
	{.cut = PYRO_CUT_FRONT, .least = 12, .rank = 5},
};

static const struct pyro_report_column process_columns[] = {
	{.title = "pid", .right = true},
	{.title = "process", .cut = PYRO_CUT_MIDDLE, .least = 14, .most = 36},
	{.title = "running", .right = true},
	{.title = "time", .right = true, .rank = 3},
	{.title = "lived", .right = true, .rank = 4},
	{.title = "mostly in", .cut = PYRO_CUT_MIDDLE, .least = 10, .rank = 5},
	{.cut = PYRO_CUT_FRONT, .least = 12, .rank = 6},
};

static void add_duration(struct pyro_report_table *table, uint64_t ns)
{
	struct pyro_buf text;
	pyro_buf_init(&text, 256);
	pyro_units_duration(&text, ns);
	pyro_report_table_take(table, PYRO_INK_DIM, &text);
}

/* The function in which a thread or process spent most of its own time, running or not; of a
 * process that ran: running. */
static enum pyro_rc add_mostly(struct pyro_report_table *table, const struct pyro_scope *scope,
			       const struct pyro_row *row, bool process, bool unfold,
			       struct pyro_err *err)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_rows_options by = {.group = PYRO_GROUP_FUNCTION, .limit = 1};
	by.metric =
		process && row->total.of[PYRO_METRIC_CPU] > 0 ? PYRO_METRIC_CPU : PYRO_METRIC_WALL;
	options.track = process ? PYRO_NONE : row->track;
	options.process = process ? row->process : PYRO_NONE;
	options.fold_library = !unfold;
	struct pyro_aggregate *own = NULL;
	enum pyro_rc rc = pyro_aggregate_create(scope->profile, &options, &own, err);
	if (rc != PYRO_RC_OK)
		return rc;
	struct pyro_rows top = {0};
	rc = pyro_aggregate_rows(own, &by, &top, err);
	if (rc == PYRO_RC_OK && top.count > 0) {
		pyro_cells_name(table, PYRO_INK_PLAIN, top.rows[0].name);
		pyro_cells_place(table, top.rows[0].place, top.rows[0].line);
	}
	pyro_rows_deinit(&top);
	pyro_aggregate_destroy(own);
	return rc;
}

static double part(uint64_t some, uint64_t whole)
{
	return whole > 0 ? (double)some / (double)whole : 0;
}

/* With its process before it, where there are several. */
static void add_thread_name(struct pyro_report_table *table, const struct pyro_scope *scope,
			    const struct pyro_row *row)
{
	char pid[24] = "";
	struct pyro_buf name;
	const struct pyro_process_info *process =
		pyro_profile_process_get(scope->profile, row->process);
	if (scope->processes.count > 1 && process)
		snprintf(pid, sizeof(pid), "%d ", (int)process->pid);
	pyro_report_table_cell(table, PYRO_INK_DIM, pid);
	pyro_buf_init(&name, 65536);
	pyro_text_name(&name, table->look, row->name);
	if (name.failed)
		table->failed = true;
	else
		pyro_report_table_more(table, PYRO_INK_PLAIN, name.data ? name.data : "");
	pyro_buf_deinit(&name);
}

/* Who has the GIL matters where somebody waits for it. */
static bool has_company(const struct pyro_scope *scope)
{
	return scope->all.of[PYRO_METRIC_GIL_WAIT] > 0;
}

static enum pyro_rc add_thread(struct pyro_report_table *table, const struct pyro_scope *scope,
			       const struct pyro_row *row, bool unfold, struct pyro_err *err)
{
	uint64_t wall = row->total.of[PYRO_METRIC_WALL];
	uint64_t cpu = row->total.of[PYRO_METRIC_CPU];
	uint64_t wait = pyro_scope_value(PYRO_REPORT_WAIT, &row->total);
	pyro_report_table_row(table);
	add_thread_name(table, scope, row);
	pyro_cells_percent(table, PYRO_INK_BOLD, part(cpu, wall));
	pyro_cells_percent(table, PYRO_INK_PLAIN, part(wait, wall));
	pyro_report_table_cell(table, PYRO_INK_DIM, pyro_waits_word(pyro_waits_main(&row->total)));
	pyro_cells_percent(table, PYRO_INK_PLAIN, part(row->total.of[PYRO_METRIC_GIL_WAIT], wall));
	pyro_cells_percent(table, PYRO_INK_PLAIN,
			   has_company(scope) ? part(row->total.of[PYRO_METRIC_GIL_HELD], wall)
					      : 0);
	pyro_cells_bar(table, PYRO_REPORT_WALL, &row->total, wall);
	add_duration(table, wall);
	return add_mostly(table, scope, row, false, unfold, err);
}

static enum pyro_rc add_process(struct pyro_report_table *table, const struct pyro_scope *scope,
				const struct pyro_row *row, bool unfold, struct pyro_err *err)
{
	const struct pyro_process_info *process =
		pyro_profile_process_get(scope->profile, row->process);
	uint64_t cpu = row->total.of[PYRO_METRIC_CPU];
	uint64_t lived = process && process->end_ns > process->start_ns
				 ? process->end_ns - process->start_ns
				 : 0;
	const char *command =
		process ? pyro_profile_string_get(scope->profile, process->command, NULL) : NULL;
	struct pyro_buf pid;
	pyro_buf_init(&pid, 64);
	if (process)
		pyro_buf_add_format(&pid, "%d", (int)process->pid);
	pyro_report_table_row(table);
	pyro_report_table_take(table, PYRO_INK_PLAIN, &pid);
	struct pyro_buf name;
	pyro_buf_init(&name, 65536);
	pyro_headline_command(command && *command ? command : row->name, table->look, &name);
	pyro_report_table_take(table, PYRO_INK_PLAIN, &name);
	pyro_cells_percent(table, PYRO_INK_BOLD, part(cpu, lived));
	add_duration(table, cpu);
	add_duration(table, lived);
	return add_mostly(table, scope, row, true, unfold, err);
}

static int by_wall(const void *a, const void *b)
{
	const struct pyro_row *x = a;
	const struct pyro_row *y = b;
	uint64_t of_x = x->total.of[PYRO_METRIC_WALL];
	uint64_t of_y = y->total.of[PYRO_METRIC_WALL];
	return of_x < of_y ? 1 : of_x > of_y ? -1 : 0;
}

static int by_cpu(const void *a, const void *b)
{
	const struct pyro_row *x = a;
	const struct pyro_row *y = b;
	uint64_t of_x = x->total.of[PYRO_METRIC_CPU];
	uint64_t of_y = y->total.of[PYRO_METRIC_CPU];
	if (of_x == of_y)
		return by_wall(a, b);
	return of_x < of_y ? 1 : -1;
}

static int by_name(const void *a, const void *b)
{
	const struct pyro_row *x = a;
	const struct pyro_row *y = b;
	return strcmp(x->name, y->name);
}

static enum pyro_rc rows_of(const struct pyro_scope *scope, const struct pyro_report_view *view,
			    struct pyro_rows *rows, struct pyro_err *err)
{
	struct pyro_rows_options options = {
		.group = view->group,
		.metric = PYRO_METRIC_WALL,
		.by_total = true,
		.matching = view->filter,
	};
	enum pyro_rc rc = pyro_aggregate_rows(scope->everything, &options, rows, err);
	if (rc == PYRO_RC_OK && rows->count > 1)
		qsort(rows->rows, rows->count, sizeof(*rows->rows),
		      view->sort == PYRO_REPORT_BY_NAME    ? by_name
		      : view->sort == PYRO_REPORT_BY_TOTAL ? by_wall
							   : by_cpu);
	return rc;
}

static void add_rest(struct pyro_report_table *table, const struct pyro_scope *scope,
		     const struct pyro_rows *rows, size_t shown, bool processes)
{
	if (rows->count <= shown)
		return;
	struct pyro_buf text;
	pyro_buf_init(&text, 1024);
	char more[32];
	snprintf(more, sizeof(more), "more %s", processes ? "process" : scope->noun);
	pyro_units_plural(&text, rows->count - shown, more);
	if (!processes && scope->idle >= rows->count - shown)
		pyro_buf_add_text(&text, ", hardly ever running");
	if (text.failed)
		table->failed = true;
	else
		pyro_report_table_note(table, text.data);
	pyro_buf_deinit(&text);
}

enum pyro_rc pyro_threads_print(const struct pyro_scope *scope, const struct pyro_report_view *view,
				const struct pyro_report_look *look, struct pyro_buf *buf,
				struct pyro_err *err)
{
	bool processes = view->group == PYRO_GROUP_PROCESS;
	struct pyro_report_column columns[PYRO_COUNT(thread_columns)];
	struct pyro_rows rows = {0};
	struct pyro_report_table table;
	enum pyro_rc rc = rows_of(scope, view, &rows, err);
	memcpy(columns, thread_columns, sizeof(columns));
	columns[0].title = scope->noun;
	if (processes)
		pyro_report_table_init(&table, process_columns, PYRO_COUNT(process_columns), look);
	else
		pyro_report_table_init(&table, columns, PYRO_COUNT(columns), look);
	size_t limit = view->limit ? view->limit : USUAL_ROWS;
	size_t shown = rows.count < limit ? rows.count : limit;
	for (size_t i = 0; rc == PYRO_RC_OK && i < shown; i++)
		rc = processes ? add_process(&table, scope, &rows.rows[i], view->unfold, err)
			       : add_thread(&table, scope, &rows.rows[i], view->unfold, err);
	if (rc == PYRO_RC_OK) {
		add_rest(&table, scope, &rows, shown, processes);
		rc = pyro_report_table_render(&table, 2, buf);
	}
	pyro_report_table_deinit(&table);
	pyro_rows_deinit(&rows);
	return rc;
}
