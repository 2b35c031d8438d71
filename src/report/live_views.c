/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report/cells.h"
#include "report/headline.h"
#include "report/live_inside.h"
#include "report/units.h"

/* The views of a live view and their columns. A new view, or a column more, is a row here. */

/* A smaller part of the time needs no reason. */
#define WAITS 0.001

static const char *const order_names[] = {
	[PYRO_LIVE_SELF] = "self",       [PYRO_LIVE_TOTAL] = "total",
	[PYRO_LIVE_RUNNING] = "running", [PYRO_LIVE_WAITING] = "waiting",
	[PYRO_LIVE_HELD] = "gil",        [PYRO_LIVE_GIL] = "gil_wait",
	[PYRO_LIVE_NAME] = "name",       [PYRO_LIVE_READY] = "ready",
	[PYRO_LIVE_COUNT] = "tasks",     [PYRO_LIVE_LASTED] = "longest",
};

const char *pyro_live_order_name(enum pyro_live_order order)
{
	return (unsigned)order < PYRO_LIVE_ORDERS ? order_names[order] : NULL;
}

double live_part(const struct pyro_live *live, uint64_t ns)
{
	return live->scope.base_ns ? (double)ns / (double)live->scope.base_ns : 0;
}

double live_value(const struct pyro_live *live, enum pyro_live_order order,
		  const struct pyro_row *row)
{
	const struct pyro_values *self = &row->self;

	if (live_view(live)->tasks)
		return live_task_value(live, order, row);
	switch (order) {
	case PYRO_LIVE_SELF:
		return live_part(live, pyro_scope_value(live->scope.weight, self));
	case PYRO_LIVE_TOTAL:
		return live_part(live, pyro_scope_value(live->scope.weight, &row->total));
	case PYRO_LIVE_RUNNING:
		return live_part(live, self->of[PYRO_METRIC_CPU]);
	case PYRO_LIVE_WAITING:
		return live_part(live, pyro_scope_value(PYRO_REPORT_WAIT, self));
	case PYRO_LIVE_HELD:
		return live_part(live, self->of[PYRO_METRIC_GIL_HELD]);
	case PYRO_LIVE_GIL:
		return live_part(live, self->of[PYRO_METRIC_GIL_WAIT]);
	default:
		return 0;
	}
}

enum pyro_reason live_reason(const struct pyro_values *values,
			     const bool without[PYRO_REASON_COUNT])
{
	enum pyro_reason longest = PYRO_REASON_NONE;
	uint64_t most = 0;

	for (int i = PYRO_REASON_NONE + 1; i < PYRO_REASON_COUNT; i++) {
		const uint64_t ns = values->of[pyro_reason_info((enum pyro_reason)i)->metric];

		if (ns <= most || (without && without[i]))
			continue;
		most = ns;
		longest = (enum pyro_reason)i;
	}
	return longest;
}

/* ---- cells ---- */

static void put_self(struct pyro_live *live, struct pyro_report_table *table,
		     const struct pyro_row *row)
{
	const struct pyro_share share = pyro_scope_share(&live->scope, &row->self);

	pyro_cells_only_share(table, share.share > 0 ? PYRO_INK_BOLD : PYRO_INK_DIM, &share);
}

static void put_margin(struct pyro_live *live, struct pyro_report_table *table,
		       const struct pyro_row *row)
{
	const struct pyro_share share = pyro_scope_share(&live->scope, &row->self);
	struct pyro_buf text;

	pyro_buf_init(&text, 1024);
	if (share.share > 0)
		pyro_units_margin(&text, &share, pyro_text_signs(table->look)->plus_minus);
	pyro_report_table_take(table, PYRO_INK_DIM, &text);
}

static void put_total(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	const struct pyro_share share = pyro_scope_share(&live->scope, &row->total);

	pyro_cells_only_share(table, PYRO_INK_PLAIN, &share);
}

