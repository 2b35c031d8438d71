/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/show.h"

static void check(const char *word, const char *expected)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 12);
	pyro_show_shell_word(&buf, word);
	assert_string_equal(buf.data, expected);
	pyro_buf_deinit(&buf);
}

static void test_shell_words(void **state)
{
	check("shop-1.pyro", "shop-1.pyro");
	check("/tmp/a b.pyro", "'/tmp/a b.pyro'");
	check("it's", "'it'\\''s'");
	check("$(x)", "'$(x)'");
	check("", "''");
	check("ä", "ä");
	check("a\033[31m", "'a\\x1b[31m'");
}

static void test_a_buffer_that_is_not_whole_is_an_error(void **state)
{
	struct pyro_buf buf;
	struct pyro_err err;

	pyro_buf_init(&buf, 4);
	pyro_buf_add_text(&buf, "longer than four");
	assert_int_equal(pyro_show_buf(&buf, stdout, &err), PYRO_RC_NOMEM);
	pyro_buf_deinit(&buf);
}

static void test_look_follows_the_environment(void **state)
{
	struct pyro_report_look look;

	setenv("COLUMNS", "40", 1);
	setenv("LINES", "10", 1);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	pyro_show_look(1, &look);
	assert_int_equal(look.columns, 40);
	assert_int_equal(look.lines, 10);
	assert_false(look.colour);
	assert_true(look.unicode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell_words),
		cmocka_unit_test(test_a_buffer_that_is_not_whole_is_an_error),
		cmocka_unit_test(test_look_follows_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
