/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/headline.h"
#include "stage.h"

static void test_commands(void **state)
{
	static const char *const cases[][2] = {
		{"python shop.py --orders 5000", "shop.py --orders 5000"},
		{"/usr/bin/python3.11 -X dev -W error -u /srv/app/run.py", "run.py"},
		{"python3 -m http.server 8000", "-m http.server 8000"},
		{"python3 -c import\x1b[2J x", "-c import\\x1b[2J x"},
		{"python3", "python3"},
		{"/usr/bin/python3 -V", "python3 -V"},
		{"/opt/bin/gunicorn shop:app", "gunicorn shop:app"},
		{"", ""},
	};
	const struct pyro_report_look look = {.columns = 80};
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_buf buf;
		pyro_buf_init(&buf, 4096);
		pyro_headline_command(cases[i][0], &look, &buf);
		assert_string_equal(buf.data ? buf.data : "", cases[i][1]);
		pyro_buf_deinit(&buf);
	}
}

/* One thread that ran for half of its time. */
static void check_parts(const uint64_t parts[3], struct pyro_quality quality, const char *expected)
{
	const struct pyro_report_look look = {.columns = 200};
	struct pyro_profile *profile = stage_one_sample();
	struct pyro_scope scope = {.profile = profile, .run_ns = 1000, .threads.count = 1};
	struct pyro_buf buf;
	assert_non_null(profile);
	*pyro_profile_quality(profile) = quality;
	scope.whole.of[PYRO_METRIC_WALL] = 1000;
	scope.whole.of[PYRO_METRIC_CPU] = 500;
	scope.whole.of[PYRO_METRIC_WAIT] = 500;
	for (size_t i = 0; i < 3; i++)
		scope.whole.of[PYRO_METRIC_CPU_PYTHON + i] = parts[i];
	pyro_buf_init(&buf, 4096);
	pyro_headline_divide(&scope, &look, &buf);
	assert_non_null(buf.data);
	if (!strstr(buf.data, expected))
		fail_msg("%s", buf.data);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_parts_of_running(void **state)
{
	check_parts((const uint64_t[]){300, 150, 50}, (struct pyro_quality){.parts_stack = 9},
		    "running 50 % (python 30, native 15, system 5), waiting");
	check_parts((const uint64_t[]){300, 150, 50}, (struct pyro_quality){.parts_proc = 9},
		    "running 50 % (about python 30, native 15, system 5), waiting");
	/* As other tools have it: who knows how. */
	check_parts((const uint64_t[]){500, 0, 0}, (struct pyro_quality){0},
		    "running 50 % (python 50), waiting");
	/* Of a small part of it nothing follows. */
	check_parts((const uint64_t[]){100, 50, 50}, (struct pyro_quality){.parts_proc = 9},
		    "running 50 %, waiting");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands),
					   cmocka_unit_test(test_parts_of_running)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
