/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "cpython/value.h"

#define MAX_COUNT (UINT64_C(1) << 40) /* characters, bytes */

/* What repr escapes beside what a terminal acts on: what cannot be seen, or told from a space, and
 * what has no meaning of its own. Which code points are not assigned yet is up to each version, so
 * those are kept. */
static const struct {
	uint32_t first, last;
} unprintable[] = {
	{0xa0, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
	{0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
	{0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},
	{0x205f, 0x206f},   {0x3000, 0x3000},   {0xd800, 0xf8ff},   {0xfeff, 0xfeff},
	{0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
	{0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
};

static bool is_printable(uint32_t point)
{
	if (point < 0x7f)
		return point >= 0x20;
	for (size_t i = 0; i < PYRO_COUNT(unprintable); i++) {
		if (point >= unprintable[i].first && point <= unprintable[i].last)
			return false;
	}
	return !pyro_utf8_is_active(point) && (point & 0xfffe) != 0xfffe;
}

/* @quote: 0 for none. */
static void add_point(struct pyro_buf *text, uint32_t point, char quote)
{
	char utf8[4];

	if (quote && (point == (uint32_t)quote || point == '\\'))
		pyro_buf_add_format(text, "\\%c", (char)point);
	else if (point == '\n' || point == '\r' || point == '\t')
		pyro_buf_add_text(text, point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t");
	else if (is_printable(point))
		pyro_buf_add(text, utf8, pyro_utf8_encode(point, utf8));
	else if (point <= 0xff)
		pyro_buf_add_format(text, "\\x%02" PRIx32, point);
	else if (point <= 0xffff)
		pyro_buf_add_format(text, "\\u%04" PRIx32, point);
	else
		pyro_buf_add_format(text, "\\U%08" PRIx32, point);
}

bool pyro_value_add_string(struct pyro_values *values, uint64_t addr, bool quoted, size_t limit)
{
	struct pyro_buf *text = &values->text;
	bool single = false, twice = false;
	struct pyro_string string;
	struct pyro_bytes raw;
	char quote = 0;

	if (values->rc != PYRO_RC_OK ||
	    !pyro_value_ok(values,
			   pyro_string_load(values->window, values->layout, addr, limit, &string)))
		return false;
	raw = pyro_string_raw(values->window, &string);
	for (size_t i = 0; i < string.count; i++) {
		const uint32_t point = pyro_string_point(raw, string.width, i);

		if (point > 0x10ffff || (string.ascii && point > 0x7f))
			return false;
		single = single || point == '\'';
		twice = twice || point == '"';
	}
	if (quoted) {
		quote = single && !twice ? '"' : '\'';
		pyro_buf_add_char(text, quote);
	}
	for (size_t i = 0; i < string.count; i++)
		add_point(text, pyro_string_point(raw, string.width, i), quote);
	if (quoted)
		pyro_buf_add_char(text, quote);
	if (string.count < string.total)
		pyro_buf_add_format(text, "... %zu more", string.total - string.count);
	return true;
}

bool pyro_value_write_str(struct pyro_values *values, const struct pyro_value *value)
{
	return pyro_value_add_string(values, value->addr, true, PYRO_MAX_VALUE_CHARS);
}

static bool add_bytes(struct pyro_values *values, uint64_t addr, uint64_t count)
{
	const size_t shown = count < PYRO_MAX_VALUE_CHARS ? (size_t)count : PYRO_MAX_VALUE_CHARS;
	struct pyro_buf *text = &values->text;
	char bytes[PYRO_MAX_VALUE_CHARS], quote;

	if (count > MAX_COUNT || !pyro_value_read(values, addr, bytes, shown))
		return false;
	quote = memchr(bytes, '\'', shown) && !memchr(bytes, '"', shown) ? '"' : '\'';
	pyro_buf_add_format(text, "b%c", quote);
	for (size_t i = 0; i < shown; i++) {
		const uint8_t byte = (uint8_t)bytes[i];

		if (byte < 0x7f)
			add_point(text, byte, quote);
		else
			pyro_buf_add_format(text, "\\x%02x", byte);
	}
	pyro_buf_add_char(text, quote);
	if (shown < count)
		pyro_buf_add_format(text, "... %" PRIu64 " more", count - shown);
	return true;
}

bool pyro_value_write_bytes(struct pyro_values *values, const struct pyro_value *value)
{
	return add_bytes(values, value->addr + values->layout->by_data,
			 pyro_value_u64(value, values->layout->by_length));
}

bool pyro_value_write_bytearray(struct pyro_values *values, const struct pyro_value *value)
{
	pyro_buf_add_format(&values->text, "%s(", value->type->name);
	if (!add_bytes(values, pyro_value_u64(value, values->layout->bytearray_start),
		       pyro_value_u64(value, pyro_value_head(values))))
		return false;
	pyro_buf_add_char(&values->text, ')');
	return true;
}
