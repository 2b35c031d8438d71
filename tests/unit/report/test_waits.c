/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "report/text.h"
#include "report/waits.h"
#include "support/sample_profile.h"

#define MS 1000000ull

static void check(struct pyro_values values, double whole_ms, const char *want)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1024);
	pyro_waits_add(&buf, &values, whole_ms * 1e6);
	assert_string_equal(buf.size ? buf.data : "", want);
	pyro_buf_deinit(&buf);
}

static void test_longest_first_and_none_for_nothing(void **state)
{
	struct pyro_values values = {0};

	(void)state;
	check(values, 0, "");
	check(values, 1000, "");
	values.of[PYRO_METRIC_WAIT] = 300 * MS; /* by an earlier version: for what is not known */
	check(values, 1000, "");
	values.of[PYRO_METRIC_WAIT_NET] = 90 * MS;
	values.of[PYRO_METRIC_WAIT_LOCK] = 180 * MS;
	values.of[PYRO_METRIC_GIL_WAIT] = 4 * MS;
	values.of[PYRO_METRIC_READY] = 26 * MS;
	check(values, 1000,
	      "lock" PYRO_MARK_SPACE "18, net" PYRO_MARK_SPACE "9, processor" PYRO_MARK_SPACE "3");
}

static void test_the_main_reason(void **state)
{
	struct pyro_values values = {0};

	(void)state;
	assert_null(pyro_waits_main(&values));
	assert_string_equal(pyro_waits_word(NULL), "");
	values.of[PYRO_METRIC_WAIT] = 100;
	values.of[PYRO_METRIC_WAIT_LOCK] = 59;
	values.of[PYRO_METRIC_WAIT_IO] = 41;
	assert_null(pyro_waits_main(&values));
	values.of[PYRO_METRIC_WAIT_LOCK] = 60;
	assert_string_equal(pyro_waits_word(pyro_waits_main(&values)), "lock");
	values.of[PYRO_METRIC_GIL_WAIT] = 90;
	assert_string_equal(pyro_waits_word(pyro_waits_main(&values)), "GIL");
}

static void test_rows_by_thread_and_object(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_waited waited;
	struct pyro_waits_rows rows;

	(void)state;
	assert_non_null(profile);
	/* The same socket, by another stack of the same thread, for longer than all else. */
	waited = *pyro_profile_wait_get(profile, 0);
	waited.stack = PYRO_NONE;
	waited.ns = 900 * MS;
	assert_int_equal(pyro_profile_wait(profile, &waited), PYRO_RC_OK);
	assert_int_equal(pyro_waits_rows(profile, PYRO_NONE, &rows, NULL), PYRO_RC_OK);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.rows[0].track, 0);
	assert_int_equal(rows.rows[0].ns, 950 * MS);
	assert_int_equal(rows.rows[1].track, 1);
	assert_int_equal(rows.rows[1].samples, 150);
	pyro_waits_rows_deinit(&rows);
	/* Only with main on the stack. */
	assert_int_equal(pyro_waits_rows(profile, SAMPLE_MAIN, &rows, NULL), PYRO_RC_OK);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.rows[0].ns, 50 * MS);
	pyro_waits_rows_deinit(&rows);
	pyro_waits_rows_deinit(&rows);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_first_and_none_for_nothing),
		cmocka_unit_test(test_the_main_reason),
		cmocka_unit_test(test_rows_by_thread_and_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
