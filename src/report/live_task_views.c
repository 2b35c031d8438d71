/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report/cells.h"
#include "report/live_inside.h"
#include "report/units.h"

/* What the views of tasks show: those that count as one, each that lives, and where one is. */

/* ---- cells ---- */

static void put_ready(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	pyro_cells_percent(table, PYRO_INK_PLAIN, live_value(live, PYRO_LIVE_READY, row));
}

/* What they waited for longest; or their thread did, with them on it. */
static void put_reason(struct pyro_live *live, struct pyro_report_table *table,
		       const struct pyro_row *row)
{
	const struct pyro_tasks_row *did = &live_kind(live, row)->row;
	const char *blocking = pyro_alive_state_name(PYRO_ALIVE_BLOCKING);

	pyro_report_table_cell(table, PYRO_INK_WAITING,
			       did->function == PYRO_NONE ? ""
			       : *did->wait               ? did->wait
							  : blocking);
}

static void put_count(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	const size_t count = live_kind(live, row)->alive;
	struct pyro_buf text;

	pyro_buf_init(&text, 64);
	pyro_units_count(&text, count);
	pyro_report_table_take(table, count ? PYRO_INK_BOLD : PYRO_INK_DIM, &text);
}

/* ">3.21 s" for what may have been so for longer. */
static void duration_text(struct pyro_buf *text, uint64_t ns, bool before)
{
	if (!ns)
		return;
	if (before)
		pyro_buf_add_char(text, '>');
	pyro_units_duration(text, ns);
}

static void put_duration(struct pyro_report_table *table, uint64_t ns, bool before)
{
	struct pyro_buf text;

	pyro_buf_init(&text, 256);
	duration_text(&text, ns, before);
	pyro_report_table_take(table, PYRO_INK_PLAIN, &text);
}

static void put_longest(struct pyro_live *live, struct pyro_report_table *table,
			const struct pyro_row *row)
{
	const struct pyro_live_kind *kind = live_kind(live, row);

	put_duration(table, kind->alive ? kind->lasted_ns : 0, kind->before);
}

static void put_kind(struct pyro_live *live, struct pyro_report_table *table,
		     const struct pyro_row *row)
{
	live_put_owned(live, table, live_group(live, row)->process,
		       live_kind(live, row)->alive ? PYRO_INK_PLAIN : PYRO_INK_DIM, row->name);
}

/* Where the name does not say it. */
static void put_coroutine(struct pyro_live *live, struct pyro_report_table *table,
			  const struct pyro_row *row)
{
	const bool said = live->choice.view == PYRO_LIVE_TASKS ? !*live_kind(live, row)->row.name
							       : live->choice.kind != PYRO_NONE;

	pyro_cells_name(table, PYRO_INK_DIM, said ? "" : live_coroutine(live, row));
}

/* The function, and in the column after it the place. */
static void put_where(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	const struct pyro_function *function =
		pyro_profile_function_get(live->profile, row->function);

	pyro_cells_name(table, row->library ? PYRO_INK_DIM : PYRO_INK_PLAIN,
			function ? pyro_profile_string_get(live->profile, function->name, NULL)
				 : "");
	live_put_place(live, table, row);
}

/* What it does or waits for now. */
static const char *state_text(const struct pyro_alive_task *task)
{
	return task->state == PYRO_ALIVE_WAITING && *task->wait
		       ? task->wait
		       : pyro_alive_state_name(task->state);
}

static void put_state(struct pyro_live *live, struct pyro_report_table *table,
		      const struct pyro_row *row)
{
	const struct pyro_alive_task *task = &live_alive(live, row)->task;
	const enum pyro_ink ink = task->state == PYRO_ALIVE_RUNNING ? PYRO_INK_RUNNING
				  : task->state == PYRO_ALIVE_READY ? PYRO_INK_PLAIN
								    : PYRO_INK_WAITING;

	pyro_report_table_cell(table, ink, state_text(task));
}

static void put_lasted(struct pyro_live *live, struct pyro_report_table *table,
		       const struct pyro_row *row)
{
	const struct pyro_alive_row *task = live_alive(live, row);

	put_duration(table, task->lasted_ns, task->task.before);
}

static void put_task(struct pyro_live *live, struct pyro_report_table *table,
		     const struct pyro_row *row)
{
	live_put_owned(live, table, live_alive(live, row)->task.process, PYRO_INK_PLAIN, row->name);
}

