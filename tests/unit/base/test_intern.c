/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"

static void equal_bytes_get_the_same_index(void **state)
{
	struct pyro_intern intern;
	char text[16];
	uint32_t index;

	pyro_intern_init(&intern, 1 << 20);
	/* Twice over, with growth in between. */
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			const int size = snprintf(text, sizeof(text), "name %u", i);

			assert_int_equal(pyro_intern_add(&intern, text, (size_t)size, &index), 0);
			assert_int_equal(index, i);
		}
	}
	assert_int_equal(intern.count, 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		size_t size;
		const char *got = pyro_intern_get(&intern, i, &size);

		snprintf(text, sizeof(text), "name %u", i);
		assert_string_equal(got, text);
		assert_int_equal(size, strlen(text));
	}
	pyro_intern_deinit(&intern);
}

static void bytes_are_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {{NULL, 0}, {"\0", 1}, {"\0\0", 2}, {"a", 1}, {"a\0", 2}, {"\377a", 2}};
	struct pyro_intern intern;
	uint32_t index;

	pyro_intern_init(&intern, 1024);
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < PYRO_COUNT(rows); i++) {
			assert_int_equal(
				pyro_intern_add(&intern, rows[i].bytes, rows[i].size, &index), 0);
			assert_int_equal(index, i);
		}
	}
	for (uint32_t i = 0; i < PYRO_COUNT(rows); i++) {
		size_t size;
		const char *got = pyro_intern_get(&intern, i, &size);

		assert_int_equal(size, rows[i].size);
		assert_int_equal(got[size], 0);
		if (size)
			assert_memory_equal(got, rows[i].bytes, size);
	}
	pyro_intern_deinit(&intern);
}

/* Pointers given out stay good while the table grows. */
static void texts_do_not_move(void **state)
{
	struct pyro_intern intern;
	const char *first;
	uint32_t index;

	pyro_intern_init(&intern, 1 << 20);
	assert_int_equal(pyro_intern_add(&intern, "first", 5, &index), 0);
	first = pyro_intern_get(&intern, index, NULL);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(pyro_intern_add(&intern, &i, sizeof(i), &index), 0);
	assert_ptr_equal(pyro_intern_get(&intern, 0, NULL), first);
	assert_string_equal(first, "first");
	pyro_intern_deinit(&intern);
}

static void the_limit_is_of_bytes(void **state)
{
	struct pyro_intern intern;
	uint32_t index = 99;

	pyro_intern_init(&intern, 10);
	assert_int_equal(pyro_intern_add(&intern, "01234", 5, &index), PYRO_RC_OK);
	assert_int_equal(pyro_intern_add(&intern, "abcdef", 6, &index), PYRO_RC_LIMIT);
	assert_int_equal(index, 0);
	assert_int_equal(pyro_intern_add(&intern, "abcde", 5, &index), PYRO_RC_OK);
	assert_int_equal(index, 1);
	/* Full, but what is in it is still found, and nothing weighs nothing. */
	assert_int_equal(pyro_intern_add(&intern, "x", 1, &index), PYRO_RC_LIMIT);
	assert_int_equal(pyro_intern_add(&intern, "01234", 5, &index), PYRO_RC_OK);
	assert_int_equal(index, 0);
	assert_int_equal(pyro_intern_add(&intern, "", 0, &index), PYRO_RC_OK);
	assert_int_equal(index, 2);
	pyro_intern_deinit(&intern);
}

static void an_index_never_given_is_nothing(void **state)
{
	struct pyro_intern intern;
	uint32_t index;

	pyro_intern_init(&intern, 10);
	assert_null(pyro_intern_get(&intern, 0, NULL));
	assert_int_equal(pyro_intern_add(&intern, "a", 1, &index), PYRO_RC_OK);
	assert_non_null(pyro_intern_get(&intern, 0, NULL));
	assert_null(pyro_intern_get(&intern, 1, NULL));
	assert_null(pyro_intern_get(&intern, UINT32_MAX, NULL));
	pyro_intern_deinit(&intern);
	assert_null(pyro_intern_get(&intern, 0, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_bytes_get_the_same_index),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(texts_do_not_move),
		cmocka_unit_test(the_limit_is_of_bytes),
		cmocka_unit_test(an_index_never_given_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
