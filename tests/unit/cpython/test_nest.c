/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that are in several interpreters: nest.c, nest_calls.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "fake.h"
#include "support/follower.h"

static const uint32_t minors[] = {8, 9, 10, 11, 12, 14};
static const uint8_t table[] = {0x80 | 10 << 3 | 1, 0, 0};

#define CALL_FUNCTION 131
#define LONG_FLAG     (1u << 24)
#define HALF          (FAKE_SIZE / 2)
/* A thread's structure is above its stack, that of the main thread is somewhere else. */
#define WORKER (FAKE_BASE + HALF)
#define MAIN   0x1000ull

/* Three interpreters. */
struct scene {
	struct fake *fake;
	struct follower follower;
	struct pyro_python *python;
	const struct pyro_look *look;
	uint64_t interps[3];
	uint64_t function; /* run_string() */
	uint64_t int_type;
};

static struct pyro_raw_stack *stack;

static void set_up(struct scene *scene, uint32_t minor, bool free_threaded)
{
	struct fake *fake = fake_create(minor, free_threaded);
	const struct pyro_layout *l = &fake->layout;
	uint64_t def = fake_alloc(fake, 64), name = fake_alloc(fake, 16);

	memset(scene, 0, sizeof(*scene));
	scene->fake = fake;
	scene->interps[0] = fake->interp;
	scene->interps[1] = fake_interp(fake, 1, true);
	scene->interps[2] = fake_interp(fake, 2, true);
	memcpy(fake_at(fake, name), "run_string", 11);
	fake_put(fake, def, name, 8);
	scene->function = fake_alloc(fake, 64);
	fake_put(fake, scene->function + l->builtin_def, def, 8);
	scene->int_type = fake_alloc(fake, 512);
	fake_put(fake, scene->int_type + l->ty_flags, LONG_FLAG, 8);
	if (l->rt_main_thread != PYRO_ABSENT)
		fake_put(fake, fake->origin.runtime_addr + l->rt_main_thread, MAIN, 8);
}

static void tear_down(struct scene *scene)
{
	pyro_python_destroy(scene->python);
	fake_destroy(scene->fake);
}

/* A frame of a function, that is at a call. */
static uint64_t add_frame(struct scene *scene, const char *name)
{
	static const uint8_t instructions[] = {9, 0, 9, 0, CALL_FUNCTION, 2};
	struct fake *fake = scene->fake;
	const struct pyro_layout *l = &fake->layout;
	const struct fake_code code = {
		.name = name,
		.qualname = name,
		.file = "shop.py",
		.first_line = 10,
		.units = 6,
		.version = 7,
		.table = table,
		.table_size = sizeof(table),
	};
	const uint64_t addr = fake_code(fake, &code), values = fake_alloc(fake, 64);
	uint64_t frame;

	if (l->minor <= 10)
		fake_put(fake, addr + l->co_code,
			 fake_bytes(fake, instructions, sizeof(instructions)), 8);
	if (l->co_stacksize != PYRO_ABSENT)
		fake_put(fake, addr + l->co_stacksize, 4, 4);
	frame = fake_frame(fake, 0, addr, 4, 0);
	if (l->fr_values != PYRO_ABSENT)
		fake_put(fake, frame + l->fr_values, values, 8);
	return frame;
}

/* Has @frame wait for code in interpreter @interp: to 3.9 that is what is looked at. */
static void put_call(struct scene *scene, uint64_t frame, uint32_t interp)
{
	struct fake *fake = scene->fake;
	const struct pyro_layout *l = &fake->layout;
	uint64_t values, id = fake_alloc(fake, 64);

	if (l->co_stacksize == PYRO_ABSENT)
		return;
	fake_put(fake, id + l->ob_type, scene->int_type, 8);
	fake_put(fake, id + l->long_digits - 8, 1, 8);
	fake_put(fake, id + l->long_digits, interp, 4);
	memcpy(&values, fake_at(fake, frame + l->fr_values), 8);
	fake_put(fake, values + 8, scene->function, 8);
	fake_put(fake, values + 16, id, 8);
}

static uint64_t add_state(struct scene *scene, uint32_t interp, uint64_t pthread, uint64_t frame)
{
	scene->fake->interp = scene->interps[interp];
	return fake_thread(scene->fake, pthread, pthread == MAIN ? 11 : 12, frame);
}

