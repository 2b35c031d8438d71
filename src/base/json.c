/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

#include "base/escape.h"

/* What stands before tells whether this is the first: no value ends like that. */
static void separate(struct pyro_buf *buf)
{
	size_t end = buf->size;

	while (end > 0 && (buf->data[end - 1] == '\n' || buf->data[end - 1] == ' '))
		end--;
	if (end == 0)
		return;
	switch (buf->data[end - 1]) {
	case '{':
	case '[':
	case ':':
	case ',':
		return;
	default:
		pyro_buf_add_char(buf, ',');
	}
}

static void quoted(struct pyro_buf *buf, const char *text, size_t size)
{
	pyro_buf_add_char(buf, '"');
	pyro_escape_json(buf, text, size);
	pyro_buf_add_char(buf, '"');
}

/* Captures have millions of them. */
static void add_digits(struct pyro_buf *buf, uint64_t value, bool negative)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	if (negative)
		digits[--at] = '-';
	pyro_buf_add(buf, digits + at, sizeof(digits) - at);
}

void pyro_json_line(struct pyro_buf *buf)
{
	separate(buf);
	pyro_buf_add_char(buf, '\n');
}

void pyro_json_key(struct pyro_buf *buf, const char *name)
{
	separate(buf);
	if (!name)
		return;
	quoted(buf, name, strlen(name));
	pyro_buf_add_char(buf, ':');
}

void pyro_json_open(struct pyro_buf *buf, const char *name, char bracket)
{
	pyro_json_key(buf, name);
	pyro_buf_add_char(buf, bracket);
}

void pyro_json_close(struct pyro_buf *buf, char bracket)
{
	pyro_buf_add_char(buf, bracket);
}

void pyro_json_text(struct pyro_buf *buf, const char *name, const char *value)
{
	if (value)
		pyro_json_bytes(buf, name, value, strlen(value));
	else
		pyro_json_null(buf, name);
}

void pyro_json_bytes(struct pyro_buf *buf, const char *name, const char *value, size_t size)
{
	pyro_json_key(buf, name);
	quoted(buf, value, size);
}

void pyro_json_null(struct pyro_buf *buf, const char *name)
{
	pyro_json_key(buf, name);
	pyro_buf_add_text(buf, "null");
}

void pyro_json_number(struct pyro_buf *buf, const char *name, uint64_t value)
{
	pyro_json_key(buf, name);
	add_digits(buf, value, false);
}

void pyro_json_signed(struct pyro_buf *buf, const char *name, int64_t value)
{
	pyro_json_key(buf, name);
	add_digits(buf, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

void pyro_json_bool(struct pyro_buf *buf, const char *name, bool value)
{
	pyro_json_key(buf, name);
	pyro_buf_add_text(buf, value ? "true" : "false");
}
