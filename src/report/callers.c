/* SPDX-License-Identifier: Apache-2.0 */
#include "report/cells.h"
#include "report/find.h"
#include "report/units.h"

#define TEXT_BYTES     65536
#define USUAL_ROWS     20
#define MOST_FUNCTIONS 8

static const struct pyro_report_column columns[] = {
	{.title = "total", .right = true},
	{.rank = 4, .joined = true},
	{.title = "self", .right = true, .rank = 3},
	{.rank = 5},
	{.cut = PYRO_CUT_MIDDLE, .least = 12},
	{.cut = PYRO_CUT_FRONT, .least = 12, .rank = 2},
};

/* "callers of price  shop.py:88, 41 % ±2 of the run (4.21 s)" */
static void add_caption(const struct pyro_scope *scope, const struct pyro_row *row, bool callees,
			const struct pyro_report_look *look, struct pyro_buf *buf)
{
	struct pyro_share share = pyro_scope_share(scope, &row->total);
	struct pyro_buf text;
	struct pyro_buf part;
	pyro_buf_init(&text, TEXT_BYTES);
	pyro_buf_init(&part, TEXT_BYTES);
	pyro_buf_add_text(&text, callees ? "callees of " : "callers of ");
	pyro_text_name(&part, look, row->name);
	pyro_buf_add_text(&text, PYRO_MARK_BOLD);
	pyro_text_item(&text, part.data ? part.data : "");
	pyro_buf_add_text(&text, PYRO_MARK_END "  " PYRO_MARK_DIM);
	pyro_buf_reset(&part);
	pyro_cells_place_text(&part, look, row->place, row->line);
	pyro_text_item(&text, part.data ? part.data : "");
	pyro_buf_add_text(&text, PYRO_MARK_END "  ");
	pyro_buf_reset(&part);
	pyro_units_share(&part, &share);
	pyro_buf_add_char(&part, ' ');
	pyro_units_margin(&part, &share, pyro_text_signs(look)->plus_minus);
	pyro_text_item(&text, part.data ? part.data : "");
	pyro_buf_add_char(&text, ' ');
	pyro_scope_base_text(scope, look, &text);
	if (text.failed || part.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "", text.data);
	pyro_buf_deinit(&part);
	pyro_buf_deinit(&text);
}

static void add_row(struct pyro_report_table *table, const struct pyro_scope *scope,
		    const struct pyro_row *row, uint64_t full)
{
	struct pyro_share total = pyro_scope_share(scope, &row->total);
	struct pyro_share self = pyro_scope_share(scope, &row->self);
	pyro_report_table_row(table);
	pyro_cells_share(table, PYRO_INK_BOLD, &total);
	pyro_cells_only_share(table, self.share > 0 ? PYRO_INK_PLAIN : PYRO_INK_DIM, &self);
	pyro_cells_bar(table, scope->weight, &row->total, full);
	if (row->function == PYRO_NONE) {
		char text[64];
		snprintf(text, sizeof(text), "(nobody: a %s begins here)", scope->noun);
		pyro_report_table_cell(table, PYRO_INK_DIM, text);
		return;
	}
	pyro_cells_name(table, row->library ? PYRO_INK_DIM : PYRO_INK_PLAIN, row->name);
	pyro_cells_place(table, row->place, row->line);
}

static enum pyro_rc print_one(const struct pyro_scope *scope, const struct pyro_row *function,
			      bool callees, size_t limit, const struct pyro_report_look *look,
			      struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_rows rows = {0};
	enum pyro_metric metric = pyro_scope_metric(scope->weight);
	enum pyro_rc rc = callees ? pyro_aggregate_callees(scope->shown, function->function, metric,
							   &rows, err)
				  : pyro_aggregate_callers(scope->shown, function->function, metric,
							   &rows, err);
	if (rc != PYRO_RC_OK)
		return rc;
	struct pyro_report_table table;
	pyro_report_table_init(&table, columns, PYRO_COUNT(columns), look);
	uint64_t full = pyro_scope_value(scope->weight, &function->total);
	size_t shown = 0;
	size_t left_out = 0;
	for (size_t i = 0; i < rows.count; i++) {
		if (pyro_scope_value(scope->weight, &rows.rows[i].total) == 0)
			continue;
		if (shown < limit)
			add_row(&table, scope, &rows.rows[i], full);
		else
			left_out++;
		shown++;
	}
	add_caption(scope, function, callees, look, buf);
	if (shown == 0) {
		pyro_buf_add_text(buf, callees ? "  it calls nothing that was seen\n"
					       : "  no caller was seen\n");
	} else {
		if (left_out > 0) {
			struct pyro_buf text;
			pyro_buf_init(&text, 256);
			pyro_units_count(&text, left_out);
			pyro_buf_add_text(&text, " more; --limit 0 shows all");
			pyro_report_table_note(&table, text.data ? text.data : "");
			pyro_buf_deinit(&text);
		}
		rc = pyro_report_table_render(&table, 2, buf);
	}
	pyro_report_table_deinit(&table);
	pyro_rows_deinit(&rows);
	return rc;
}

enum pyro_rc pyro_report_callers(struct pyro_profile *profile, const struct pyro_report_view *view,
				 const char *name, bool callees,
				 const struct pyro_report_look *look, struct pyro_buf *buf,
				 struct pyro_err *err)
{
	/* Folded, a library function would have no callers to ask for. */
	struct pyro_report_view apart = *view;
	struct pyro_scope scope;
	struct pyro_rows functions = {0};
	apart.unfold = true;
	enum pyro_rc rc = pyro_scope_open(profile, &apart, view->filter, &scope, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_find_functions(scope.shown, name, &functions, err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < functions.count && i < MOST_FUNCTIONS; i++) {
		if (i > 0)
			pyro_buf_add_char(buf, '\n');
		rc = print_one(&scope, &functions.rows[i], callees,
			       view->limit ? view->limit : USUAL_ROWS, look, buf, err);
	}
	if (rc == PYRO_RC_OK)
		rc = pyro_buf_status(buf);
	pyro_rows_deinit(&functions);
	pyro_scope_close(&scope);
	return rc;
}
