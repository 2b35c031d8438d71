/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "report/cells.h"
#include "report/find.h"
#include "report/units.h"

#define TEXT_BYTES 65536
#define AROUND     2 /* lines shown before and after one that took time */
#define TAB_STOP   4

static const struct pyro_report_column columns[] = {
	{.title = "self", .right = true},
	{.rank = 3, .joined = true},
	{.title = "total", .right = true, .rank = 2},
	{.title = "line", .right = true},
	{.cut = PYRO_CUT_END, .least = 10},
};

/* A source file in memory, if it could be had. */
struct source {
	char *text;
	size_t size;
	struct timespec changed;
	const char *why_not; /* what to say when there is no text */
};

static void read_all(int fd, size_t size, struct source *source)
{
	size_t at = 0;
	source->text = malloc(size + 1);
	while (source->text && at < size) {
		ssize_t got = read(fd, source->text + at, size - at);
		if (got <= 0)
			break;
		at += (size_t)got;
	}
	source->size = at;
	if (source->text)
		source->text[at] = '\0';
	else
		source->why_not = "it does not fit into memory";
}

/* The name comes from the capture. It is opened so that nothing happens by that: without waiting
 * for a pipe's other end and without becoming our terminal; and only a regular file is read. */
static void load(const struct pyro_profile *profile, const char *file, struct source *source)
{
	const char *folder = pyro_profile_meta_get(profile, "cwd");
	struct pyro_buf path;
	struct stat info;
	pyro_buf_init(&path, PYRO_MAX_PATH * 2);
	if (file[0] != '/' && folder) {
		pyro_buf_add_text(&path, folder);
		pyro_buf_add_char(&path, '/');
	}
	pyro_buf_add_text(&path, file);
	PYRO_AUTO_CLOSE int fd =
		path.failed ? -1 : open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	pyro_buf_deinit(&path);
	if (fd < 0 || fstat(fd, &info) != 0) {
		source->why_not = "it cannot be read here";
	} else if (!S_ISREG(info.st_mode)) {
		source->why_not = "it is no regular file";
	} else if (info.st_size > PYRO_MAX_SOURCE_FILE) {
		source->why_not = "it is too large";
	} else {
		source->changed = info.st_mtim;
		read_all(fd, (size_t)info.st_size, source);
	}
}

static bool changed_since(const struct pyro_profile *profile, const struct source *source)
{
	const char *start = pyro_profile_meta_get(profile, "start");
	struct tm parts = {0};
	if (!start || !source->text || !strptime(start, "%Y-%m-%dT%H:%M:%S", &parts))
		return false;
	return source->changed.tv_sec > timegm(&parts);
}

/* One line of source: tabs become spaces, all else is made safe. */
static void add_code(struct pyro_report_table *table, const char *text, size_t size, bool quiet)
{
	struct pyro_buf plain;
	struct pyro_buf safe;
	pyro_buf_init(&plain, TEXT_BYTES);
	pyro_buf_init(&safe, TEXT_BYTES * 4);
	if (size > TEXT_BYTES / TAB_STOP)
		size = TEXT_BYTES / TAB_STOP;
	for (size_t i = 0; i < size && text[i] != '\0'; i++) {
		if (text[i] == '\t')
			pyro_text_spaces(&plain, TAB_STOP - plain.size % TAB_STOP);
		else if (text[i] != '\r' && text[i] != '\f')
			pyro_buf_add_char(&plain, text[i]);
	}
	pyro_text_name(&safe, table->look, plain.data ? plain.data : "");
	table->failed = table->failed || plain.failed;
	pyro_report_table_take(table, quiet ? PYRO_INK_DIM : PYRO_INK_PLAIN, &safe);
	pyro_buf_deinit(&plain);
}

static void add_line(struct pyro_report_table *table, const struct pyro_scope *scope, int32_t line,
		     const struct pyro_row *row, const char *text, size_t size)
{
	char number[16];
	pyro_report_table_row(table);
	if (row) {
		struct pyro_share self = pyro_scope_share(scope, &row->self);
		struct pyro_share total = pyro_scope_share(scope, &row->total);
		if (self.share > 0) {
			pyro_cells_share(table, PYRO_INK_BOLD, &self);
		} else {
			pyro_report_table_cell(table, PYRO_INK_PLAIN, "");
			pyro_report_table_cell(table, PYRO_INK_PLAIN, "");
		}
		pyro_cells_only_share(table, PYRO_INK_PLAIN, &total);
	} else {
		for (int i = 0; i < 3; i++)
			pyro_report_table_cell(table, PYRO_INK_PLAIN, "");
	}
	snprintf(number, sizeof(number), "%d", (int)line);
	pyro_report_table_cell(table, PYRO_INK_DIM, number);
	if (text)
		add_code(table, text, size, !row);
	else
		pyro_cells_name(table, PYRO_INK_DIM, row ? row->name : "");
}

