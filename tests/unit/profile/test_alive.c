/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include "profile/alive.h"

#define MS 1000000ull
#define S  1000000000ull

static struct pyro_alive *alive;

static int set_up(void **state)
{
	(void)state;
	return pyro_alive_create(&alive);
}

static int tear_down(void **state)
{
	(void)state;
	pyro_alive_destroy(alive);
	return 0;
}

static void put(const struct pyro_alive_task *task, const char *name)
{
	assert_int_equal(pyro_alive_put(alive, task, name, name ? strlen(name) : 0), PYRO_RC_OK);
}

static struct pyro_alive_rows take(uint64_t begin_ns, uint64_t end_ns)
{
	struct pyro_alive_rows rows;

	assert_int_equal(pyro_alive_take(alive, begin_ns, end_ns, &rows), PYRO_RC_OK);
	return rows;
}

static const struct pyro_alive_row *row_of(const struct pyro_alive_rows *rows, uint32_t process,
					   uint32_t number)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->rows[i].task.process == process && rows->rows[i].task.number == number)
			return &rows->rows[i];
	}
	return NULL;
}

static void they_come_and_go(void **state)
{
	struct pyro_alive_task task = {.process = 1, .wait = ""};
	struct pyro_alive_rows rows;
	uint64_t id;
	char name[32];

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "Task-%u", i);
		task.number = i;
		put(&task, name);
	}
	task = (struct pyro_alive_task){.process = 2, .number = 7, .wait = ""};
	put(&task, "other");
	assert_int_equal(pyro_alive_count(alive), 101);
	for (uint32_t i = 0; i < 100; i += 2)
		pyro_alive_remove(alive, 1, i);
	pyro_alive_remove(alive, 1, 4); /* nobody is there */
	rows = take(0, S);
	assert_int_equal(rows.count, 51);
	for (uint32_t i = 0; i < 100; i++) {
		const struct pyro_alive_row *row = row_of(&rows, 1, i);

		assert_int_equal(row != NULL, i % 2);
		snprintf(name, sizeof(name), "Task-%u", i);
		if (row)
			assert_string_equal(row->name, name);
	}
	id = row_of(&rows, 1, 7)->id;
	pyro_alive_rows_deinit(&rows);
	/* Told again, it is the same; under a name, it is another. */
	task = (struct pyro_alive_task){.process = 1, .number = 7, .group = 5, .wait = "a lock"};
	put(&task, NULL);
	rows = take(0, S);
	assert_int_equal(row_of(&rows, 1, 7)->id, id);
	assert_int_equal(row_of(&rows, 1, 7)->task.group, 5);
	assert_string_equal(row_of(&rows, 1, 7)->name, "Task-7");
	pyro_alive_rows_deinit(&rows);
	put(&task, "new");
	rows = take(0, S);
	assert_int_equal(rows.count, 51);
	assert_int_not_equal(row_of(&rows, 1, 7)->id, id);
	assert_string_equal(row_of(&rows, 1, 7)->name, "new");
	pyro_alive_rows_deinit(&rows);
	/* One of which nobody told does not come into being. */
	task.number = 200;
	put(&task, NULL);
	assert_int_equal(pyro_alive_count(alive), 51);
	pyro_alive_remove_process(alive, 1);
	rows = take(0, S);
	assert_int_equal(rows.count, 1);
	assert_string_equal(rows.rows[0].name, "other");
	pyro_alive_rows_deinit(&rows);
}

/* One that runs for a tenth of its time and is ready for another, told of ten times a second. */
static void run_until(struct pyro_alive_task *task, uint64_t from_ns, uint64_t to_ns)
{
	for (uint64_t ns = from_ns; ns < to_ns; ns += 100 * MS) {
		task->cpu_ns += 10 * MS;
		task->ready_ns += 10 * MS;
		put(task, NULL);
		assert_int_equal(pyro_alive_advance(alive, ns + 100 * MS), PYRO_RC_OK);
	}
}

static void assert_near(uint64_t ns, uint64_t expected)
{
	assert_in_range(ns, expected - expected / 10, expected + expected / 10);
}

