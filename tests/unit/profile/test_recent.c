/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/aggregate.h"
#include "profile/recent.h"
#include "support/sample_profile.h"

#define MS 1000000ull
#define S  1000000000ull

static struct pyro_profile *profile;
static struct pyro_recent *recent;

static int set_up(void **state)
{
	profile = sample_profile_create();
	return profile && !pyro_recent_create(profile, NULL, 10 * S, &recent) ? 0 : -1;
}

static int tear_down(void **state)
{
	pyro_recent_destroy(recent);
	pyro_profile_destroy(profile);
	return 0;
}

/* @count samples of 1 ms of what the profile's total @total is of. */
static void gather(size_t total, unsigned count)
{
	const struct pyro_total *of = pyro_profile_total_get(profile, total);
	const uint32_t track = of->track, stack = of->stack;
	const uint64_t values[PYRO_METRIC_COUNT] = {
		[PYRO_METRIC_WALL] = MS, [PYRO_METRIC_CPU] = MS, [PYRO_METRIC_SAMPLES] = 1};

	while (count-- > 0)
		assert_int_equal(pyro_profile_add(profile, track, stack, values), PYRO_RC_OK);
}

static uint64_t wall(uint64_t span_ns, struct pyro_stretch *ret)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_aggregate *aggregate;
	struct pyro_values whole;

	assert_int_equal(pyro_recent_take(recent, span_ns, ret), PYRO_RC_OK);
	options.totals = ret->rows;
	options.total_count = ret->count;
	assert_int_equal(pyro_aggregate_create(profile, &options, &aggregate, NULL), PYRO_RC_OK);
	pyro_aggregate_whole(aggregate, &whole, NULL);
	pyro_aggregate_destroy(aggregate);
	return whole.of[PYRO_METRIC_WALL];
}

static uint64_t wall_of(uint64_t span_ns)
{
	struct pyro_stretch stretch;
	const uint64_t sum = wall(span_ns, &stretch);

	pyro_stretch_deinit(&stretch);
	return sum;
}

static void a_window_slides(void **state)
{
	struct pyro_stretch stretch;

	assert_int_equal(pyro_recent_advance(recent, 1 * S), PYRO_RC_OK);
	for (unsigned i = 2; i <= 6; i++) {
		gather(0, i);
		gather(3, 1);
		assert_int_equal(pyro_recent_advance(recent, i * S), PYRO_RC_OK);
	}
	assert_int_equal(wall(1 * S, &stretch), (6 + 1) * MS);
	assert_int_equal(stretch.begin_ns, 5 * S);
	assert_int_equal(stretch.end_ns, 6 * S);
	assert_int_equal(stretch.count, 2);
	pyro_stretch_deinit(&stretch);
	/* Two totals in three intervals are two rows. */
	assert_int_equal(wall(3 * S, &stretch), (4 + 5 + 6 + 3) * MS);
	assert_int_equal(stretch.begin_ns, 3 * S);
	assert_int_equal(stretch.count, 2);
	pyro_stretch_deinit(&stretch);
	/* Once more: nothing of the last time is left behind. */
	assert_int_equal(wall_of(3 * S), (4 + 5 + 6 + 3) * MS);
	assert_int_equal(wall_of(60 * S), (1320 + 2 + 3 + 4 + 5 + 6 + 5) * MS);
	assert_int_equal(wall_of(0), (1320 + 2 + 3 + 4 + 5 + 6 + 5) * MS);
}

static void squares_are_those_of_the_window(void **state)
{
	struct pyro_stretch stretch;

	assert_int_equal(pyro_recent_advance(recent, 1 * S), PYRO_RC_OK);
	gather(0, 4);
	assert_int_equal(pyro_recent_advance(recent, 2 * S), PYRO_RC_OK);
	assert_int_equal(wall(1 * S, &stretch), 4 * MS);
	assert_float_equal(stretch.rows[0].wall_squared, 4.0 * MS * MS, 1e-3 * MS * MS);
	assert_float_equal(stretch.rows[0].cpu_squared, 4.0 * MS * MS, 1e-3 * MS * MS);
	pyro_stretch_deinit(&stretch);
}

