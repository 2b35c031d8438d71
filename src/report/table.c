/* SPDX-License-Identifier: Apache-2.0 */
#include "report/table.h"

#include <string.h>

#include "base/escape.h"

#define TABLE_BYTES (256u << 20)
#define PARTS       3

struct cell {
	const char *parts[PARTS];
	enum pyro_ink styles[PARTS];
	size_t count;
};

struct pyro_report_row_text {
	struct pyro_report_row_text *next;
	const char *note; /* NULL: a row of cells */
	struct cell cells[PYRO_REPORT_MAX_COLUMNS];
};

/* The widths that suit the look. */
struct layout {
	size_t widths[PYRO_REPORT_MAX_COLUMNS];
	bool dropped[PYRO_REPORT_MAX_COLUMNS];
};

void pyro_report_table_init(struct pyro_report_table *table,
			    const struct pyro_report_column *columns, size_t column_count,
			    const struct pyro_report_look *look)
{
	*table = (struct pyro_report_table){
		.columns = columns,
		.column_count = column_count,
		.look = look,
	};
	pyro_arena_init(&table->arena, TABLE_BYTES);
}

void pyro_report_table_deinit(struct pyro_report_table *table)
{
	pyro_arena_deinit(&table->arena);
	table->first = table->last = NULL;
}

void pyro_report_table_row(struct pyro_report_table *table)
{
	struct pyro_report_row_text *row = pyro_arena_alloc(&table->arena, sizeof(*row));
	if (!row) {
		table->failed = true;
		return;
	}
	if (table->last)
		table->last->next = row;
	else
		table->first = row;
	table->last = row;
	table->filled = 0;
}

static void add_part(struct pyro_report_table *table, struct cell *cell, enum pyro_ink style,
		     const char *text)
{
	char *copy = pyro_arena_dup(&table->arena, text, strlen(text));
	if (!copy || cell->count >= PARTS) {
		table->failed = true;
		return;
	}
	cell->parts[cell->count] = copy;
	cell->styles[cell->count++] = style;
}

void pyro_report_table_cell(struct pyro_report_table *table, enum pyro_ink style, const char *text)
{
	if (table->failed || !table->last || table->filled >= table->column_count) {
		table->failed = true;
		return;
	}
	add_part(table, &table->last->cells[table->filled++], style, text);
}

void pyro_report_table_more(struct pyro_report_table *table, enum pyro_ink style, const char *text)
{
	if (table->failed || !table->last || table->filled == 0) {
		table->failed = true;
		return;
	}
	add_part(table, &table->last->cells[table->filled - 1], style, text);
}

void pyro_report_table_take(struct pyro_report_table *table, enum pyro_ink style,
			    struct pyro_buf *text)
{
	if (text->failed)
		table->failed = true;
	else
		pyro_report_table_cell(table, style, text->data ? text->data : "");
	pyro_buf_deinit(text);
}

void pyro_report_table_note(struct pyro_report_table *table, const char *text)
{
	pyro_report_table_row(table);
	if (table->failed)
		return;
	table->last->note = pyro_arena_dup(&table->arena, text, strlen(text));
	if (!table->last->note)
		table->failed = true;
}

static size_t text_columns(const char *text)
{
	return pyro_escape_columns(text, strlen(text));
}

static size_t cell_columns(const struct cell *cell)
{
	size_t columns = 0;
	for (size_t i = 0; i < cell->count; i++)
		columns += text_columns(cell->parts[i]);
	return columns;
}

static size_t gap_before(const struct pyro_report_table *table, const struct layout *layout,
			 size_t column)
{
	for (size_t i = 0; i < column; i++)
		if (!layout->dropped[i])
			return table->columns[column].joined ? 1 : 2;
	return 0;
}

static size_t layout_width(const struct pyro_report_table *table, const struct layout *layout)
{
	size_t width = 0;
	for (size_t i = 0; i < table->column_count; i++)
		if (!layout->dropped[i])
			width += layout->widths[i] + gap_before(table, layout, i);
	return width;
}

/* As wide as its widest cell. A column in which nothing is to be said is not there. */
static void measure(const struct pyro_report_table *table, struct layout *layout)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct pyro_report_column *column = &table->columns[i];
		size_t width = 0;
		const struct pyro_report_row_text *row;
		for (row = table->first; row; row = row->next) {
			size_t columns = cell_columns(&row->cells[i]);
			width = columns > width ? columns : width;
		}
		if (column->most && width > column->most)
			width = column->most;
		if (width < column->steady)
			width = column->steady;
		layout->dropped[i] = width == 0;
		size_t title = column->title ? strlen(column->title) : 0;
		layout->widths[i] = width > title ? width : title;
	}
}

static size_t least_of(const struct pyro_report_table *table, const struct layout *layout,
		       size_t column)
{
	size_t least = table->columns[column].least;
	size_t width = layout->widths[column];
	return least && least < width ? least : width;
}

