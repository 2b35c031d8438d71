/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cpython/task_reader.h"
#include "fake_tasks.h"

/* Tasks of other versions are told by tests/cli. */

/* Reads the tasks and leaves the scene. */
static void read_scene(struct fake_tasks *s, struct pyro_tasks **ret_tasks,
		       struct pyro_python **ret_python, struct pyro_tasks_view *ret_view)
{
	struct pyro_err err = {0};

	if (pyro_python_create(&s->fake->reader, &s->fake->origin, ret_python, &err) ||
	    pyro_tasks_create(*ret_python, s->published, ret_tasks, &err) ||
	    pyro_tasks_read(*ret_tasks, ret_view, &err))
		fail_msg("%s", err.message);
}

static void finish(struct fake_tasks *s, struct pyro_tasks *tasks, struct pyro_python *python)
{
	pyro_tasks_destroy(tasks);
	pyro_python_destroy(python);
	fake_tasks_deinit(s);
}

static void test_chains(void **state)
{
	struct fake_tasks s;
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	uint64_t future, first;

	(void)state;
	fake_tasks_init(&s);
	future = fake_tasks_object(&s, s.future_type, 112);
	first = fake_tasks_add(
		&s, "first",
		fake_tasks_coroutine(&s, fake_tasks_coroutine(&s, fake_tasks_iter(&s, future))),
		future);
	(void)fake_tasks_add(&s, "second", fake_tasks_coroutine(&s, fake_tasks_iter(&s, first)),
			     first);
	(void)fake_tasks_add(&s, "third", fake_tasks_coroutine(&s, 0), 0);
	read_scene(&s, &tasks, &python, &view);
	assert_int_equal(view.count, 3);
	assert_int_equal(view.unread, 0);
	assert_false(view.torn || view.truncated);
	assert_string_equal(view.tasks[0].name, "first");
	assert_int_equal(view.tasks[0].state, PYRO_TASK_WAITING);
	assert_int_equal(view.tasks[0].wait, PYRO_TASK_WAIT_FUTURE);
	assert_int_equal(view.tasks[0].wait_object, future);
	assert_string_equal(view.tasks[0].wait_type, "_asyncio.Future");
	assert_int_equal(view.tasks[0].frame_count, 2);
	assert_int_equal(view.tasks[0].awaiter_count, 1);
	assert_int_equal(view.tasks[1].wait, PYRO_TASK_WAIT_TASK);
	assert_int_equal(view.tasks[1].awaited_count, 1);
	assert_int_equal(view.awaited[view.tasks[1].first_awaited], 0);
	assert_int_equal(view.tasks[2].state, PYRO_TASK_READY);
	for (size_t i = 0; i < view.count; i++)
		assert_false(view.tasks[i].partial || view.tasks[i].moving);
	assert_string_equal(pyro_python_code(python, view.frames[0].code)->file, "/app.py");
	finish(&s, tasks, python);
}

/* What the target can make of its chains that never come from asyncio. */
static void test_hostile_chains(void **state)
{
	const struct pyro_layout *l;
	struct fake_tasks s;
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	uint64_t one, other;

	(void)state;
	fake_tasks_init(&s);
	l = &s.fake->layout;
	/* Two coroutines that await each other, and one itself. */
	one = fake_tasks_coroutine(&s, 1);
	other = fake_tasks_coroutine(&s, one);
	fake_put(s.fake, one + l->gen_frame + l->fr_localsplus, other | 1, 8);
	(void)fake_tasks_add(&s, "circle", one, 0);
	one = fake_tasks_coroutine(&s, 1);
	fake_put(s.fake, one + l->gen_frame + l->fr_localsplus, one | 1, 8);
	(void)fake_tasks_add(&s, "itself", one, 0);
	/* A coroutine, what it awaits, its code, and its stack are not there. */
	(void)fake_tasks_add(&s, "gone", 0xdead0000, 0);
	(void)fake_tasks_add(&s, "awaits nothing there", fake_tasks_coroutine(&s, 0xdead0000), 0);
	one = fake_tasks_coroutine(&s, 0);
	fake_put(s.fake, one + l->gen_frame + l->fr_code, 0xdead0001, 8);
	(void)fake_tasks_add(&s, "no code", one, 0);
	one = fake_tasks_coroutine(&s, 1);
	fake_put(s.fake, one + l->gen_frame + l->fr_stack, 0xdead0008, 8);
	(void)fake_tasks_add(&s, "no stack", one, 0);
	/* Deeper than is kept. */
	one = fake_tasks_coroutine(&s, 0);
	for (int i = 0; i < PYRO_MAX_STACK_DEPTH + 100; i++)
		one = fake_tasks_coroutine(&s, one);
	(void)fake_tasks_add(&s, "deep", one, 0);
	read_scene(&s, &tasks, &python, &view);
	assert_int_equal(view.count + view.unread, 7);
	assert_true(view.unread >= 2);
	for (size_t i = 0; i < view.count; i++) {
		const struct pyro_task *task = &view.tasks[i];

		assert_true(task->frame_count <= PYRO_MAX_STACK_DEPTH);
		if (strcmp(task->name, "deep") == 0 || strcmp(task->name, "no code") == 0)
			assert_true(task->partial);
	}
	finish(&s, tasks, python);
}

