/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "profile/quality.h"
#include "report/live_inside.h"
#include "report/units.h"

/* The version of what docs/report-json.md says of live views. */
#define JSON_VERSION 1

static const char *text_of(const struct pyro_live *live, uint32_t string)
{
	return pyro_profile_string_get(live->profile, string, NULL);
}

static void add_share(struct pyro_buf *buf, const char *name, double share)
{
	pyro_json_key(buf, name);
	pyro_units_decimal(buf, share, 6);
}

static void add_processes(const struct pyro_live *live, struct pyro_buf *buf)
{
	pyro_json_open(buf, "processes", '[');
	for (size_t i = 0; i < live->scope.processes.count; i++) {
		const struct pyro_process_info *process = pyro_profile_process_get(
			live->profile, live->scope.processes.rows[i].process);

		pyro_json_open(buf, NULL, '{');
		pyro_json_signed(buf, "pid", process->pid);
		pyro_json_text(buf, "command", text_of(live, process->command));
		pyro_json_text(buf, "python", text_of(live, process->python));
		pyro_json_bool(buf, "ended", process->end_ns > 0);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
}

/* How many there are; null: they are not looked at. */
static void add_tasks(const struct pyro_live *live, struct pyro_buf *buf)
{
	if (!live->stretch.alive.rows) {
		pyro_json_text(buf, "tasks", NULL);
		return;
	}
	pyro_json_open(buf, "tasks", '{');
	pyro_json_number(buf, "alive", live->stretch.alive.count);
	pyro_json_number(buf, "unseen", live->stretch.alive.unseen);
	pyro_json_close(buf, '}');
}

static void add_quality(const struct pyro_live *live, struct pyro_buf *buf)
{
	const struct pyro_quality *quality = pyro_profile_quality(live->profile);

	pyro_json_open(buf, "quality", '{');
	for (size_t i = 0; i < pyro_quality_field_count(); i++)
		pyro_json_number(buf, pyro_quality_field(i)->name, pyro_quality_get(quality, i));
	pyro_json_close(buf, '}');
}

/* Whose the row is: of a thread or process, of code kept apart by thread, or of all. */
static void add_owner(const struct pyro_live *live, const struct pyro_row *row,
		      struct pyro_buf *buf)
{
	const struct pyro_track *track = pyro_profile_track_get(live->profile, row->track);
	const struct pyro_process_info *process =
		pyro_profile_process_get(live->profile, track ? track->process : row->process);

	if (process)
		pyro_json_signed(buf, "pid", process->pid);
	if (!track)
		return;
	pyro_json_signed(buf, "tid", track->tid);
	pyro_json_text(buf, "thread", text_of(live, track->name));
}

static void add_waits(const struct pyro_live *live, const struct pyro_row *row,
		      struct pyro_buf *buf)
{
	pyro_json_open(buf, "waits", '{');
	for (int i = PYRO_REASON_NONE + 1; i < PYRO_REASON_COUNT; i++) {
		const struct pyro_reason_info *info = pyro_reason_info((enum pyro_reason)i);
		const uint64_t ns = row->self.of[info->metric];

		if (ns > 0 && live->scope.base_ns > 0)
			add_share(buf, info->name, live_part(live, ns));
	}
	pyro_json_close(buf, '}');
}

/* @key: what its name is called. */
static void add_function(const struct pyro_live *live, const char *key, uint32_t index,
			 int32_t line, struct pyro_buf *buf)
{
	const struct pyro_function *function = pyro_profile_function_get(live->profile, index);

	pyro_json_text(buf, key, text_of(live, function->name));
	pyro_json_text(buf, "file", text_of(live, function->file));
	pyro_json_signed(buf, "line", line);
}

/* Where @row is, for people. */
static void add_place(const struct pyro_live *live, const char *key, const struct pyro_row *row,
		      struct pyro_buf *buf)
{
	if (row->function == PYRO_NONE) {
		pyro_json_text(buf, key, NULL);
		return;
	}
	pyro_json_open(buf, key, '{');
	add_function(live, "function", row->function, row->line, buf);
	pyro_json_close(buf, '}');
}

/* What one task does now. */
static void add_alive(const struct pyro_live *live, const struct pyro_row *row,
		      struct pyro_buf *buf)
{
	const struct pyro_alive_row *alive = live_alive(live, row);
	const struct pyro_alive_task *task = &alive->task;
	const struct pyro_stack *at = pyro_profile_stack_get(live->profile, task->stack);

	pyro_json_text(buf, "state", pyro_alive_state_name(task->state));
	pyro_json_text(buf, "for", *task->wait ? task->wait : NULL);
	pyro_json_number(buf, "lasted_ns", alive->lasted_ns);
	pyro_json_bool(buf, "or_longer", task->before);
	add_place(live, "at", row, buf);
	pyro_json_open(buf, "stack", '[');
	while (at) {
		const struct pyro_frame *frame = pyro_profile_frame_get(live->profile, at->frame);

		pyro_json_open(buf, NULL, '{');
		add_function(live, "function", frame->function, frame->line, buf);
		pyro_json_close(buf, '}');
		at = at->parent == PYRO_NONE ? NULL
					     : pyro_profile_stack_get(live->profile, at->parent);
	}
	pyro_json_close(buf, ']');
}

/* How many there are, and what they mostly wait for. */
static void add_kind(const struct pyro_live *live, const struct pyro_row *row, struct pyro_buf *buf)
{
	const struct pyro_live_kind *kind = live_kind(live, row);

	pyro_json_number(buf, "tasks", kind->alive);
	pyro_json_number(buf, "longest_ns", kind->lasted_ns);
	pyro_json_bool(buf, "or_longer", kind->before);
	add_share(buf, "blocking", live_part(live, kind->row.blocked_ns));
	if (kind->row.function == PYRO_NONE) {
		pyro_json_text(buf, "waits_mostly", NULL);
		return;
	}
	pyro_json_open(buf, "waits_mostly", '{');
	pyro_json_text(buf, "for", *kind->row.wait ? kind->row.wait : NULL);
	add_function(live, "function", kind->row.function, kind->row.wait_line, buf);
	pyro_json_close(buf, '}');
}

static void add_task_row(const struct pyro_live *live, const struct pyro_row *row,
			 struct pyro_buf *buf)
{
	const struct pyro_task_group *group = live_group(live, row);
	const struct pyro_function *coroutine =
		pyro_profile_function_get(live->profile, group->function);
	const struct pyro_row owner = {.track = group->track, .process = group->process};

	pyro_json_open(buf, NULL, '{');
	pyro_json_text(buf, "name", row->name);
	add_function(live, "coroutine", group->function, coroutine->first_line, buf);
	add_owner(live, &owner, buf);
	add_share(buf, "running", live_value(live, PYRO_LIVE_RUNNING, row));
	add_share(buf, "ready", live_value(live, PYRO_LIVE_READY, row));
	add_share(buf, "waiting", live_value(live, PYRO_LIVE_WAITING, row));
	if (live->choice.view == PYRO_LIVE_TASKS)
		add_kind(live, row, buf);
	else
		add_alive(live, row, buf);
	pyro_json_close(buf, '}');
}

static void add_row(const struct pyro_live *live, const struct pyro_row *row, struct pyro_buf *buf)
{
	pyro_json_open(buf, NULL, '{');
	pyro_json_text(buf, "name", row->name);
	if (!live_view(live)->whole) {
		pyro_json_text(buf, "place", row->place);
		pyro_json_text(buf, "file", row->file == PYRO_NONE ? "" : text_of(live, row->file));
		pyro_json_signed(buf, "line", row->line);
		pyro_json_bool(buf, "library", row->library);
	}
	add_owner(live, row, buf);
	for (unsigned order = 0; order < PYRO_LIVE_NAME; order++)
		add_share(buf, pyro_live_order_name((enum pyro_live_order)order),
			  live_value(live, (enum pyro_live_order)order, row));
	add_waits(live, row, buf);
	pyro_json_close(buf, '}');
}

enum pyro_rc pyro_live_json(struct pyro_live *live, uint64_t unix_ns, size_t limit,
			    struct pyro_buf *buf, struct pyro_err *err)
{
	const struct pyro_scope *scope = &live->scope;
	const struct pyro_track *track = pyro_profile_track_get(live->profile, scope->track);
	size_t rows = limit && limit < live->rows.count ? limit : live->rows.count;

	pyro_json_open(buf, NULL, '{');
	pyro_json_number(buf, "version", JSON_VERSION);
	pyro_json_text(buf, "profiler", "pyrometer " PYRO_VERSION);
	pyro_json_number(buf, "at_unix_ns", unix_ns);
	pyro_json_number(buf, "begin_ns", live->stretch.begin_ns);
	pyro_json_number(buf, "end_ns", live->stretch.end_ns);
	pyro_json_text(buf, "by", live_view(live)->by);
	pyro_json_text(buf, "sort", pyro_live_order_name(live->choice.order));
	pyro_json_text(buf, "metric", pyro_report_metric_name(live->choice.metric));
	pyro_json_text(buf, "weight", pyro_report_metric_name(scope->weight));
	pyro_json_text(buf, "thread", track ? text_of(live, track->name) : NULL);
	pyro_json_bool(buf, "library_folded", !live->choice.unfold);
	pyro_json_number(buf, "base_ns", scope->base_ns);
	pyro_json_number(buf, "samples", scope->all.of[PYRO_METRIC_SAMPLES]);
	add_quality(live, buf);
	add_processes(live, buf);
	add_tasks(live, buf);
	pyro_json_number(buf, "row_count", live->rows.count);
	pyro_json_open(buf, "rows", '[');
	for (size_t i = 0; i < rows; i++) {
		if (live_view(live)->tasks)
			add_task_row(live, &live->rows.rows[i], buf);
		else
			add_row(live, &live->rows.rows[i], buf);
	}
	pyro_json_close(buf, ']');
	pyro_json_close(buf, '}');
	pyro_buf_add_char(buf, '\n');
	return pyro_buf_status(buf) ? pyro_err_set(err, PYRO_RC_NOMEM, "out of memory")
				    : PYRO_RC_OK;
}
