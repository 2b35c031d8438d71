/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include "base/utf8.h"

static void add_point(struct pyro_buf *buf, uint32_t point)
{
	char bytes[4];

	pyro_buf_add(buf, bytes, pyro_utf8_encode(point, bytes));
}

void pyro_escape_terminal(struct pyro_buf *buf, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		uint32_t point = pyro_utf8_decode(text, size, &at);

		if (point == '\n')
			pyro_buf_add_text(buf, "\\n");
		else if (point == '\t')
			pyro_buf_add_text(buf, "\\t");
		else if (point < 0x100 && pyro_utf8_is_active(point))
			pyro_buf_add_format(buf, "\\x%02x", point);
		else if (pyro_utf8_is_active(point))
			pyro_buf_add_format(buf, "\\u{%04x}", point);
		else
			add_point(buf, point);
	}
}

void pyro_escape_html(struct pyro_buf *buf, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		uint32_t point = pyro_utf8_decode(text, size, &at);

		switch (point) {
		case '&':
			pyro_buf_add_text(buf, "&amp;");
			break;
		case '<':
			pyro_buf_add_text(buf, "&lt;");
			break;
		case '>':
			pyro_buf_add_text(buf, "&gt;");
			break;
		case '"':
			pyro_buf_add_text(buf, "&quot;");
			break;
		case '\'':
			pyro_buf_add_text(buf, "&#39;");
			break;
		default:
			if (point < 0x20 && point != '\n' && point != '\t')
				point = PYRO_UTF8_REPLACEMENT;
			add_point(buf, point);
		}
	}
}

void pyro_escape_json(struct pyro_buf *buf, const char *text, size_t size)
{
	uint32_t before = 0;

	for (size_t at = 0; at < size;) {
		uint32_t point = pyro_utf8_decode(text, size, &at);

		if (point == '"' || point == '\\' || (point == '/' && before == '<')) {
			pyro_buf_add_char(buf, '\\');
			pyro_buf_add_char(buf, (char)point);
		} else if (point == '<' && at < size && text[at] == '!') {
			pyro_buf_add_text(buf, "\\u003c");
		} else if (point == '\n') {
			pyro_buf_add_text(buf, "\\n");
		} else if (point < 0x10000 && pyro_utf8_is_active(point)) {
			/* JSON allows most of these, a terminal that it is shown on may not. */
			pyro_buf_add_format(buf, "\\u%04x", point);
		} else {
			add_point(buf, point);
		}
		before = point;
	}
}

size_t pyro_escape_columns(const char *text, size_t size)
{
	size_t columns = 0;

	for (size_t at = 0; at < size;)
		columns += pyro_utf8_columns(pyro_utf8_decode(text, size, &at));
	return columns;
}
