/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/sample_profile.h"

static int setup(void **state)
{
	*state = sample_profile_create();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	pyro_profile_destroy(*state);
	return 0;
}

static uint32_t text(struct pyro_profile *profile, const char *string)
{
	uint32_t index;

	assert_int_equal(pyro_profile_string(profile, string, strlen(string), &index), PYRO_RC_OK);
	return index;
}

static uint32_t task(struct pyro_profile *profile)
{
	const struct pyro_task_group group = {.name = text(profile, ""), .function = SAMPLE_FLUSH};
	uint32_t index;

	assert_int_equal(pyro_profile_task(profile, &group, &index), PYRO_RC_OK);
	return index;
}

static void sums_are_by_place_and_by_wait(void **state)
{
	struct pyro_task_total total = {.wait = text(*state, "a lock")};
	struct pyro_profile_counts counts;

	total.task = task(*state);
	total.values[PYRO_METRIC_WALL] = 30;
	total.values[PYRO_METRIC_CPU] = 10;
	total.wall_squared = 900;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_OK);
	total.wait = text(*state, "sleeping");
	assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_OK);
	total.stack = 1;
	assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_OK);
	pyro_profile_counts(*state, &counts);
	assert_int_equal(counts.tasks, 1);
	assert_int_equal(counts.task_totals, 3);
	assert_int_equal(pyro_profile_task_total_get(*state, 0)->values[PYRO_METRIC_WALL], 60);
	assert_int_equal(pyro_profile_task_total_get(*state, 0)->values[PYRO_METRIC_WAIT], 40);
	assert_int_equal(pyro_profile_task_total_get(*state, 0)->wall_squared, 1800);
	assert_int_equal(pyro_profile_task_total_get(*state, 2)->stack, 1);
	assert_null(pyro_profile_task_total_get(*state, 3));
	assert_null(pyro_profile_task_get(*state, 1));
}

static void what_does_not_exist_is_refused(void **state)
{
	struct pyro_profile_counts counts;
	struct pyro_task_group group;
	struct pyro_task_total total = {.stack = 0};
	uint32_t index;

	pyro_profile_counts(*state, &counts);
	group = (struct pyro_task_group){.process = counts.processes};
	assert_int_equal(pyro_profile_task(*state, &group, &index), PYRO_RC_FORMAT);
	group = (struct pyro_task_group){.track = counts.tracks};
	assert_int_equal(pyro_profile_task(*state, &group, &index), PYRO_RC_FORMAT);
	group = (struct pyro_task_group){.name = counts.strings};
	assert_int_equal(pyro_profile_task(*state, &group, &index), PYRO_RC_FORMAT);
	group = (struct pyro_task_group){.function = counts.functions};
	assert_int_equal(pyro_profile_task(*state, &group, &index), PYRO_RC_FORMAT);
	assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_FORMAT);
	total.task = task(*state);
	total.stack = counts.stacks;
	assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_FORMAT);
	total.stack = PYRO_NONE;
	assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_FORMAT);
	total.stack = 0;
	total.wait = counts.strings;
	assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_FORMAT);
}

static enum pyro_rc note(void *context, size_t total)
{
	size_t *seen = context;

	(*seen)++;
	return total == 7 ? PYRO_RC_IO : PYRO_RC_OK;
}

static void changes_are_told_once(void **state)
{
	struct pyro_task_total total = {.task = task(*state), .wait = text(*state, "")};
	size_t seen = 0;

	for (uint32_t i = 0; i < 6; i++) {
		total.stack = i / 2;
		assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_OK);
	}
	assert_int_equal(pyro_profile_take_task_totals(*state, note, &seen), PYRO_RC_OK);
	assert_int_equal(seen, 3);
	assert_int_equal(pyro_profile_take_task_totals(*state, note, &seen), PYRO_RC_OK);
	assert_int_equal(seen, 3);
	for (uint32_t i = 0; i < 9; i++) {
		total.stack = i;
		assert_int_equal(pyro_profile_task_add(*state, &total), PYRO_RC_OK);
	}
	/* What comes behind an error, and what it was about, is told the next time. */
	seen = 0;
	assert_int_equal(pyro_profile_take_task_totals(*state, note, &seen), PYRO_RC_IO);
	assert_int_equal(seen, 2);
	assert_int_equal(pyro_profile_take_task_totals(*state, note, &seen), PYRO_RC_IO);
	assert_int_equal(seen, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sums_are_by_place_and_by_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_exist_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_told_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