/* Without frames. */
static void set_idle(struct scene *scene, uint64_t thread)
{
	const struct pyro_layout *l = &scene->fake->layout;

	/* The first cframe is part of the state. */
	fake_put(scene->fake, thread + l->ts_top, l->cf_frame != PYRO_ABSENT ? thread + 400 : 0, 8);
}

static void open_scene(struct scene *scene)
{
	struct pyro_err err = {0};

	follower_init(&scene->follower, &scene->fake->reader);
	if (pyro_python_create(&scene->follower.reader, &scene->fake->origin, &scene->python, &err))
		fail_msg("%s", err.message);
	assert_int_equal(pyro_python_look(scene->python, &scene->look), PYRO_RC_OK);
	assert_true(scene->look->nested);
}

static size_t place_of(const struct scene *scene, uint64_t addr)
{
	size_t at = 0;

	while (at < scene->look->thread_count && scene->look->threads[at].addr != addr)
		at++;
	return at;
}

static enum pyro_rc read_state(struct scene *scene, uint64_t addr, struct pyro_gil *gil,
			       struct pyro_thread *thread)
{
	enum pyro_rc rc = pyro_python_thread(scene->python, place_of(scene, addr), gil, thread);

	if (rc == PYRO_RC_OK)
		rc = pyro_python_stack(scene->python, thread, stack);
	pyro_python_settle(scene->python, rc == PYRO_RC_OK);
	return rc;
}

/* Innermost first, NULL-terminated. */
static void assert_stack(struct scene *scene, uint64_t addr, const char *const *names)
{
	struct pyro_thread thread;
	struct pyro_gil gil;
	size_t count = 0;

	assert_int_equal(read_state(scene, addr, &gil, &thread), PYRO_RC_OK);
	assert_int_equal(thread.addr, addr);
	assert_false(stack->partial);
	for (; names[count]; count++) {
		assert_true(count < stack->count);
		assert_string_equal(
			pyro_python_code(scene->python, stack->frames[count].code)->name,
			names[count]);
		assert_true(stack->entries[count]);
	}
	assert_int_equal(stack->count, count);
}

/* From the main interpreter into the newest, and from there into an older one. */
struct nest {
	uint64_t outer, middle, inner;
	uint64_t frames[3];
};

static void enter_two(struct scene *scene, struct nest *nest)
{
	nest->frames[2] = add_frame(scene, "inner");
	nest->frames[1] = add_frame(scene, "middle");
	nest->frames[0] = add_frame(scene, "outer");
	put_call(scene, nest->frames[0], 2);
	put_call(scene, nest->frames[1], 1);
	nest->inner = add_state(scene, 1, MAIN, nest->frames[2]);
	nest->middle = add_state(scene, 2, MAIN, nest->frames[1]);
	nest->outer = add_state(scene, 0, MAIN, nest->frames[0]);
	open_scene(scene);
}

static void what_was_entered_later_comes_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		struct nest nest;

		set_up(&scene, minors[i], false);
		enter_two(&scene, &nest);
		assert_int_equal(scene.look->thread_count, 3);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(scene.look->threads[j].host, 2);
		for (int again = 0; again < 3; again++)
			assert_stack(&scene, nest.outer,
				     (const char *[]){"inner", "middle", "outer", NULL});
		/* The frames lie where they are said to. */
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(pyro_python_frame_addr(scene.python, j),
					 nest.frames[2 - j]);
		assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
		assert_int_equal(thread.interp_id, 1);
		if (minors[i] >= 12)
			assert_int_equal(gil.addr,
					 scene.interps[1] + scene.fake->layout.in_own_gil);
		else
			assert_int_equal(gil.addr, scene.fake->gil);
		tear_down(&scene);
	}
}

static void idle_states_add_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		struct nest nest;

		set_up(&scene, minors[i], false);
		enter_two(&scene, &nest);
		set_idle(&scene, nest.inner);
		assert_stack(&scene, nest.outer, (const char *[]){"middle", "outer", NULL});
		set_idle(&scene, nest.middle);
		assert_stack(&scene, nest.outer, (const char *[]){"outer", NULL});
		set_idle(&scene, nest.outer);
		assert_stack(&scene, nest.outer, (const char *[]){NULL});
		assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
		assert_int_equal(thread.interp_id, 0);
		tear_down(&scene);
	}
}

