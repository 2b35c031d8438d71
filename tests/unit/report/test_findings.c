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
	      "fetch() fetch.py:10 waits 50 % +-4 of the run for the network, all of it at line "
	      "12, "
	      "most of it in SocketIO.readinto() socket.py:700\n"
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

static uint32_t string(struct pyro_profile *profile, const char *text)
{
	uint32_t index;
	assert_int_equal(pyro_profile_string(profile, text, strlen(text), &index), PYRO_RC_OK);
	return index;
}

/* The first stack of @profile whose leaf is at @line. */
static uint32_t stack_at(struct pyro_profile *profile, int32_t line)
{
	struct pyro_profile_counts counts;
	pyro_profile_counts(profile, &counts);
	for (uint32_t i = 0; i < counts.stacks; i++) {
		uint32_t frame = pyro_profile_stack_get(profile, i)->frame;
		if (pyro_profile_frame_get(profile, frame)->line == line)
			return i;
	}
	fail_msg("no stack ends at line %d", (int)line);
	return 0;
}

/* What runs for a part of its time does more than wait. */
static void test_mostly_waiting(void **state)
{
	static const char expected[] =
		"fetch() fetch.py:10 takes 55 % +-3 of the run, 83 % of that waiting for the "
		"network, all of it at line 12, most of it in SocketIO.readinto() socket.py:700\n";
	const uint64_t running[PYRO_METRIC_COUNT] = {[PYRO_METRIC_WALL] = 1000000,
						     [PYRO_METRIC_CPU] = 1000000,
						     [PYRO_METRIC_SAMPLES] = 1};
	struct pyro_profile *profile = stage_waiting();
	struct pyro_buf buf;

	for (int i = 0; i < 100; i++)
		assert_int_equal(pyro_profile_add(profile, 0, stack_at(profile, 708), running),
				 PYRO_RC_OK);
	pyro_buf_init(&buf, 1 << 20);
	collect(profile, &buf);
	assert_memory_equal(buf.data, expected, strlen(expected));
	pyro_buf_deinit(&buf);
}

static void wait_for(struct pyro_profile *profile, uint32_t track, uint32_t stack, uint64_t ms,
		     struct pyro_object object)
{
	struct pyro_waited waited = {
		.track = track, .stack = stack, .ns = ms * 1000000, .samples = ms};
	assert_int_equal(pyro_profile_object(profile, &object, &waited.object), PYRO_RC_OK);
	assert_int_equal(pyro_profile_wait(profile, &waited), PYRO_RC_OK);
}

/* What most of the waiting is for is named; what little of it is for is not. */
static void test_what_is_waited_for(void **state)
{
	static const char named[] =
		"fetch() fetch.py:10 waits 50 % +-4 of the run for the network (10.0.3.7:443 from "
		"10.0.3.2:6012), all of it at line 12, most of it in SocketIO.readinto() "
		"socket.py:700\n";
	struct pyro_profile *profile = stage_waiting();
	struct pyro_object socket = {.metric = PYRO_METRIC_WAIT_NET,
				     .kind = string(profile, "socket"),
				     .name = string(profile, "10.0.3.7:443 from 10.0.3.2:6012"),
				     .track = PYRO_NONE,
				     .frame = PYRO_NONE};
	struct pyro_buf buf;
	pyro_buf_init(&buf, 1 << 20);
	wait_for(profile, 0, stack_at(profile, 708), 400, socket);
	collect(profile, &buf);
	assert_memory_equal(buf.data, named, strlen(named));
	pyro_buf_reset(&buf);
	profile = stage_waiting();
	socket.kind = string(profile, "socket");
	socket.name = string(profile, "10.0.3.7:443 from 10.0.3.2:6012");
	wait_for(profile, 0, stack_at(profile, 708), 100, socket);
	collect(profile, &buf);
	assert_null(strstr(buf.data, "10.0.3.7"));
	pyro_buf_deinit(&buf);
}

static void test_who_has_the_gil(void **state)
{
	struct pyro_profile *profile = stage_threads(3);
	const uint32_t work = stack_at(profile, 64);
	const uint32_t at = pyro_profile_stack_get(profile, stack_at(profile, 33))->frame;
	for (uint32_t track = 1; track < 5; track++)
		wait_for(profile, track, work, 500,
			 (struct pyro_object){.metric = PYRO_METRIC_GIL_WAIT,
					      .kind = string(profile, "gil"),
					      .name = string(profile, ""),
					      .track = 0,
					      .frame = at});
	check(profile,
	      "work() fetch.py:60 takes 100 % +-1 of the run, all of it at line 64\n"
	      "4 threads wait for the GIL 75 % +-2 of their time, while join_all() fetch.py:30 "
	      "has it (100 %) in MainThread\n");
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
		cmocka_unit_test(test_mostly_waiting),
		cmocka_unit_test(test_gil),
		cmocka_unit_test(test_what_is_waited_for),
		cmocka_unit_test(test_who_has_the_gil),
		cmocka_unit_test(test_noise_is_no_finding),
		cmocka_unit_test(test_outside_of_python),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
