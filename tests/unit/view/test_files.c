/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "support/sample_profile.h"
#include "view/files.h"

static void test_sample(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_view_files files;

	assert_int_equal(pyro_view_files_init(&files, profile, NULL), PYRO_RC_OK);
	/* shop.py, two of json, sessions.py, the hostile one, threading.py, queue.py */
	assert_int_equal(files.count, 7);
	assert_int_equal(files.of_function[SAMPLE_MODULE], files.of_function[SAMPLE_FIB]);
	assert_int_not_equal(files.of_function[SAMPLE_DUMPS], files.of_function[SAMPLE_ENCODE]);
	for (uint32_t i = 0; i < SAMPLE_FUNCTION_COUNT; i++)
		assert_int_equal(files.files[files.of_function[i]].string,
				 pyro_profile_function_get(profile, i)->file);
	assert_string_equal(files.files[files.of_function[SAMPLE_PRICE]].place->display, "shop.py");
	assert_int_equal(files.files[files.of_function[SAMPLE_GET]].place->kind,
			 PYRO_PLACE_PACKAGE);
	/* The hottest stack through shop.py is its <module> on both threads: 800 ms and 40 ms. */
	assert_int_equal(files.files[files.of_function[SAMPLE_MODULE]].heat, 840000000);
	assert_int_equal(files.files[files.of_function[SAMPLE_FLUSH]].heat, 400000000);
	pyro_view_files_deinit(&files);
	pyro_profile_destroy(profile);
}

static void test_empty(void **state)
{
	struct pyro_profile *profile;
	struct pyro_view_files files;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_view_files_init(&files, profile, NULL), PYRO_RC_OK);
	assert_int_equal(files.count, 0);
	pyro_view_files_deinit(&files);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