static void who_holds_the_gil(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		const struct pyro_layout *l;
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		struct nest nest;
		uint64_t addr;

		set_up(&scene, minors[i], false);
		l = &scene.fake->layout;
		addr = minors[i] >= 12 ? scene.interps[1] + l->in_own_gil : scene.fake->gil;
		fake_put(scene.fake, addr + l->gil_locked, 1, 4);
		enter_two(&scene, &nest);
		/* By the state that it is in; to 3.11 that from which it went there may be named.
		 */
		fake_put(scene.fake, addr + l->gil_last_holder, nest.inner, 8);
		assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
		assert_true(thread.attached);
		fake_put(scene.fake, addr + l->gil_last_holder, nest.outer, 8);
		assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
		assert_true(thread.attached);
		fake_put(scene.fake, addr + l->gil_last_holder, 0x77, 8);
		assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
		assert_false(thread.attached);
		assert_true(pyro_python_may_be(scene.python, 2, nest.inner));
		assert_false(pyro_python_may_be(scene.python, 2, 0));
		assert_int_equal(pyro_python_thread_of(scene.python, nest.middle), 2);
		assert_int_equal(pyro_python_thread_of(scene.python, 0x77), SIZE_MAX);
		/* Only a host is a thread. */
		assert_int_equal(pyro_python_thread(scene.python, 0, &gil, &thread), PYRO_RC_TORN);
		tear_down(&scene);
	}
}

/* There each state says itself whether it runs. */
static void free_threaded(void **state)
{
	const struct pyro_layout *l;
	struct pyro_thread thread;
	struct pyro_gil gil;
	struct scene scene;
	struct nest nest;

	(void)state;
	set_up(&scene, 14, true);
	l = &scene.fake->layout;
	enter_two(&scene, &nest);
	fake_put(scene.fake, nest.inner + l->ts_status, 1u << 4, 4);
	assert_stack(&scene, nest.outer, (const char *[]){"inner", "middle", "outer", NULL});
	assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
	assert_int_equal(gil.addr, 0);
	assert_true(thread.attached);
	fake_put(scene.fake, nest.inner + l->ts_status, 0, 4);
	assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
	assert_false(thread.attached);
	tear_down(&scene);
}

static void what_changed_since_the_look(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		uint64_t inner, other, outer, one, two;

		set_up(&scene, minors[i], false);
		one = scene.interps[1] + scene.fake->layout.in_threads;
		two = scene.interps[2] + scene.fake->layout.in_threads;
		other = add_state(&scene, 1, WORKER, add_frame(&scene, "other"));
		inner = add_state(&scene, 2, MAIN, add_frame(&scene, "inner"));
		outer = add_state(&scene, 0, MAIN, add_frame(&scene, "outer"));
		fake_put(scene.fake, one, 0, 8);
		fake_put(scene.fake, two, 0, 8);
		open_scene(&scene);
		assert_stack(&scene, outer, (const char *[]){"outer", NULL});
		/* Another thread's is not ours. */
		fake_put(scene.fake, one, other, 8);
		assert_stack(&scene, outer, (const char *[]){"outer", NULL});
		fake_put(scene.fake, two, inner, 8);
		assert_stack(&scene, outer, (const char *[]){"inner", "outer", NULL});
		assert_int_equal(read_state(&scene, outer, &gil, &thread), PYRO_RC_OK);
		assert_int_equal(thread.interp_id, 2);
		fake_put(scene.fake, two, 0, 8);
		assert_stack(&scene, outer, (const char *[]){"outer", NULL});
		/* Of an interpreter that is new nothing is known. */
		(void)fake_interp(scene.fake, 3, false);
		assert_int_equal(read_state(&scene, outer, &gil, &thread), PYRO_RC_TORN);
		assert_int_equal(pyro_python_look(scene.python, &scene.look), PYRO_RC_OK);
		assert_stack(&scene, outer, (const char *[]){"outer", NULL});
		tear_down(&scene);
	}
}

/* To 3.12 an interpreter is entered by way of the state that it was made with, which names the
 * thread that made it. */
