/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/answer.h"

#include <math.h>
#include <string.h>

#include "base/escape.h"
#include "base/json.h"

#define OUT_LIMIT  (1ull << 30)
#define MIN_COLUMN 8 /* a column is not squeezed below this to make a row fit */

void pyro_answer_init(struct pyro_answer *a, FILE *stream, enum pyro_answer_format format,
		      unsigned int width, bool unicode)
{
	*a = (struct pyro_answer){
		.stream = stream, .format = format, .width = width, .unicode = unicode};
	pyro_buf_init(&a->out, OUT_LIMIT);
	pyro_buf_init(&a->waiting, OUT_LIMIT);
}

void pyro_answer_deinit(struct pyro_answer *a)
{
	for (size_t i = 0; a->names && i < a->columns; i++)
		free(a->names[i]);
	free(a->names);
	free(a->ends);
	free(a->right);
	free(a->widths);
	pyro_buf_deinit(&a->out);
	pyro_buf_deinit(&a->waiting);
}

static enum pyro_rc print_out(struct pyro_answer *a)
{
	enum pyro_rc rc = pyro_buf_status(&a->out);
	if (rc == PYRO_RC_OK && a->out.size > 0 &&
	    fwrite(a->out.data, 1, a->out.size, a->stream) != a->out.size)
		rc = PYRO_RC_IO;
	pyro_buf_reset(&a->out);
	return rc;
}

static void add_hex(struct pyro_buf *buf, const struct pyro_query_cell *cell)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < cell->size; i++) {
		unsigned char byte = (unsigned char)cell->bytes[i];
		pyro_buf_add_char(buf, digits[byte >> 4]);
		pyro_buf_add_char(buf, digits[byte & 15]);
	}
}

/* The shortest text that reads back as the same number. */
static void add_real(struct pyro_buf *buf, double real)
{
	char text[40];
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, real);
		if (strtod(text, NULL) == real)
			break;
	}
	pyro_buf_add_text(buf, text);
	if (isfinite(real) && !strpbrk(text, ".eE"))
		pyro_buf_add_text(buf, ".0");
}

static void add_json(struct pyro_buf *buf, const struct pyro_query_cell *cell)
{
	switch (cell->kind) {
	case PYRO_QUERY_INTEGER:
		pyro_json_signed(buf, NULL, cell->integer);
		break;
	case PYRO_QUERY_REAL:
		if (isfinite(cell->real))
			add_real(buf, cell->real);
		else
			pyro_json_null(buf, NULL);
		break;
	case PYRO_QUERY_TEXT:
		pyro_json_bytes(buf, NULL, cell->bytes, cell->size);
		break;
	case PYRO_QUERY_BLOB:
		pyro_buf_add_char(buf, '"');
		add_hex(buf, cell);
		pyro_buf_add_char(buf, '"');
		break;
	default:
		pyro_json_null(buf, NULL);
		break;
	}
}

static void add_csv_text(struct pyro_buf *buf, const char *text, size_t size)
{
	bool quote = false;
	for (size_t i = 0; i < size && !quote; i++)
		quote = text[i] == '"' || text[i] == ',' || text[i] == '\r' || text[i] == '\n';
	if (!quote) {
		pyro_buf_add(buf, text, size);
		return;
	}
	pyro_buf_add_char(buf, '"');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"')
			pyro_buf_add_char(buf, '"');
		pyro_buf_add_char(buf, text[i]);
	}
	pyro_buf_add_char(buf, '"');
}

/* Plain text of a number; of the rest as @format wants it. */
static void add_plain(struct pyro_buf *buf, const struct pyro_query_cell *cell, bool terminal)
{
	switch (cell->kind) {
	case PYRO_QUERY_INTEGER:
		pyro_buf_add_format(buf, "%lld", (long long)cell->integer);
		break;
	case PYRO_QUERY_REAL:
		add_real(buf, cell->real);
		break;
	case PYRO_QUERY_TEXT:
		if (terminal)
			pyro_escape_terminal(buf, cell->bytes, cell->size);
		else
			add_csv_text(buf, cell->bytes, cell->size);
		break;
	case PYRO_QUERY_BLOB:
		if (terminal)
			pyro_buf_add_format(buf, "(%zu bytes)", cell->size);
		else
			add_hex(buf, cell);
		break;
	default:
		break;
	}
}

