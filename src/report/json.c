/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "profile/quality.h"
#include "report/find.h"
#include "report/scope.h"
#include "report/tasks.h"
#include "report/units.h"
#include "report/waits.h"

/* The version of what docs/report-json.md describes. A new member does not change it; a member that
 * goes, or means something else, does. */
#define JSON_VERSION 1

/* An index, or null where there is none. */
static void reference(struct pyro_buf *buf, const char *name, uint32_t value)
{
	pyro_json_key(buf, name);
	if (value == PYRO_NONE)
		pyro_buf_add_text(buf, "null");
	else
		pyro_buf_add_format(buf, "%" PRIu32, value);
}

static void values(struct pyro_buf *buf, const char *name, const struct pyro_values *of)
{
	pyro_json_open(buf, name, '{');
	for (unsigned i = 0; i < PYRO_METRIC_COUNT; i++)
		pyro_json_number(buf, pyro_metric_info((enum pyro_metric)i)->name, of->of[i]);
	pyro_json_close(buf, '}');
}

static void share(struct pyro_buf *buf, const char *name, const struct pyro_share *of)
{
	pyro_json_open(buf, name, '{');
	pyro_json_key(buf, "share");
	pyro_units_decimal(buf, of->share, 6);
	pyro_json_key(buf, "low");
	pyro_units_decimal(buf, of->low, 6);
	pyro_json_key(buf, "high");
	pyro_units_decimal(buf, of->high, 6);
	pyro_json_close(buf, '}');
}

static void add_facts(const struct pyro_profile *profile, struct pyro_buf *buf)
{
	size_t at = 0;
	const char *name;
	const char *value;
	pyro_json_open(buf, "facts", '{');
	while (pyro_profile_meta_next(profile, &at, &name, &value))
		pyro_json_text(buf, name, value);
	pyro_json_close(buf, '}');
}

static void add_quality(struct pyro_profile *profile, struct pyro_buf *buf)
{
	const struct pyro_quality *quality = pyro_profile_quality(profile);
	pyro_json_open(buf, "quality", '{');
	for (size_t i = 0; i < pyro_quality_field_count(); i++)
		pyro_json_number(buf, pyro_quality_field(i)->name, pyro_quality_get(quality, i));
	pyro_json_close(buf, '}');
}

static void add_view(const struct pyro_scope *scope, const struct pyro_report_view *view,
		     struct pyro_buf *buf)
{
	static const char *const sorts[] = {"self", "total", "name"};
	pyro_json_open(buf, "view", '{');
	pyro_json_text(buf, "metric", pyro_report_metric_name(view->metric));
	pyro_json_text(buf, "weight", pyro_report_metric_name(scope->weight));
	reference(buf, "thread", scope->track);
	pyro_json_number(buf, "base_ns", scope->base_ns);
	pyro_json_bool(buf, "base_is_run", scope->of_run);
	pyro_json_text(buf, "by", pyro_group_name(view->group));
	pyro_json_text(buf, "sort", sorts[view->sort]);
	pyro_json_text(buf, "filter", view->filter);
	pyro_json_bool(buf, "library_folded", !view->unfold);
	pyro_json_close(buf, '}');
}

