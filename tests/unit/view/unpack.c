/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <zlib.h>

enum pyro_rc sink_to_buf(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	pyro_buf_add(context, bytes, size);
	return pyro_buf_status(context);
}

static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void add_base64(struct pyro_buf *buf, const char *text, size_t size)
{
	assert_int_equal(size % 4, 0);
	for (size_t i = 0; i < size; i += 4) {
		int a = digit(text[i]), b = digit(text[i + 1]);
		int c = digit(text[i + 2]), d = digit(text[i + 3]);

		assert_true(a >= 0 && b >= 0);
		pyro_buf_add_char(buf, (char)(a << 2 | b >> 4));
		if (c < 0) {
			assert_true(i + 4 == size && text[i + 2] == '=' && text[i + 3] == '=');
			return;
		}
		pyro_buf_add_char(buf, (char)((b & 15) << 4 | c >> 2));
		if (d < 0) {
			assert_true(i + 4 == size && text[i + 3] == '=');
			return;
		}
		pyro_buf_add_char(buf, (char)((c & 3) << 6 | d));
	}
}

static void add_inflated(struct pyro_buf *buf, const struct pyro_buf *packed)
{
	z_stream stream = {0};
	unsigned char piece[65536];
	int status;

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (unsigned char *)packed->data;
	stream.avail_in = (uInt)packed->size;
	do {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		status = inflate(&stream, Z_NO_FLUSH);
		assert_true(status == Z_OK || status == Z_STREAM_END);
		pyro_buf_add(buf, piece, sizeof(piece) - stream.avail_out);
	} while (status != Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	inflateEnd(&stream);
}

size_t unpack_page(const struct pyro_buf *page, struct pyro_buf *ret_data)
{
	static const char open[] = "<script type=\"text/plain\" class=\"pyro-data\">";
	struct pyro_buf packed;
	size_t elements = 0;
	const char *at = page->data;

	pyro_buf_init(&packed, 1 << 28);
	while (at && (at = strstr(at, open))) {
		const char *text = at + strlen(open);
		const char *end = strstr(text, "</script>");

		assert_non_null(end);
		add_base64(&packed, text, (size_t)(end - text));
		elements++;
		at = end;
	}
	if (elements > 0)
		add_inflated(ret_data, &packed);
	pyro_buf_deinit(&packed);
	assert_int_equal(pyro_buf_status(ret_data), PYRO_RC_OK);
	return elements;
}

struct pyro_cursor find_section(const struct pyro_buf *data, const char *name)
{
	struct pyro_cursor cursor, section;

	pyro_cursor_init(&cursor, data->data, data->size);
	assert_memory_equal(pyro_cursor_bytes(&cursor, 9), "PYROVIEW\x01", 9);
	while (!cursor.failed) {
		const char *found = pyro_cursor_bytes(&cursor, 4);
		size_t size = (size_t)pyro_cursor_varint(&cursor);
		const void *body = pyro_cursor_bytes(&cursor, size);

		if (found && body && memcmp(found, name, 4) == 0) {
			pyro_cursor_init(&section, body, size);
			return section;
		}
	}
	fail_msg("there is no section %s", name);
	return cursor;
}