/* Drops characters from the front until the text fits: ends of names and files tell the most. */
static const char *cut(const struct pyro_answer *a, const char *text, size_t *size, size_t width,
		       bool *ret_cut)
{
	size_t mark = a->unicode ? 1 : 2;
	*ret_cut = false;
	while (*size > 0 && pyro_escape_columns(text, *size) + (*ret_cut ? mark : 0) > width) {
		*ret_cut = true;
		do {
			text++;
			(*size)--;
		} while (*size > 0 && ((unsigned char)*text & 0xc0) == 0x80);
	}
	return text;
}

static void add_padding(struct pyro_buf *buf, size_t count)
{
	while (count-- > 0)
		pyro_buf_add_char(buf, ' ');
}

static void add_cell(struct pyro_answer *a, size_t column, const char *text, size_t size,
		     bool right)
{
	bool was_cut = false;
	bool last = column + 1 == a->columns;
	size_t width = a->widths[column];
	if (a->width)
		text = cut(a, text, &size, width, &was_cut);
	size_t used = pyro_escape_columns(text, size) + (was_cut ? (a->unicode ? 1 : 2) : 0);
	size_t padding = used < width ? width - used : 0;
	if (column > 0)
		pyro_buf_add_text(&a->out, "  ");
	if (right)
		add_padding(&a->out, padding);
	if (was_cut)
		pyro_buf_add_text(&a->out, a->unicode ? "…" : "..");
	pyro_buf_add(&a->out, text, size);
	if (!right && !last)
		add_padding(&a->out, padding);
	if (last)
		pyro_buf_add_char(&a->out, '\n');
}

/* Takes from the widest column until a row fits. */
static void squeeze(struct pyro_answer *a)
{
	for (;;) {
		size_t widest = 0;
		size_t sum = 2 * (a->columns - 1);
		for (size_t i = 0; i < a->columns; i++) {
			sum += a->widths[i];
			if (a->widths[i] > a->widths[widest])
				widest = i;
		}
		if (sum <= a->width || a->widths[widest] <= MIN_COLUMN)
			return;
		a->widths[widest]--;
	}
}

static void widen(struct pyro_answer *a, size_t column, const char *text, size_t size)
{
	size_t columns = pyro_escape_columns(text, size);
	if (columns > a->widths[column])
		a->widths[column] = columns;
}

static enum pyro_rc lay_out(struct pyro_answer *a)
{
	size_t rows = a->rows;
	if (a->laid_out || a->columns == 0)
		return PYRO_RC_OK;
	a->laid_out = true;
	for (size_t i = 0; i < a->columns; i++)
		widen(a, i, a->names[i], strlen(a->names[i]));
	size_t start = 0;
	for (size_t i = 0; i < rows * a->columns; i++) {
		widen(a, i % a->columns, a->waiting.data + start, a->ends[i] - start);
		start = a->ends[i];
	}
	if (a->width)
		squeeze(a);
	for (size_t i = 0; i < a->columns; i++) {
		bool right = rows > 0 && a->right[i];
		add_cell(a, i, a->names[i], strlen(a->names[i]), right);
	}
	start = 0;
	for (size_t i = 0; i < rows * a->columns; i++) {
		add_cell(a, i % a->columns, a->waiting.data + start, a->ends[i] - start,
			 a->right[i]);
		start = a->ends[i];
	}
	pyro_buf_deinit(&a->waiting);
	return print_out(a);
}

