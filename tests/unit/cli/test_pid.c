/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/pid.h"

static void a_number_is_read(void **state)
{
	int pid = 0;

	assert_int_equal(pyro_pid_read("dump", "4127", &pid, NULL), PYRO_RC_OK);
	assert_int_equal(pid, 4127);
	assert_int_equal(pyro_pid_read("dump", "4194304", &pid, NULL), PYRO_RC_OK);
	assert_int_equal(pid, 4194304);
}

static void anything_else_is_named(void **state)
{
	static const char *const wrong[] = {
		"",       "0",   "00",   "-1",      "+1",         " 1",
		"1 ",     "12x", "0x10", "4194305", "2147483648", "99999999999999999999",
		"python",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pyro_err err = {.rc = PYRO_RC_OK};
		int pid = -7;

		assert_int_equal(pyro_pid_read("dump", wrong[i], &pid, &err), PYRO_RC_USAGE);
		assert_int_equal(pid, -7);
		assert_ptr_equal(strstr(err.message, "dump: "), err.message);
		assert_non_null(strstr(err.message, wrong[i]));
		assert_non_null(strstr(err.message, "Try: pyrometer doctor"));
	}
}

static void the_own_process_is_refused(void **state)
{
	struct pyro_err err;
	char text[24];
	int pid;

	snprintf(text, sizeof(text), "%d", (int)getpid());
	assert_int_equal(pyro_pid_read("attach", text, &pid, &err), PYRO_RC_USAGE);
	assert_non_null(strstr(err.message, "itself"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_read),
		cmocka_unit_test(anything_else_is_named),
		cmocka_unit_test(the_own_process_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
