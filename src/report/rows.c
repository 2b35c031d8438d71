/* SPDX-License-Identifier: Apache-2.0 */
#include "report/rows.h"

#include "report/cells.h"
#include "report/units.h"
#include "report/waits.h"

#define USUAL_ROWS 30

/* self, interval, total, waiting, for what, bar, name, place: the bar goes first when room is
 * short, then the interval, the waiting and what for, the total, the place. */
static const struct pyro_report_column function_columns[] = {
	{.title = "self", .right = true},
	{.rank = 5, .joined = true},
	{.title = "total", .right = true, .rank = 3},
	{.title = "waiting", .right = true, .rank = 4},
	{.title = "for", .rank = 4},
	{.rank = 6},
	{.title = "function", .cut = PYRO_CUT_MIDDLE, .least = 12},
	{.title = "where", .cut = PYRO_CUT_FRONT, .least = 12, .rank = 2},
};

static const struct pyro_report_column file_columns[] = {
	{.title = "self", .right = true},
	{.rank = 5, .joined = true},
	{.title = "total", .right = true, .rank = 3},
	{.title = "waiting", .right = true, .rank = 4},
	{.title = "for", .rank = 4},
	{.rank = 6},
	{.title = "file", .cut = PYRO_CUT_FRONT, .least = 12},
};

static const struct pyro_report_column module_columns[] = {
	{.title = "self", .right = true},
	{.rank = 5, .joined = true},
	{.title = "total", .right = true, .rank = 3},
	{.title = "waiting", .right = true, .rank = 4},
	{.title = "for", .rank = 4},
	{.rank = 6},
	{.title = "module", .cut = PYRO_CUT_MIDDLE, .least = 12},
};

static const struct {
	const struct pyro_report_column *columns;
	size_t count;
} layouts[] = {
	[PYRO_GROUP_FUNCTION] = {function_columns, PYRO_COUNT(function_columns)},
	[PYRO_GROUP_LINE] = {function_columns, PYRO_COUNT(function_columns)},
	[PYRO_GROUP_FILE] = {file_columns, PYRO_COUNT(file_columns)},
	[PYRO_GROUP_MODULE] = {module_columns, PYRO_COUNT(module_columns)},
};

/* What most of the waiting is for, where it is worth a word. */
static const char *waits_for(const struct pyro_scope *scope, const struct pyro_row *row,
			     double waiting)
{
	return waiting > 0 || scope->weight == PYRO_REPORT_WAIT
		       ? pyro_waits_word(pyro_waits_main(&row->self))
		       : "";
}

static void add_row(struct pyro_report_table *table, const struct pyro_scope *scope,
		    enum pyro_group group, const struct pyro_row *row, uint64_t full)
{
	struct pyro_share self = pyro_scope_share(scope, &row->self);
	struct pyro_share total = pyro_scope_share(scope, &row->total);
	pyro_report_table_row(table);
	pyro_cells_share(table, PYRO_INK_BOLD, &self);
	pyro_cells_only_share(table, PYRO_INK_PLAIN, &total);
	double waiting = 0;
	if (scope->weight == PYRO_REPORT_WALL && scope->base_ns > 0)
		waiting = (double)pyro_scope_value(PYRO_REPORT_WAIT, &row->self) /
			  (double)scope->base_ns;
	pyro_cells_percent(table, PYRO_INK_WAITING, waiting);
	pyro_report_table_cell(table, PYRO_INK_DIM, waits_for(scope, row, waiting));
	pyro_cells_bar(table, scope->weight, &row->self, full);
	if (group == PYRO_GROUP_FILE || group == PYRO_GROUP_MODULE) {
		const char *name = row->name[0] ? row->name : "(no file)";
		pyro_cells_name(table, row->library ? PYRO_INK_DIM : PYRO_INK_PLAIN, name);
		return;
	}
	pyro_cells_name(table, row->library ? PYRO_INK_DIM : PYRO_INK_PLAIN, row->name);
	pyro_cells_place(table, row->place, row->line);
}

void pyro_rows_begin(struct pyro_report_table *table, enum pyro_group group,
		     const struct pyro_report_look *look)
{
	pyro_report_table_init(table, layouts[group].columns, layouts[group].count, look);
}

void pyro_rows_add(struct pyro_report_table *table, const struct pyro_scope *scope,
		   enum pyro_group group, const struct pyro_rows *rows, uint64_t full_ns)
{
	for (size_t i = 0; i < rows->count; i++)
		add_row(table, scope, group, &rows->rows[i], full_ns);
}