/* Lists that do not come back to their head: all that was found is kept, and it is said. */
static void test_hostile_lists(void **state)
{
	static const uint64_t links[] = {0, 0xdead0000, 8};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(links); i++) {
		struct fake_tasks s;
		struct pyro_tasks *tasks;
		struct pyro_python *python;
		struct pyro_tasks_view view;
		uint64_t first;

		fake_tasks_init(&s);
		first = fake_tasks_add(&s, "first", fake_tasks_coroutine(&s, 0), 0);
		(void)fake_tasks_add(&s, "second", fake_tasks_coroutine(&s, 0), 0);
		/* To nowhere; or back to the first, for ever. */
		fake_put(s.fake, s.last, links[i] == 8 ? first + FAKE_TASK_NODE : links[i], 8);
		read_scene(&s, &tasks, &python, &view);
		assert_int_equal(view.count, 2);
		assert_true(view.torn);
		finish(&s, tasks, python);
	}
}

/* A task whose type is not laid out as what is published is an error, and no garbage. */
static void test_other_layouts(void **state)
{
	struct pyro_tasks *tasks = NULL;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	struct pyro_err err = {0};
	struct fake_tasks s;

	(void)state;
	fake_tasks_init(&s);
	fake_put(s.fake, s.task_type + s.fake->layout.ty_basicsize, FAKE_TASK_SIZE + 8, 8);
	(void)fake_tasks_add(&s, "first", fake_tasks_coroutine(&s, 0), 0);
	assert_int_equal(pyro_python_create(&s.fake->reader, &s.fake->origin, &python, &err),
			 PYRO_RC_OK);
	assert_int_equal(pyro_tasks_create(python, s.published, &tasks, &err), PYRO_RC_OK);
	assert_int_equal(pyro_tasks_read(tasks, &view, &err), PYRO_RC_UNSUPPORTED);
	assert_non_null(strstr(err.message, "not laid out"));
	pyro_tasks_destroy(tasks);
	/* Offsets that lie outside of what they are in. */
	for (size_t at = 0; at < 13; at++) {
		uint64_t *value = fake_at(s.fake, s.published + at * 8);
		const uint64_t before = *value;

		*value = UINT64_MAX - 3;
		assert_int_equal(pyro_tasks_create(python, s.published, &tasks, &err),
				 PYRO_RC_FORMAT);
		*value = before;
	}
	assert_int_equal(pyro_tasks_create(python, 0xdead0000, &tasks, &err), PYRO_RC_FAULT);
	/* Without asyncio there are no tasks. */
	assert_int_equal(pyro_tasks_create(python, 0, &tasks, &err), PYRO_RC_OK);
	assert_int_equal(pyro_tasks_read(tasks, &view, &err), PYRO_RC_OK);
	assert_int_equal(view.count, 0);
	finish(&s, tasks, python);
}

static void test_current(void **state)
{
	const struct pyro_look *look;
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	struct fake_tasks s;
	uint64_t task, found;

	(void)state;
	fake_tasks_init(&s);
	task = fake_tasks_add(&s, "first", fake_tasks_coroutine(&s, 0), 0);
	read_scene(&s, &tasks, &python, &view);
	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	assert_int_equal(pyro_tasks_current(tasks, &look->threads[0], &found), PYRO_RC_OK);
	assert_int_equal(found, 0);
	fake_put(s.fake, s.thread + FAKE_TS_LOOP, s.code, 8);
	fake_put(s.fake, s.thread + FAKE_TS_TASK, task, 8);
	assert_int_equal(pyro_tasks_current(tasks, &look->threads[0], &found), PYRO_RC_OK);
	assert_int_equal(found, task);
	finish(&s, tasks, python);
}

