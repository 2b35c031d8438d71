/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "report/live_inside.h"

/* With fewer lines than these, the parts above the rows give way to the rows. */
#define LINES_FOR_HEADLINE 6
/* Below this width names give way before numbers do, down to so many columns. */
#define WIDE         70
#define NARROW_LEAST 12
/* What stands before the name of a thread, or of a process that has ended. */
#define PID_COLUMNS  7
#define SCREEN_BYTES (16u << 20)
#define LINES_USUAL  24

void pyro_live_screen_init(struct pyro_live_screen *screen)
{
	pyro_buf_init(&screen->text, SCREEN_BYTES);
	screen->chosen = SIZE_MAX;
}

void pyro_live_screen_deinit(struct pyro_live_screen *screen)
{
	pyro_buf_deinit(&screen->text);
}

static size_t count_lines(const struct pyro_buf *buf)
{
	size_t lines = 0;

	for (size_t i = 0; i < buf->size; i++)
		lines += buf->data[i] == '\n';
	return lines;
}

/* The columns that this view has here. Names stand in a column as wide as the widest of all rows,
 * or half the room, whichever rows are on the screen: what is drawn again must stand still. */
static size_t choose_columns(const struct pyro_live *live, const struct pyro_report_look *look,
			     struct pyro_report_column *columns, const struct live_column **ret_of)
{
	const struct live_view *view = live_view(live);
	const size_t most = pyro_text_width(look) / 3;
	const bool wide = pyro_text_width(look) >= WIDE;
	size_t count = 0, widest = 0;

	for (size_t i = 0; i < live->rows.count && widest < most; i++) {
		const size_t size = strlen(live->rows.rows[i].name);

		widest = size > widest ? size : widest;
	}
	if (view->whole)
		widest += PID_COLUMNS;
	for (size_t i = 0; i < view->column_count; i++) {
		const struct live_column *column = &view->columns[i];

		/* Two columns that say the same are one too many. */
		if (column->order == PYRO_LIVE_RUNNING && !view->whole &&
		    live->scope.weight == PYRO_REPORT_CPU)
			continue;
		columns[count] = column->look;
		columns[count].marked = column->order == live->choice.order;
		if (wide && column->order == PYRO_LIVE_NAME)
			columns[count].steady = columns[count].most = widest < most ? widest : most;
		if (!wide && columns[count].least > NARROW_LEAST)
			columns[count].least = NARROW_LEAST;
		ret_of[count++] = column;
	}
	return count;
}

static enum pyro_rc draw_rows(struct pyro_live *live, const struct pyro_report_look *look,
			      size_t first, size_t end, struct pyro_buf *buf)
{
	struct pyro_report_column columns[PYRO_REPORT_MAX_COLUMNS];
	const struct live_column *of[PYRO_REPORT_MAX_COLUMNS];
	const size_t count = choose_columns(live, look, columns, of);
	struct pyro_report_table table;
	enum pyro_rc rc;

	pyro_report_table_init(&table, columns, count, look);
	for (size_t i = first; i < end; i++) {
		pyro_report_table_row(&table);
		for (size_t j = 0; j < count; j++) {
			if (of[j]->put)
				of[j]->put(live, &table, &live->rows.rows[i]);
		}
	}
	rc = pyro_report_table_render(&table, 2, buf);
	pyro_report_table_deinit(&table);
	return rc;
}

static bool shows_tasks(const struct pyro_live *live)
{
	return live_view(live)->tasks || live->choice.view == PYRO_LIVE_STACK;
}

static void say_nothing(const struct pyro_live *live, const struct pyro_report_look *look,
			struct pyro_buf *buf)
{
	const char *words = live->choice.filter[0] ? "nothing matches the filter"
			    : shows_tasks(live)    ? live_no_tasks(live)
			    : live->scope.all.of[PYRO_METRIC_WALL] == 0
				    ? "no samples yet"
				    : "no Python code was seen here";
	struct pyro_buf text;

	pyro_buf_init(&text, 1024);
	pyro_buf_add_format(&text, PYRO_MARK_DIM "%s" PYRO_MARK_END, words);
	if (text.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "  ", text.data);
	pyro_buf_deinit(&text);
}

