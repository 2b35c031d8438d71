/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"

#define MAX_NAME_TEXT 65536

static const struct pyro_signs unicode_signs = {
	.ellipsis = "…",
	.dot = "·",
	.plus_minus = "±",
	.arrow = "→",
	.tree_tee = "├─ ",
	.tree_last = "└─ ",
	.tree_bar = "│  ",
};
static const struct pyro_signs plain_signs = {
	.ellipsis = "..",
	.dot = "-",
	.plus_minus = "+-",
	.arrow = "->",
	.tree_tee = "|- ",
	.tree_last = "`- ",
	.tree_bar = "|  ",
};

static const char *const style_codes[] = {
	[PYRO_INK_PLAIN] = "",           [PYRO_INK_BOLD] = "\033[1m",
	[PYRO_INK_DIM] = "\033[2m",      [PYRO_INK_RUNNING] = "\033[33m",
	[PYRO_INK_WAITING] = "\033[34m",
};

const struct pyro_signs *pyro_text_signs(const struct pyro_report_look *look)
{
	return look->unicode ? &unicode_signs : &plain_signs;
}

size_t pyro_text_width(const struct pyro_report_look *look)
{
	return look->columns ? look->columns : 80;
}

void pyro_text_name(struct pyro_buf *buf, const struct pyro_report_look *look, const char *name)
{
	if (look->unicode) {
		pyro_escape_terminal(buf, name, strlen(name));
		return;
	}
	struct pyro_buf safe;
	pyro_buf_init(&safe, MAX_NAME_TEXT);
	pyro_escape_terminal(&safe, name, strlen(name));
	if (safe.failed)
		buf->failed = true;
	for (size_t at = 0; at < safe.size;) {
		uint32_t point = pyro_utf8_decode(safe.data, safe.size, &at);
		if (point < 0x80)
			pyro_buf_add_char(buf, (char)point);
		else
			pyro_buf_add_format(buf, "\\u{%04x}", point);
	}
	pyro_buf_deinit(&safe);
}

/* The offset at which at most @width columns follow up to the end. */
static size_t tail_start(const char *text, size_t size, size_t columns, size_t width)
{
	size_t at = 0;
	while (at < size && columns > width)
		columns -= pyro_utf8_columns(pyro_utf8_decode(text, size, &at));
	/* No combining mark without the character it belongs to. */
	while (at < size) {
		size_t next = at;
		if (pyro_utf8_columns(pyro_utf8_decode(text, size, &next)) > 0)
			break;
		at = next;
	}
	return at;
}

static size_t head_end(const char *text, size_t size, size_t width)
{
	size_t at = 0;
	while (at < size) {
		size_t next = at;
		size_t columns = pyro_utf8_columns(pyro_utf8_decode(text, size, &next));
		if (columns > width)
			break;
		width -= columns;
		at = next;
	}
	return at;
}

void pyro_text_fit(struct pyro_buf *buf, const struct pyro_report_look *look, const char *text,
		   size_t width, enum pyro_cut cut)
{
	size_t size = strlen(text);
	size_t columns = pyro_escape_columns(text, size);
	if (columns <= width) {
		pyro_buf_add(buf, text, size);
		return;
	}
	const char *ellipsis = pyro_text_signs(look)->ellipsis;
	size_t sign = look->unicode ? 1 : 2;
	size_t room = width > sign ? width - sign : 0;
	size_t head = cut == PYRO_CUT_END                   ? room
		      : cut == PYRO_CUT_MIDDLE && room >= 6 ? room / 3
							    : 0;
	size_t tail = tail_start(text, size, columns, width > sign ? room - head : width);
	pyro_buf_add(buf, text, head_end(text, size, head));
	if (width > sign)
		pyro_buf_add_text(buf, ellipsis);
	pyro_buf_add(buf, text + tail, size - tail);
}

void pyro_text_styled(struct pyro_buf *buf, const struct pyro_report_look *look,
		      enum pyro_ink style, const char *text)
{
	bool coded = look->colour && style != PYRO_INK_PLAIN && text[0] != '\0';
	if (coded)
		pyro_buf_add_text(buf, style_codes[style]);
	pyro_buf_add_text(buf, text);
	if (coded)
		pyro_buf_add_text(buf, "\033[0m");
}

/* What a sequence of ours says of the style; it is skipped. */
static enum pyro_ink take_code(const char **at)
{
	for (size_t i = PYRO_INK_PLAIN + 1; i < PYRO_COUNT(style_codes); i++) {
		if (strncmp(*at, style_codes[i], strlen(style_codes[i])) == 0) {
			*at += strlen(style_codes[i]);
			return (enum pyro_ink)i;
		}
	}
	*at += strcspn(*at, "m");
	*at += **at == 'm';
	return PYRO_INK_PLAIN;
}

bool pyro_text_next_span(const char **at, enum pyro_ink *ink, struct pyro_span *ret_span)
{
	size_t size;
	while (**at == '\033')
		*ink = take_code(at);
	size = strcspn(*at, "\033\n");
	if (size == 0) {
		*at += **at == '\n';
		return false;
	}
	*ret_span = (struct pyro_span){*ink, *at, size};
	*at += size;
	return true;
}

void pyro_text_spaces(struct pyro_buf *buf, size_t count)
{
	while (count-- > 0)
		pyro_buf_add_char(buf, ' ');
}

