/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "golden.h"
#include "report/moment.h"

#define TASKS 64
#define DEEP  12 /* tasks that await each other in a row */

static uint32_t stack_of(struct pyro_moment *moment, const char *const *names, size_t count)
{
	uint32_t stack = PYRO_NONE;

	for (size_t i = 0; i < count; i++) {
		struct pyro_function function = {.first_line = 1};
		struct pyro_frame frame = {.line = (int32_t)i + 7};
		uint32_t index;

		if (pyro_profile_string(moment->profile, names[i], strlen(names[i]),
					&function.name) ||
		    pyro_profile_string(moment->profile, "/srv/shop/shop/orders.py", 24,
					&function.file) ||
		    pyro_profile_function(moment->profile, &function, &frame.function) ||
		    pyro_profile_frame(moment->profile, &frame, &index) ||
		    pyro_profile_stack(moment->profile, stack, index, &stack))
			fail_msg("no stack");
	}
	return stack;
}

static struct pyro_moment_task *add(struct pyro_moment_tasks *tasks, const char *name,
				    const char *wait, const char *text)
{
	struct pyro_moment_task *task = &tasks->tasks[tasks->count++];

	*task = (struct pyro_moment_task){
		.name = name,
		.tid = 4127,
		.state = PYRO_MOMENT_TASK_WAITING,
		.wait = wait,
		.wait_text = text,
		.type = "",
		.object = "",
		.stack = PYRO_NONE,
	};
	return task;
}

static void await(struct pyro_moment_tasks *tasks, size_t from, size_t to)
{
	struct pyro_moment_task *task = &tasks->tasks[from];

	if (task->awaited_count++ == 0)
		task->first_awaited = (uint32_t)tasks->awaited_count;
	tasks->awaited[tasks->awaited_count++] = (uint32_t)to;
	tasks->tasks[to].awaiter_count++;
}

static void make_tasks(struct pyro_moment *moment)
{
	static const char *const serve[] = {"main", "serve"};
	static const char *const order[] = {
		"order", "OrderBook.a_method_with_a_name_that_is_too_long\033[2J"};
	struct pyro_moment_tasks *tasks = &moment->tasks;
	struct pyro_moment_task *task;

	task = add(tasks, "main", "tasks", "tasks");
	task->stack = stack_of(moment, serve, 2);
	for (int i = 0; i < 5; i++) {
		task = add(tasks, "order", "lock", "a lock");
		task->stack = stack_of(moment, order, 2);
	}
	tasks->tasks[2].name = "order-2";
	task = add(tasks, "now\n\033[31m", "", "");
	task->state = PYRO_MOMENT_TASK_RUNNING;
	task->partial = true;
	task = add(tasks, "next", "", "");
	task->state = PYRO_MOMENT_TASK_READY;
	task->moving = true;
	task = add(tasks, "odd", "object", "an object");
	task->type = "Awaited\033";
	task->tid = 0;
	task->interpreter = 3;
	task = add(tasks, "nap", "sleep", "sleeping");
	for (size_t i = 1; i < 8; i++)
		await(tasks, 0, i);
	/* Two in a circle, and a row that is deeper than is shown. */
	(void)add(tasks, "left", "task", "a task");
	(void)add(tasks, "right", "task", "a task");
	await(tasks, tasks->count - 2, tasks->count - 1);
	await(tasks, tasks->count - 1, tasks->count - 2);
	for (int i = 0; i < DEEP; i++) {
		task = add(tasks, "row", "task", "a task");
		task->stack = stack_of(moment, serve, 2);
		if (i > 0)
			await(tasks, tasks->count - 2, tasks->count - 1);
	}
	tasks->unread = 2;
	tasks->incomplete = true;
}

static struct pyro_moment *server(void)
{
	static const char *const leave[] = {"switch"};
	struct pyro_moment *moment;

	assert_int_equal(pyro_moment_create(&moment, NULL), PYRO_RC_OK);
	moment->pid = 4127;
	moment->command = "/usr/bin/python3 -m shop";
	moment->version = "3.14.2";
	moment->up_ns = 11520 * PYRO_NS_PER_S;
	moment->threads = pyro_arena_alloc(&moment->arena, sizeof(*moment->threads));
	moment->tasks.tasks =
		pyro_arena_alloc(&moment->arena, TASKS * sizeof(*moment->tasks.tasks));
	moment->tasks.awaited = pyro_arena_alloc(&moment->arena, TASKS * sizeof(uint32_t));
	moment->greenlets.tasks =
		pyro_arena_alloc(&moment->arena, TASKS * sizeof(*moment->greenlets.tasks));
	assert_true(moment->threads && moment->tasks.tasks && moment->tasks.awaited &&
		    moment->greenlets.tasks);
	assert_int_equal(pyro_profile_meta_set(moment->profile, "cwd", "/srv/shop"), PYRO_RC_OK);
	moment->thread_count = 1;
	moment->threads[0] = (struct pyro_moment_thread){
		.tid = 4127,
		.name = "MainThread",
		.main = true,
		.python = true,
		.runs = true,
		.proved = true,
		.wait = "",
		.wait_text = "",
		.object = "",
		.stack = PYRO_NONE,
	};
	moment->async = true;
	make_tasks(moment);
	for (int i = 0; i < 4; i++)
		add(&moment->greenlets, "Greenlet", "", "")->stack = stack_of(moment, leave, 1);
	add(&moment->greenlets, "Hub", "", "")->state = PYRO_MOMENT_TASK_RUNNING;
	return moment;
}

static void shot(const char *name, const struct pyro_report_look *look)
{
	struct pyro_moment *moment = server();
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment(moment, look, &buf, NULL), PYRO_RC_OK);
	golden_check_lines(name, look, &buf);
	golden_compare(name, &buf);
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

static void it_fits_the_terminal(void **state)
{
	shot("tasks-80.txt", &(struct pyro_report_look){80, 30, false, true});
	shot("tasks-40.txt", &(struct pyro_report_look){40, 30, false, true});
	shot("tasks-120-ascii.txt", &(struct pyro_report_look){120, 30, false, false});
}

static void json_has_all_of_it(void **state)
{
	struct pyro_moment *moment = server();
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment_json(moment, &buf), PYRO_RC_OK);
	golden_compare("tasks.json", &buf);
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

static void what_cannot_be_read_is_said(void **state)
{
	const struct pyro_report_look look = {80, 30, false, true};
	struct pyro_moment *moment = server();
	struct pyro_buf buf;

	moment->tasks = (struct pyro_moment_tasks){.error = "the tasks are not laid out so"};
	moment->greenlets = (struct pyro_moment_tasks){.error = ""};
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment(moment, &look, &buf, NULL), PYRO_RC_OK);
	assert_non_null(strstr(buf.data, "0 tasks  \u00b7  the tasks are not laid out so\n"));
	assert_null(strstr(buf.data, "greenlet"));
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fits_the_terminal),
		cmocka_unit_test(json_has_all_of_it),
		cmocka_unit_test(what_cannot_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
