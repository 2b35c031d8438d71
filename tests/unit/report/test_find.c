/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/find.h"
#include "stage.h"
#include "support/sample_profile.h"

static struct pyro_profile *profile;
static struct pyro_scope scope;

static int setup(void **state)
{
	struct pyro_report_view view = {.unfold = true};
	profile = sample_profile_create();
	return !profile || pyro_scope_open(profile, &view, NULL, &scope, NULL) != PYRO_RC_OK;
}

static int teardown(void **state)
{
	pyro_scope_close(&scope);
	pyro_profile_destroy(profile);
	return 0;
}

static void test_functions(void **state)
{
	struct pyro_rows rows;
	assert_int_equal(pyro_find_functions(scope.shown, "price", &rows, NULL), PYRO_RC_OK);
	assert_int_equal(rows.count, 1);
	assert_int_equal(rows.rows[0].function, SAMPLE_PRICE);
	pyro_rows_deinit(&rows);
	assert_int_equal(pyro_find_functions(scope.shown, "Cart.price", &rows, NULL), PYRO_RC_OK);
	assert_int_equal(rows.count, 1);
	pyro_rows_deinit(&rows);
	assert_int_equal(pyro_find_functions(scope.shown, SAMPLE_HOSTILE_NAME, &rows, NULL),
			 PYRO_RC_OK);
	pyro_rows_deinit(&rows);
}

static void test_function_not_found(void **state)
{
	struct pyro_rows rows;
	struct pyro_err err = {0};
	assert_int_equal(pyro_find_functions(scope.shown, "enc", &rows, &err), PYRO_RC_NOTFOUND);
	assert_non_null(strstr(err.message, "JSONEncoder.encode"));
	assert_int_equal(pyro_find_functions(scope.shown, "\x1b[2J", &rows, &err),
			 PYRO_RC_NOTFOUND);
	assert_null(strchr(err.message, '\x1b'));
	assert_int_equal(pyro_find_functions(scope.shown, "script", &rows, &err), PYRO_RC_NOTFOUND);
	assert_null(strchr(err.message, '\n'));
	assert_non_null(strstr(err.message, "\\n<script>"));
}

static void check_file(const char *name, enum pyro_rc expected, const char *file)
{
	uint32_t index = PYRO_NONE;
	struct pyro_err err = {0};
	assert_int_equal(pyro_find_file(scope.everything, name, profile, &index, &err), expected);
	if (file)
		assert_string_equal(pyro_profile_string_get(profile, index, NULL), file);
	else
		assert_string_not_equal(err.message, "");
}

static void test_files(void **state)
{
	check_file("shop.py", PYRO_RC_OK, "/home/ada/shop/shop.py");
	check_file("/home/ada/shop/shop.py", PYRO_RC_OK, "/home/ada/shop/shop.py");
	check_file("shop/shop.py", PYRO_RC_OK, "/home/ada/shop/shop.py");
	check_file("json/encoder.py", PYRO_RC_OK, "/usr/lib/python3.13/json/encoder.py");
	check_file("hop.py", PYRO_RC_NOTFOUND, NULL);
	check_file("", PYRO_RC_NOTFOUND, NULL);
}

static void test_several_files(void **state)
{
	struct stage_frame frame = {"other", "/home/ada/other/queue.py", 1, 2};
	struct pyro_report_view view = {0};
	struct pyro_scope more;
	uint32_t index;
	struct pyro_err err = {0};
	assert_int_equal(stage_add(profile, 0, &frame, 1, 5, true, PYRO_REASON_NONE), PYRO_RC_OK);
	assert_int_equal(pyro_scope_open(profile, &view, NULL, &more, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_find_file(more.everything, "queue.py", profile, &index, &err),
			 PYRO_RC_USAGE);
	assert_non_null(strstr(err.message, "/home/ada/other/queue.py"));
	assert_non_null(strstr(err.message, "/home/ada/shop/worker/queue.py"));
	pyro_scope_close(&more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_function_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_files, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