static void what_is_old_is_forgotten(void **state)
{
	for (unsigned i = 1; i <= 100; i++) {
		gather(i % 5, 1);
		assert_int_equal(pyro_recent_advance(recent, i * S), PYRO_RC_OK);
		assert_int_equal(wall_of(5 * S), i < 6 ? (1320 + i) * MS : 5 * MS);
	}
	/* Somewhat more may be kept than the longest window needs, never as much as all. */
	assert_in_range(wall_of(1000 * S) / MS, 10, 20);
	assert_int_equal(wall_of(0), (1320 + 100) * MS);
}

static void a_reset_starts_from_nothing(void **state)
{
	gather(1, 7);
	assert_int_equal(pyro_recent_reset(recent, 3 * S), PYRO_RC_OK);
	assert_int_equal(wall_of(0), 0);
	assert_int_equal(wall_of(5 * S), 0);
	gather(1, 2);
	assert_int_equal(pyro_recent_advance(recent, 4 * S), PYRO_RC_OK);
	assert_int_equal(wall_of(0), 2 * MS);
	assert_int_equal(wall_of(5 * S), 2 * MS);
}

static void nothing_yet(void **state)
{
	struct pyro_stretch stretch;

	assert_int_equal(wall(5 * S, &stretch), 0);
	assert_int_equal(stretch.end_ns, 0);
	pyro_stretch_deinit(&stretch);
	/* A clock that does not move is no harm. */
	assert_int_equal(pyro_recent_advance(recent, 0), PYRO_RC_OK);
	assert_int_equal(pyro_recent_advance(recent, 0), PYRO_RC_OK);
	assert_int_equal(wall_of(1), 1320 * MS);
}

/* What a window adds up to has only the stacks that it needs, and rows as always. */
static void rows_of_a_window(void **state)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	const struct pyro_rows_options by = {.group = PYRO_GROUP_FUNCTION};
	struct pyro_aggregate *aggregate;
	struct pyro_stretch stretch;
	struct pyro_rows rows;

	assert_int_equal(pyro_recent_advance(recent, 1 * S), PYRO_RC_OK);
	gather(1, 10); /* <module> main fib fib fib */
	assert_int_equal(pyro_recent_advance(recent, 2 * S), PYRO_RC_OK);
	assert_int_equal(pyro_recent_take(recent, 1 * S, &stretch), PYRO_RC_OK);
	for (int folded = 0; folded < 2; folded++) {
		options.totals = stretch.rows;
		options.total_count = stretch.count;
		options.fold_library = folded;
		assert_int_equal(pyro_aggregate_create(profile, &options, &aggregate, NULL),
				 PYRO_RC_OK);
		assert_int_equal(pyro_aggregate_rows(aggregate, &by, &rows, NULL), PYRO_RC_OK);
		assert_int_equal(rows.count, 3);
		assert_string_equal(rows.rows[0].name, "fib");
		assert_int_equal(rows.rows[0].self.of[PYRO_METRIC_WALL], 10 * MS);
		assert_int_equal(rows.rows[0].total.of[PYRO_METRIC_WALL], 10 * MS);
		assert_int_equal(rows.rows[1].self.of[PYRO_METRIC_WALL], 0);
		assert_int_equal(rows.rows[1].total.of[PYRO_METRIC_WALL], 10 * MS);
		pyro_rows_deinit(&rows);
		pyro_aggregate_destroy(aggregate);
	}
	pyro_stretch_deinit(&stretch);
}

/* @ms of a wait of the profile's only tasks at @stack. */
static void await_at(uint32_t stack, uint64_t ms)
{
	struct pyro_task_total total = {.stack = stack};

	total.values[PYRO_METRIC_WALL] = ms * MS;
	total.values[PYRO_METRIC_WAIT_NET] = ms * MS;
	assert_int_equal(pyro_profile_task_add(profile, &total), PYRO_RC_OK);
}