void live_put_running(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	pyro_cells_percent(table, PYRO_INK_RUNNING, live_value(live, PYRO_LIVE_RUNNING, row));
}

void live_put_waiting(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	pyro_cells_percent(table, PYRO_INK_WAITING, live_value(live, PYRO_LIVE_WAITING, row));
}

/* What it waits for longest, where it waits to speak of. */
static void put_reason(struct pyro_live *live, struct pyro_report_table *table,
		       const struct pyro_row *row)
{
	const enum pyro_reason reason = live_reason(&row->self, NULL);
	const struct pyro_reason_info *info = pyro_reason_info(reason);
	const bool waits = live_value(live, PYRO_LIVE_WAITING, row) >= WAITS;
	const bool loop = reason == PYRO_REASON_READY && live_of_tasks(live);

	pyro_report_table_cell(table, PYRO_INK_WAITING,
			       !info || !waits ? ""
			       : loop          ? "loop"
					       : info->name);
}

static void put_held(struct pyro_live *live, struct pyro_report_table *table,
		     const struct pyro_row *row)
{
	pyro_cells_percent(table, PYRO_INK_PLAIN, live_value(live, PYRO_LIVE_HELD, row));
}

static void put_gil(struct pyro_live *live, struct pyro_report_table *table,
		    const struct pyro_row *row)
{
	pyro_cells_percent(table, PYRO_INK_WAITING, live_value(live, PYRO_LIVE_GIL, row));
}

static int pid_of(const struct pyro_live *live, uint32_t process)
{
	const struct pyro_process_info *info = pyro_profile_process_get(live->profile, process);

	return info ? info->pid : 0;
}

void live_put_owned(struct pyro_live *live, struct pyro_report_table *table, uint32_t process,
		    enum pyro_ink ink, const char *name)
{
	struct pyro_buf text;
	char pid[24] = "";

	if (live->scope.processes.count > 1 && live->choice.process == PYRO_NONE)
		snprintf(pid, sizeof(pid), "%d ", pid_of(live, process));
	pyro_report_table_cell(table, PYRO_INK_DIM, pid);
	pyro_buf_init(&text, 65536);
	pyro_text_name(&text, table->look, name);
	if (text.failed)
		table->failed = true;
	else
		pyro_report_table_more(table, ink, text.data ? text.data : "");
	pyro_buf_deinit(&text);
}

static void put_thread(struct pyro_live *live, struct pyro_report_table *table,
		       const struct pyro_row *row)
{
	const struct pyro_track *track = pyro_profile_track_get(live->profile, row->track);

	if (track)
		live_put_owned(live, table, track->process,
			       track->end_ns ? PYRO_INK_DIM : PYRO_INK_PLAIN,
			       pyro_profile_string_get(live->profile, track->name, NULL));
	else
		pyro_report_table_cell(table, PYRO_INK_DIM, "");
}

/* Only where rows are apart by thread. */
static void put_split(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	if (live->choice.split)
		put_thread(live, table, row);
	else
		pyro_report_table_cell(table, PYRO_INK_PLAIN, "");
}

void live_put_name(struct pyro_live *live, struct pyro_report_table *table,
		   const struct pyro_row *row)
{
	pyro_cells_name(table, row->library ? PYRO_INK_DIM : PYRO_INK_PLAIN, row->name);
}

void live_put_place(struct pyro_live *live, struct pyro_report_table *table,
		    const struct pyro_row *row)
{
	pyro_cells_place(table, row->place, row->line);
}

static void put_pid(struct pyro_live *live, struct pyro_report_table *table,
		    const struct pyro_row *row)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%d", pid_of(live, row->process));
	pyro_report_table_cell(table, PYRO_INK_PLAIN, pid);
}

