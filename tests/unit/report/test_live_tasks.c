/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "stage.h"
#include "stage_tasks.h"
#include "stand.h"

static struct stand stand;

static int set_up(void **state)
{
	struct pyro_alive *alive;
	struct pyro_profile *profile = stage_tasks(&alive);

	(void)state;
	stand_set(&stand, profile ? alive : NULL, profile);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stand_clear(&stand);
	return 0;
}

static void press_all(const char *keys)
{
	for (; *keys; keys++)
		stand_press(&stand, (uint32_t)*keys);
}

static const struct pyro_row *row(size_t index)
{
	assert_true(index < stand.live.rows.count);
	return &stand.live.rows.rows[index];
}

static size_t find(const char *name)
{
	for (size_t i = 0; i < stand.live.rows.count; i++) {
		if (strcmp(row(i)->name, name) == 0)
			return i;
	}
	fail_msg("no row %s", name);
	return 0;
}

static void choose(const char *name)
{
	const size_t at = find(name);

	stand_press(&stand, PYRO_KEY_HOME);
	for (size_t i = 0; i < at; i++)
		stand_press(&stand, PYRO_KEY_DOWN);
}

/* Screens after some keys; see golden.h. */
static void screens(void **state)
{
	static const struct {
		const char *name;
		struct pyro_report_look look;
		const char *keys;
	} shots[] = {
		{"live-tasks", {80, 16, false, true}, "5"},
		{"live-tasks-120", {120, 16, false, true}, "5"},
		{"live-tasks-40", {40, 16, false, true}, "5"},
		{"live-tasks-ascii", {120, 16, false, false}, "5"},
		{"live-tasks-colour", {80, 16, true, true}, "5"},
		{"live-tasks-longest", {120, 16, false, true}, "5>>>>"},
		{"live-tasks-filter", {80, 12, false, true}, "5/SWEEP\n"},
		{"live-tasks-unfold", {120, 16, false, true}, "5a"},
		{"live-each-task", {120, 16, false, true}, "5d"},
		{"live-each-task-80", {80, 16, false, true}, "5d"},
		{"live-each-task-40", {40, 16, false, true}, "5d"},
		{"live-each-task-of", {120, 16, false, true}, "5\n"},
		{"live-stack", {80, 16, false, true}, "5\nG\n"},
		{"live-stack-40", {40, 16, false, true}, "5\nG\n"},
		{"live-tasks-functions", {80, 16, false, true}, "5\n1"},
		{"live-tasks-lines", {80, 16, false, true}, "5\nG\nj\n"},
	};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(shots); i++) {
		stand_draw(&stand, &shots[i].look);
		press_all(shots[i].keys);
		stand_draw(&stand, &shots[i].look);
		stand_check(shots[i].name, &shots[i].look, &stand.screen.text);
		stand_clear(&stand);
		set_up(state);
	}
}

static void json(void **state)
{
	static const struct {
		const char *name, *keys;
	} views[] = {{"live-tasks-json", "5"}, {"live-each-task-json", "5d"}};
	struct pyro_buf buf;

	(void)state;
	pyro_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < PYRO_COUNT(views); i++) {
		press_all(views[i].keys);
		assert_int_equal(pyro_live_json(&stand.live, 1, 5, &buf, NULL), PYRO_RC_OK);
		stand_check(views[i].name,
			    &(struct pyro_report_look){.columns = 10000, .unicode = true}, &buf);
		pyro_buf_reset(&buf);
	}
	pyro_buf_deinit(&buf);
}

static void all_sizes(void **state)
{
	static const char *const keys[] = {"5", "5d", "5\n", "5\n\n", "5\n\n\n"};

	(void)state;
	for (size_t k = 0; k < PYRO_COUNT(keys); k++) {
		press_all(keys[k]);
		for (unsigned columns = 1; columns <= 200; columns += columns < 60 ? 3 : 20) {
			const struct pyro_report_look look = {columns, 1 + columns % 23,
							      columns & 2, columns & 1};

			stand_draw(&stand, &look);
			if (columns >= 24)
				golden_check_lines("sizes", &look, &stand.screen.text);
		}
		for (int i = 0; i < PYRO_LIVE_BACK; i++)
			stand_press(&stand, PYRO_KEY_ESCAPE);
	}
}

