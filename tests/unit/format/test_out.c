/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "format/out.h"

struct pieces {
	size_t count;
	size_t bytes;
};

static enum pyro_rc count_piece(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	struct pieces *pieces = context;

	pieces->count++;
	pieces->bytes += size;
	return PYRO_RC_OK;
}

static void test_large_pieces_and_nothing_lost(void **state)
{
	struct pieces pieces = {0};
	const struct pyro_format_sink sink = {&pieces, count_piece};
	struct pyro_format_out out;

	pyro_format_out_init(&out, &sink, NULL);
	for (int i = 0; i < 100000; i++) {
		pyro_buf_add_text(&out.text, "0123456789");
		assert_int_equal(pyro_format_out_settle(&out), PYRO_RC_OK);
	}
	assert_int_equal(pyro_format_out_flush(&out), PYRO_RC_OK);
	assert_int_equal(pieces.bytes, 1000000);
	assert_true(pieces.count < 20);
	/* Nothing more to hand on. */
	pieces.count = 0;
	assert_int_equal(pyro_format_out_flush(&out), PYRO_RC_OK);
	assert_int_equal(pieces.count, 0);
	pyro_format_out_deinit(&out);
}

static enum pyro_rc keep_piece(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	pyro_buf_add(context, bytes, size);
	return PYRO_RC_OK;
}

static void test_json_goes_on_over_pieces(void **state)
{
	struct pyro_buf all, whole;
	const struct pyro_format_sink sink = {&all, keep_piece};
	struct pyro_format_out out;

	pyro_buf_init(&all, 16 << 20);
	pyro_buf_init(&whole, 16 << 20);
	pyro_format_out_init(&out, &sink, NULL);
	pyro_json_open(&out.text, NULL, '[');
	pyro_json_open(&whole, NULL, '[');
	for (uint64_t i = 0; i < 100000; i++) {
		pyro_json_number(&out.text, NULL, i);
		pyro_json_number(&whole, NULL, i);
		assert_int_equal(pyro_format_out_settle(&out), PYRO_RC_OK);
	}
	assert_int_equal(pyro_format_out_flush(&out), PYRO_RC_OK);
	assert_int_equal(all.size, whole.size);
	assert_memory_equal(all.data, whole.data, all.size);
	pyro_buf_deinit(&all);
	pyro_buf_deinit(&whole);
	pyro_format_out_deinit(&out);
}

static void test_a_failed_append_is_an_error(void **state)
{
	struct pieces pieces = {0};
	const struct pyro_format_sink sink = {&pieces, count_piece};
	struct pyro_format_out out;
	struct pyro_err err;

	pyro_format_out_init(&out, &sink, &err);
	out.text.failed = true;
	assert_int_equal(pyro_format_out_settle(&out), PYRO_RC_NOMEM);
	assert_int_equal(err.rc, PYRO_RC_NOMEM);
	assert_int_equal(pieces.count, 0);
	pyro_format_out_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_pieces_and_nothing_lost),
		cmocka_unit_test(test_json_goes_on_over_pieces),
		cmocka_unit_test(test_a_failed_append_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
