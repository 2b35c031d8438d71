/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_ROWS_H
#define PYRO_REPORT_ROWS_H

#include "report/scope.h"
#include "report/table.h"

/** Starts a table whose rows are functions, lines, files or modules (@group). */
void pyro_rows_begin(struct pyro_report_table *table, enum pyro_group group,
		     const struct pyro_report_look *look);
/** Adds @rows, made by the scope's aggregate; bars are full at @full_ns. */
void pyro_rows_add(struct pyro_report_table *table, const struct pyro_scope *scope,
		   enum pyro_group group, const struct pyro_rows *rows, uint64_t full_ns);
/** The largest self weight, to fill bars by. */
uint64_t pyro_rows_full(const struct pyro_scope *scope, const struct pyro_rows *rows);

/** The table of threads or processes (view->group): what each did with its own time and where it
 *  mostly is. Sorted by the time they ran unless the view says otherwise; view->limit rows, 0: 30,
 *  SIZE_MAX: all. Errors: NOMEM, USAGE (filter). */
enum pyro_rc pyro_threads_print(const struct pyro_scope *scope, const struct pyro_report_view *view,
				const struct pyro_report_look *look, struct pyro_buf *buf,
				struct pyro_err *err) PYRO_NODISCARD;

#endif
