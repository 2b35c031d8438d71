/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "format/track.h"

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool task;
		const char *expected;
	} cases[] = {
		{"worker-1", false, "worker-1 (thread 7)"},
		{"", false, "thread (thread 7)"},
		{"handler x3", true, "handler x3"},
		{"", true, "task"},
		{"a;\033[m", true, "a;\033[m"},
	};
	struct pyro_profile *profile;

	(void)state;
	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_track track = {.tid = 7, .task = cases[i].task};
		struct pyro_buf buf;

		assert_int_equal(pyro_profile_string(profile, cases[i].name, strlen(cases[i].name),
						     &track.name),
				 PYRO_RC_OK);
		pyro_buf_init(&buf, 256);
		pyro_format_track_name(&buf, profile, &track);
		assert_string_equal(buf.data, cases[i].expected);
		pyro_buf_deinit(&buf);
	}
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