static uint64_t awaited(uint64_t span_ns, size_t *ret_rows)
{
	struct pyro_stretch stretch;
	uint64_t sum = 0;

	assert_int_equal(pyro_recent_take(recent, span_ns, &stretch), PYRO_RC_OK);
	for (size_t i = 0; i < stretch.task_count; i++) {
		assert_int_equal(stretch.tasks[i].values[PYRO_METRIC_WALL],
				 stretch.tasks[i].values[PYRO_METRIC_WAIT]);
		sum += stretch.tasks[i].values[PYRO_METRIC_WAIT_NET];
	}
	*ret_rows = stretch.task_count;
	pyro_stretch_deinit(&stretch);
	return sum / MS;
}

/* What tasks did goes the same way as what threads did, beside it. */
static void tasks_have_windows_too(void **state)
{
	const struct pyro_task_group group = {.track = PYRO_NONE, .function = SAMPLE_FLUSH};
	uint32_t task;
	size_t rows;

	assert_int_equal(pyro_profile_task(profile, &group, &task), PYRO_RC_OK);
	assert_int_equal(pyro_recent_advance(recent, 1 * S), PYRO_RC_OK);
	assert_int_equal(awaited(5 * S, &rows), 0);
	assert_int_equal(rows, 0);
	for (unsigned i = 2; i <= 30; i++) {
		await_at(1, i);
		await_at(2, 1);
		gather(0, 3);
		assert_int_equal(pyro_recent_advance(recent, i * S), PYRO_RC_OK);
		if (i == 20)
			assert_int_equal(awaited(3 * S, &rows), 20 + 19 + 18 + 3);
	}
	assert_int_equal(awaited(2 * S, &rows), 30 + 29 + 2);
	assert_int_equal(rows, 2);
	assert_int_equal(wall_of(2 * S), 6 * MS);
	assert_int_equal(awaited(0, &rows), 30 * 31 / 2 - 1 + 29);
	assert_int_equal(pyro_recent_reset(recent, 31 * S), PYRO_RC_OK);
	assert_int_equal(awaited(0, &rows), 0);
	await_at(2, 7);
	assert_int_equal(pyro_recent_advance(recent, 32 * S), PYRO_RC_OK);
	assert_int_equal(awaited(0, &rows), 7);
	assert_int_equal(awaited(5 * S, &rows), 7);
	assert_int_equal(rows, 1);
}

static void a_window_has_those_that_live(void **state)
{
	struct pyro_alive_task task = {.wait = ""};
	struct pyro_stretch stretch;
	struct pyro_alive *alive;

	assert_int_equal(pyro_alive_create(&alive), PYRO_RC_OK);
	pyro_recent_destroy(recent);
	assert_int_equal(pyro_recent_create(profile, alive, 10 * S, &recent), PYRO_RC_OK);
	assert_int_equal(pyro_alive_put(alive, &task, "one", 3), PYRO_RC_OK);
	for (unsigned i = 1; i <= 9; i++) {
		task.cpu_ns += 100 * MS;
		assert_int_equal(pyro_alive_put(alive, &task, NULL, 0), PYRO_RC_OK);
		assert_int_equal(pyro_recent_advance(recent, i * S), PYRO_RC_OK);
	}
	assert_int_equal(pyro_recent_take(recent, 3 * S, &stretch), PYRO_RC_OK);
	/* It is of that moment: what comes later does not show. */
	pyro_alive_remove(alive, 0, 0);
	assert_int_equal(stretch.alive.count, 1);
	assert_string_equal(stretch.alive.rows[0].name, "one");
	assert_int_equal(stretch.alive.rows[0].running_ns, 300 * MS);
	assert_int_equal(stretch.alive.rows[0].waiting_ns, 2700 * MS);
	pyro_stretch_deinit(&stretch);
	assert_int_equal(pyro_recent_take(recent, 3 * S, &stretch), PYRO_RC_OK);
	assert_int_equal(stretch.alive.count, 0);
	pyro_stretch_deinit(&stretch);
	pyro_alive_destroy(alive);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_slides),
		TEST(squares_are_those_of_the_window),
		TEST(what_is_old_is_forgotten),
		TEST(a_reset_starts_from_nothing),
		TEST(nothing_yet),
		TEST(rows_of_a_window),
		TEST(tasks_have_windows_too),
		TEST(a_window_has_those_that_live),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