/* Some at a time, by address: one that ends meanwhile makes no other be passed over, and one that
 * runs is always there, even if it was not listed yet. */
static void test_reach(void **state)
{
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	struct fake_tasks s;
	uint64_t made[5], runs, from = 0, seen = 0;

	(void)state;
	fake_tasks_init(&s);
	for (size_t i = 0; i < PYRO_COUNT(made); i++)
		made[i] = fake_tasks_add(&s, "task", fake_tasks_coroutine(&s, 0), 0);
	read_scene(&s, &tasks, &python, &view);
	assert_int_equal(view.reached, 5);
	assert_int_equal(view.next, 0);
	for (size_t looks = 1; looks == 1 || from; looks++) {
		pyro_tasks_set_reach(tasks, from, 2, 1);
		assert_int_equal(pyro_tasks_list(tasks), PYRO_RC_OK);
		assert_int_equal(pyro_tasks_read(tasks, &view, NULL), PYRO_RC_OK);
		assert_int_equal(view.listed, looks == 1 ? 5 : 4);
		for (size_t i = 0; i < view.count; i++)
			assert_int_equal(view.tasks[i].addr, made[seen++]);
		from = view.next;
		assert_int_equal(from, seen < 5 ? made[seen] : 0);
		/* The first ends, and is in no list. */
		if (looks == 1) {
			const uint64_t *first = fake_at(s.fake, made[0] + FAKE_TASK_NODE);

			fake_put(s.fake, first[1], first[0], 8);
			fake_put(s.fake, first[0] + 8, first[1], 8);
		}
	}
	assert_int_equal(seen, 5);
	/* Made after the list was. */
	pyro_tasks_set_reach(tasks, made[2], 1, 1);
	assert_int_equal(pyro_tasks_list(tasks), PYRO_RC_OK);
	runs = fake_tasks_add(&s, "new", fake_tasks_coroutine(&s, 0), 0);
	fake_put(s.fake, s.thread + FAKE_TS_LOOP, s.code, 8);
	fake_put(s.fake, s.thread + FAKE_TS_TASK, runs, 8);
	assert_int_equal(pyro_tasks_read(tasks, &view, NULL), PYRO_RC_OK);
	assert_int_equal(view.count, 2);
	assert_int_equal(view.reached, 2);
	assert_int_equal(view.tasks[0].addr, made[2]);
	assert_int_equal(view.tasks[1].addr, runs);
	assert_int_equal(view.tasks[1].state, PYRO_TASK_RUNNING);
	assert_int_equal(view.next, made[3]);
	/* Listed, it stands where it belongs. */
	pyro_tasks_set_reach(tasks, UINT64_MAX, 1, 1);
	assert_int_equal(pyro_tasks_list(tasks), PYRO_RC_OK);
	assert_int_equal(pyro_tasks_read(tasks, &view, NULL), PYRO_RC_OK);
	assert_int_equal(view.count, 0);
	assert_int_equal(view.next, 0);
	finish(&s, tasks, python);
}

/* Each task has another name: what is kept of them does not grow with their number. */
static void test_ever_new_names(void **state)
{
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	struct fake_tasks s;
	char name[16] = "Task-000000";
	size_t most = 0;
	uint64_t task;

	(void)state;
	fake_tasks_init(&s);
	task = fake_tasks_add(&s, name, fake_tasks_coroutine(&s, 0), 0);
	read_scene(&s, &tasks, &python, &view);
	for (int i = 1; i < 30000; i++) {
		snprintf(name, sizeof(name), "Task-%06d", i);
		fake_tasks_rename(&s, task, name);
		assert_int_equal(pyro_tasks_read(tasks, &view, NULL), PYRO_RC_OK);
		assert_int_equal(view.count, 1);
		assert_string_equal(view.tasks[0].name, name);
		if (tasks->objects.texts.count > most)
			most = tasks->objects.texts.count;
	}
	assert_in_range(most, 2, 10000);
	finish(&s, tasks, python);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),         cmocka_unit_test(test_hostile_chains),
		cmocka_unit_test(test_hostile_lists),  cmocka_unit_test(test_other_layouts),
		cmocka_unit_test(test_current),        cmocka_unit_test(test_reach),
		cmocka_unit_test(test_ever_new_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
