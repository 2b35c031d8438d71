/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/escape.h"
#include "report/bar.h"

static const struct pyro_report_look unicode = {.unicode = true};
static const struct pyro_report_look ascii = {0};

static void check(const struct pyro_report_look *look, double running, double waiting,
		  const char *solid, const char *shaded)
{
	struct pyro_bar bar;
	pyro_bar_draw(look, running, waiting, 100, 8, &bar);
	assert_string_equal(bar.running, solid);
	assert_string_equal(bar.waiting, shaded);
}

static void test_eighths(void **state)
{
	check(&unicode, 100, 0, "████████", "");
	check(&unicode, 50, 0, "████", "");
	check(&unicode, 56, 0, "████▌", "");
	check(&unicode, 0.01, 0, "▏", "");
	check(&unicode, 0, 0, "", "");
	check(&unicode, 400, 0, "████████", "");
}

static void test_two_parts(void **state)
{
	check(&unicode, 50, 50, "████", "░░░░");
	check(&unicode, 0, 0.1, "", "░");
	check(&ascii, 25, 50, "##", "....");
	check(&ascii, 0.1, 0, "#", "");
}

static void test_never_wider(void **state)
{
	struct pyro_bar bar;
	for (int running = 0; running <= 100; running += 7) {
		for (int waiting = 0; waiting <= 120; waiting += 5) {
			pyro_bar_draw(&unicode, running, waiting, 100, 60, &bar);
			assert_true(pyro_escape_columns(bar.running, strlen(bar.running)) +
					    pyro_escape_columns(bar.waiting, strlen(bar.waiting)) <=
				    60);
		}
	}
	pyro_bar_draw(&unicode, 1, 1, 0, 8, &bar);
	assert_string_equal(bar.running, "");
	assert_string_equal(bar.waiting, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eighths),
		cmocka_unit_test(test_two_parts),
		cmocka_unit_test(test_never_wider),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
