/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/wrap.h"

static void check(const char *text, size_t at, size_t indent, size_t width, const char *expected)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 12);
	pyro_wrap_add(&buf, text, at, indent, width);
	assert_string_equal(buf.data ? buf.data : "", expected);
	pyro_buf_deinit(&buf);
}

static void test_wrapping(void **state)
{
	check("", 0, 0, 10, "");
	check("one two three", 0, 0, 80, "one two three");
	check("one two three", 0, 0, 7, "one two\nthree");
	check("one two three", 0, 2, 7, "one two\n  three");
	check("one two three", 4, 4, 11, "one two\n    three");
	/* A word that is too wide stands alone, whole. */
	check("a enormously b", 0, 1, 5, "a\n enormously\n b");
	/* Columns, not bytes. */
	check("ää öö üü", 0, 0, 5, "ää öö\nüü");
}

static void test_paragraphs(void **state)
{
	check("one\n\ntwo", 0, 2, 20, "one\n\n  two");
	check("one\n  kept  as it is\ntwo", 0, 0, 8, "one\n  kept  as it is\ntwo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_paragraphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