uint64_t pyro_rows_full(const struct pyro_scope *scope, const struct pyro_rows *rows)
{
	uint64_t full = 0;
	for (size_t i = 0; i < rows->count; i++) {
		uint64_t value = pyro_scope_value(scope->weight, &rows->rows[i].self);
		full = value > full ? value : full;
	}
	return full;
}

/* "function by self time, % of the run (4.21 s)", then what was left out. */
static void add_caption(const struct pyro_scope *scope, const struct pyro_report_view *view,
			const struct pyro_report_look *look, struct pyro_buf *buf)
{
	static const char *const sorts[] = {"self", "total", "name"};
	static const char *const lived[] = {"time running", "time lived", "name"};
	struct pyro_buf text;
	pyro_buf_init(&text, 65536);
	bool lives = view->group == PYRO_GROUP_THREAD || view->group == PYRO_GROUP_PROCESS;
	pyro_buf_add_format(&text, PYRO_MARK_BOLD "by %s" PYRO_MARK_END ", sorted by %s",
			    view->group == PYRO_GROUP_THREAD ? scope->noun
							     : pyro_group_name(view->group),
			    (lives ? lived : sorts)[view->sort]);
	if (!lives) {
		pyro_buf_add_text(&text, ", % ");
		pyro_scope_base_text(scope, look, &text);
	}
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "", text.data);
	pyro_buf_deinit(&text);
}

static void add_left_out(const struct pyro_report_look *look, size_t shown, size_t found,
			 const char *noun, struct pyro_buf *buf)
{
	if (found <= shown)
		return;
	struct pyro_buf text;
	pyro_buf_init(&text, 1024);
	pyro_buf_add_text(&text, PYRO_MARK_DIM);
	pyro_units_count(&text, found - shown);
	pyro_buf_add_format(&text, " more (--limit 0 shows every %s)" PYRO_MARK_END, noun);
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "  ", text.data);
	pyro_buf_deinit(&text);
}

static enum pyro_rc print_rows(const struct pyro_scope *scope, enum pyro_group group,
			       const struct pyro_rows *rows, const struct pyro_report_look *look,
			       struct pyro_buf *buf)
{
	struct pyro_report_table table;
	pyro_rows_begin(&table, group, look);
	pyro_rows_add(&table, scope, group, rows, pyro_rows_full(scope, rows));
	enum pyro_rc rc = pyro_report_table_render(&table, 2, buf);
	pyro_report_table_deinit(&table);
	return rc;
}

static enum pyro_rc rows_of_scope(const struct pyro_scope *scope,
				  const struct pyro_report_view *view,
				  const struct pyro_report_look *look, struct pyro_buf *buf,
				  struct pyro_err *err)
{
	struct pyro_rows rows;
	size_t found = 0;
	size_t limit = view->limit == SIZE_MAX ? 0 : view->limit ? view->limit : USUAL_ROWS;
	enum pyro_rc rc = pyro_scope_rows(scope, view, limit, &rows, &found, err);
	if (rc == PYRO_RC_OK && rows.count == 0)
		pyro_buf_add_text(buf, view->filter ? "  nothing matches the filter\n"
						    : "  no samples\n");
	else if (rc == PYRO_RC_OK)
		rc = print_rows(scope, view->group, &rows, look, buf);
	if (rc == PYRO_RC_OK)
		add_left_out(look, rows.count, found, pyro_group_name(view->group), buf);
	pyro_rows_deinit(&rows);
	return rc;
}

enum pyro_rc pyro_report_rows(struct pyro_profile *profile, const struct pyro_report_view *view,
			      const struct pyro_report_look *look, struct pyro_buf *buf,
			      struct pyro_err *err)
{
	struct pyro_scope scope;
	enum pyro_rc rc = pyro_scope_open(profile, view, NULL, &scope, err);
	if (rc != PYRO_RC_OK)
		goto done;
	add_caption(&scope, view, look, buf);
	if (view->group == PYRO_GROUP_THREAD || view->group == PYRO_GROUP_PROCESS)
		rc = pyro_threads_print(&scope, view, look, buf, err);
	else
		rc = rows_of_scope(&scope, view, look, buf, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_buf_status(buf);
done:
	pyro_scope_close(&scope);
	return rc;
}