/* Each of a group, the stack of one, the lines of a function on it; and back. */
static void into_and_back(void **state)
{
	(void)state;
	press_all("5");
	assert_int_equal(stand.live.choice.view, PYRO_LIVE_TASKS);
	assert_int_equal(stand.live.rows.count, 5);
	choose("cache cleaner");
	press_all("\n");
	assert_int_equal(stand.live.choice.view, PYRO_LIVE_EACH_TASK);
	assert_int_equal(stand.live.rows.count, 1);
	press_all("\n");
	assert_int_equal(stand.live.choice.view, PYRO_LIVE_STACK);
	assert_int_equal(stand.live.rows.count, 2);
	assert_string_equal(row(0)->name, "flush");
	assert_string_equal(row(1)->name, "sweep");
	assert_true(stand_shows(&stand, "blocking for 300 ms"));
	/* Frames are sorted by nothing else. */
	press_all("r>");
	assert_string_equal(row(0)->name, "flush");
	press_all("\n");
	assert_int_equal(stand.live.choice.view, PYRO_LIVE_LINES);
	assert_int_equal(stand.live.rows.count, 1);
	assert_int_equal(row(0)->self.of[PYRO_METRIC_WALL], 300000000);
	for (int i = 0; i < 3; i++)
		stand_press(&stand, PYRO_KEY_ESCAPE);
	assert_int_equal(stand.live.choice.view, PYRO_LIVE_TASKS);
	assert_int_equal(stand.live.choice.kind, PYRO_NONE);
	assert_int_equal(stand.live.choice.task, 0);
}

/* Functions and lines are those of the tasks chosen, as long as they are. */
static void code_of_tasks(void **state)
{
	(void)state;
	press_all("5");
	choose("handler");
	press_all("\n1");
	assert_int_equal(stand.live.scope.weight, PYRO_REPORT_WALL);
	assert_string_equal(row(0)->name, "Pool.fetch");
	assert_int_equal(row(0)->self.of[PYRO_METRIC_WALL], 36 * 1900ull * 1000000);
	assert_int_equal(row(find("parse"))->self.of[PYRO_METRIC_CPU], 300000000);
	press_all("d"); /* they are not apart by thread */
	assert_int_equal(row(find("parse"))->self.of[PYRO_METRIC_CPU], 300000000);
	/* A thread takes their place. */
	press_all("3\n1");
	assert_int_equal(stand.live.choice.kind, PYRO_NONE);
	assert_int_equal(row(find("parse"))->self.of[PYRO_METRIC_CPU], 400000000);
}

static void orders(void **state)
{
	(void)state;
	press_all("5");
	assert_string_equal(row(0)->name, "handler");
	assert_string_equal(row(1)->name, "brief");
	/* Equal in running: those of which most live. */
	press_all(">>>"); /* ready, waiting, tasks */
	assert_int_equal(stand.live.choice.order, PYRO_LIVE_COUNT);
	assert_string_equal(row(0)->name, "handler");
	assert_string_equal(row(4)->name, "brief");
	press_all(">");
	assert_int_equal(stand.live.choice.order, PYRO_LIVE_LASTED);
	assert_string_equal(row(0)->name, "main");
	assert_string_equal(row(4)->name, "brief");
	press_all("r");
	assert_string_equal(row(0)->name, "brief");
	/* Each task: the longest first where they run as much. */
	press_all("d");
	assert_int_equal(stand.live.choice.order, PYRO_LIVE_LASTED);
	press_all("r");
	assert_string_equal(row(0)->name, "Task-1");
	press_all("<<<");
	assert_int_equal(stand.live.choice.order, PYRO_LIVE_RUNNING);
	assert_string_equal(row(0)->name, "Task-10");
	assert_string_equal(row(1)->name, "Task-1");
	assert_string_equal(row(3)->name, "Task-12");
	assert_string_equal(row(4)->name, "Task-13");
}