/* Takes what is too much from the widest columns that may shrink. False: it is not enough. */
static bool shrink(const struct pyro_report_table *table, struct layout *layout, size_t room)
{
	struct layout tight = *layout;
	for (size_t i = 0; i < table->column_count; i++)
		tight.widths[i] = least_of(table, layout, i);
	if (layout_width(table, &tight) > room)
		return false;
	for (size_t width = layout_width(table, layout); width > room; width--) {
		size_t widest = table->column_count;
		for (size_t i = 0; i < table->column_count; i++) {
			if (layout->dropped[i] || layout->widths[i] <= tight.widths[i])
				continue;
			if (widest == table->column_count ||
			    layout->widths[i] >= layout->widths[widest])
				widest = i;
		}
		layout->widths[widest]--;
	}
	return true;
}

static void fit(const struct pyro_report_table *table, struct layout *layout, size_t room)
{
	while (!shrink(table, layout, room)) {
		size_t worst = table->column_count;
		for (size_t i = 0; i < table->column_count; i++)
			if (!layout->dropped[i] && table->columns[i].rank > 0 &&
			    (worst == table->column_count ||
			     table->columns[i].rank > table->columns[worst].rank))
				worst = i;
		if (worst == table->column_count)
			break;
		layout->dropped[worst] = true;
	}
	/* Nothing left to drop: what may shrink shrinks to whatever there is. */
	for (size_t i = 0; i < table->column_count; i++) {
		size_t width = layout_width(table, layout);
		if (width <= room || layout->dropped[i] || !table->columns[i].least)
			continue;
		size_t excess = width - room;
		layout->widths[i] = layout->widths[i] > excess ? layout->widths[i] - excess : 1;
	}
}

/* Writes one cell in exactly @width columns, but for spaces at a line's end: those are owed, in
 * *pending, to whatever comes next. */
static void put_cell(const struct pyro_report_table *table, const struct cell *cell, size_t column,
		     size_t width, size_t *pending, struct pyro_buf *buf)
{
	size_t columns = cell_columns(cell);
	size_t pad = columns < width ? width - columns : 0;
	if (table->columns[column].right) {
		*pending += pad;
		pad = 0;
	}
	size_t left = width;
	for (size_t i = 0; i < cell->count && columns > 0; i++) {
		struct pyro_buf part;
		pyro_buf_init(&part, TABLE_BYTES);
		pyro_text_fit(&part, table->look, cell->parts[i], left, table->columns[column].cut);
		if (part.failed)
			buf->failed = true;
		else if (part.size > 0) {
			pyro_text_spaces(buf, *pending);
			*pending = 0;
			pyro_text_styled(buf, table->look, cell->styles[i], part.data);
			left -= pyro_escape_columns(part.data, part.size);
		}
		pyro_buf_deinit(&part);
	}
	if (columns > width)
		pad = left;
	*pending += pad;
}

static void put_header(const struct pyro_report_table *table, const struct layout *layout,
		       size_t indent, struct pyro_buf *buf)
{
	size_t pending = indent;
	bool any = false;
	for (size_t i = 0; i < table->column_count; i++)
		any = any || (table->columns[i].title && !layout->dropped[i]);
	if (!any)
		return;
	for (size_t i = 0; i < table->column_count; i++) {
		if (layout->dropped[i])
			continue;
		const char *title = table->columns[i].title;
		enum pyro_ink ink = table->columns[i].marked ? PYRO_INK_BOLD : PYRO_INK_DIM;
		struct cell cell = {{title ? title : ""}, {ink}, 1};
		pending += gap_before(table, layout, i);
		put_cell(table, &cell, i, layout->widths[i], &pending, buf);
	}
	pyro_buf_add_char(buf, '\n');
}

static void put_note(const struct pyro_report_table *table, const char *note, size_t indent,
		     size_t room, struct pyro_buf *buf)
{
	struct pyro_buf text;
	pyro_buf_init(&text, TABLE_BYTES);
	pyro_text_fit(&text, table->look, note, room, PYRO_CUT_END);
	pyro_text_spaces(buf, indent);
	pyro_text_styled(buf, table->look, PYRO_INK_DIM, text.data ? text.data : "");
	pyro_buf_add_char(buf, '\n');
	buf->failed = buf->failed || text.failed;
	pyro_buf_deinit(&text);
}

enum pyro_rc pyro_report_table_render(const struct pyro_report_table *table, size_t indent,
				      struct pyro_buf *buf)
{
	if (table->failed)
		return PYRO_RC_NOMEM;
	size_t width = pyro_text_width(table->look);
	size_t room = width > indent ? width - indent : 1;
	struct layout layout = {0};
	measure(table, &layout);
	fit(table, &layout, room);
	put_header(table, &layout, indent, buf);
	for (const struct pyro_report_row_text *row = table->first; row; row = row->next) {
		size_t pending = indent;
		if (row->note) {
			put_note(table, row->note, indent, room, buf);
			continue;
		}
		for (size_t i = 0; i < table->column_count; i++) {
			if (layout.dropped[i])
				continue;
			pending += gap_before(table, &layout, i);
			put_cell(table, &row->cells[i], i, layout.widths[i], &pending, buf);
		}
		pyro_buf_add_char(buf, '\n');
	}
	return pyro_buf_status(buf);
}