static void windows(void **state)
{
	struct pyro_alive_task task = {.number = 1, .wait = "", .began_ns = S, .since_ns = S};
	struct pyro_alive_rows rows;

	(void)state;
	put(&task, "busy");
	run_until(&task, S, 11 * S);
	/* All of its life, and windows that begin at every age, long after most moments were
	 * dropped. */
	for (uint64_t begin_s = 0; begin_s <= 10; begin_s++) {
		const uint64_t from_s = begin_s ? begin_s : 1;

		rows = take(begin_s * S, 11 * S);
		assert_near(rows.rows[0].running_ns, (11 - from_s) * 100 * MS);
		assert_near(rows.rows[0].ready_ns, (11 - from_s) * 100 * MS);
		assert_int_equal(rows.rows[0].running_ns + rows.rows[0].ready_ns +
					 rows.rows[0].waiting_ns,
				 (11 - from_s) * S);
		pyro_alive_rows_deinit(&rows);
	}
	/* Nothing for an hour: what it does then is of then, not of the time before. */
	assert_int_equal(pyro_alive_advance(alive, 3600 * S), PYRO_RC_OK);
	run_until(&task, 3600 * S, 3601 * S);
	rows = take(3600 * S, 3601 * S);
	assert_near(rows.rows[0].running_ns, 100 * MS);
	pyro_alive_rows_deinit(&rows);
	rows = take(20 * S, 3600 * S);
	assert_true(rows.rows[0].waiting_ns >= 3579 * S);
	pyro_alive_rows_deinit(&rows);
	rows = take(12 * S, 3601 * S);
	assert_near(rows.rows[0].running_ns, 100 * MS);
	pyro_alive_rows_deinit(&rows);
}

/* What is told may be of before the window: no task does more in one than there is. */
static void no_more_than_there_is(void **state)
{
	struct pyro_alive_task task = {.number = 1, .wait = "", .cpu_ns = 5 * S, .ready_ns = S};
	struct pyro_alive_rows rows;

	(void)state;
	put(&task, "late");
	rows = take(0, S);
	assert_int_equal(rows.rows[0].running_ns, S);
	assert_int_equal(rows.rows[0].ready_ns, 0);
	assert_int_equal(rows.rows[0].waiting_ns, 0);
	pyro_alive_rows_deinit(&rows);
	rows = take(2 * S, S);
	assert_int_equal(rows.rows[0].running_ns + rows.rows[0].waiting_ns, 0);
	pyro_alive_rows_deinit(&rows);
}

static void how_long_for_sure(void **state)
{
	struct pyro_alive_task task = {
		.process = 3, .number = 1, .wait = "", .since_ns = 2 * S, .seen_ns = 3 * S};
	struct pyro_alive_looks looks = {
		.process = 3, .at_ns = 8 * S, .sure_ns = 2500 * MS, .unseen = 40};
	struct pyro_alive_rows rows;

	(void)state;
	put(&task, "one");
	rows = take(0, 10 * S);
	assert_int_equal(rows.rows[0].lasted_ns, S);
	assert_int_equal(rows.rows[0].waiting_ns, 10 * S);
	assert_int_equal(rows.unseen, 0);
	pyro_alive_rows_deinit(&rows);
	/* Not each was looked at again; nothing is said of what came after the last look. */
	assert_int_equal(pyro_alive_looked(alive, &looks), PYRO_RC_OK);
	rows = take(0, 10 * S);
	assert_int_equal(rows.rows[0].lasted_ns, S);
	assert_int_equal(rows.rows[0].waiting_ns, 8 * S);
	assert_int_equal(rows.unseen, 40);
	pyro_alive_rows_deinit(&rows);
	looks.sure_ns = 7 * S;
	looks.unseen = 0;
	assert_int_equal(pyro_alive_looked(alive, &looks), PYRO_RC_OK);
	rows = take(0, 10 * S);
	assert_int_equal(rows.rows[0].lasted_ns, 5 * S);
	assert_int_equal(rows.unseen, 0);
	pyro_alive_rows_deinit(&rows);
	/* Each process has its own. */
	looks.process = 4;
	looks.unseen = 2;
	assert_int_equal(pyro_alive_looked(alive, &looks), PYRO_RC_OK);
	pyro_alive_remove_process(alive, 3);
	rows = take(0, 10 * S);
	assert_int_equal(rows.count, 0);
	assert_int_equal(rows.unseen, 2);
	pyro_alive_rows_deinit(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		CASE(they_come_and_go),
		CASE(windows),
		CASE(no_more_than_there_is),
		CASE(how_long_for_sure),
#undef CASE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