/* The choice stays with its task, wherever that goes; with one that ends, it ends. */
static void a_task_ends(void **state)
{
	struct pyro_alive_task moved = {.number = 3,
					.group = 0,
					.stack = PYRO_NONE,
					.state = PYRO_ALIVE_WAITING,
					.wait = "a lock",
					.since_ns = 100,
					.seen_ns = 1900000000};

	(void)state;
	press_all("5d");
	choose("Task-13");
	assert_int_equal(pyro_alive_put(stand.alive, &moved, NULL, 0), PYRO_RC_OK);
	assert_int_equal(pyro_live_refresh(&stand.live, 3 * S, NULL), PYRO_RC_OK);
	assert_string_equal(row(stand.live.chosen)->name, "Task-13");
	choose("Task-12");
	press_all("\n");
	assert_int_equal(stand.live.rows.count, 4);
	stage_tasks_end(stand.alive);
	/* Held, it stays. */
	press_all(" ");
	assert_int_equal(pyro_live_refresh(&stand.live, 4 * S, NULL), PYRO_RC_OK);
	assert_int_equal(stand.live.rows.count, 4);
	stand_press(&stand, ' ');
	assert_int_equal(stand.live.rows.count, 0);
	assert_true(stand_shows(&stand, "the task has ended"));
	assert_int_equal(pyro_live_key(&stand.live, '\n'), PYRO_LIVE_NOTHING);
	stand_press(&stand, PYRO_KEY_ESCAPE);
	assert_int_equal(stand.live.rows.count, 38);
}

/* What is not there is said to be not there, and why. */
static void nothing_to_show(void **state)
{
	struct pyro_quality *quality;

	(void)state;
	stand_clear(&stand);
	stand_set(&stand, NULL, stage_waiting());
	press_all("5");
	assert_true(stand_shows(&stand, "tasks are not looked at: --no-async"));
	stand_clear(&stand);
	assert_int_equal(pyro_alive_create(&stand.alive), PYRO_RC_OK);
	stand_set(&stand, stand.alive, stage_waiting());
	press_all("5");
	assert_true(stand_shows(&stand, "no tasks of asyncio are seen here"));
	press_all("d");
	assert_true(stand_shows(&stand, "no tasks of asyncio are seen here"));
	quality = pyro_profile_quality(stand.profile);
	quality->task_looks = quality->task_dropped = 7;
	assert_true(stand_shows(&stand, "no look at tasks has succeeded"));
	press_all("/x\n");
	assert_true(stand_shows(&stand, "nothing matches the filter"));
}

/* All have: what they did together is left. */
static void the_end(void **state)
{
	(void)state;
	press_all("5d>>>");
	pyro_alive_remove_process(stand.alive, 0);
	assert_int_equal(pyro_live_refresh(&stand.live, 3 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "no task of asyncio lives now"));
	pyro_live_sum_up(&stand.live);
	assert_int_equal(pyro_live_refresh(&stand.live, 4 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "tasks by longest"));
	assert_int_equal(stand.live.rows.count, 5);
	/* From a stack too, which is sorted by nothing. */
	stand.live.choice.view = PYRO_LIVE_STACK;
	stand.live.choice.order = PYRO_LIVE_ORDERS;
	pyro_live_sum_up(&stand.live);
	assert_int_equal(pyro_live_refresh(&stand.live, 5 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "tasks by running"));
}

static void those_that_ended(void **state)
{
	(void)state;
	press_all("5");
	choose("brief");
	press_all("\n");
	assert_int_equal(stand.live.rows.count, 0);
	assert_true(stand_shows(&stand, "none of these tasks lives now"));
}

static void very_many(void **state)
{
	struct pyro_alive *alive;
	struct pyro_profile *profile = stage_many_tasks(&alive, 2000, 500);

	(void)state;
	stand_clear(&stand);
	stand_set(&stand, alive, profile);
	press_all("5");
	assert_true(stand_shows(&stand, "2,003 of 2,503 seen so far"));
	assert_true(stand_shows(&stand, "2,000"));
	press_all("d");
	assert_int_equal(stand.live.rows.count, 2003);
	press_all("/Task-199\n");
	assert_int_equal(stand.live.rows.count, 11);
	/* By the coroutine, which is not part of the name. */
	press_all("/");
	stand_press(&stand, 'U' - '@');
	press_all("handler\n");
	assert_int_equal(stand.live.rows.count, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		CASE(screens),          CASE(json),      CASE(all_sizes),   CASE(into_and_back),
		CASE(code_of_tasks),    CASE(orders),    CASE(a_task_ends), CASE(nothing_to_show),
		CASE(those_that_ended), CASE(very_many), CASE(the_end),
#undef CASE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
