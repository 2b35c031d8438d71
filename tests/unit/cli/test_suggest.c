/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/suggest.h"

static void test_distance(void **state)
{
	assert_int_equal(pyro_suggest_distance("", ""), 0);
	assert_int_equal(pyro_suggest_distance("run", "run"), 0);
	assert_int_equal(pyro_suggest_distance("run", ""), 3);
	assert_int_equal(pyro_suggest_distance("rum", "run"), 1);
	assert_int_equal(pyro_suggest_distance("rnu", "run"), 1);
	assert_int_equal(pyro_suggest_distance("attach", "atach"), 1);
	assert_int_equal(pyro_suggest_distance("kitten", "sitting"), 3);
}

static void test_long_words_are_cut(void **state)
{
	char a[1000];

	memset(a, 'a', sizeof(a) - 1);
	a[sizeof(a) - 1] = '\0';
	assert_int_equal(pyro_suggest_distance(a, a), 0);
	assert_int_equal(pyro_suggest_distance(a, ""), 63);
}

static const char *nearest(const char *typed)
{
	static const char *const names[] = {"run", "attach", "report", "convert", "query"};
	struct pyro_suggest suggest;

	pyro_suggest_init(&suggest, typed);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		pyro_suggest_try(&suggest, names[i]);
	return suggest.best;
}

static void test_suggests_only_what_may_be_meant(void **state)
{
	assert_string_equal(nearest("rum"), "run");
	assert_string_equal(nearest("atach"), "attach");
	assert_string_equal(nearest("reprot"), "report");
	assert_string_equal(nearest("conv"), "convert");
	assert_null(nearest("shop.py"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
	assert_null(nearest("speedscope"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long_words_are_cut),
		cmocka_unit_test(test_suggests_only_what_may_be_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
