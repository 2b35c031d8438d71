/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_TABLE_H
#define PYRO_REPORT_TABLE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "report/text.h"

#define PYRO_REPORT_MAX_COLUMNS 10

/** A column of a table for people. Columns stand two spaces apart. */
struct pyro_report_column {
	const char *title; /**< ASCII; NULL: none */
	bool right;        /**< aligned to the right */
	bool marked;       /**< the title stands out */
	enum pyro_cut cut; /**< what gives way when the column shrinks */
	size_t least;      /**< it shrinks no further; 0: it never shrinks */
	size_t most;       /**< columns at most, however wide the screen; 0: no limit */
	size_t steady;     /**< columns at least, even if all cells are empty, so that what is drawn
				again and again stands still; 0: as wide as its cells, none if empty */
	unsigned rank;     /**< dropped when nothing can shrink any more: highest first; 0: never */
	bool joined;       /**< one space to the left instead of two */
};

/** A table that is filled row by row, then written with widths that suit its look. Errors stick and
 *  come out of the render. Not thread-safe. */
struct pyro_report_table {
	const struct pyro_report_column *columns; /**< borrowed */
	size_t column_count;
	const struct pyro_report_look *look; /**< borrowed */
	struct pyro_arena arena;
	struct pyro_report_row_text *first, *last;
	size_t filled; /**< cells of the last row */
	bool failed;
};

void pyro_report_table_init(struct pyro_report_table *table,
			    const struct pyro_report_column *columns, size_t column_count,
			    const struct pyro_report_look *look);
void pyro_report_table_deinit(struct pyro_report_table *table);

void pyro_report_table_row(struct pyro_report_table *table);
/** The next cell of the row, from text that is already safe to show. */
void pyro_report_table_cell(struct pyro_report_table *table, enum pyro_ink style, const char *text);
/** More text in the cell last set, in another style. When the cell must be cut, this is cut. */
void pyro_report_table_more(struct pyro_report_table *table, enum pyro_ink style, const char *text);
/** The next cell from @text, which is emptied and deinitialised. */
void pyro_report_table_take(struct pyro_report_table *table, enum pyro_ink style,
			    struct pyro_buf *text);
/** A row that is a line of its own across all columns, dim. */
void pyro_report_table_note(struct pyro_report_table *table, const char *text);

/** Writes header (if any column has a title) and rows, each line starting with @indent spaces and
 *  ending without any. Errors: NOMEM. */
enum pyro_rc pyro_report_table_render(const struct pyro_report_table *table, size_t indent,
				      struct pyro_buf *buf) PYRO_NODISCARD;

#endif
