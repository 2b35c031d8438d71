/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/rc.h"

static const enum pyro_rc all[] = {
#define ROW(suffix, name, text, status) PYRO_RC_##suffix,
	PYRO_RC_MAP(ROW)
#undef ROW
};

static void each_has_a_name_and_words_of_its_own(void **state)
{
	for (size_t i = 0; i < PYRO_COUNT(all); i++) {
		assert_int_equal(all[i], i);
		assert_true(strlen(pyro_rc_name(all[i])) > 0);
		assert_int_equal(strspn(pyro_rc_name(all[i]), "abcdefghijklmnopqrstuvwxyz"),
				 strlen(pyro_rc_name(all[i])));
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(pyro_rc_name(all[i]), pyro_rc_name(all[j]));
			assert_string_not_equal(pyro_rc_text(all[i]), pyro_rc_text(all[j]));
		}
	}
}

static void exit_statuses_are_those_promised(void **state)
{
	for (size_t i = 0; i < PYRO_COUNT(all); i++) {
		int expected = 125;

		if (all[i] == PYRO_RC_OK)
			expected = 0;
		else if (all[i] == PYRO_RC_CANNOTEXEC)
			expected = 126;
		else if (all[i] == PYRO_RC_NOTARGET)
			expected = 127;
		else if (all[i] == PYRO_RC_USAGE)
			expected = 64;
		assert_int_equal(pyro_rc_exit_status(all[i]), expected);
	}
}

static void numbers_outside_are_unknown(void **state)
{
	const int outside[] = {-1, (int)PYRO_COUNT(all), 1 << 30};

	for (size_t i = 0; i < PYRO_COUNT(outside); i++) {
		assert_string_equal(pyro_rc_name((enum pyro_rc)outside[i]), "unknown");
		assert_string_equal(pyro_rc_text((enum pyro_rc)outside[i]), "unknown error");
		assert_int_equal(pyro_rc_exit_status((enum pyro_rc)outside[i]), 125);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_name_and_words_of_its_own),
		cmocka_unit_test(exit_statuses_are_those_promised),
		cmocka_unit_test(numbers_outside_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