void live_task_state(const struct pyro_alive_row *row, bool brief, struct pyro_buf *buf)
{
	const struct pyro_alive_task *task = &row->task;
	const bool waits = task->state == PYRO_ALIVE_WAITING && *task->wait;

	/* "sleeping" is the one that is no thing. */
	if (waits && !brief && strcmp(task->wait, "sleeping") != 0)
		pyro_buf_add_text(buf, "waiting for ");
	pyro_buf_add_text(buf, state_text(task));
	if (row->lasted_ns)
		pyro_buf_add_text(buf, brief ? " " : " for ");
	duration_text(buf, row->lasted_ns, task->before);
}

/* ---- views ---- */

#define COROUTINE                                                                                  \
	{                                                                                          \
		{.title = "coroutine", .cut = PYRO_CUT_MIDDLE, .least = 8, .most = 28, .rank = 8}, \
			PYRO_LIVE_ORDERS, put_coroutine                                            \
	}

static const struct live_column kind_columns[] = {
	{LIVE_NUMBER("running", 0), PYRO_LIVE_RUNNING, live_put_running},
	{LIVE_NUMBER("ready", 6), PYRO_LIVE_READY, put_ready},
	{LIVE_NUMBER("waiting", 7), PYRO_LIVE_WAITING, live_put_waiting},
	{{.title = "for", .rank = 3, .steady = 8}, PYRO_LIVE_ORDERS, put_reason},
	{{.title = "tasks", .right = true, .rank = 1, .steady = 5}, PYRO_LIVE_COUNT, put_count},
	{{.title = "longest", .right = true, .rank = 5, .steady = 7},
	 PYRO_LIVE_LASTED,
	 put_longest},
	{{.title = "task", .cut = PYRO_CUT_MIDDLE, .least = 18}, PYRO_LIVE_NAME, put_kind},
	COROUTINE,
	{{.title = "mostly at", .cut = PYRO_CUT_MIDDLE, .least = 12, .rank = 4},
	 PYRO_LIVE_ORDERS,
	 put_where},
	LIVE_PLACE(9),
};

static const struct live_column each_columns[] = {
	{LIVE_NUMBER("running", 5), PYRO_LIVE_RUNNING, live_put_running},
	{LIVE_NUMBER("ready", 6), PYRO_LIVE_READY, put_ready},
	{LIVE_NUMBER("waiting", 7), PYRO_LIVE_WAITING, live_put_waiting},
	{{.title = "now", .rank = 1, .steady = 9}, PYRO_LIVE_ORDERS, put_state},
	{{.title = "for", .right = true, .rank = 2, .steady = 7}, PYRO_LIVE_LASTED, put_lasted},
	{{.title = "task", .cut = PYRO_CUT_MIDDLE, .least = 12}, PYRO_LIVE_NAME, put_task},
	COROUTINE,
	{{.title = "at", .cut = PYRO_CUT_MIDDLE, .least = 12, .rank = 3},
	 PYRO_LIVE_ORDERS,
	 put_where},
	LIVE_PLACE(9),
};

static const struct live_column frame_columns[] = {
	{{.title = "frame", .cut = PYRO_CUT_MIDDLE, .least = 18}, PYRO_LIVE_ORDERS, live_put_name},
	{{.title = "where", .cut = PYRO_CUT_FRONT, .least = 14, .rank = 1},
	 PYRO_LIVE_ORDERS,
	 live_put_place},
};

const struct live_view live_view_tasks = {
	.name = "tasks",
	.by = "coroutine",
	.group = PYRO_GROUP_COUNT,
	.columns = kind_columns,
	.column_count = PYRO_COUNT(kind_columns),
	.inner = PYRO_LIVE_EACH_TASK,
	.then = PYRO_LIVE_COUNT,
	.whole = true,
	.tasks = true,
	.find = live_find_kinds,
};

const struct live_view live_view_each_task = {
	.name = "each task",
	.by = "task",
	.group = PYRO_GROUP_COUNT,
	.columns = each_columns,
	.column_count = PYRO_COUNT(each_columns),
	.inner = PYRO_LIVE_STACK,
	.then = PYRO_LIVE_LASTED,
	.whole = true,
	.tasks = true,
	.find = live_find_each,
};

const struct live_view live_view_stack = {
	.name = "stack",
	.by = "frame",
	.group = PYRO_GROUP_COUNT,
	.columns = frame_columns,
	.column_count = PYRO_COUNT(frame_columns),
	.inner = PYRO_LIVE_LINES,
	.then = PYRO_LIVE_ORDERS,
	.whole = true,
	.ordered = true,
	.find = live_find_frames,
};