static void add_processes(struct pyro_profile *profile, uint32_t count, struct pyro_buf *buf)
{
	pyro_json_open(buf, "processes", '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_process_info *process = pyro_profile_process_get(profile, i);
		pyro_json_open(buf, NULL, '{');
		pyro_json_signed(buf, "pid", process->pid);
		reference(buf, "parent", process->parent);
		pyro_json_text(buf, "command",
			       pyro_profile_string_get(profile, process->command, NULL));
		pyro_json_text(buf, "python",
			       pyro_profile_string_get(profile, process->python, NULL));
		pyro_json_number(buf, "start_ns", process->start_ns);
		pyro_json_number(buf, "end_ns", process->end_ns);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
}

static const struct pyro_values *thread_values(const struct pyro_scope *scope, uint32_t track)
{
	static const struct pyro_values none;
	for (size_t i = 0; i < scope->threads.count; i++)
		if (scope->threads.rows[i].track == track)
			return &scope->threads.rows[i].total;
	return &none;
}

static void add_threads(const struct pyro_scope *scope, uint32_t count, struct pyro_buf *buf)
{
	pyro_json_open(buf, "threads", '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct pyro_track *track = pyro_profile_track_get(scope->profile, i);
		pyro_json_open(buf, NULL, '{');
		pyro_json_signed(buf, "tid", track->tid);
		reference(buf, "process", track->process);
		pyro_json_text(buf, "name",
			       pyro_profile_string_get(scope->profile, track->name, NULL));
		pyro_json_bool(buf, "main", track->main);
		pyro_json_bool(buf, "task", track->task);
		pyro_json_number(buf, "start_ns", track->start_ns);
		pyro_json_number(buf, "end_ns", track->end_ns);
		values(buf, "total", thread_values(scope, i));
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
}

static void add_function(const struct pyro_scope *scope, uint32_t index, struct pyro_buf *buf)
{
	const struct pyro_function *function = pyro_profile_function_get(scope->profile, index);
	pyro_json_text(buf, "name", pyro_profile_string_get(scope->profile, function->name, NULL));
	pyro_json_text(buf, "file", pyro_profile_string_get(scope->profile, function->file, NULL));
	pyro_json_signed(buf, "first_line", function->first_line);
}

/* What each thread waited for by name, and who had it. */
static enum pyro_rc add_waits(struct pyro_profile *profile, const struct pyro_scope *scope,
			      const struct pyro_report_view *view, struct pyro_buf *buf,
			      struct pyro_err *err)
{
	const size_t limit = view->limit ? view->limit : SIZE_MAX;
	struct pyro_waits_rows rows;
	enum pyro_rc rc = pyro_waits_rows(profile, PYRO_NONE, &rows, err);
	pyro_json_open(buf, "waits", '[');
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count && i < limit; i++) {
		const struct pyro_waits_row *row = &rows.rows[i];
		const struct pyro_object *object = pyro_profile_object_get(profile, row->object);
		pyro_json_open(buf, NULL, '{');
		reference(buf, "thread", row->track);
		pyro_json_text(buf, "metric", pyro_metric_info(object->metric)->name);
		pyro_json_text(buf, "kind", pyro_profile_string_get(profile, object->kind, NULL));
		pyro_json_text(buf, "name", pyro_profile_string_get(profile, object->name, NULL));
		reference(buf, "holder", object->track);
		if (object->frame != PYRO_NONE) {
			const struct pyro_frame *frame =
				pyro_profile_frame_get(profile, object->frame);
			pyro_json_open(buf, "holder_at", '{');
			add_function(scope, frame->function, buf);
			pyro_json_signed(buf, "line", frame->line);
			pyro_json_close(buf, '}');
		}
		pyro_json_number(buf, "ns", row->ns);
		pyro_json_number(buf, "samples", row->samples);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_waits_rows_deinit(&rows);
	return rc;
}

static void add_row(const struct pyro_scope *scope, const struct pyro_row *row,
		    struct pyro_buf *buf)
{
	struct pyro_share self = pyro_scope_share(scope, &row->self);
	struct pyro_share total = pyro_scope_share(scope, &row->total);
	pyro_json_open(buf, NULL, '{');
	pyro_json_text(buf, "name", row->name);
	pyro_json_text(buf, "place", row->place);
	pyro_json_text(buf, "file",
		       row->file == PYRO_NONE
			       ? ""
			       : pyro_profile_string_get(scope->profile, row->file, NULL));
	pyro_json_signed(buf, "line", row->line);
	reference(buf, "thread", row->track);
	reference(buf, "process", row->process);
	pyro_json_bool(buf, "library", row->library);
	values(buf, "self", &row->self);
	values(buf, "total", &row->total);
	share(buf, "self_share", &self);
	share(buf, "total_share", &total);
	pyro_json_close(buf, '}');
}

static void add_rows(const struct pyro_scope *scope, const struct pyro_rows *rows, size_t limit,
		     struct pyro_buf *buf)
{
	pyro_json_open(buf, "rows", '[');
	for (size_t i = 0; i < rows->count && i < limit; i++)
		add_row(scope, &rows->rows[i], buf);
	pyro_json_close(buf, ']');
}

static enum pyro_rc add_tree(const struct pyro_scope *scope, const struct pyro_report_view *view,
			     struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_tree tree;
	enum pyro_rc rc = pyro_aggregate_tree(scope->shown, view->group == PYRO_GROUP_LINE,
					      pyro_scope_metric(scope->weight), &tree, err);
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_json_open(buf, "tree", '[');
	for (size_t i = 0; i < tree.count; i++) {
		const struct pyro_node *node = &tree.nodes[i];
		struct pyro_share total = pyro_scope_share(scope, &node->total);
		pyro_json_open(buf, NULL, '{');
		reference(buf, "parent", node->parent);
		if (node->function != PYRO_NONE)
			add_function(scope, node->function, buf);
		pyro_json_signed(buf, "line", node->line);
		values(buf, "self", &node->self);
		values(buf, "total", &node->total);
		share(buf, "total_share", &total);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_tree_deinit(&tree);
	return PYRO_RC_OK;
}

static enum pyro_rc add_callers(const struct pyro_scope *scope, const char *name, bool callees,
				struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_rows functions;
	enum pyro_metric metric = pyro_scope_metric(scope->weight);
	enum pyro_rc rc = pyro_find_functions(scope->shown, name, &functions, err);
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_json_open(buf, callees ? "callees" : "callers", '[');
	for (size_t i = 0; rc == PYRO_RC_OK && i < functions.count; i++) {
		uint32_t function = functions.rows[i].function;
		struct pyro_rows rows = {0};
		rc = callees ? pyro_aggregate_callees(scope->shown, function, metric, &rows, err)
			     : pyro_aggregate_callers(scope->shown, function, metric, &rows, err);
		pyro_json_open(buf, NULL, '{');
		pyro_json_key(buf, "of");
		add_row(scope, &functions.rows[i], buf);
		add_rows(scope, &rows, SIZE_MAX, buf);
		pyro_json_close(buf, '}');
		pyro_rows_deinit(&rows);
	}
	pyro_json_close(buf, ']');
	pyro_rows_deinit(&functions);
	return rc;
}

static enum pyro_rc add_part(const struct pyro_scope *scope, const struct pyro_report_view *view,
			     enum pyro_report_json_part part, const char *what, uint32_t file,
			     struct pyro_buf *buf, struct pyro_err *err)
{
	size_t limit = view->limit ? view->limit : SIZE_MAX;
	struct pyro_rows rows = {0};
	enum pyro_rc rc = PYRO_RC_OK;
	switch (part) {
	case PYRO_REPORT_JSON_TREE:
		return add_tree(scope, view, buf, err);
	case PYRO_REPORT_JSON_CALLERS:
	case PYRO_REPORT_JSON_CALLEES:
		return add_callers(scope, what, part == PYRO_REPORT_JSON_CALLEES, buf, err);
	case PYRO_REPORT_JSON_SOURCE:
		rc = pyro_aggregate_source(scope->shown, file, &rows, err);
		break;
	case PYRO_REPORT_JSON_ROWS:
		rc = pyro_scope_rows(scope, view, 0, &rows, NULL, err);
		break;
	}
	if (rc == PYRO_RC_OK)
		add_rows(scope, &rows, limit, buf);
	pyro_rows_deinit(&rows);
	return rc;
}

enum pyro_rc pyro_report_json(struct pyro_profile *profile, const struct pyro_report_view *view,
			      enum pyro_report_json_part part, const char *what,
			      struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_report_view adjusted = *view;
	struct pyro_profile_counts counts;
	struct pyro_scope scope;
	const char *stacks = part == PYRO_REPORT_JSON_ROWS ? NULL : view->filter;
	uint32_t file = PYRO_NONE;
	enum pyro_rc rc;
	if (part == PYRO_REPORT_JSON_CALLERS || part == PYRO_REPORT_JSON_CALLEES)
		adjusted.unfold = true;
	/* A table of threads is about all of them, and about all of their time. */
	bool lives = view->group == PYRO_GROUP_THREAD || view->group == PYRO_GROUP_PROCESS;
	if (part == PYRO_REPORT_JSON_ROWS && lives && view->metric == PYRO_REPORT_TIME)
		adjusted.metric = PYRO_REPORT_WALL;
	pyro_profile_counts(profile, &counts);
	if (part == PYRO_REPORT_JSON_SOURCE)
		rc = pyro_find_scope(profile, &adjusted, what, &scope, &file, err);
	else
		rc = pyro_scope_open(profile, &adjusted, stacks, &scope, err);
	if (rc != PYRO_RC_OK)
		goto done;
	pyro_json_open(buf, NULL, '{');
	pyro_json_number(buf, "version", JSON_VERSION);
	pyro_json_text(buf, "profiler", "pyrometer " PYRO_VERSION);
	pyro_json_bool(buf, "complete", !view->incomplete);
	pyro_json_number(buf, "duration_ns", pyro_profile_duration(profile));
	add_facts(profile, buf);
	add_quality(profile, buf);
	add_view(&scope, &adjusted, buf);
	values(buf, "whole", &scope.all);
	values(buf, "outside_python", &scope.all_outside);
	add_processes(profile, counts.processes, buf);
	add_threads(&scope, counts.tracks, buf);
	rc = add_waits(profile, &scope, &adjusted, buf, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_tasks_json(profile, buf, err);
	if (rc == PYRO_RC_OK)
		rc = add_part(&scope, &adjusted, part, what, file, buf, err);
	pyro_buf_add_text(buf, "}\n");
	if (rc == PYRO_RC_OK)
		rc = pyro_buf_status(buf);
done:
	pyro_scope_close(&scope);
	return rc;
}