static void states_that_roam(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors) && minors[i] <= 12; i++) {
		const char *const in_both[] = {"inner", "worker", NULL};
		struct scene scene;
		uint64_t inner, worker, outer, frame;

		set_up(&scene, minors[i], false);
		inner = add_state(&scene, 1, MAIN, add_frame(&scene, "inner"));
		frame = add_frame(&scene, "worker");
		put_call(&scene, frame, 1);
		worker = add_state(&scene, 0, WORKER, frame);
		/* The main thread's stack is above. */
		scene.fake->used = HALF + 4096;
		frame = add_frame(&scene, "outer");
		outer = add_state(&scene, 0, MAIN, frame);
		open_scene(&scene);
		assert_int_equal(pyro_python_thread_of(scene.python, inner),
				 place_of(&scene, worker));
		for (int again = 0; again < 2; again++) {
			assert_stack(&scene, outer, (const char *[]){"outer", NULL});
			assert_stack(&scene, worker, in_both);
		}
		/* It can be either that was seen to hold the GIL. */
		assert_true(pyro_python_may_be(scene.python, place_of(&scene, outer), inner));
		assert_true(pyro_python_may_be(scene.python, place_of(&scene, worker), inner));
		if (minors[i] > 9) {
			tear_down(&scene);
			continue;
		}
		/* A frame from which it was entered before looks the same: then nobody knows. */
		put_call(&scene, frame, 1);
		assert_stack(&scene, outer, (const char *[]){"outer", NULL});
		assert_int_equal(pyro_python_look(scene.python, &scene.look), PYRO_RC_OK);
		assert_stack(&scene, outer, (const char *[]){"outer", NULL});
		assert_stack(&scene, worker, (const char *[]){"worker", NULL});
		tear_down(&scene);
	}
}

/* Called back from inside, the outermost interpreter has frames on both sides of the inner one's.
 */
static void frames_that_alternate(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		uint64_t outer, frame;

		if (minors[i] <= 9)
			continue; /* nothing says so */
		set_up(&scene, minors[i], false);
		/* What was made first lies lower. */
		outer = add_state(&scene, 0, MAIN, add_frame(&scene, "outer"));
		frame = add_frame(&scene, "inner");
		(void)add_state(&scene, 1, MAIN, frame);
		open_scene(&scene);
		assert_int_equal(read_state(&scene, outer, &gil, &thread), PYRO_RC_OK);
		assert_int_equal(stack->count, 2);
		assert_true(stack->partial);
		tear_down(&scene);
	}
}

/* Two trails at a time are followed: enough for two states, where one is enough for each. */
static void by_trails(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		const bool enough = minors[i] == 10 || minors[i] >= 13;
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		struct nest nest;

		set_up(&scene, minors[i], false);
		enter_two(&scene, &nest);
		set_idle(&scene, nest.inner);
		put_call(&scene, nest.frames[1], 0);
		assert_int_equal(pyro_python_look(scene.python, &scene.look), PYRO_RC_OK);
		for (int again = 0; again < 2; again++) {
			scene.follower.armed = true;
			assert_int_equal(read_state(&scene, nest.outer, &gil, &thread),
					 enough ? PYRO_RC_OK : PYRO_RC_SHORT);
			assert_false(scene.follower.armed);
			if (enough)
				assert_int_equal(stack->count, 2);
			assert_stack(&scene, nest.outer, (const char *[]){"middle", "outer", NULL});
		}
		/* A state without frames takes none. */
		set_idle(&scene, nest.middle);
		assert_int_equal(pyro_python_look(scene.python, &scene.look), PYRO_RC_OK);
		scene.follower.armed = true;
		assert_stack(&scene, nest.outer, (const char *[]){"outer", NULL});
		assert_false(scene.follower.armed);
		tear_down(&scene);
	}
}

