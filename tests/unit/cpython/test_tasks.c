/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cpython/tasks.h"
#include "fake.h"

/* Tasks of 3.14 in the list of a thread; those of other versions are told by tests/cli. */

#define HEAD      16u
#define SUSPENDED 0xfe /* -2 */
#define AWAITING  0xff /* -1 */

/* What .AsyncioDebug of 3.14 holds. */
enum {
	TASK_SIZE = 168,
	NAME = 136,
	AWAITED_BY = 96,
	IS_TASK = 108,
	CORO = 128,
	NODE = 152,
	WAITER = 120,
	IN_TASKS = 4096,
	TS_LOOP = 408,
	TS_TASK = 416,
	TS_TASKS = 424
};

struct scene {
	struct fake *fake;
	uint64_t thread, published;
	uint64_t task_type, future_type, iter_type, coro_type, str_type;
	uint64_t code;
	uint64_t last; /* link of the list */
};

static uint64_t add_type(struct scene *s, const char *name, uint64_t size)
{
	struct fake *fake = s->fake;
	const uint64_t type = fake_alloc(fake, 512), text = fake_alloc(fake, 64);

	memcpy(fake_at(fake, text), name, strlen(name) + 1);
	fake_put(fake, type + fake->layout.ty_name, text, 8);
	fake_put(fake, type + fake->layout.ty_basicsize, size, 8);
	return type;
}

static void begin(struct scene *s)
{
	static const uint64_t offsets[] = {TASK_SIZE, NAME,    AWAITED_BY, IS_TASK,  IS_TASK + 1,
					   CORO,      NODE,    8192,       IN_TASKS, 512,
					   TS_LOOP,   TS_TASK, TS_TASKS};
	const struct fake_code code = {"wait", "wait", "/app.py", 7, "\x00", 1, 50, 1};
	struct fake *fake = s->fake = fake_create(14, false);

	s->thread = fake_thread(fake, 1, 1, 0);
	s->published = fake_alloc(fake, sizeof(offsets));
	memcpy(fake_at(fake, s->published), offsets, sizeof(offsets));
	s->task_type = add_type(s, "_asyncio.Task", TASK_SIZE);
	s->future_type = add_type(s, "_asyncio.Future", 112);
	s->iter_type = add_type(s, "_asyncio.FutureIter", 24);
	s->coro_type = add_type(s, "coroutine", 160);
	s->str_type = add_type(s, "str", 64);
	s->code = fake_code(fake, &code);
	s->last = s->thread + TS_TASKS;
	fake_put(fake, s->last, s->last, 8);
	fake_put(fake, s->last + 8, s->last, 8);
}

static uint64_t object(struct scene *s, uint64_t type, size_t size)
{
	const uint64_t addr = fake_alloc(s->fake, size);

	fake_put(s->fake, addr + s->fake->layout.ob_type, type, 8);
	return addr;
}

/* A suspended coroutine that awaits @awaited; 0: it just yielded. */
static uint64_t coroutine(struct scene *s, uint64_t awaited)
{
	const struct pyro_layout *l = &s->fake->layout;
	const uint64_t addr = object(s, s->coro_type, 256), frame = addr + l->gen_frame;

	fake_put(s->fake, addr + l->gen_state, awaited ? AWAITING : SUSPENDED, 1);
	fake_put(s->fake, frame + l->fr_code, s->code | 1, 8);
	fake_put(s->fake, frame + l->fr_instr, s->code + l->co_code + 4, 8);
	fake_put(s->fake, frame + l->fr_owner, 1, 1);
	fake_put(s->fake, frame + l->fr_locals, awaited | 1, 8);
	fake_put(s->fake, frame + l->fr_stack, frame + l->fr_locals + 8, 8);
	return addr;
}

static uint64_t future_iter(struct scene *s, uint64_t future)
{
	const uint64_t addr = object(s, s->iter_type, 24);

	fake_put(s->fake, addr + HEAD, future, 8);
	return addr;
}

static uint64_t add_task(struct scene *s, const char *name, uint64_t coro, uint64_t waiter)
{
	struct fake *fake = s->fake;
	const uint64_t addr = object(s, s->task_type, TASK_SIZE), head = s->thread + TS_TASKS,
		       text = fake_ascii(fake, name);

	fake_put(fake, text + fake->layout.ob_type, s->str_type, 8);
	fake_put(fake, addr + NAME, text, 8);
	fake_put(fake, addr + CORO, coro, 8);
	fake_put(fake, addr + WAITER, waiter, 8);
	fake_put(fake, addr + IS_TASK, 1, 1);
	fake_put(fake, s->last, addr + NODE, 8);
	fake_put(fake, addr + NODE + 8, s->last, 8);
	fake_put(fake, addr + NODE, head, 8);
	fake_put(fake, head + 8, addr + NODE, 8);
	s->last = addr + NODE;
	return addr;
}

