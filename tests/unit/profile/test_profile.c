/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "profile/profile.h"
#include "support/sample_profile.h"

static int setup(void **state)
{
	struct pyro_profile *profile = NULL;
	if (pyro_profile_create(&profile, NULL) != PYRO_RC_OK)
		return -1;
	*state = profile;
	return 0;
}

static int teardown(void **state)
{
	pyro_profile_destroy(*state);
	return 0;
}

static uint32_t text(struct pyro_profile *p, const char *s)
{
	uint32_t index = PYRO_NONE;
	assert_int_equal(pyro_profile_string(p, s, strlen(s), &index), PYRO_RC_OK);
	return index;
}

static uint32_t function(struct pyro_profile *p, const char *name, int32_t line)
{
	uint32_t index = PYRO_NONE;
	struct pyro_function f = {
		.name = text(p, name), .file = text(p, "a.py"), .first_line = line};
	assert_int_equal(pyro_profile_function(p, &f, &index), PYRO_RC_OK);
	return index;
}

static uint32_t stack(struct pyro_profile *p, uint32_t parent, uint32_t fn, int32_t line)
{
	uint32_t frame = PYRO_NONE;
	uint32_t index = PYRO_NONE;
	assert_int_equal(pyro_profile_frame(p, &(struct pyro_frame){fn, line}, &frame), PYRO_RC_OK);
	assert_int_equal(pyro_profile_stack(p, parent, frame, &index), PYRO_RC_OK);
	return index;
}

static uint32_t track(struct pyro_profile *p)
{
	uint32_t process = PYRO_NONE;
	uint32_t index = PYRO_NONE;
	struct pyro_process_info info = {
		.pid = 7, .parent = PYRO_NONE, .command = text(p, "c"), .python = text(p, "v")};
	assert_int_equal(pyro_profile_process(p, &info, &process), PYRO_RC_OK);
	struct pyro_track t = {.process = process, .tid = 7, .name = text(p, "MainThread")};
	assert_int_equal(pyro_profile_track(p, &t, &index), PYRO_RC_OK);
	return index;
}

static void everything_is_interned_once(void **state)
{
	struct pyro_profile *p = *state;
	uint32_t f = function(p, "f", 3);
	assert_int_equal(function(p, "f", 3), f);
	assert_int_not_equal(function(p, "f", 4), f);
	uint32_t g = function(p, "g", 3);
	uint32_t root = stack(p, PYRO_NONE, f, 4);
	assert_int_equal(stack(p, PYRO_NONE, f, 4), root);
	uint32_t leaf = stack(p, root, g, -1);
	assert_int_equal(stack(p, root, g, -1), leaf);
	assert_int_equal(pyro_profile_stack_get(p, leaf)->depth, 2);
	assert_int_equal(pyro_profile_stack_get(p, leaf)->parent, root);
	struct pyro_profile_counts counts;
	pyro_profile_counts(p, &counts);
	assert_int_equal(counts.functions, 3);
	assert_int_equal(counts.frames, 2);
	assert_int_equal(counts.stacks, 2);
}

static void many_functions_are_found_again(void **state)
{
	struct pyro_profile *p = *state;
	for (int32_t i = 0; i < 5000; i++)
		assert_int_equal(function(p, "f", i), (uint32_t)i);
	for (int32_t i = 0; i < 5000; i++)
		assert_int_equal(function(p, "f", i), (uint32_t)i);
}

static void unknown_indices_are_refused(void **state)
{
	struct pyro_profile *p = *state;
	uint32_t out;
	struct pyro_function f = {.name = 5};
	struct pyro_process_info process = {.command = 9};
	uint64_t values[PYRO_METRIC_COUNT] = {0};
	assert_int_equal(pyro_profile_function(p, &f, &out), PYRO_RC_FORMAT);
	assert_int_equal(pyro_profile_frame(p, &(struct pyro_frame){0, 1}, &out), PYRO_RC_FORMAT);
	assert_int_equal(pyro_profile_stack(p, PYRO_NONE, 0, &out), PYRO_RC_FORMAT);
	assert_int_equal(pyro_profile_process(p, &process, &out), PYRO_RC_FORMAT);
	assert_int_equal(pyro_profile_track(p, &(struct pyro_track){0}, &out), PYRO_RC_FORMAT);
	uint32_t t = track(p);
	assert_int_equal(pyro_profile_add(p, t, 0, values), PYRO_RC_FORMAT);
	assert_int_equal(pyro_profile_add(p, t + 1, PYRO_NONE, values), PYRO_RC_FORMAT);
	stack(p, PYRO_NONE, function(p, "f", 1), 1);
	assert_int_equal(pyro_profile_stack(p, 1, 0, &out), PYRO_RC_FORMAT);
	assert_null(pyro_profile_stack_get(p, 1));
	assert_null(pyro_profile_string_get(p, 1000, NULL));
}

