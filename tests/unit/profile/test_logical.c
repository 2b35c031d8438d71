/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "profile/logical.h"
#include "support/sample_profile.h"

#define MS 1000000u

static struct pyro_profile *profile;

static uint32_t text(const char *string)
{
	uint32_t index;

	assert_int_equal(pyro_profile_string(profile, string, strlen(string), &index), PYRO_RC_OK);
	return index;
}

/* A stack of functions, each at line 1, the outermost first. */
static uint32_t stack_of(const uint32_t *functions, size_t count)
{
	uint32_t stack = PYRO_NONE;

	for (size_t i = 0; i < count; i++) {
		const struct pyro_frame frame = {.function = functions[i], .line = 1};
		uint32_t index;

		assert_int_equal(pyro_profile_frame(profile, &frame, &index), PYRO_RC_OK);
		assert_int_equal(pyro_profile_stack(profile, stack, index, &stack), PYRO_RC_OK);
	}
	return stack;
}

static uint32_t function_of(const char *name, const char *file)
{
	const struct pyro_function function = {.name = text(name), .file = text(file)};
	uint32_t index;

	assert_int_equal(pyro_profile_function(profile, &function, &index), PYRO_RC_OK);
	return index;
}

static void add(uint32_t track, uint32_t stack, uint64_t cpu_ms, uint64_t net_ms)
{
	uint64_t values[PYRO_METRIC_COUNT] = {0};

	values[PYRO_METRIC_WALL] = (cpu_ms + net_ms) * MS;
	values[PYRO_METRIC_CPU] = cpu_ms * MS;
	values[PYRO_METRIC_WAIT_NET] = net_ms * MS;
	values[PYRO_METRIC_SAMPLES] = 1;
	assert_int_equal(pyro_profile_add(profile, track, stack, values), PYRO_RC_OK);
}

static void add_task(uint32_t task, uint32_t stack, const char *wait, uint64_t cpu_ms,
		     uint64_t sleep_ms)
{
	struct pyro_task_total total = {.task = task, .stack = stack, .wait = text(wait)};

	total.values[PYRO_METRIC_WALL] = (cpu_ms + sleep_ms) * MS;
	total.values[PYRO_METRIC_CPU] = cpu_ms * MS;
	total.values[PYRO_METRIC_WAIT_SLEEP] = sleep_ms * MS;
	assert_int_equal(pyro_profile_task_add(profile, &total), PYRO_RC_OK);
}

static uint64_t sum(struct pyro_profile *of, uint32_t track, enum pyro_metric metric)
{
	struct pyro_profile_counts counts;
	uint64_t ns = 0;

	pyro_profile_counts(of, &counts);
	for (size_t i = 0; i < counts.totals; i++) {
		const struct pyro_total *total = pyro_profile_total_get(of, i);

		if (track == PYRO_NONE || total->track == track)
			ns += total->values[metric];
	}
	return ns / MS;
}

static void without_tasks_there_is_none(void **state)
{
	struct pyro_profile *logical = NULL;
	struct pyro_err err = {0};

	(void)state;
	profile = sample_profile_create();
	assert_int_equal(pyro_logical_create(profile, &logical, &err), PYRO_RC_NOTFOUND);
	assert_non_null(strstr(err.message, "--async"));
	assert_false(pyro_logical_is(profile));
	pyro_profile_destroy(profile);
}

static const char *track_name(struct pyro_profile *of, uint32_t track)
{
	return pyro_profile_string_get(of, pyro_profile_track_get(of, track)->name, NULL);
}

static void tasks_take_the_place_of_their_thread(void **state)
{
	struct pyro_profile_counts counts;
	struct pyro_profile *logical = NULL;
	struct pyro_task_group group = {.track = 2, .process = 1, .tasks = 3};
	uint32_t loop, handler, leaf, task, named;

	(void)state;
	profile = sample_profile_create();
	loop = function_of("run_forever", "/usr/lib/python3.13/asyncio/base_events.py");
	handler = function_of("handler", "/home/ada/shop/serve.py");
	leaf = function_of("query", "/home/ada/shop/serve.py");
	group.name = text("");
	group.function = handler;
	assert_int_equal(pyro_profile_task(profile, &group, &task), PYRO_RC_OK);
	group.name = text("first");
	group.tasks = 1;
	assert_int_equal(pyro_profile_task(profile, &group, &named), PYRO_RC_OK);
	/* The loop waits for 500 ms, runs for 7, and runs a task for 20, which waits there for 3.
	 */
	add(2, stack_of((uint32_t[]){SAMPLE_MODULE, loop}, 2), 7, 500);
	add(2, stack_of((uint32_t[]){SAMPLE_MODULE, loop, handler, leaf}, 4), 20, 3);
	add_task(task, stack_of((uint32_t[]){handler, leaf}, 2), "", 20, 3);
	add_task(task, stack_of((uint32_t[]){handler, leaf}, 2), "sleeping", 0, 900);
	add_task(named, stack_of((uint32_t[]){handler}, 1), "a lock", 0, 400);

	assert_int_equal(pyro_logical_create(profile, &logical, NULL), PYRO_RC_OK);
	assert_true(pyro_logical_is(logical));
	pyro_profile_counts(logical, &counts);
	assert_int_equal(counts.tracks, 3 + 2);
	assert_string_equal(track_name(logical, 3), "handler x3");
	assert_string_equal(track_name(logical, 4), "first (handler)");
	/* Processor time adds up to the same. */
	assert_int_equal(sum(logical, PYRO_NONE, PYRO_METRIC_CPU),
			 sum(profile, PYRO_NONE, PYRO_METRIC_CPU));
	/* Other threads are as they were; of the loop's, 40 ms before it and its running. */
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(sum(logical, i, PYRO_METRIC_WALL),
				 sum(profile, i, PYRO_METRIC_WALL));
	assert_int_equal(sum(logical, 2, PYRO_METRIC_WALL), 40 + 7);
	assert_int_equal(pyro_profile_track_get(logical, 2)->wall_ns, (40 + 7) * MS);
	assert_int_equal(sum(logical, 3, PYRO_METRIC_WALL), 20 + 3 + 900);
	assert_int_equal(sum(logical, 4, PYRO_METRIC_WAIT_SLEEP), 400);
	assert_int_equal(pyro_profile_track_get(logical, 3)->wall_ns, 923 * MS);
	pyro_profile_destroy(logical);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_tasks_there_is_none),
		cmocka_unit_test(tasks_take_the_place_of_their_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
