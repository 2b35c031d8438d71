/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/perf_map.h"
#include "support/sample_profile.h"

static void test_asks_by_the_environment(void **state)
{
	(void)state;
	unsetenv("PYTHONPERFSUPPORT");
	assert_int_equal(pyro_perf_map_ask(NULL), PYRO_RC_OK);
	assert_string_equal(getenv("PYTHONPERFSUPPORT"), "1");
}

/* Both processes of the sample become this one, which has a map or not. */
static void test_says_who_did_not(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_err err = {0};
	char path[64], expected[256];
	const int pid = getpid();
	uint32_t old;
	FILE *map;

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		pyro_profile_process_get(profile, i)->pid = pid;
	assert_int_equal(pyro_perf_map_check(profile, &err), PYRO_RC_UNSUPPORTED);
	snprintf(expected, sizeof(expected), "--perf-map: process %d (CPython 3.13.0) wrote no ",
		 pid);
	assert_non_null(strstr(err.message, expected));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	map = fopen(path, "wx");
	assert_non_null(map);
	fclose(map);
	assert_int_equal(pyro_perf_map_check(profile, &err), PYRO_RC_OK);
	assert_int_equal(pyro_profile_string(profile, "CPython 3.9.18", 14, &old), PYRO_RC_OK);
	pyro_profile_process_get(profile, 1)->python = old;
	assert_int_equal(pyro_perf_map_check(profile, &err), PYRO_RC_UNSUPPORTED);
	snprintf(expected, sizeof(expected),
		 "--perf-map: process %d is CPython 3.9.18, and its functions have no names for "
		 "perf before CPython 3.12",
		 pid);
	assert_string_equal(err.message, expected);
	unlink(path);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks_by_the_environment),
		cmocka_unit_test(test_says_who_did_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
