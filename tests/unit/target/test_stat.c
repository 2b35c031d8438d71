/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "target/stat.h"

#define REST                                                                                       \
	" 7 8 9 0 -1 4194304 1 2 3 4 111 222 0 0 20 0 5 0 987654 1000 100 18446744073709551615 1 " \
	"1 0 0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

static bool parse(const char *text, struct pyro_stat *ret_stat)
{
	return pyro_stat_parse(text, strlen(text), ret_stat);
}

static void test_finds_the_fields(void **state)
{
	struct pyro_stat stat;

	(void)state;
	assert_true(parse("42 (python3) S" REST, &stat));
	assert_int_equal(stat.id, 42);
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.parent, 7);
	assert_int_equal(stat.utime, 111);
	assert_int_equal(stat.stime, 222);
	assert_int_equal(stat.threads, 5);
	assert_int_equal(stat.start_ticks, 987654);
	assert_int_equal(stat.cpu, 3);
	assert_int_equal(stat.comm_size, 7);
	assert_memory_equal(stat.comm, "python3", 7);
}

static void test_names_cannot_fake_fields(void **state)
{
	static const char *const names[] = {") R 1 (", "a) Z 0 0 0", "))))", "(", "", " ", "\n) S"};
	struct pyro_stat stat;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[512] = "42 (";

		strncat(text, names[i], 64);
		strncat(text, ") D" REST, 400);
		assert_true(parse(text, &stat));
		assert_int_equal(stat.state, 'D');
		assert_int_equal(stat.parent, 7);
		assert_int_equal(stat.cpu, 3);
		assert_int_equal(stat.comm_size, strlen(names[i]));
	}
}

static void test_refuses_what_is_cut_off(void **state)
{
	static const char whole[] = "42 (a b) S" REST;
	struct pyro_stat stat;
	const char *start = strstr(whole, "987654") - whole + whole;

	(void)state;
	for (size_t size = 0; size < (size_t)(start - whole); size++)
		assert_false(pyro_stat_parse(whole, size, &stat));
	/* With the start time but without the processor. */
	assert_true(pyro_stat_parse(whole, (size_t)(start - whole) + 6, &stat));
	assert_int_equal(stat.cpu, -1);
	assert_false(parse("x (a) S" REST, &stat));
	assert_false(parse("99999999999 (a) S" REST, &stat));
	assert_false(parse("42 a) S" REST, &stat));
	assert_false(parse("42 ) (S", &stat));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_the_fields),
		cmocka_unit_test(test_names_cannot_fake_fields),
		cmocka_unit_test(test_refuses_what_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