/* Whether a line is near enough to one with numbers; *at is moved along the rows. */
static bool is_near(const struct pyro_rows *rows, size_t *at, int32_t line)
{
	while (*at < rows->count && rows->rows[*at].line + AROUND < line)
		++*at;
	return *at < rows->count && rows->rows[*at].line - AROUND <= line;
}

static void add_text(struct pyro_report_table *table, const struct pyro_scope *scope,
		     const struct pyro_rows *rows, const struct source *source, bool all)
{
	size_t near = 0;
	size_t at = 0;
	int32_t line = 1;
	bool gap = false;
	while (at < rows->count && rows->rows[at].line < 1)
		at++;
	for (size_t i = 0; i < source->size && line < INT32_MAX; line++) {
		const char *text = source->text + i;
		const char *end = memchr(text, '\n', source->size - i);
		size_t size = end ? (size_t)(end - text) : source->size - i;
		const struct pyro_row *row =
			at < rows->count && rows->rows[at].line == line ? &rows->rows[at++] : NULL;
		if (all || is_near(rows, &near, line)) {
			if (gap)
				pyro_report_table_note(table,
						       pyro_text_signs(table->look)->ellipsis);
			gap = false;
			add_line(table, scope, line, row, text, size);
		} else {
			gap = true;
		}
		i += size + 1;
	}
	if (gap)
		pyro_report_table_note(table, pyro_text_signs(table->look)->ellipsis);
	/* Lines beyond the end of a file that has changed still have their numbers. */
	for (; at < rows->count; at++)
		add_line(table, scope, rows->rows[at].line, &rows->rows[at], NULL, 0);
}

static void add_caption(const struct pyro_scope *scope, const char *file,
			const struct source *source, const struct pyro_report_look *look,
			struct pyro_buf *buf)
{
	struct pyro_buf text;
	struct pyro_buf name;
	pyro_buf_init(&text, TEXT_BYTES);
	pyro_buf_init(&name, TEXT_BYTES);
	pyro_text_name(&name, look, file);
	pyro_buf_add_text(&text, PYRO_MARK_BOLD);
	pyro_text_item(&text, name.data ? name.data : "");
	pyro_buf_add_text(&text, PYRO_MARK_END ", % ");
	pyro_scope_base_text(scope, look, &text);
	if (source->why_not)
		pyro_buf_add_format(&text, PYRO_MARK_DOT "without its text: %s", source->why_not);
	if (changed_since(scope->profile, source))
		pyro_buf_add_text(&text,
				  PYRO_MARK_DOT "changed after the recording: lines may not match");
	if (text.failed || name.failed)
		buf->failed = true;
	else
		pyro_text_paragraph(buf, look, "", text.data);
	pyro_buf_deinit(&name);
	pyro_buf_deinit(&text);
}

enum pyro_rc pyro_report_source(struct pyro_profile *profile, const struct pyro_report_view *view,
				const char *file, const struct pyro_report_look *look,
				struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_scope scope;
	struct pyro_rows rows = {0};
	struct source source = {0};
	struct pyro_report_view own = *view;
	uint32_t index = PYRO_NONE;
	enum pyro_rc rc = pyro_find_scope(profile, &own, file, &scope, &index, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_aggregate_source(scope.shown, index, &rows, err);
	if (rc != PYRO_RC_OK)
		goto done;
	const char *path = pyro_profile_string_get(profile, index, NULL);
	load(profile, path ? path : "", &source);
	struct pyro_report_table table;
	pyro_report_table_init(&table, columns, PYRO_COUNT(columns), look);
	add_text(&table, &scope, &rows, &source, view->limit == SIZE_MAX);
	add_caption(&scope, pyro_places_get(pyro_aggregate_places(scope.shown), index)->display,
		    &source, look, buf);
	rc = pyro_report_table_render(&table, 2, buf);
	pyro_report_table_deinit(&table);
done:
	free(source.text);
	pyro_rows_deinit(&rows);
	pyro_scope_close(&scope);
	return rc;
}
