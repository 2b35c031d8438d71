/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "record/facts.h"
#include "sample/queue.h"

static struct pyro_profile *profile;

static int set_up(void **state)
{
	return pyro_profile_create(&profile, NULL);
}

static int tear_down(void **state)
{
	pyro_profile_destroy(profile);
	return 0;
}

static const char *fact(const char *key)
{
	const char *value = pyro_profile_meta_get(profile, key);

	return value ? value : "(none)";
}

static void a_run_is_described(void **state)
{
	char *argv[] = {(char[]){"python3"}, (char[]){"my shop.py"}, (char[]){"-v"}, NULL};
	const struct pyro_record_options options = {
		.argv = argv,
		.sampler = {.hz_max = 1000, .budget = 0.02},
	};
	const uint64_t before_ns = pyro_clock_realtime();
	struct utsname host;
	char cwd[4096];

	setenv("PYTHONHASHSEED", "17", 1);
	setenv("PYTHON_SECRET", "17", 1);
	assert_int_equal(pyro_facts_begin(profile, &options, 77, PYRO_PROOF_BY_PROC), PYRO_RC_OK);
	assert_string_equal(fact("command"), "python3 my shop.py -v");
	assert_string_equal(fact("mode"), "run");
	assert_string_equal(fact("pid"), "77");
	assert_string_equal(fact("proof"), "proc");
	assert_string_equal(fact("clock"), "CLOCK_MONOTONIC");
	assert_string_equal(fact("rate_max_hz"), "1000");
	assert_string_equal(fact("overhead_budget"), "0.02");
	assert_string_equal(fact("rate_hz"), "(none)");
	assert_string_equal(fact("profiler"), "pyrometer " PYRO_VERSION);
	assert_string_equal(fact("env.PYTHONHASHSEED"), "17");
	assert_string_equal(fact("env.PYTHON_SECRET"), "(none)");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_string_equal(fact("cwd"), cwd);
	assert_int_equal(uname(&host), 0);
	assert_string_equal(fact("host"), host.nodename);
	assert_non_null(strstr(fact("kernel"), host.release));
	assert_in_range(strtoull(fact("start_unix_ns"), NULL, 10), before_ns,
			pyro_clock_realtime());
	assert_int_equal(strlen(fact("start")), strlen("2026-01-01T00:00:00Z"));
	assert_true(strtol(fact("cpu_count"), NULL, 10) > 0);
}

static void attaching_tells_of_the_target(void **state)
{
	const struct pyro_record_options options = {.sampler = {.hz_max = 250}};

	setenv("PYTHONHASHSEED", "17", 1);
	assert_int_equal(pyro_facts_begin(profile, &options, getpid(), PYRO_PROOF_BY_STOP),
			 PYRO_RC_OK);
	assert_string_equal(fact("mode"), "attach");
	assert_string_equal(fact("rate_hz"), "250");
	assert_string_equal(fact("rate_max_hz"), "(none)");
	assert_string_equal(fact("overhead_budget"), "(none)");
	assert_non_null(strstr(fact("command"), "test_record_facts"));
	/* Our environment is not the target's. */
	assert_string_equal(fact("env.PYTHONHASHSEED"), "(none)");
}

/* Longer than a fact may be: cut, not refused. */
static void a_long_command_is_cut(void **state)
{
	static char argument[3 * PYRO_MAX_PATH];
	char *argv[] = {(char[]){"python3"}, argument, NULL};
	const struct pyro_record_options options = {.argv = argv};

	memset(argument, 'x', sizeof(argument) - 1);
	assert_int_equal(pyro_facts_begin(profile, &options, 1, PYRO_PROOF_BY_PROC), PYRO_RC_OK);
	assert_true(strlen(fact("command")) < sizeof(argument));
	assert_int_equal(strncmp(fact("command"), "python3", 7), 0);
}

static void a_sampler_that_saw_nothing_spent_nothing(void **state)
{
	const struct pyro_sampler_options options = {.hz_max = 100, .proof = PYRO_PROOF_BY_PROC};
	struct pyro_sampler *sampler;
	struct pyro_queue *queue;

	assert_int_equal(pyro_queue_create(4096, &queue), PYRO_RC_OK);
	assert_int_equal(pyro_sampler_create(&options, queue, &sampler, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_facts_update(profile, sampler, 0, ""), PYRO_RC_OK);
	assert_string_equal(fact("python"), "(none)");
	assert_string_equal(fact("overhead"), "0.000000");
	assert_string_equal(fact("rate_achieved_hz"), "(none)");
	assert_int_equal(pyro_facts_update(profile, sampler, PYRO_NS_PER_S, "3.13.0"), PYRO_RC_OK);
	assert_string_equal(fact("python"), "CPython 3.13.0");
	assert_string_equal(fact("rate_achieved_hz"), "0.0");
	assert_int_equal(pyro_profile_duration(profile), PYRO_NS_PER_S);
	assert_true(pyro_profile_quality(profile)->recorder_cpu_ns > 0);
	assert_int_equal(pyro_profile_quality(profile)->ticks_taken, 0);
	pyro_sampler_destroy(sampler);
	pyro_queue_destroy(queue);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_run_is_described),
		CASE(attaching_tells_of_the_target),
		CASE(a_long_command_is_cut),
		CASE(a_sampler_that_saw_nothing_spent_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
