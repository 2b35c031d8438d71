/* SPDX-License-Identifier: Apache-2.0 */
#include "report/cells.h"
#include "report/findings.h"
#include "report/headline.h"
#include "report/quality.h"
#include "report/rows.h"
#include "report/tasks.h"
#include "report/units.h"

#define TEXT_BYTES     (1 << 20)
#define USUAL_LINES    30
#define SHELL_LINES    3 /* what whoever prints it adds: the file, the prompt */
#define MOST_FUNCTIONS 10
#define LEAST_ROWS     4
#define MOST_LINES     3
#define MOST_THREADS   4
#define MOST_TASKS     6

static size_t count_lines(const struct pyro_buf *buf)
{
	size_t lines = 0;
	for (size_t i = 0; i < buf->size; i++)
		lines += buf->data[i] == '\n';
	return lines;
}

static void add_heading(struct pyro_buf *buf, const struct pyro_report_look *look,
			const char *heading, const char *rest)
{
	struct pyro_buf text;
	pyro_buf_init(&text, 65536);
	pyro_buf_add_format(&text, PYRO_MARK_BOLD "%s" PYRO_MARK_END "%s", heading, rest);
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "  ", text.data);
	pyro_buf_deinit(&text);
}

static enum pyro_rc add_findings(const struct pyro_scope *scope,
				 const struct pyro_report_look *look, size_t most,
				 struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_findings findings;
	enum pyro_rc rc = pyro_findings_collect(scope, look, &findings, err);
	if (rc == PYRO_RC_OK && findings.count > 0) {
		pyro_buf_add_char(buf, '\n');
		add_heading(buf, look, "What stands out", "");
		for (size_t i = 0; i < findings.count && i < most; i++) {
			char lead[16];
			snprintf(lead, sizeof(lead), "  %zu  ", i + 1);
			pyro_text_paragraph(buf, look, lead, findings.list[i].text.data);
		}
	}
	pyro_findings_deinit(&findings);
	return rc;
}

/* Functions, and under them the lines, in one table so that their columns agree. */
static enum pyro_rc add_functions(const struct pyro_scope *scope,
				  const struct pyro_report_view *view, size_t room,
				  const struct pyro_report_look *look, struct pyro_buf *buf,
				  struct pyro_err *err)
{
	struct pyro_report_view of = {.group = PYRO_GROUP_FUNCTION, .filter = view->filter};
	struct pyro_rows functions = {0};
	struct pyro_rows lines = {0};
	struct pyro_report_table table;
	size_t rows = room >= LEAST_ROWS + MOST_LINES + 1 ? room - MOST_LINES - 1 : room;
	if (rows > MOST_FUNCTIONS || view->limit)
		rows = view->limit ? view->limit : MOST_FUNCTIONS;
	pyro_rows_begin(&table, PYRO_GROUP_FUNCTION, look);
	enum pyro_rc rc = pyro_scope_rows(scope, &of, rows, &functions, NULL, err);
	if (rc != PYRO_RC_OK || functions.count == 0)
		goto done;
	size_t left = room > functions.count + 1 ? room - functions.count - 1 : 0;
	of.group = PYRO_GROUP_LINE;
	if (left > 0)
		rc = pyro_scope_rows(scope, &of, left < MOST_LINES ? left : MOST_LINES, &lines,
				     NULL, err);
	if (rc != PYRO_RC_OK)
		goto done;
	uint64_t full = pyro_rows_full(scope, &functions);
	pyro_rows_add(&table, scope, PYRO_GROUP_FUNCTION, &functions, full);
	if (lines.count > 0) {
		pyro_report_table_note(&table, "hottest lines");
		pyro_rows_add(&table, scope, PYRO_GROUP_LINE, &lines, full);
	}
	struct pyro_buf base;
	pyro_buf_init(&base, 4096);
	pyro_buf_add_text(&base, PYRO_MARK_DIM "  % ");
	pyro_scope_base_text(scope, look, &base);
	pyro_buf_add_text(&base, PYRO_MARK_END);
	pyro_buf_add_char(buf, '\n');
	add_heading(buf, look, "Where the time goes", base.data ? base.data : "");
	pyro_buf_deinit(&base);
	rc = pyro_report_table_render(&table, 2, buf);
done:
	pyro_report_table_deinit(&table);
	pyro_rows_deinit(&functions);
	pyro_rows_deinit(&lines);
	return rc;
}

