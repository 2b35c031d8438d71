/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

static void accept_value(enum pyro_option_kind kind, const char *text, double real, uint64_t number)
{
	const struct pyro_option option = {.name = "it", .kind = kind};
	struct pyro_option_value value;
	struct pyro_err err = {.message = ""};

	if (pyro_option_read(&option, text, &value, &err))
		fail_msg("\"%s\": %s", text, err.message);
	assert_true(value.given);
	assert_string_equal(value.text, text);
	if (fabs(value.real - real) > 1e-9 * fabs(real))
		fail_msg("\"%s\" is %g", text, value.real);
	if (number != UINT64_MAX)
		assert_int_equal(value.number, number);
}

static void refuse_value(enum pyro_option_kind kind, const char *text)
{
	const struct pyro_option option = {.name = "it", .kind = kind};
	struct pyro_option_value value;
	struct pyro_err err = {.message = ""};

	if (pyro_option_read(&option, text, &value, &err) != PYRO_RC_USAGE)
		fail_msg("\"%s\" was taken", text);
	assert_true(*err.message);
	assert_null(strchr(err.message, '\n'));
}

static void test_units(void **state)
{
	accept_value(PYRO_OPTION_NUMBER, "20", 20, 20);
	accept_value(PYRO_OPTION_NUMBER, "0", 0, 0);
	accept_value(PYRO_OPTION_NUMBER, "2k", 2000, 2000);
	accept_value(PYRO_OPTION_NUMBER, "1.5M", 1.5e6, 1500000);
	accept_value(PYRO_OPTION_PERCENT, "2", 2, UINT64_MAX);
	accept_value(PYRO_OPTION_PERCENT, "2%", 2, UINT64_MAX);
	accept_value(PYRO_OPTION_PERCENT, ".5 %", .5, UINT64_MAX);
	accept_value(PYRO_OPTION_RATE, "100", 100, UINT64_MAX);
	accept_value(PYRO_OPTION_RATE, "99.5Hz", 99.5, UINT64_MAX);
	accept_value(PYRO_OPTION_RATE, "1k", 1000, UINT64_MAX);
	accept_value(PYRO_OPTION_RATE, "1khz", 1000, UINT64_MAX);
	accept_value(PYRO_OPTION_RATE, "1 kHz", 1000, UINT64_MAX);
	accept_value(PYRO_OPTION_DURATION, "10", 10, 10000000000u);
	accept_value(PYRO_OPTION_DURATION, "10s", 10, 10000000000u);
	accept_value(PYRO_OPTION_DURATION, "500ms", .5, 500000000u);
	accept_value(PYRO_OPTION_DURATION, "5m", 300, 300000000000u);
	accept_value(PYRO_OPTION_DURATION, "1m30s", 90, 90000000000u);
	accept_value(PYRO_OPTION_DURATION, "1h 30m", 5400, 5400000000000u);
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = {
		"",    " ",   "-1",  "+1",     "0x10", "1e3",
		"inf", "nan", "1,5", "1..2",   ".",    "1x",
		"ten", "1 2", "1;2", "10s;rm", "s",    "99999999999999999999999999999999999",
		"1\n",
	};

	for (size_t i = 0; i < PYRO_COUNT(garbage); i++) {
		refuse_value(PYRO_OPTION_NUMBER, garbage[i]);
		refuse_value(PYRO_OPTION_PERCENT, garbage[i]);
		refuse_value(PYRO_OPTION_RATE, garbage[i]);
		refuse_value(PYRO_OPTION_DURATION, garbage[i]);
	}
	refuse_value(PYRO_OPTION_NUMBER, "1.5");
	refuse_value(PYRO_OPTION_NUMBER, "2%");
	refuse_value(PYRO_OPTION_RATE, "10s");
	refuse_value(PYRO_OPTION_DURATION, "1m30");
	refuse_value(PYRO_OPTION_DURATION, "10hz");
	refuse_value(PYRO_OPTION_DURATION, "900000000000000d");
	refuse_value(PYRO_OPTION_PATH, "");
}

static void test_range(void **state)
{
	const struct pyro_option option = {
		.name = "overhead", .kind = PYRO_OPTION_PERCENT, .min = 0.1, .max = 50};
	struct pyro_option_value value;
	struct pyro_err err;

	assert_int_equal(pyro_option_read(&option, "0.05%", &value, &err), PYRO_RC_USAGE);
	assert_string_equal(err.message, "--overhead 0.05%: too small. Try: 0.1 % or more");
	assert_int_equal(pyro_option_read(&option, "51", &value, &err), PYRO_RC_USAGE);
	assert_string_equal(err.message, "--overhead 51: too large. Try: 50 % or less");
	assert_int_equal(pyro_option_read(&option, "50%", &value, &err), PYRO_RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
