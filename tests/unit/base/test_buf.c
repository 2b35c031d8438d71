/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

static void appends_and_terminates(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	pyro_buf_add_text(&buf, "ab");
	pyro_buf_add_format(&buf, "%d-%s", 42, "x");
	pyro_buf_add_char(&buf, '!');
	assert_string_equal(buf.data, "ab42-x!");
	assert_int_equal(buf.size, 7);
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
	pyro_buf_deinit(&buf);
}

static void stops_at_its_limit(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 4);
	pyro_buf_add_text(&buf, "abc");
	pyro_buf_add_text(&buf, "de");
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_NOMEM);
	assert_string_equal(buf.data, "abc");
	pyro_buf_add_text(&buf, "f");
	assert_string_equal(buf.data, "abc");
	pyro_buf_reset(&buf);
	pyro_buf_add_text(&buf, "wxyz");
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
	pyro_buf_deinit(&buf);
}

static void varints_come_back(void **state)
{
	static const int64_t values[] = {0, 1, -1, 63, -64, 300, INT64_MAX, INT64_MIN};
	struct pyro_cursor cursor;
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1000);
	for (size_t i = 0; i < PYRO_COUNT(values); i++) {
		pyro_buf_add_varint(&buf, (uint64_t)values[i]);
		pyro_buf_add_varint_signed(&buf, values[i]);
	}
	pyro_cursor_init(&cursor, buf.data, buf.size);
	for (size_t i = 0; i < PYRO_COUNT(values); i++) {
		assert_true(pyro_cursor_varint(&cursor) == (uint64_t)values[i]);
		assert_true(pyro_cursor_varint_signed(&cursor) == values[i]);
	}
	assert_false(cursor.failed);
	assert_int_equal(cursor.at, buf.size);
	pyro_buf_deinit(&buf);
}

static void a_cursor_fails_once_and_stays(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct pyro_cursor cursor;

	pyro_cursor_init(&cursor, bytes, sizeof(bytes));
	assert_int_equal(pyro_cursor_u32(&cursor), 0x04030201);
	assert_int_equal(pyro_cursor_u32(&cursor), 0);
	assert_true(cursor.failed);
	assert_int_equal(cursor.at, 4);
	assert_int_equal(pyro_cursor_u8(&cursor), 0);
	assert_null(pyro_cursor_bytes(&cursor, 1));
	assert_int_equal(cursor.at, 4);
}

static void an_endless_varint_is_refused(void **state)
{
	uint8_t bytes[16];
	struct pyro_cursor cursor;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xff;
	pyro_cursor_init(&cursor, bytes, sizeof(bytes));
	assert_int_equal(pyro_cursor_varint(&cursor), 0);
	assert_true(cursor.failed);
	assert_int_equal(cursor.at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_and_terminates),
		cmocka_unit_test(stops_at_its_limit),
		cmocka_unit_test(varints_come_back),
		cmocka_unit_test(a_cursor_fails_once_and_stays),
		cmocka_unit_test(an_endless_varint_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
