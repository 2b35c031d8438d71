/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cpython/version.h"

#define COLLECT(found, text) pyro_version_collect(found, text, sizeof(text), false)

static void test_formats(void **state)
{
	static const struct {
		uint32_t hex;
		const char *text;
	} versions[] = {
		{0x030b07f0, "3.11.7"},   {0x030f00b1, "3.15.0b1"}, {0x030e00c2, "3.14.0rc2"},
		{0x030d00a6, "3.13.0a6"}, {0x030812f0, "3.8.18"},   {0x03080000, "3.8"},
	};
	char text[PYRO_VERSION_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		pyro_version_format(versions[i].hex, text);
		assert_string_equal(text, versions[i].text);
	}
}

static void test_collects_tags_and_versions(void **state)
{
	struct pyro_version_found found = {0};

	(void)state;
	COLLECT(&found,
		"x\0cpython-38\0/opt/python/3.8.18\0"
		"3.8.18\0");
	assert_int_equal(found.minor_count, 1);
	assert_int_equal(found.minors[0], 8);
	assert_int_equal(found.hex_count, 1);
	assert_int_equal(found.hexes[0], 0x030812f0);
	/* It collects on. */
	COLLECT(&found,
		"cpython-310\0"
		"3.10.0rc2+\0"
		"-3.10.1b3");
	assert_int_equal(found.minor_count, 2);
	assert_int_equal(found.minors[1], 10);
	assert_int_equal(found.hex_count, 3);
	assert_int_equal(found.hexes[1], 0x030a00c2);
	assert_int_equal(found.hexes[2], 0x030a01b3);
}

static void test_what_only_looks_like_it(void **state)
{
	struct pyro_version_found found = {0};

	(void)state;
	COLLECT(&found,
		"cpython-38-x86_64-linux-gnu\0xcpython-38\0cpython-3\0cpython-3x\0"
		"cpython-3123\0cpython-27");
	assert_int_equal(found.minor_count, 0);
	COLLECT(&found,
		"13.8.1\0v3.8.1\0"
		"3.8\0"
		"3.8.\0"
		"3.8.1x\0"
		"3.8.1 (main)\0"
		"3.8.999\0"
		"3.8.1000\0"
		"3.123.1\0"
		"3.8.1rc\0"
		"3.8.1r\0"
		"3.");
	assert_int_equal(found.hex_count, 0);
	/* Cut off in the middle: what is not seen to end does not count. */
	pyro_version_collect(&found, "\0cpython-38", 11, false);
	pyro_version_collect(&found,
			     "\0"
			     "3.8.1",
			     6, false);
	assert_int_equal(found.minor_count + found.hex_count, 0);
	/* What begins at the first byte may be the end of something else. */
	pyro_version_collect(&found, "cpython-38", 11, true);
	pyro_version_collect(&found, "3.8.1", 6, true);
	assert_int_equal(found.minor_count + found.hex_count, 0);
	pyro_version_collect(&found, "cpython-38", 11, false);
	pyro_version_collect(&found, "3.8.1", 6, false);
	assert_int_equal(found.minor_count + found.hex_count, 2);
}

static void test_more_than_fits_is_dropped(void **state)
{
	struct pyro_version_found found = {0};

	(void)state;
	for (char digit = '0'; digit <= '9'; digit++) {
		char text[] =
			"\0cpython-3?\0"
			"3.8.?\0"
			"3.8.1?\0"
			"3.8.2?\0"
			"3.8.3?";

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = text[i] == '?' ? digit : text[i];
		pyro_version_collect(&found, text, sizeof(text), false);
	}
	assert_int_equal(found.minor_count, sizeof(found.minors) / sizeof(found.minors[0]));
	assert_int_equal(found.hex_count, sizeof(found.hexes) / sizeof(found.hexes[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_collects_tags_and_versions),
		cmocka_unit_test(test_what_only_looks_like_it),
		cmocka_unit_test(test_more_than_fits_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