static void put_process(struct pyro_live *live, struct pyro_report_table *table,
			const struct pyro_row *row)
{
	const struct pyro_process_info *process =
		pyro_profile_process_get(live->profile, row->process);
	const bool ended = process && process->end_ns;
	struct pyro_buf text;

	pyro_buf_init(&text, 65536);
	pyro_headline_command(row->name, table->look, &text);
	pyro_report_table_cell(table, PYRO_INK_WAITING, ended ? "ended " : "");
	if (text.failed)
		table->failed = true;
	else
		pyro_report_table_more(table, ended ? PYRO_INK_DIM : PYRO_INK_PLAIN,
				       text.data ? text.data : "");
	pyro_buf_deinit(&text);
}

static void put_threads(struct pyro_live *live, struct pyro_report_table *table,
			const struct pyro_row *row)
{
	char text[24];
	unsigned count = 0;

	for (size_t i = 0; i < live->scope.threads.count; i++)
		count += live->scope.threads.rows[i].process == row->process;
	snprintf(text, sizeof(text), "%u", count);
	pyro_report_table_cell(table, PYRO_INK_PLAIN, text);
}

/* The function in which a thread or process spends most of its own time: running if it runs. */
static void put_mostly(struct pyro_live *live, struct pyro_report_table *table,
		       const struct pyro_row *row)
{
	struct pyro_rows_options by = {
		.group = PYRO_GROUP_FUNCTION,
		.metric = row->total.of[PYRO_METRIC_CPU] ? PYRO_METRIC_CPU : PYRO_METRIC_WALL,
		.limit = 1,
	};
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_aggregate *own = NULL;
	struct pyro_rows top = {0};

	options.totals = live->stretch.rows;
	options.total_count = live->stretch.count;
	options.places = live->places;
	options.track = row->track;
	options.process = row->process;
	options.fold_library = !live->choice.unfold;
	if (pyro_aggregate_create(live->profile, &options, &own, NULL) ||
	    pyro_aggregate_rows(own, &by, &top, NULL)) {
		table->failed = true;
	} else if (top.count > 0) {
		pyro_cells_name(table, PYRO_INK_PLAIN, top.rows[0].name);
		pyro_cells_place(table, top.rows[0].place, top.rows[0].line);
	}
	pyro_rows_deinit(&top);
	pyro_aggregate_destroy(own);
}

/* ---- views ---- */

#define REASON(drops)                                                                              \
	{                                                                                          \
		.title = "for", .rank = drops, .steady = 9                                         \
	}

static const struct live_column code_columns[] = {
	{LIVE_NUMBER("self", 0), PYRO_LIVE_SELF, put_self},
	{{.rank = 7, .joined = true, .steady = 4}, PYRO_LIVE_ORDERS, put_margin},
	{LIVE_NUMBER("total", 3), PYRO_LIVE_TOTAL, put_total},
	{LIVE_NUMBER("running", 5), PYRO_LIVE_RUNNING, live_put_running},
	{LIVE_NUMBER("waiting", 4), PYRO_LIVE_WAITING, live_put_waiting},
	{REASON(6), PYRO_LIVE_ORDERS, put_reason},
	{{.title = "name", .cut = PYRO_CUT_MIDDLE, .least = 18}, PYRO_LIVE_NAME, live_put_name},
	{{.title = "where", .cut = PYRO_CUT_FRONT, .least = 14, .rank = 2},
	 PYRO_LIVE_ORDERS,
	 live_put_place},
	{{.cut = PYRO_CUT_MIDDLE, .least = 8, .most = 24, .rank = 1}, PYRO_LIVE_ORDERS, put_split},
};

static const struct live_column thread_columns[] = {
	{LIVE_NUMBER("running", 0), PYRO_LIVE_RUNNING, live_put_running},
	{LIVE_NUMBER("waiting", 1), PYRO_LIVE_WAITING, live_put_waiting},
	{REASON(3), PYRO_LIVE_ORDERS, put_reason},
	{LIVE_NUMBER("GIL", 4), PYRO_LIVE_HELD, put_held},
	{LIVE_NUMBER("for GIL", 5), PYRO_LIVE_GIL, put_gil},
	{{.title = "thread", .cut = PYRO_CUT_MIDDLE, .least = 18}, PYRO_LIVE_NAME, put_thread},
	{{.title = "mostly in", .cut = PYRO_CUT_MIDDLE, .least = 14, .rank = 2},
	 PYRO_LIVE_ORDERS,
	 put_mostly},
	LIVE_PLACE(8),
};

