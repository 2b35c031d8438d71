/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cli/commands.h"
#include "cli/logical.h"
#include "cli/show.h"
#include "report/report.h"

#define MAX_TEXT (1u << 30)

/* The parts of which one report shows one. */
static const char *const parts[] = {"tree", "callers", "callees", "source"};

static enum pyro_rc one_part(const struct pyro_args *args, struct pyro_err *err)
{
	const char *first = NULL;

	for (size_t i = 0; i < PYRO_COUNT(parts); i++) {
		if (!pyro_args_value(args, parts[i]))
			continue;
		if (first)
			return pyro_err_set(
				err, PYRO_RC_USAGE,
				"report: --%s and --%s are two reports. Try: one of them", first,
				parts[i]);
		first = parts[i];
	}
	return PYRO_RC_OK;
}

static void read_view(const struct pyro_args *args, struct pyro_report_view *ret_view)
{
	const struct pyro_option_value *limit = pyro_args_value(args, "limit");
	/* Tasks do little else than wait. */
	const enum pyro_report_metric usual =
		pyro_args_flag(args, "async") ? PYRO_REPORT_WALL : PYRO_REPORT_TIME;

	/* The choices stand in the order of the enums. */
	*ret_view = (struct pyro_report_view){
		.metric = (enum pyro_report_metric)pyro_args_number(args, "mode", usual),
		.sort = (enum pyro_report_sort)pyro_args_number(args, "sort", PYRO_REPORT_BY_SELF),
		.group = (enum pyro_group)pyro_args_number(args, "by", PYRO_GROUP_FUNCTION),
		.filter = pyro_args_text(args, "filter"),
		.unfold = pyro_args_flag(args, "all"),
	};
	if (limit)
		ret_view->limit = limit->number ? limit->number : SIZE_MAX;
}

static enum pyro_rc make_json(const struct pyro_args *args, const struct pyro_report_view *view,
			      struct pyro_profile *profile, struct pyro_buf *buf,
			      struct pyro_err *err)
{
	static const struct {
		const char *option;
		enum pyro_report_json_part part;
	} names[] = {
		{"callers", PYRO_REPORT_JSON_CALLERS},
		{"callees", PYRO_REPORT_JSON_CALLEES},
		{"source", PYRO_REPORT_JSON_SOURCE},
	};

	if (pyro_args_flag(args, "tree"))
		return pyro_report_json(profile, view, PYRO_REPORT_JSON_TREE, NULL, buf, err);
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		const char *what = pyro_args_text(args, names[i].option);

		if (what)
			return pyro_report_json(profile, view, names[i].part, what, buf, err);
	}
	return pyro_report_json(profile, view, PYRO_REPORT_JSON_ROWS, NULL, buf, err);
}

static enum pyro_rc make_text(const struct pyro_args *args, const struct pyro_report_view *view,
			      struct pyro_profile *profile, struct pyro_buf *buf,
			      struct pyro_err *err)
{
	const char *callers = pyro_args_text(args, "callers");
	const char *callees = pyro_args_text(args, "callees");
	const char *source = pyro_args_text(args, "source");
	struct pyro_report_look look;

	pyro_show_look(STDOUT_FILENO, &look);
	if (pyro_args_flag(args, "tree"))
		return pyro_report_tree(profile, view, &look, buf, err);
	if (callers || callees)
		return pyro_report_callers(profile, view, callers ? callers : callees, !callers,
					   &look, buf, err);
	if (source)
		return pyro_report_source(profile, view, source, &look, buf, err);
	if (pyro_args_value(args, "by") || pyro_args_value(args, "sort") || view->filter ||
	    view->limit)
		return pyro_report_rows(profile, view, &look, buf, err);
	return pyro_report_summary(profile, view, &look, buf, err);
}

static enum pyro_rc show(const struct pyro_args *args, struct pyro_report_view *view,
			 struct pyro_err *err)
{
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	struct pyro_buf buf;
	enum pyro_rc rc;

	pyro_buf_init(&buf, MAX_TEXT);
	rc = pyro_capture_reader_create(args->operands[0], &reader, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_capture_reader_profile(reader, &profile, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_logical_apply(args, &profile, err);
	if (rc == PYRO_RC_OK) {
		view->incomplete = !pyro_capture_reader_complete(reader);
		rc = pyro_args_flag(args, "json") ? make_json(args, view, profile, &buf, err)
						  : make_text(args, view, profile, &buf, err);
		if (rc == PYRO_RC_NOMEM)
			pyro_err_set(err, rc, "out of memory for the report. Try: a --limit");
	}
	if (rc == PYRO_RC_OK)
		rc = pyro_show_buf(&buf, stdout, err);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
	return rc;
}

int pyro_cmd_report(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_report_view view;
	enum pyro_rc rc = one_part(args, err);

	read_view(args, &view);
	if (rc == PYRO_RC_OK)
		rc = show(args, &view, err);
	return pyro_rc_exit_status(rc);
}
