/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/formats.h"

static void test_table_is_whole(void **state)
{
	for (const struct pyro_format *format = pyro_formats; format->name; format++) {
		assert_non_null(format->suffixes[0]);
		assert_true(*format->description);
		assert_true(*format->lost);
		assert_non_null(format->write);
		assert_ptr_equal(pyro_format_find(format->name), format);
		/* By name: help and lists show it so. */
		if (format[1].name)
			assert_true(strcmp(format->name, format[1].name) < 0);
	}
	assert_null(pyro_format_find(""));
	assert_null(pyro_format_find("Folded"));
}

static void test_choice_by_path(void **state)
{
	assert_string_equal(pyro_format_by_path("a.folded")->name, "folded");
	assert_string_equal(pyro_format_by_path("/x/a.b.collapsed")->name, "folded");
	assert_string_equal(pyro_format_by_path("a.speedscope.json")->name, "speedscope");
	assert_null(pyro_format_by_path("a.json"));
	assert_null(pyro_format_by_path("-"));
	assert_null(pyro_format_by_path(".folded"));
	assert_null(pyro_format_by_path("folded"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_choice_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
