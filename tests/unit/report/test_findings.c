/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/findings.h"
#include "report/text.h"
#include "stage.h"

/* All findings of a profile as plain text, one a line. */
static void collect(struct pyro_profile *profile, struct pyro_buf *buf)
{
	const struct pyro_report_look look = {.columns = 200};
	struct pyro_report_view view = {0};
	struct pyro_scope scope;
	struct pyro_findings findings;
	assert_non_null(profile);
	assert_int_equal(pyro_scope_open(profile, &view, NULL, &scope, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_findings_collect(&scope, &look, &findings, NULL), PYRO_RC_OK);
	for (size_t i = 0; i < findings.count; i++) {
		if (i > 0)
			assert_true(findings.list[i].weight <= findings.list[i - 1].weight);
		pyro_text_paragraph(buf, &look, "", findings.list[i].text.data);
	}
	pyro_findings_deinit(&findings);
	pyro_scope_close(&scope);
	pyro_profile_destroy(profile);
}

static void check(struct pyro_profile *profile, const char *expected)
{
	struct pyro_buf buf;
	pyro_buf_init(&buf, 1 << 20);
	collect(profile, &buf);
	assert_string_equal(buf.data ? buf.data : "", expected);
	pyro_buf_deinit(&buf);
}

static void test_waiting_and_imports(void **state)
{
	check(stage_waiting(),
	      "fetch() fetch.py:10 waits 50 % +-4 of the run, all of it at line 12, most of it in "
	      "SocketIO.readinto() socket.py:700\n"
	      "parse() fetch.py:20 takes 30 % +-3 of the run, all of it at line 22\n"
	      "importing modules takes 15 % +-3 of the run\n");
}

static void test_gil(void **state)
{
	check(stage_threads(3),
	      "work() fetch.py:60 takes 100 % +-1 of the run, all of it at line "
	      "64\n4 threads wait for the GIL 75 % +-2 of their time; work() "
	      "fetch.py:60 holds it most (100 % +-1)\n");
}

/* One sample is no evidence, and where nothing is above noise nothing is said. */
static void test_noise_is_no_finding(void **state)
{
	check(stage_one_sample(), "");
	check(stage_empty(), "");
	struct pyro_profile *profile = stage_empty();
	struct pyro_track track = {.main = true};
	uint32_t index;
	assert_int_equal(pyro_profile_string(profile, "MainThread", 10, &track.name), PYRO_RC_OK);
	assert_int_equal(pyro_profile_track(profile, &track, &index), PYRO_RC_OK);
	for (char name = 'a'; name <= 'm'; name++) {
		struct stage_frame frame = {(char[2]){name}, "x.py", name, name};
		assert_int_equal(stage_add(profile, 0, &frame, 1, 100, true, PYRO_REASON_NONE),
				 PYRO_RC_OK);
	}
	check(profile, "");
}

static void test_outside_of_python(void **state)
{
	struct pyro_profile *profile = stage_one_sample();
	assert_int_equal(stage_add(profile, 0, NULL, 0, 999, true, PYRO_REASON_NONE), PYRO_RC_OK);
	pyro_profile_set_duration(profile, 1000000000);
	check(profile,
	      "100 % +-1 of the run is outside of Python code: start and end of the "
	      "interpreter, or threads of libraries\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waiting_and_imports),
		cmocka_unit_test(test_gil),
		cmocka_unit_test(test_noise_is_no_finding),
		cmocka_unit_test(test_outside_of_python),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
