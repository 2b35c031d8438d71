/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/copy.h"
#include "support/sample_profile.h"
#include "support/scratch.h"

static void ignore(void *context)
{
	(void)context;
}

static void check_name(const char *file, const char *expected)
{
	struct scratch scratch;
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_capture_writer *writer = NULL;
	char path[PYRO_MAX_PATH], first[PYRO_MAX_PATH], taken[PYRO_MAX_PATH + 8];
	unsigned number = 0;
	FILE *out;

	scratch_make(&scratch, file);
	assert_int_equal(pyro_capture_writer_create(scratch.path, profile, &writer, NULL),
			 PYRO_RC_OK);
	snprintf(first, sizeof(first), "%s/%s", scratch.directory, expected);
	assert_int_equal(pyro_copy_write(writer, scratch.path, &number, ignore, NULL, path, NULL),
			 PYRO_RC_OK);
	assert_string_equal(path, first);
	assert_int_equal(number, 1);
	/* The second name is taken. */
	snprintf(taken, sizeof(taken), "%s", first);
	*strstr(strrchr(taken, '/'), ".1.pyro") = 0;
	strncat(taken, ".2.pyro", sizeof(taken) - strlen(taken) - 1);
	out = fopen(taken, "w");
	assert_non_null(out);
	fclose(out);
	assert_int_equal(pyro_copy_write(writer, scratch.path, &number, ignore, NULL, path, NULL),
			 PYRO_RC_OK);
	assert_non_null(strstr(path, ".3.pyro"));
	assert_int_equal(number, 3);
	assert_int_equal(access(path, R_OK), 0);
	pyro_capture_writer_destroy(writer);
	pyro_profile_destroy(profile);
	scratch_remove(&scratch);
}

static void test_names(void **state)
{
	(void)state;
	check_name("night.pyro", "night.1.pyro");
	check_name("night", "night.1.pyro");
	check_name("a.b", "a.b.1.pyro");
	check_name(".pyro", ".pyro.1.pyro");
}

static void test_no_name(void **state)
{
	char path[PYRO_MAX_PATH], copy[PYRO_MAX_PATH];
	struct pyro_err err = {0};
	unsigned number = 0;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = 0;
	assert_int_equal(pyro_copy_write(NULL, path, &number, ignore, NULL, copy, &err),
			 PYRO_RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