enum pyro_rc pyro_answer_columns(void *context, const char *const *names, size_t count)
{
	struct pyro_answer *a = context;
	a->columns = count;
	a->names = calloc(count + 1, sizeof(*a->names));
	a->widths = calloc(count + 1, sizeof(*a->widths));
	a->ends = calloc(PYRO_ANSWER_LOOK_AHEAD * count + 1, sizeof(*a->ends));
	a->right = calloc(PYRO_ANSWER_LOOK_AHEAD * count + 1, sizeof(*a->right));
	if (!a->names || !a->widths || !a->ends || !a->right)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < count; i++) {
		struct pyro_buf name;
		pyro_buf_init(&name, OUT_LIMIT);
		if (a->format == PYRO_ANSWER_TABLE)
			pyro_escape_terminal(&name, names[i], strlen(names[i]));
		else if (a->format == PYRO_ANSWER_JSON)
			pyro_json_text(&name, NULL, names[i]);
		else
			add_csv_text(&name, names[i], strlen(names[i]));
		enum pyro_rc rc = pyro_buf_status(&name);
		if (rc == PYRO_RC_OK && !(a->names[i] = strdup(name.data ? name.data : "")))
			rc = PYRO_RC_NOMEM;
		pyro_buf_deinit(&name);
		if (rc != PYRO_RC_OK)
			return rc;
		if (a->format == PYRO_ANSWER_CSV) {
			pyro_buf_add_text(&a->out, i ? "," : "");
			pyro_buf_add_text(&a->out, a->names[i]);
		}
	}
	if (a->format == PYRO_ANSWER_CSV && count > 0)
		pyro_buf_add_text(&a->out, "\r\n");
	if (a->format == PYRO_ANSWER_JSON)
		pyro_buf_add_char(&a->out, '[');
	return print_out(a);
}

static enum pyro_rc table_row(struct pyro_answer *a, const struct pyro_query_cell *cells)
{
	if (a->rows == PYRO_ANSWER_LOOK_AHEAD) {
		enum pyro_rc rc = lay_out(a);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	for (size_t i = 0; i < a->columns; i++) {
		bool right =
			cells[i].kind == PYRO_QUERY_INTEGER || cells[i].kind == PYRO_QUERY_REAL;
		if (!a->laid_out) {
			size_t at = a->rows * a->columns + i;
			add_plain(&a->waiting, &cells[i], true);
			a->ends[at] = a->waiting.size;
			a->right[at] = right;
			continue;
		}
		struct pyro_buf text;
		pyro_buf_init(&text, OUT_LIMIT);
		add_plain(&text, &cells[i], true);
		if (pyro_buf_status(&text) == PYRO_RC_OK)
			add_cell(a, i, text.data ? text.data : "", text.size, right);
		else
			a->out.failed = true;
		pyro_buf_deinit(&text);
	}
	a->rows++;
	enum pyro_rc rc = pyro_buf_status(&a->waiting);
	return rc == PYRO_RC_OK ? print_out(a) : rc;
}

enum pyro_rc pyro_answer_row(void *context, const struct pyro_query_cell *cells, size_t count)
{
	struct pyro_answer *a = context;
	if (a->format == PYRO_ANSWER_TABLE)
		return table_row(a, cells);
	if (a->format == PYRO_ANSWER_JSON)
		pyro_buf_add_text(&a->out, a->rows ? ",\n {" : "\n {");
	for (size_t i = 0; i < count; i++) {
		if (a->format == PYRO_ANSWER_JSON) {
			pyro_buf_add_format(&a->out, "%s%s: ", i ? ", " : "", a->names[i]);
			add_json(&a->out, &cells[i]);
		} else {
			pyro_buf_add_text(&a->out, i ? "," : "");
			add_plain(&a->out, &cells[i], false);
		}
	}
	pyro_buf_add_text(&a->out, a->format == PYRO_ANSWER_JSON ? "}" : "\r\n");
	a->rows++;
	return print_out(a);
}

enum pyro_rc pyro_answer_end(struct pyro_answer *a)
{
	if (a->format == PYRO_ANSWER_TABLE)
		return lay_out(a);
	if (a->format == PYRO_ANSWER_JSON)
		pyro_buf_add_text(&a->out, a->rows ? "\n]\n" : "]\n");
	return print_out(a);
}