void pyro_text_item(struct pyro_buf *buf, const char *text)
{
	for (; *text; text++)
		pyro_buf_add_char(buf, *text == ' ' ? PYRO_MARK_SPACE[0] : *text);
}

/* The code that a mark stands for, NULL for any other character. */
static const char *mark_code(char c)
{
	static const struct {
		const char *mark;
		const char *code;
	} marks[] = {
		{PYRO_MARK_BOLD, "\033[1m"},     {PYRO_MARK_DIM, "\033[2m"},
		{PYRO_MARK_RUNNING, "\033[33m"}, {PYRO_MARK_WAITING, "\033[34m"},
		{PYRO_MARK_END, "\033[0m"},
	};
	for (size_t i = 0; i < PYRO_COUNT(marks); i++)
		if (c == marks[i].mark[0])
			return marks[i].code;
	return NULL;
}

static size_t word_columns(const char *word, size_t size)
{
	size_t columns = 0;
	for (size_t at = 0; at < size;) {
		uint32_t point = pyro_utf8_decode(word, size, &at);
		columns += point == (uint32_t)PYRO_MARK_SPACE[0] ? 1 : pyro_utf8_columns(point);
	}
	return columns;
}

/* Writes a word, and notes in *active the style that holds after it. */
static void add_marked(struct pyro_buf *buf, const struct pyro_report_look *look, const char *word,
		       size_t size, const char **active)
{
	for (size_t i = 0; i < size; i++) {
		const char *code = mark_code(word[i]);
		if (!code) {
			pyro_buf_add_char(buf, word[i] == PYRO_MARK_SPACE[0] ? ' ' : word[i]);
			continue;
		}
		if (look->colour)
			pyro_buf_add_text(buf, code);
		*active = word[i] == PYRO_MARK_END[0] ? NULL : code;
	}
}

/* A word that no line can hold: without its marks, cut in the middle. */
static void add_cut(struct pyro_buf *buf, const struct pyro_report_look *look, const char *word,
		    size_t size, size_t width)
{
	struct pyro_buf bare;
	pyro_buf_init(&bare, MAX_NAME_TEXT);
	for (size_t i = 0; i < size; i++)
		if (!mark_code(word[i]))
			pyro_buf_add_char(&bare, word[i] == PYRO_MARK_SPACE[0] ? ' ' : word[i]);
	if (bare.failed)
		buf->failed = true;
	else if (bare.data)
		pyro_text_fit(buf, look, bare.data, width, PYRO_CUT_MIDDLE);
	if (look->colour)
		pyro_buf_add_text(buf, "\033[0m"); /* a mark may have ended in this word */
	pyro_buf_deinit(&bare);
}

/* What stands between two words: spaces, or the dot between items. Gone where a line ends. */
struct gap {
	size_t spaces;
	bool dot;
};

/* Each line stands for itself: a style ends with it and begins anew on the next. */
static void new_line(struct pyro_buf *buf, const struct pyro_report_look *look, size_t indent,
		     const char *active)
{
	pyro_buf_add_text(buf, active && look->colour ? "\033[0m\n" : "\n");
	pyro_text_spaces(buf, indent);
	if (active && look->colour)
		pyro_buf_add_text(buf, active);
}

static const char *skip_gap(const char *text, struct gap *ret_gap)
{
	*ret_gap = (struct gap){0};
	for (; *text == ' ' || *text == PYRO_MARK_DOT[0]; text++) {
		ret_gap->spaces++;
		if (*text == PYRO_MARK_DOT[0])
			ret_gap->dot = true;
	}
	if (ret_gap->dot)
		ret_gap->spaces = 5;
	return text;
}

static void add_gap(struct pyro_buf *buf, const struct pyro_report_look *look, struct gap gap,
		    const char *active)
{
	if (!gap.dot) {
		pyro_text_spaces(buf, gap.spaces);
		return;
	}
	pyro_text_spaces(buf, 2);
	pyro_text_styled(buf, look, active ? PYRO_INK_PLAIN : PYRO_INK_DIM,
			 pyro_text_signs(look)->dot);
	pyro_text_spaces(buf, 2);
}

void pyro_text_paragraph(struct pyro_buf *buf, const struct pyro_report_look *look,
			 const char *lead, const char *text)
{
	size_t width = pyro_text_width(look);
	size_t indent = word_columns(lead, strlen(lead));
	size_t column = indent;
	const char *active = NULL;
	add_marked(buf, look, lead, strlen(lead), &active);
	while (*text) {
		struct gap gap;
		text = skip_gap(text, &gap);
		size_t size = strcspn(text, " " PYRO_MARK_DOT);
		if (size == 0)
			break;
		size_t columns = word_columns(text, size);
		if (column > indent && column + gap.spaces + columns > width) {
			new_line(buf, look, indent, active);
			column = indent;
		} else if (column > indent) {
			add_gap(buf, look, gap, active);
			column += gap.spaces;
		}
		if (column + columns > width) {
			add_cut(buf, look, text, size, width > column ? width - column : 1);
			column = width;
			active = NULL;
		} else {
			add_marked(buf, look, text, size, &active);
			column += columns;
		}
		text += size;
	}
	pyro_buf_add_char(buf, '\n');
}
