/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "record/natives.h"

static const char *name_of(const struct pyro_profile *profile, uint32_t frame,
			   enum pyro_function_kind kind, const char **ret_file)
{
	const struct pyro_frame *row = pyro_profile_frame_get(profile, frame);
	const struct pyro_function *function = pyro_profile_function_get(profile, row->function);

	assert_int_equal(function->kind, kind);
	*ret_file = pyro_profile_string_get(profile, function->file, NULL);
	return pyro_profile_string_get(profile, function->name, NULL);
}

static void code_has_names(void **state)
{
	struct pyro_profile *profile = NULL;
	struct pyro_natives *natives = NULL;
	const uint32_t *frames;
	const char *file;
	size_t count;
	enum pyro_rc rc;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	rc = pyro_natives_create(getpid(), profile, &natives, NULL);
	if (rc == PYRO_RC_UNSUPPORTED) {
		pyro_profile_destroy(profile);
		print_message("skipped: native stacks are not known on this machine\n");
		skip();
	}
	assert_int_equal(rc, PYRO_RC_OK);
	assert_null(pyro_natives_frames(natives, 0, &count));

	/* Of a function of this program, of a library, and of no code at all. */
	assert_int_equal(
		pyro_natives_add(natives, (uint64_t)(uintptr_t)pyro_natives_create + 1, 0, "?"),
		PYRO_RC_OK);
	assert_int_equal(pyro_natives_add(natives, (uint64_t)(uintptr_t)strtok_r + 1, 0, "?"),
			 PYRO_RC_OK);
	assert_int_equal(pyro_natives_add(natives, 4096, 0x1a2b, "/usr/lib/libnone.so.1"),
			 PYRO_RC_OK);

	frames = pyro_natives_frames(natives, 0, &count);
	assert_true(count >= 1);
	assert_string_equal(name_of(profile, frames[count - 1], PYRO_FUNCTION_NATIVE, &file),
			    "pyro_natives_create");
	frames = pyro_natives_frames(natives, 1, &count);
	assert_true(count >= 1);
	assert_non_null(strstr(name_of(profile, frames[count - 1], PYRO_FUNCTION_NATIVE, &file),
			       "strtok_r"));
	frames = pyro_natives_frames(natives, 2, &count);
	assert_int_equal(count, 1);
	assert_string_equal(name_of(profile, frames[0], PYRO_FUNCTION_NATIVE, &file),
			    "libnone.so.1+0x1a2b");
	assert_string_equal(file, "/usr/lib/libnone.so.1");
	assert_null(pyro_natives_frames(natives, 3, &count));
	pyro_natives_destroy(natives);
	pyro_profile_destroy(profile);
}

/* Numbers count on, whatever is behind them. */
static void the_kernel_has_names(void **state)
{
	static const struct {
		const char *name, *function, *file;
	} cases[] = {
		{"vfs_read [kernel]", "vfs_read", "[kernel]"},
		{"ext4_file_read_iter [ext4]", "ext4_file_read_iter", "[ext4]"},
		/* What the compiler made of it is no name of its own. */
		{"poll_schedule_timeout.constprop.0 [kernel]", "poll_schedule_timeout", "[kernel]"},
		{"nameless", "nameless", ""},
	};
	struct pyro_profile *profile = NULL;
	struct pyro_natives *natives = NULL;
	const uint32_t *frames;
	const char *file;
	size_t count;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	if (pyro_natives_create(getpid(), profile, &natives, NULL)) {
		pyro_profile_destroy(profile);
		print_message("skipped: native stacks are not known on this machine\n");
		skip();
	}
	for (size_t i = 0; i < PYRO_COUNT(cases); i++)
		assert_int_equal(pyro_natives_add_kernel(natives, cases[i].name), PYRO_RC_OK);
	for (uint32_t i = 0; i < PYRO_COUNT(cases); i++) {
		frames = pyro_natives_frames(natives, i, &count);
		assert_int_equal(count, 1);
		assert_string_equal(name_of(profile, frames[0], PYRO_FUNCTION_KERNEL, &file),
				    cases[i].function);
		assert_string_equal(file, cases[i].file);
	}
	pyro_natives_destroy(natives);
	pyro_profile_destroy(profile);
}

static void nobody_has_none(void **state)
{
	struct pyro_profile *profile = NULL;
	struct pyro_natives *natives = NULL;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	assert_int_not_equal(pyro_natives_create(1 << 22, profile, &natives, NULL), PYRO_RC_OK);
	assert_null(natives);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_has_names),
		cmocka_unit_test(the_kernel_has_names),
		cmocka_unit_test(nobody_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