/* Several processes, and several threads in one of them: two tables. */
static bool has_both(const struct pyro_scope *scope)
{
	return scope->processes.count > 1 && scope->threads.count > scope->processes.count;
}

static enum pyro_rc add_threads(const struct pyro_scope *scope, size_t limit, bool unfold,
				const struct pyro_report_look *look, struct pyro_buf *buf,
				struct pyro_err *err)
{
	struct pyro_report_view view = {.limit = limit, .unfold = unfold};
	enum pyro_rc rc = PYRO_RC_OK;
	if (has_both(scope))
		view.limit = limit / 2;
	if (scope->processes.count > 1) {
		view.group = PYRO_GROUP_PROCESS;
		pyro_buf_add_char(buf, '\n');
		rc = pyro_threads_print(scope, &view, look, buf, err);
	}
	if (rc == PYRO_RC_OK && scope->threads.count > 1 &&
	    scope->threads.count > scope->processes.count) {
		view.group = PYRO_GROUP_THREAD;
		pyro_buf_add_char(buf, '\n');
		rc = pyro_threads_print(scope, &view, look, buf, err);
	}
	return rc;
}

static void add_tail(const struct pyro_scope *scope, const struct pyro_report_view *view,
		     const struct pyro_report_look *look, struct pyro_buf *buf)
{
	pyro_buf_add_char(buf, '\n');
	if (pyro_aggregate_folded(scope->shown))
		pyro_text_paragraph(buf, look, "  ",
				    PYRO_MARK_DIM
				    "Library code counts to the line of yours that calls it; --all "
				    "shows it apart." PYRO_MARK_END);
	pyro_quality_print(scope->profile, view->incomplete, look, buf);
}

static enum pyro_rc summarise(const struct pyro_scope *scope, const struct pyro_report_view *view,
			      const struct pyro_report_look *look, struct pyro_buf *head,
			      struct pyro_buf *tail, struct pyro_buf *buf, struct pyro_err *err)
{
	size_t lines = look->lines ? look->lines : USUAL_LINES;
	bool roomy = lines >= USUAL_LINES - 2;
	pyro_headline_print(scope, look, head);
	if (scope->all.of[PYRO_METRIC_WALL] == 0) {
		pyro_text_paragraph(head, look, "  ", "No samples were taken.");
		pyro_quality_print(scope->profile, view->incomplete, look, head);
		pyro_buf_add(buf, head->data, head->size);
		return PYRO_RC_OK;
	}
	pyro_buf_add_char(head, '\n');
	pyro_headline_divide(scope, look, head);
	enum pyro_rc rc = add_findings(scope, look, roomy && !has_both(scope) ? 3 : 2, head, err);
	if (rc == PYRO_RC_OK)
		rc = add_threads(scope, roomy ? MOST_THREADS : 2, view->unfold, look, tail, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_tasks_print(scope->profile, roomy ? MOST_TASKS : 3, look, tail, err);
	if (rc != PYRO_RC_OK)
		return rc;
	add_tail(scope, view, look, tail);
	size_t used = count_lines(head) + count_lines(tail) + SHELL_LINES + 3;
	size_t room = lines > used + LEAST_ROWS ? lines - used : LEAST_ROWS;
	pyro_buf_add(buf, head->data, head->size);
	rc = add_functions(scope, view, room, look, buf, err);
	pyro_buf_add(buf, tail->data, tail->size);
	return rc;
}

enum pyro_rc pyro_report_summary(struct pyro_profile *profile, const struct pyro_report_view *view,
				 const struct pyro_report_look *look, struct pyro_buf *buf,
				 struct pyro_err *err)
{
	struct pyro_scope scope;
	struct pyro_buf head;
	struct pyro_buf tail;
	pyro_buf_init(&head, TEXT_BYTES);
	pyro_buf_init(&tail, TEXT_BYTES);
	enum pyro_rc rc = pyro_scope_open(profile, view, NULL, &scope, err);
	if (rc == PYRO_RC_OK)
		rc = summarise(&scope, view, look, &head, &tail, buf, err);
	if (rc == PYRO_RC_OK && (head.failed || tail.failed || buf->failed))
		rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for the report");
	pyro_buf_deinit(&head);
	pyro_buf_deinit(&tail);
	pyro_scope_close(&scope);
	return rc;
}