static void a_stack_that_cannot_be_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		const struct pyro_layout *l;
		struct pyro_thread thread;
		struct pyro_gil gil;
		struct scene scene;
		struct nest nest;

		set_up(&scene, minors[i], false);
		l = &scene.fake->layout;
		enter_two(&scene, &nest);
		set_idle(&scene, nest.inner);
		/* A wild pointer: the frames of the others are there. */
		if (l->cf_frame != PYRO_ABSENT) {
			uint64_t cframe;

			memcpy(&cframe, fake_at(scene.fake, nest.middle + l->ts_top), 8);
			fake_put(scene.fake, cframe + l->cf_frame, 0x10, 8);
		} else {
			fake_put(scene.fake, nest.middle + l->ts_top, 0x10, 8);
		}
		assert_int_equal(read_state(&scene, nest.outer, &gil, &thread), PYRO_RC_OK);
		assert_true(stack->partial);
		assert_int_equal(stack->count, 1);
		assert_string_equal(pyro_python_code(scene.python, stack->frames[0].code)->name,
				    "outer");
		tear_down(&scene);
	}
}

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return *random >> 33;
}

/* Where something is in the target's memory. */
static uint64_t random_place(const struct fake *fake, uint64_t *random)
{
	uint64_t at, word;

	do {
		at = next_random(random) % (fake->used / 8) * 8;
		memcpy(&word, fake->memory + at, 8);
	} while (word == 0);
	return at;
}

/* Changes words of it: to others of it, to places in it, or to anything. */
static void change(struct scene *scene, uint64_t *random)
{
	struct fake *fake = scene->fake;

	for (uint64_t words = 1 + next_random(random) % 4; words > 0; words--) {
		const uint64_t at = random_place(fake, random);
		uint64_t value = next_random(random) << 31 ^ next_random(random);

		switch (next_random(random) % 3) {
		case 0:
			memcpy(&value, fake->memory + random_place(fake, random), 8);
			break;
		case 1:
			value = FAKE_BASE + random_place(fake, random);
			break;
		default:
			break;
		}
		memcpy(fake->memory + at, &value, 8);
	}
}

/* Whatever the memory holds, a look and a read end, and in what is allowed. */
static void any_memory(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct scene scene;
		struct nest nest;
		uint8_t *whole;
		uint32_t used;

		set_up(&scene, minors[i], false);
		enter_two(&scene, &nest);
		used = scene.fake->used;
		whole = malloc(used);
		assert_non_null(whole);
		memcpy(whole, scene.fake->memory, used);
		for (int round = 0; round < 10000; round++) {
			struct pyro_thread thread;
			struct pyro_gil gil;

			/* Changed after the look, or before another one. What that found may stand
			 * in the way of the next one, but once only. */
			if (pyro_python_look(scene.python, &scene.look) != PYRO_RC_OK)
				assert_int_equal(pyro_python_look(scene.python, &scene.look),
						 PYRO_RC_OK);
			change(&scene, &random);
			if (round % 3 == 0 &&
			    pyro_python_look(scene.python, &scene.look) == PYRO_RC_OK) {
				for (size_t j = 0; j < scene.look->thread_count; j++)
					assert_true(scene.look->threads[j].host <
						    scene.look->thread_count);
			}
			for (size_t j = 0; j < 4; j++) {
				scene.follower.armed = round % 2;
				if (pyro_python_thread(scene.python, j, &gil, &thread) ==
				    PYRO_RC_OK)
					(void)!pyro_python_stack(scene.python, &thread, stack);
				pyro_python_settle(scene.python, round & 4);
				assert_true(stack->count <= PYRO_MAX_STACK_DEPTH);
			}
			scene.follower.armed = false;
			memcpy(scene.fake->memory, whole, used);
		}
		memcpy(scene.fake->memory, whole, used);
		assert_int_equal(pyro_python_look(scene.python, &scene.look), PYRO_RC_OK);
		assert_stack(&scene, nest.outer,
			     (const char *[]){"inner", "middle", "outer", NULL});
		free(whole);
		tear_down(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_entered_later_comes_first),
		cmocka_unit_test(idle_states_add_nothing),
		cmocka_unit_test(who_holds_the_gil),
		cmocka_unit_test(free_threaded),
		cmocka_unit_test(what_changed_since_the_look),
		cmocka_unit_test(states_that_roam),
		cmocka_unit_test(frames_that_alternate),
		cmocka_unit_test(by_trails),
		cmocka_unit_test(a_stack_that_cannot_be_read),
		cmocka_unit_test(any_memory),
	};
	int failed;

	stack = calloc(1, sizeof(*stack));
	if (!stack)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(stack);
	return failed;
}
