/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "support/sample_profile.h"
#include "view/columns.h"

struct fixture {
	struct pyro_profile *profile;
	struct pyro_view_files files;
	struct pyro_buf buf;
	struct pyro_profile_counts counts;
};

static int set_up(void **state)
{
	static struct fixture f;

	f.profile = sample_profile_create();
	pyro_buf_init(&f.buf, 1 << 20);
	pyro_profile_counts(f.profile, &f.counts);
	*state = &f;
	return pyro_view_files_init(&f.files, f.profile, NULL) == PYRO_RC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pyro_view_files_deinit(&f->files);
	pyro_buf_deinit(&f->buf);
	pyro_profile_destroy(f->profile);
	return 0;
}

static struct pyro_cursor start(struct fixture *f, uint64_t expected_count)
{
	struct pyro_cursor cursor;

	assert_int_equal(pyro_buf_status(&f->buf), PYRO_RC_OK);
	pyro_cursor_init(&cursor, f->buf.data, f->buf.size);
	assert_int_equal(pyro_cursor_varint(&cursor), expected_count);
	return cursor;
}

static void assert_read_out(const struct pyro_cursor *cursor)
{
	assert_false(cursor->failed);
	assert_int_equal(cursor->at, cursor->size);
}

static void test_strings(void **state)
{
	struct fixture *f = *state;
	struct pyro_cursor cursor;
	size_t sizes[256];

	pyro_view_columns_strings(&f->buf, f->profile);
	cursor = start(f, f->counts.strings);
	assert_true(f->counts.strings < PYRO_COUNT(sizes));
	for (uint32_t i = 0; i < f->counts.strings; i++)
		sizes[i] = (size_t)pyro_cursor_varint(&cursor);
	for (uint32_t i = 0; i < f->counts.strings; i++) {
		size_t size;
		const char *text = pyro_profile_string_get(f->profile, i, &size);

		assert_int_equal(sizes[i], size);
		assert_memory_equal(pyro_cursor_bytes(&cursor, size), text, size);
	}
	assert_read_out(&cursor);
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	struct pyro_cursor cursor;

	pyro_view_columns_files(&f->buf, &f->files);
	cursor = start(f, f->files.count);
	for (size_t i = 0; i < f->files.count; i++)
		assert_int_equal(pyro_cursor_varint(&cursor), f->files.files[i].string);
	for (size_t i = 0; i < f->files.count; i++)
		assert_int_equal(pyro_cursor_varint(&cursor), f->files.files[i].place->kind);
	for (size_t i = 0; i < f->files.count; i++) {
		size_t size = (size_t)pyro_cursor_varint(&cursor);

		assert_int_equal(size, strlen(f->files.files[i].place->display));
		pyro_cursor_bytes(&cursor, size);
	}
	assert_read_out(&cursor);
}

static void test_functions(void **state)
{
	struct fixture *f = *state;
	struct pyro_cursor cursor;

	pyro_view_columns_functions(&f->buf, f->profile, &f->files);
	cursor = start(f, f->counts.functions);
	for (uint32_t i = 0; i < f->counts.functions; i++)
		assert_int_equal(pyro_cursor_varint(&cursor),
				 pyro_profile_function_get(f->profile, i)->name);
	for (uint32_t i = 0; i < f->counts.functions; i++)
		assert_int_equal(pyro_cursor_varint(&cursor), f->files.of_function[i]);
	for (uint32_t i = 0; i < f->counts.functions; i++)
		assert_int_equal(pyro_cursor_varint_signed(&cursor),
				 pyro_profile_function_get(f->profile, i)->first_line);
	assert_read_out(&cursor);
}

static void test_frames(void **state)
{
	struct fixture *f = *state;
	struct pyro_cursor cursor;

	pyro_view_columns_frames(&f->buf, f->profile);
	cursor = start(f, f->counts.frames);
	for (uint32_t i = 0; i < f->counts.frames; i++)
		assert_int_equal(pyro_cursor_varint(&cursor),
				 pyro_profile_frame_get(f->profile, i)->function);
	for (uint32_t i = 0; i < f->counts.frames; i++)
		assert_int_equal(pyro_cursor_varint_signed(&cursor),
				 pyro_profile_frame_get(f->profile, i)->line);
	assert_read_out(&cursor);
}

static void test_stacks(void **state)
{
	struct fixture *f = *state;
	struct pyro_cursor cursor;

	pyro_view_columns_stacks(&f->buf, f->profile);
	cursor = start(f, f->counts.stacks);
	for (uint32_t i = 0; i < f->counts.stacks; i++) {
		uint32_t parent = pyro_profile_stack_get(f->profile, i)->parent;
		uint64_t back = pyro_cursor_varint(&cursor);

		assert_int_equal(back == 0 ? PYRO_NONE : i - back, parent);
	}
	for (uint32_t i = 0; i < f->counts.stacks; i++)
		assert_int_equal(pyro_cursor_varint(&cursor),
				 pyro_profile_stack_get(f->profile, i)->frame);
	assert_read_out(&cursor);
}

static void test_totals(void **state)
{
	struct fixture *f = *state;
	struct pyro_cursor cursor;
	int64_t value = 0;
	unsigned outside = 0;

	pyro_view_columns_totals(&f->buf, f->profile);
	cursor = start(f, f->counts.totals);
	for (size_t i = 0; i < f->counts.totals; i++) {
		value += pyro_cursor_varint_signed(&cursor);
		assert_int_equal(value, pyro_profile_total_get(f->profile, i)->track);
	}
	value = 0;
	for (size_t i = 0; i < f->counts.totals; i++) {
		uint32_t stack = pyro_profile_total_get(f->profile, i)->stack;

		value += pyro_cursor_varint_signed(&cursor);
		outside += value == 0;
		assert_int_equal(value == 0 ? PYRO_NONE : (uint32_t)value - 1, stack);
	}
	assert_int_equal(outside, 1);
	for (size_t metric = 0; metric < PYRO_METRIC_COUNT; metric++)
		for (size_t i = 0; i < f->counts.totals; i++)
			assert_int_equal(pyro_cursor_varint(&cursor),
					 pyro_profile_total_get(f->profile, i)->values[metric]);
	for (size_t i = 0; i < 2 * f->counts.totals; i++) {
		const struct pyro_total *total =
			pyro_profile_total_get(f->profile, i % f->counts.totals);
		float expected =
			(float)(i < f->counts.totals ? total->wall_squared : total->cpu_squared);
		uint32_t bits = pyro_cursor_u32(&cursor);

		assert_memory_equal(&bits, &expected, sizeof(bits));
	}
	assert_read_out(&cursor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_strings), TEST(test_files),  TEST(test_functions),
		TEST(test_frames),  TEST(test_stacks), TEST(test_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