static void depth_is_capped(void **state)
{
	struct pyro_profile *p = *state;
	uint32_t f = function(p, "f", 1);
	uint32_t at = PYRO_NONE;
	for (int i = 0; i < PYRO_MAX_STACK_DEPTH; i++)
		at = stack(p, at, f, 1);
	assert_int_equal(pyro_profile_stack(p, at, 0, &at), PYRO_RC_LIMIT);
}

static void adding_sums_values_and_squares(void **state)
{
	struct pyro_profile *p = *state;
	uint32_t t = track(p);
	uint32_t s = stack(p, PYRO_NONE, function(p, "f", 1), 1);
	uint64_t values[PYRO_METRIC_COUNT] = {
		[PYRO_METRIC_WALL] = 3, [PYRO_METRIC_CPU] = 2, [PYRO_METRIC_SAMPLES] = 1};
	assert_int_equal(pyro_profile_add(p, t, s, values), PYRO_RC_OK);
	values[PYRO_METRIC_WALL] = 4;
	assert_int_equal(pyro_profile_add(p, t, s, values), PYRO_RC_OK);
	assert_int_equal(pyro_profile_add(p, t, PYRO_NONE, values), PYRO_RC_OK);
	const struct pyro_total *total = pyro_profile_total_get(p, 0);
	assert_int_equal(total->values[PYRO_METRIC_WALL], 7);
	assert_int_equal(total->values[PYRO_METRIC_SAMPLES], 2);
	assert_true(total->wall_squared == 25.0);
	assert_true(total->cpu_squared == 8.0);
	assert_int_equal(pyro_profile_total_get(p, 1)->stack, PYRO_NONE);
	assert_null(pyro_profile_total_get(p, 2));
}

struct taken {
	size_t totals[8];
	size_t count;
	size_t fail_after;
};

static enum pyro_rc take(void *context, size_t total)
{
	struct taken *taken = context;
	if (taken->count == taken->fail_after)
		return PYRO_RC_IO;
	taken->totals[taken->count++] = total;
	return PYRO_RC_OK;
}

static void changes_are_taken_once(void **state)
{
	struct pyro_profile *p = *state;
	uint32_t t = track(p);
	uint32_t f = function(p, "f", 1);
	uint64_t values[PYRO_METRIC_COUNT] = {1};
	for (int32_t i = 0; i < 3; i++) {
		uint32_t s = stack(p, PYRO_NONE, f, i);
		assert_int_equal(pyro_profile_add(p, t, s, values), PYRO_RC_OK);
		assert_int_equal(pyro_profile_add(p, t, s, values), PYRO_RC_OK);
	}
	struct taken taken = {.fail_after = 1};
	assert_int_equal(pyro_profile_take_changed(p, take, &taken), PYRO_RC_IO);
	assert_int_equal(taken.count, 1);
	taken = (struct taken){.fail_after = 8};
	assert_int_equal(pyro_profile_add(p, t, 0, values), PYRO_RC_OK);
	assert_int_equal(pyro_profile_take_changed(p, take, &taken), PYRO_RC_OK);
	assert_int_equal(taken.count, 3);
	assert_int_equal(taken.totals[0], 1);
	assert_int_equal(taken.totals[2], 0);
	taken = (struct taken){.fail_after = 8};
	assert_int_equal(pyro_profile_take_changed(p, take, &taken), PYRO_RC_OK);
	assert_int_equal(taken.count, 0);
}

static void the_shared_sample_is_as_described(void **state)
{
	struct pyro_profile *p = sample_profile_create();
	assert_non_null(p);
	struct pyro_profile_counts counts;
	pyro_profile_counts(p, &counts);
	assert_int_equal(counts.functions, SAMPLE_FUNCTION_COUNT);
	assert_int_equal(counts.tracks, 3);
	assert_int_equal(counts.processes, 2);
	uint64_t wall = 0;
	uint64_t cpu = 0;
	uint64_t python = 0;
	for (size_t i = 0; i < counts.totals; i++) {
		const struct pyro_total *total = pyro_profile_total_get(p, i);
		wall += total->values[PYRO_METRIC_WALL];
		cpu += total->values[PYRO_METRIC_CPU];
		python += total->stack == PYRO_NONE ? 0 : total->values[PYRO_METRIC_WALL];
	}
	assert_int_equal(wall, 1320000000);
	assert_int_equal(cpu, 920000000);
	assert_int_equal(python, 1300000000);
	pyro_profile_destroy(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_is_interned_once, setup, teardown),
		cmocka_unit_test_setup_teardown(many_functions_are_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_indices_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_is_capped, setup, teardown),
		cmocka_unit_test_setup_teardown(adding_sums_values_and_squares, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_taken_once, setup, teardown),
		cmocka_unit_test(the_shared_sample_is_as_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