/* Reads the tasks and leaves the scene. */
static void read_scene(struct scene *s, struct pyro_tasks **ret_tasks,
		       struct pyro_python **ret_python, struct pyro_tasks_view *ret_view)
{
	struct pyro_err err = {0};

	if (pyro_python_create(&s->fake->reader, &s->fake->origin, ret_python, &err) ||
	    pyro_tasks_create(*ret_python, s->published, ret_tasks, &err) ||
	    pyro_tasks_read(*ret_tasks, ret_view, &err))
		fail_msg("%s", err.message);
}

static void finish(struct scene *s, struct pyro_tasks *tasks, struct pyro_python *python)
{
	pyro_tasks_destroy(tasks);
	pyro_python_destroy(python);
	fake_destroy(s->fake);
}

static void test_chains(void **state)
{
	struct scene s;
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	uint64_t future, first;

	(void)state;
	begin(&s);
	future = object(&s, s.future_type, 112);
	first = add_task(&s, "first", coroutine(&s, coroutine(&s, future_iter(&s, future))),
			 future);
	(void)add_task(&s, "second", coroutine(&s, future_iter(&s, first)), first);
	(void)add_task(&s, "third", coroutine(&s, 0), 0);
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
	struct scene s;
	struct pyro_tasks *tasks;
	struct pyro_python *python;
	struct pyro_tasks_view view;
	uint64_t one, other;

	(void)state;
	begin(&s);
	l = &s.fake->layout;
	/* Two coroutines that await each other, and one itself. */
	one = coroutine(&s, 1);
	other = coroutine(&s, one);
	fake_put(s.fake, one + l->gen_frame + l->fr_locals, other | 1, 8);
	(void)add_task(&s, "circle", one, 0);
	one = coroutine(&s, 1);
	fake_put(s.fake, one + l->gen_frame + l->fr_locals, one | 1, 8);
	(void)add_task(&s, "itself", one, 0);
	/* A coroutine, what it awaits, its code, and its stack are not there. */
	(void)add_task(&s, "gone", 0xdead0000, 0);
	(void)add_task(&s, "awaits nothing there", coroutine(&s, 0xdead0000), 0);
	one = coroutine(&s, 0);
	fake_put(s.fake, one + l->gen_frame + l->fr_code, 0xdead0001, 8);
	(void)add_task(&s, "no code", one, 0);
	one = coroutine(&s, 1);
	fake_put(s.fake, one + l->gen_frame + l->fr_stack, 0xdead0008, 8);
	(void)add_task(&s, "no stack", one, 0);
	/* Deeper than is kept. */
	one = coroutine(&s, 0);
	for (int i = 0; i < PYRO_MAX_STACK_DEPTH + 100; i++)
		one = coroutine(&s, one);
	(void)add_task(&s, "deep", one, 0);
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
		struct scene s;
		struct pyro_tasks *tasks;
		struct pyro_python *python;
		struct pyro_tasks_view view;
		uint64_t first;

		begin(&s);
		first = add_task(&s, "first", coroutine(&s, 0), 0);
		(void)add_task(&s, "second", coroutine(&s, 0), 0);
		/* To nowhere; or back to the first, for ever. */
		fake_put(s.fake, s.last, links[i] == 8 ? first + NODE : links[i], 8);
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
	struct scene s;

	(void)state;
	begin(&s);
	fake_put(s.fake, s.task_type + s.fake->layout.ty_basicsize, TASK_SIZE + 8, 8);
	(void)add_task(&s, "first", coroutine(&s, 0), 0);
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
	struct scene s;
	uint64_t task, found;

	(void)state;
	begin(&s);
	task = add_task(&s, "first", coroutine(&s, 0), 0);
	read_scene(&s, &tasks, &python, &view);
	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	assert_int_equal(pyro_tasks_current(tasks, &look->threads[0], &found), PYRO_RC_OK);
	assert_int_equal(found, 0);
	fake_put(s.fake, s.thread + TS_LOOP, s.code, 8);
	fake_put(s.fake, s.thread + TS_TASK, task, 8);
	assert_int_equal(pyro_tasks_current(tasks, &look->threads[0], &found), PYRO_RC_OK);
	assert_int_equal(found, task);
	finish(&s, tasks, python);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),        cmocka_unit_test(test_hostile_chains),
		cmocka_unit_test(test_hostile_lists), cmocka_unit_test(test_other_layouts),
		cmocka_unit_test(test_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
