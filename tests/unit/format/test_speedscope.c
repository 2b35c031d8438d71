/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "support/sample_profile.h"

/* That the result is valid by the format's own schema, and that it adds up, is tested on captures
 * in tests/cli; here is what the bytes are. */
static void test_golden(void **state)
{
	const struct pyro_format_options wall = {.metric = PYRO_METRIC_WALL};
	const struct pyro_format_options lines = {.metric = PYRO_METRIC_CPU, .by_line = true};
	struct pyro_buf buf;

	fixture_convert(pyro_format_find("speedscope"), &wall, &buf);
	fixture_assert_golden(&buf, "wall.speedscope.json");
	pyro_buf_deinit(&buf);
	fixture_convert(pyro_format_find("speedscope"), &lines, &buf);
	fixture_assert_golden(&buf, "cpu-lines.speedscope.json");
	pyro_buf_deinit(&buf);
}

static enum pyro_rc one_sample(void *context, pyro_format_sample_fn *each, void *each_context,
			       struct pyro_err *err)
{
	return each(each_context, context);
}

static void convert_one(const struct pyro_format_sample *sample, enum pyro_rc expected)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_buf buf;
	const struct pyro_sample_source source = {(void *)sample, one_sample};
	const struct pyro_format_sink sink = {&buf, fixture_write};
	const struct pyro_format_options options = {.metric = PYRO_METRIC_WALL};
	struct pyro_err err = {.rc = PYRO_RC_OK};

	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_speedscope_write(profile, &source, &options, &sink, &err), expected);
	assert_int_equal(err.rc, expected);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

/* Samples come from a file that may say anything. */
static void test_samples_that_contradict_the_profile(void **state)
{
	convert_one(&(struct pyro_format_sample){.track = 0, .stack = PYRO_NONE, .wall_ns = 1},
		    PYRO_RC_OK);
	convert_one(&(struct pyro_format_sample){.track = 99, .stack = 0, .wall_ns = 1},
		    PYRO_RC_FORMAT);
	convert_one(&(struct pyro_format_sample){.track = 0, .stack = 9999, .wall_ns = 1},
		    PYRO_RC_FORMAT);
}

static enum pyro_rc refuse(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	return pyro_err_set(err, PYRO_RC_FULL, "no room");
}

static void test_sink_that_fails(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	const struct pyro_sample_source source = {profile, fixture_samples};
	const struct pyro_format_sink sink = {NULL, refuse};
	const struct pyro_format_options options = {.metric = PYRO_METRIC_WALL};
	struct pyro_err err;

	for (const struct pyro_format *format = pyro_formats; format->name; format++)
		assert_int_equal(format->write(profile, &source, &options, &sink, &err),
				 PYRO_RC_FULL);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_samples_that_contradict_the_profile),
		cmocka_unit_test(test_sink_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