/* Keeps the chosen row on the screen, and no empty lines below the last. */
static void scroll(struct pyro_live *live)
{
	if (live->chosen < live->top)
		live->top = live->chosen;
	if (live->chosen >= live->top + live->page)
		live->top = live->chosen - live->page + 1;
	if (live->top + live->page > live->rows.count)
		live->top = live->rows.count > live->page ? live->rows.count - live->page : 0;
}

/* Rows and their header in exactly @lines lines. */
static enum pyro_rc draw_table(struct pyro_live *live, const struct pyro_report_look *look,
			       size_t lines, struct pyro_live_screen *screen)
{
	struct pyro_buf *text = &screen->text;
	const size_t start_line = count_lines(text), start = text->size;
	const char *at;
	size_t end;
	enum pyro_rc rc;

	live->page = lines > 1 ? lines - 1 : 1;
	scroll(live);
	if (live->rows.count == 0) {
		say_nothing(live, look, text);
		return pyro_buf_status(text);
	}
	end = live->top + live->page;
	rc = draw_rows(live, look, live->top, end < live->rows.count ? end : live->rows.count,
		       text);
	if (rc)
		return rc;
	screen->chosen = start_line + 1 + (live->chosen - live->top);
	/* For eyes without colours: every line begins with two spaces. */
	at = text->data + start;
	for (size_t i = start_line; at && i < screen->chosen; i++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (at && *at == ' ')
		text->data[at - text->data] = '>';
	return PYRO_RC_OK;
}

static enum pyro_rc draw(struct pyro_live *live, const struct pyro_report_look *look,
			 struct pyro_live_screen *screen)
{
	struct pyro_buf *text = &screen->text;
	const size_t lines = look->lines ? look->lines : LINES_USUAL;
	const size_t spare = lines > LINES_FOR_HEADLINE ? lines - LINES_FOR_HEADLINE : 0;
	const size_t most = live->help ? 1 : 3; /* help needs the room */
	enum pyro_rc rc = PYRO_RC_OK;
	size_t used;

	live_headline(live, look, spare < most ? spare : most, text);
	if (spare > 3)
		pyro_buf_add_char(text, '\n');
	if (live->help) {
		used = count_lines(text);
		live_help(look, lines > used + 1 ? lines - used - 1 : 1, text);
	} else {
		live_caption(live, look, text);
		used = count_lines(text);
		rc = draw_table(live, look, lines > used + 1 ? lines - used - 1 : 1, screen);
	}
	for (used = count_lines(text); used + 1 < lines; used++)
		pyro_buf_add_char(text, '\n');
	live_footer(live, look, text);
	return rc ? rc : pyro_buf_status(text);
}

/* No more than there is room for, on the smallest of screens too. */
static void cut_lines(struct pyro_live_screen *screen, size_t lines)
{
	size_t at = 0;

	for (; at < screen->text.size && lines > 0; at++)
		lines -= screen->text.data[at] == '\n';
	if (screen->text.data) {
		screen->text.size = at;
		screen->text.data[at] = '\0';
	}
}

enum pyro_rc pyro_live_draw(struct pyro_live *live, const struct pyro_report_look *look,
			    struct pyro_live_screen *screen, struct pyro_err *err)
{
	enum pyro_rc rc;

	pyro_buf_reset(&screen->text);
	screen->chosen = SIZE_MAX;
	rc = draw(live, look, screen);
	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	cut_lines(screen, look->lines ? look->lines : LINES_USUAL);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_live_print(struct pyro_live *live, const struct pyro_report_look *look,
			     size_t limit, struct pyro_buf *buf, struct pyro_err *err)
{
	const size_t rows = limit && limit < live->rows.count ? limit : live->rows.count;
	enum pyro_rc rc = PYRO_RC_OK;

	live_headline(live, look, 3, buf);
	pyro_buf_add_char(buf, '\n');
	live_caption(live, look, buf);
	if (rows == 0)
		say_nothing(live, look, buf);
	else
		rc = draw_rows(live, look, 0, rows, buf);
	if (rc || pyro_buf_status(buf))
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	return PYRO_RC_OK;
}
