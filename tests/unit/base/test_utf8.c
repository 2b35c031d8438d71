/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/utf8.h"

static bool is_scalar(uint32_t point)
{
	return point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
}

static void every_point_makes_the_round(void **state)
{
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		char text[5];
		const size_t size = pyro_utf8_encode(point, text);
		size_t at = 0;

		/* Asserting is slow: only when it fails. */
		if (size != (!is_scalar(point)  ? 3u
			     : point < 0x80     ? 1u
			     : point < 0x800    ? 2u
			     : point < 0x10000u ? 3u
						: 4u) ||
		    pyro_utf8_decode(text, size, &at) !=
			    (is_scalar(point) ? point : PYRO_UTF8_REPLACEMENT) ||
		    at != size)
			fail_msg("U+%04X", point);
	}
}

static void points_outside_are_replaced(void **state)
{
	const uint32_t outside[] = {0x110000, 0x7fffffff, UINT32_MAX, 0xd800, 0xdfff};

	for (size_t i = 0; i < PYRO_COUNT(outside); i++) {
		char text[4];

		assert_int_equal(pyro_utf8_encode(outside[i], text), 3);
		assert_memory_equal(text, "\357\277\275", 3);
	}
}

/* Goes through @text; every step must give the replacement and one byte. */
static void all_replaced(const char *text, size_t size)
{
	size_t at = 0;

	for (size_t i = 1; i <= size; i++) {
		assert_int_equal(pyro_utf8_decode(text, size, &at), PYRO_UTF8_REPLACEMENT);
		assert_int_equal(at, i);
	}
}

static void invalid_sequences_are_replaced_byte_by_byte(void **state)
{
	static const char *const rows[] = {
		"\200",
		"\277", /* a continuation with no start */
		"\300\200",
		"\301\277", /* overlong ASCII */
		"\340\200\200",
		"\340\237\277", /* overlong two bytes */
		"\360\200\200\200",
		"\360\217\277\277", /* overlong three */
		"\355\240\200",
		"\355\277\277", /* surrogates */
		"\364\220\200\200",
		"\364\277\277\277", /* beyond U+10FFFF */
		"\365\200\200\200",
		"\370\210\200\200\200", /* starts that never are */
		"\376",
		"\377",
	};

	for (size_t i = 0; i < PYRO_COUNT(rows); i++)
		all_replaced(rows[i], strlen(rows[i]));
}

/* Cut, or broken by another byte, at every place: what follows is found again. */
static void broken_sequences_lose_only_themselves(void **state)
{
	static const char *const whole[] = {"\302\200",     "\337\277",         "\342\202\254",
					    "\357\277\277", "\360\220\200\200", "\364\217\277\277"};

	for (size_t i = 0; i < PYRO_COUNT(whole); i++) {
		const size_t size = strlen(whole[i]);
		size_t at = 0;

		assert_int_not_equal(pyro_utf8_decode(whole[i], size, &at), PYRO_UTF8_REPLACEMENT);
		assert_int_equal(at, size);
		for (size_t cut = 1; cut < size; cut++) {
			char text[8];

			/* An exact copy, so that reading on would be caught. */
			PYRO_AUTO_FREE char *exact = malloc(cut);
			assert_non_null(exact);
			memcpy(exact, whole[i], cut);
			all_replaced(exact, cut);
			memcpy(text, whole[i], cut);
			text[cut] = 'x';
			at = 0;
			for (size_t j = 0; j < cut; j++)
				assert_int_equal(pyro_utf8_decode(text, cut + 1, &at),
						 PYRO_UTF8_REPLACEMENT);
			assert_int_equal(pyro_utf8_decode(text, cut + 1, &at), 'x');
		}
	}
}

/* Every pair of bytes: it ends, stays inside, and says ASCII where there is ASCII. */
static void any_bytes_are_read_to_their_end(void **state)
{
	for (uint32_t bytes = 0; bytes < 0x10000; bytes++) {
		const char text[] = {(char)(bytes >> 8), (char)bytes};
		size_t at = 0;

		while (at < sizeof(text)) {
			const size_t from = at;
			const uint32_t point = pyro_utf8_decode(text, sizeof(text), &at);

			if (at <= from || at > sizeof(text) || !is_scalar(point) ||
			    ((uint8_t)text[from] < 0x80) != (point < 0x80))
				fail_msg("%04x at %zu", bytes, from);
		}
	}
}

static void columns_follow_the_width(void **state)
{
	const uint32_t none[] = {0, 7, 0x1b, 0x7f, 0x9f, 0x300, 0x200b, 0xfe0f, 0xe0100};
	const uint32_t one[] = {' ', 'a', 0xa0, 0xe9, 0x416, 0x3b1, 0x20ac, PYRO_UTF8_REPLACEMENT};
	const uint32_t two[] = {0x1100, 0x3042, 0x4e2d, 0xac00, 0xff21, 0x1f600, 0x20000};

	for (size_t i = 0; i < PYRO_COUNT(none); i++)
		assert_int_equal(pyro_utf8_columns(none[i]), 0);
	for (size_t i = 0; i < PYRO_COUNT(one); i++)
		assert_int_equal(pyro_utf8_columns(one[i]), 1);
	for (size_t i = 0; i < PYRO_COUNT(two); i++)
		assert_int_equal(pyro_utf8_columns(two[i]), 2);
}

static void active_points_are_known(void **state)
{
	const uint32_t active[] = {0,      '\n',   0x1f,   0x7f,   0x80,   0x9f,   0x61c, 0x200b,
				   0x200e, 0x2028, 0x202e, 0x2066, 0x2069, 0x206f, 0xfeff};
	const uint32_t passive[] = {' ', '~', 0xa0, 0x2027, 0x202f, 0x2070, 0xfffd, 0x1f600};

	for (size_t i = 0; i < PYRO_COUNT(active); i++)
		assert_true(pyro_utf8_is_active(active[i]));
	for (size_t i = 0; i < PYRO_COUNT(passive); i++)
		assert_false(pyro_utf8_is_active(passive[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_makes_the_round),
		cmocka_unit_test(points_outside_are_replaced),
		cmocka_unit_test(invalid_sequences_are_replaced_byte_by_byte),
		cmocka_unit_test(broken_sequences_lose_only_themselves),
		cmocka_unit_test(any_bytes_are_read_to_their_end),
		cmocka_unit_test(columns_follow_the_width),
		cmocka_unit_test(active_points_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
