/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/tasks.h"
#include "support/sample_profile.h"

#define MS 1000000u

static struct pyro_profile *profile;

static int set_up(void **state)
{
	(void)state;
	profile = sample_profile_create();
	return profile ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	pyro_profile_destroy(profile);
	return 0;
}

static uint32_t text(const char *string)
{
	uint32_t index;

	assert_int_equal(pyro_profile_string(profile, string, strlen(string), &index), PYRO_RC_OK);
	return index;
}

static uint32_t task(const char *name, uint32_t function, uint64_t tasks)
{
	const struct pyro_task_group group = {
		.name = text(name), .function = function, .tasks = tasks};
	uint32_t index;

	assert_int_equal(pyro_profile_task(profile, &group, &index), PYRO_RC_OK);
	return index;
}

/* The sample profile's functions, the outermost first; each at its own line. */
static uint32_t stack_of(const uint32_t *functions, size_t count)
{
	uint32_t stack = PYRO_NONE;

	for (size_t i = 0; i < count; i++) {
		const struct pyro_frame frame = {.function = functions[i], .line = 7};
		uint32_t index;

		assert_int_equal(pyro_profile_frame(profile, &frame, &index), PYRO_RC_OK);
		assert_int_equal(pyro_profile_stack(profile, stack, index, &stack), PYRO_RC_OK);
	}
	return stack;
}

static void add(uint32_t of, uint32_t stack, const char *wait, uint64_t cpu_ms, uint64_t ready_ms,
		uint64_t wait_ms)
{
	struct pyro_task_total total = {.task = of, .stack = stack, .wait = text(wait)};

	total.values[PYRO_METRIC_WALL] = (cpu_ms + ready_ms + wait_ms) * MS;
	total.values[PYRO_METRIC_CPU] = cpu_ms * MS;
	total.values[PYRO_METRIC_READY] = ready_ms * MS;
	total.values[PYRO_METRIC_WAIT_OTHER] = wait_ms * MS;
	assert_int_equal(pyro_profile_task_add(profile, &total), PYRO_RC_OK);
}

static void fill(void)
{
	const uint32_t waiting[] = {SAMPLE_MAIN, SAMPLE_FLUSH, SAMPLE_DUMPS};
	const uint32_t main[] = {SAMPLE_MAIN};
	uint32_t many = task("", SAMPLE_MAIN, 900);
	uint32_t one = task("the one", SAMPLE_FLUSH, 1);

	add(many, stack_of(main, 1), "", 5, 1, 2);
	add(many, stack_of(waiting, 3), "a lock", 0, 0, 60);
	add(many, stack_of(waiting, 2), "a lock", 0, 0, 50);
	add(many, stack_of(main, 1), "sleeping", 0, 0, 100);
	add(one, stack_of(main, 1), "", 90, 0, 0);
}

static void rows_add_up(void **state)
{
	struct pyro_tasks_rows rows;

	(void)state;
	fill();
	assert_int_equal(pyro_tasks_rows(profile, &(struct pyro_tasks_options){0}, &rows, NULL),
			 PYRO_RC_OK);
	assert_int_equal(rows.count, 2);
	assert_string_equal(rows.rows[0].name, "the one");
	assert_int_equal(rows.rows[0].function, PYRO_NONE);
	assert_string_equal(rows.rows[1].coroutine, "main");
	assert_int_equal(rows.rows[1].tasks, 900);
	assert_int_equal(rows.rows[1].life_ns, 218 * MS);
	assert_int_equal(rows.rows[1].waiting_ns, 212 * MS);
	assert_int_equal(rows.rows[1].blocked_ns, 2 * MS);
	/* Library code counts to the line of the user's that awaits it. */
	assert_int_equal(rows.rows[1].function, SAMPLE_FLUSH);
	assert_int_equal(rows.rows[1].wait_ns, 110 * MS);
	assert_string_equal(rows.rows[1].wait, "a lock");
	pyro_tasks_rows_deinit(&rows);
}

/* Of some totals alone, and where they are in library code. */
static void rows_of_a_stretch(void **state)
{
	struct pyro_tasks_options options = {.total_count = 2, .unfold = true};
	struct pyro_tasks_rows rows;
	struct pyro_task_total totals[2];

	(void)state;
	fill();
	totals[0] = *pyro_profile_task_total_get(profile, 1);
	totals[1] = *pyro_profile_task_total_get(profile, 3);
	options.totals = totals;
	assert_int_equal(pyro_tasks_rows(profile, &options, &rows, NULL), PYRO_RC_OK);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.rows[0].task, 0);
	assert_int_equal(rows.rows[0].life_ns, 160 * MS);
	assert_string_equal(rows.rows[0].wait, "sleeping");
	assert_int_equal(rows.rows[1].life_ns, 0);
	pyro_tasks_rows_deinit(&rows);
	options.total_count = 1;
	assert_int_equal(pyro_tasks_rows(profile, &options, &rows, NULL), PYRO_RC_OK);
	assert_int_equal(rows.rows[0].function, SAMPLE_DUMPS);
	pyro_tasks_rows_deinit(&rows);
}

static void the_table_fits(void **state)
{
	(void)state;
	fill();
	for (int columns = 20; columns < 200; columns += 15) {
		const struct pyro_report_look look = {.columns = columns};
		struct pyro_buf buf;

		pyro_buf_init(&buf, 1 << 16);
		assert_int_equal(pyro_tasks_print(profile, 1, &look, &buf, NULL), PYRO_RC_OK);
		assert_non_null(strstr(buf.data, "running"));
		assert_non_null(strstr(buf.data, "1 more"));
		pyro_buf_deinit(&buf);
	}
}

static void nothing_is_said_without_tasks(void **state)
{
	const struct pyro_report_look look = {.columns = 80};
	struct pyro_buf buf;

	(void)state;
	pyro_buf_init(&buf, 1 << 16);
	assert_int_equal(pyro_tasks_print(profile, 5, &look, &buf, NULL), PYRO_RC_OK);
	assert_int_equal(buf.size, 0);
	assert_int_equal(pyro_tasks_json(profile, &buf, NULL), PYRO_RC_OK);
	assert_string_equal(buf.data, "\"tasks\":[]");
	pyro_buf_deinit(&buf);
}

static void json_has_all(void **state)
{
	struct pyro_buf buf;

	(void)state;
	fill();
	pyro_buf_init(&buf, 1 << 16);
	assert_int_equal(pyro_tasks_json(profile, &buf, NULL), PYRO_RC_OK);
	assert_non_null(strstr(buf.data, "\"name\":\"the one\""));
	assert_non_null(strstr(buf.data, "\"waits_mostly\":null"));
	assert_non_null(strstr(buf.data, "\"for\":\"a lock\",\"function\":\"flush\""));
	pyro_buf_deinit(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_add_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_of_a_stretch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_table_fits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_said_without_tasks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(json_has_all, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
