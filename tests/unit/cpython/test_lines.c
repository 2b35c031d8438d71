/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "cpython/lines.h"

static int32_t line_at(uint32_t minor, const uint8_t *table, size_t size, uint32_t offset)
{
	struct pyro_line_run runs[64];

	assert_true(pyro_lines_bound(size) <= 64);
	return pyro_lines_find(runs, pyro_lines_decode(minor, table, size, 100, runs), 100, offset);
}

static void test_lnotab(void **state)
{
	/* Two bytes of line 100, four of 103, two of 101 (signed), a jump of 300 in two steps. */
	static const uint8_t table[] = {2, 3, 4, (uint8_t)-2, 2, 127, 0, 127};

	(void)state;
	assert_int_equal(line_at(8, table, sizeof(table), 0), 100);
	assert_int_equal(line_at(8, table, sizeof(table), 1), 100);
	assert_int_equal(line_at(9, table, sizeof(table), 2), 103);
	assert_int_equal(line_at(9, table, sizeof(table), 5), 103);
	assert_int_equal(line_at(9, table, sizeof(table), 6), 101);
	assert_int_equal(line_at(9, table, sizeof(table), 8), 101 + 254);
	assert_int_equal(line_at(9, table, sizeof(table), 9999), 101 + 254);
	assert_int_equal(line_at(9, table, sizeof(table), UINT32_MAX), 100);
	assert_int_equal(line_at(9, table, 3, 2), 103); /* half a pair is none */
	assert_int_equal(line_at(9, table, 0, 2), 100);
}

static void test_pairs(void **state)
{
	/* 100 for 4; no line for 2; 98 for 2; 300 lines on in steps without length; 6 of that. */
	static const uint8_t table[] = {4, 0, 2, 0x80, 2, (uint8_t)-2, 0, 127, 6, 127};

	(void)state;
	assert_int_equal(line_at(10, table, sizeof(table), 0), 100);
	assert_int_equal(line_at(10, table, sizeof(table), 3), 100);
	assert_int_equal(line_at(10, table, sizeof(table), 4), 0);
	assert_int_equal(line_at(10, table, sizeof(table), 6), 98);
	assert_int_equal(line_at(10, table, sizeof(table), 8), 98 + 254);
	assert_int_equal(line_at(10, table, sizeof(table), 13), 98 + 254);
	assert_int_equal(line_at(10, table, sizeof(table), 14), 0); /* behind the end */
}

static void test_locations(void **state)
{
	static const uint8_t table[] = {
		0x80 | 15 << 3 | 0,                      /* 1 unit without a line: sets up */
		0x80 | 13 << 3 | 1, 0x04,                /* 2 units, line +2 */
		0x80 | 15 << 3 | 0,                      /* 1 unit without a line */
		0x80 | 11 << 3 | 0, 1,    2,             /* 1 unit, line +1, columns */
		0x80 | 14 << 3 | 0, 0x43, 0x02, 0, 1, 1, /* 1 unit, line -65 */
		0x80 | 3 << 3 | 7,  0,                   /* 8 units of the same line */
	};

	(void)state;
	for (uint32_t minor = 11; minor <= 15; minor++) {
		assert_int_equal(line_at(minor, table, sizeof(table), 0), 100);
		assert_int_equal(line_at(minor, table, sizeof(table), 2), 102);
		assert_int_equal(line_at(minor, table, sizeof(table), 5), 102);
		assert_int_equal(line_at(minor, table, sizeof(table), 6), 0);
		assert_int_equal(line_at(minor, table, sizeof(table), 8), 103);
		assert_int_equal(line_at(minor, table, sizeof(table), 10), 38);
		assert_int_equal(line_at(minor, table, sizeof(table), 27), 38);
		assert_int_equal(line_at(minor, table, sizeof(table), 28), 0);
	}
}

/* Whatever the bytes: within the bound, ordered, no line below 0. */
static void test_garbage(void **state)
{
	uint8_t table[512];
	struct pyro_line_run runs[520];
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		const size_t size = (size_t)round % sizeof(table);

		for (size_t i = 0; i < size; i++) {
			seed = seed * 1664525 + 1013904223;
			table[i] = (uint8_t)(seed >> 24);
		}
		for (uint32_t minor = 8; minor <= 15; minor++) {
			const size_t count =
				pyro_lines_decode(minor, table, size, INT32_MAX - 5, runs);

			assert_true(count <= pyro_lines_bound(size));
			for (size_t i = 0; i < count; i++) {
				assert_true(i == 0 || runs[i].start > runs[i - 1].start);
				assert_true(runs[i].line >= 0);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lnotab),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_locations),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