static const struct live_column process_columns[] = {
	{LIVE_NUMBER("running", 0), PYRO_LIVE_RUNNING, live_put_running},
	{LIVE_NUMBER("GIL", 3), PYRO_LIVE_HELD, put_held},
	{LIVE_NUMBER("for GIL", 4), PYRO_LIVE_GIL, put_gil},
	{{.title = "pid", .right = true, .steady = 7}, PYRO_LIVE_ORDERS, put_pid},
	{{.title = "process", .cut = PYRO_CUT_MIDDLE, .least = 22}, PYRO_LIVE_NAME, put_process},
	{{.title = "threads", .right = true, .rank = 5}, PYRO_LIVE_ORDERS, put_threads},
	{{.title = "mostly in", .cut = PYRO_CUT_MIDDLE, .least = 14, .rank = 2},
	 PYRO_LIVE_ORDERS,
	 put_mostly},
	LIVE_PLACE(8),
};

static const struct live_view functions = {
	.name = "functions",
	.by = "function",
	.group = PYRO_GROUP_FUNCTION,
	.columns = code_columns,
	.column_count = PYRO_COUNT(code_columns),
	.inner = PYRO_LIVE_LINES,
	.then = PYRO_LIVE_TOTAL,
};

static const struct live_view lines = {
	.name = "lines",
	.by = "line",
	.group = PYRO_GROUP_LINE,
	.columns = code_columns,
	.column_count = PYRO_COUNT(code_columns),
	.inner = PYRO_LIVE_VIEWS,
	.then = PYRO_LIVE_TOTAL,
};

static const struct live_view threads = {
	.name = "threads",
	.by = "thread",
	.group = PYRO_GROUP_THREAD,
	.columns = thread_columns,
	.column_count = PYRO_COUNT(thread_columns),
	.inner = PYRO_LIVE_FUNCTIONS,
	.then = PYRO_LIVE_TOTAL,
	.whole = true,
	.find = live_find_lives,
};

static const struct live_view processes = {
	.name = "processes",
	.by = "process",
	.group = PYRO_GROUP_PROCESS,
	.columns = process_columns,
	.column_count = PYRO_COUNT(process_columns),
	.inner = PYRO_LIVE_THREADS,
	.then = PYRO_LIVE_TOTAL,
	.whole = true,
	.find = live_find_lives,
};

static const struct live_view *const views[] = {
	[PYRO_LIVE_FUNCTIONS] = &functions,   [PYRO_LIVE_LINES] = &lines,
	[PYRO_LIVE_THREADS] = &threads,       [PYRO_LIVE_PROCESSES] = &processes,
	[PYRO_LIVE_TASKS] = &live_view_tasks, [PYRO_LIVE_EACH_TASK] = &live_view_each_task,
	[PYRO_LIVE_STACK] = &live_view_stack,
};

const char *pyro_live_view_name(enum pyro_live_view view)
{
	return (unsigned)view < PYRO_LIVE_VIEWS ? views[view]->name : NULL;
}

const struct live_view *live_view(const struct pyro_live *live)
{
	return views[live->choice.view];
}

struct pyro_live_id live_id(const struct pyro_live *live, const struct pyro_row *row)
{
	struct pyro_live_id id = {row->function, row->track, row->process, row->line, row->task};

	/* A task stays the same wherever it goes. */
	if (live_view(live)->tasks)
		id = (struct pyro_live_id){.task = live_task_id(live, row)};
	return id;
}
