/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "support/sample_profile.h"

static struct pyro_buf fold(const struct pyro_format_options *options)
{
	struct pyro_buf buf;

	fixture_convert(pyro_format_find("folded"), options, &buf);
	return buf;
}

/* The sum of the numbers that end the lines; each line must have one. */
static unsigned long sum_of(const struct pyro_buf *buf)
{
	unsigned long sum = 0;
	const char *line = buf->data;

	while (line && *line) {
		const char *end = strchr(line, '\n');
		const char *blank;
		char *stop;

		assert_non_null(end);
		blank = memrchr(line, ' ', (size_t)(end - line));
		assert_non_null(blank);
		sum += strtoul(blank + 1, &stop, 10);
		assert_ptr_equal(stop, end);
		line = end + 1;
	}
	return sum;
}

static void test_golden(void **state)
{
	const struct pyro_format_options wall = {.metric = PYRO_METRIC_WALL};
	const struct pyro_format_options lines = {.metric = PYRO_METRIC_CPU, .by_line = true};
	const struct pyro_format_options threads = {.metric = PYRO_METRIC_WALL, .threads = true};
	struct pyro_buf buf = fold(&wall);

	fixture_assert_golden(&buf, "wall.folded");
	pyro_buf_deinit(&buf);
	buf = fold(&lines);
	fixture_assert_golden(&buf, "cpu-lines.folded");
	pyro_buf_deinit(&buf);
	buf = fold(&threads);
	fixture_assert_golden(&buf, "threads.folded");
	pyro_buf_deinit(&buf);
}

/* Nothing is lost or counted twice, whatever is asked for: 1320 ms of wall, 920 of cpu. */
static void test_sums(void **state)
{
	for (int i = 0; i < 8; i++) {
		const struct pyro_format_options options = {
			.metric = i & 1 ? PYRO_METRIC_CPU : PYRO_METRIC_WALL,
			.by_line = i & 2,
			.threads = i & 4,
		};
		struct pyro_buf buf = fold(&options);

		assert_int_equal(sum_of(&buf), i & 1 ? 920000 : 1320000);
		pyro_buf_deinit(&buf);
	}
}

static void test_hostile_names(void **state)
{
	const struct pyro_format_options options = {.metric = PYRO_METRIC_WALL};
	struct pyro_buf buf = fold(&options);
	const char *line = strstr(buf.data, "<script>");

	assert_non_null(line);
	assert_null(strchr(buf.data, '\x1b'));
	/* The name's own ';' would have made a frame of its own. */
	assert_non_null(strstr(buf.data, ";a,b\\n<script>"));
	pyro_buf_deinit(&buf);
}

/* 300 ns thrice: each less than a microsecond, together 0.9, and with 200 more it is one. */
static void test_rounding_keeps_the_sum(void **state)
{
	struct pyro_profile *profile;
	struct pyro_buf buf;
	const struct pyro_format_options options = {.metric = PYRO_METRIC_WALL};
	const struct pyro_format_sink sink = {&buf, fixture_write};
	const uint64_t weights[] = {300, 300, 300, 1300};

	pyro_buf_init(&buf, 1 << 16);
	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	struct pyro_process_info process = {.pid = 1, .parent = PYRO_NONE};
	struct pyro_track track = {.tid = 1};
	uint32_t index;
	assert_int_equal(pyro_profile_string(profile, "", 0, &process.command), PYRO_RC_OK);
	process.python = track.name = process.command;
	assert_int_equal(pyro_profile_process(profile, &process, &index), PYRO_RC_OK);
	assert_int_equal(pyro_profile_track(profile, &track, &index), PYRO_RC_OK);
	for (size_t i = 0; i < PYRO_COUNT(weights); i++) {
		char name[2] = {(char)('a' + i), 0};
		struct pyro_function function = {.file = process.command};
		struct pyro_frame frame = {.line = 1};
		uint64_t values[PYRO_METRIC_COUNT] = {0};
		uint32_t stack;

		assert_int_equal(pyro_profile_string(profile, name, 1, &function.name), PYRO_RC_OK);
		assert_int_equal(pyro_profile_function(profile, &function, &frame.function),
				 PYRO_RC_OK);
		assert_int_equal(pyro_profile_frame(profile, &frame, &index), PYRO_RC_OK);
		assert_int_equal(pyro_profile_stack(profile, PYRO_NONE, index, &stack), PYRO_RC_OK);
		values[PYRO_METRIC_WALL] = weights[i];
		assert_int_equal(pyro_profile_add(profile, 0, stack, values), PYRO_RC_OK);
	}
	assert_int_equal(pyro_folded_write(profile, NULL, &options, &sink, NULL), PYRO_RC_OK);
	assert_int_equal(sum_of(&buf), 2);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_rounding_keeps_the_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
