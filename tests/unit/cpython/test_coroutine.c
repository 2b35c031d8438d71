/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cpython/coroutine.h"
#include "fake.h"

/* How each version says that a coroutine is suspended, and in what. */

#define YIELD_FROM 72
#define SEEN       0x7f0000001000ull /* an address like any other */

struct one {
	struct fake *fake;
	struct pyro_objects objects;
	uint64_t type, generator, frame, code;
};

static void put(struct one *one, uint64_t addr, uint64_t value, size_t width)
{
	fake_put(one->fake, addr, value, width);
}

/* A coroutine suspended by awaiting SEEN. */
static void begin(struct one *one, uint32_t minor)
{
	static const uint8_t old[] = {0, 0, YIELD_FROM, 0, 0, 0};
	const struct fake_code code = {"wait", "wait", "/app.py", 7, "\x00", 1, 50, 0};
	const struct pyro_layout *l;
	uint64_t name;

	one->fake = fake_create(minor, false);
	l = &one->fake->layout;
	assert_int_equal(pyro_objects_init(&one->objects, &one->fake->reader, l), PYRO_RC_OK);
	one->type = fake_alloc(one->fake, 512);
	name = fake_alloc(one->fake, 16);
	memcpy(fake_at(one->fake, name), "coroutine", 10);
	put(one, one->type + l->ty_name, name, 8);
	one->code = fake_code(one->fake, &code);
	one->generator = fake_alloc(one->fake, 512);
	put(one, one->generator + l->ob_type, one->type, 8);
	one->frame = one->generator + l->gen_frame;
	if (minor <= 10) {
		one->frame = fake_alloc(one->fake, 512);
		put(one, one->generator + l->gen_frame, one->frame, 8);
		put(one, one->code + l->co_code, fake_bytes(one->fake, old, sizeof(old)), 8);
		put(one, one->frame + l->fr_values, one->frame + l->fr_localsplus, 8);
	} else {
		put(one, one->generator + l->gen_state, 0xff, 1); /* -1 in all of them */
		put(one, one->code + l->co_code + 2, 0x0397, 2);  /* RESUME 3 */
		put(one, one->frame + l->fr_instr, one->code + l->co_code, 8);
	}
	put(one, one->frame + l->fr_code, one->code, 8);
	put(one, one->frame + l->fr_localsplus, SEEN, 8);
	if (minor >= 10 && minor <= 13)
		put(one, one->frame + l->fr_stack, 1, 4);
	else
		put(one, one->frame + l->fr_stack, one->frame + l->fr_localsplus + 8, 8);
}

static void finish(struct one *one)
{
	pyro_objects_deinit(&one->objects);
	fake_destroy(one->fake);
}

static struct pyro_coroutine read_it(struct one *one)
{
	struct pyro_coroutine coroutine;

	pyro_objects_forget(&one->objects);
	assert_int_equal(pyro_coroutine_read(&one->objects, one->generator, &coroutine),
			 PYRO_RC_OK);
	return coroutine;
}

static const uint32_t minors[] = {8, 9, 10, 11, 12, 14};

static void test_awaiting(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct pyro_coroutine coroutine;
		struct one one;

		begin(&one, minors[i]);
		assert_int_equal(pyro_objects_kind(&one.objects, one.generator),
				 PYRO_KIND_GENERATOR);
		coroutine = read_it(&one);
		assert_int_equal(coroutine.state, PYRO_SUSPENDED);
		assert_int_equal(coroutine.awaits, SEEN);
		assert_int_equal(coroutine.place.code, one.code);
		assert_int_equal(coroutine.place.frame, one.frame);
		finish(&one);
	}
}

/* What a generator that merely yields has on its stack is not awaited. */
static void test_yielding(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		const struct pyro_layout *l;
		struct pyro_coroutine coroutine;
		struct one one;

		begin(&one, minors[i]);
		l = &one.fake->layout;
		if (minors[i] <= 10)
			put(&one, one.frame + l->fr_instr, minors[i] == 10 ? 1 : 2, 4);
		else if (minors[i] <= 12)
			put(&one, one.code + l->co_code + 3, 1, 1); /* RESUME 1 */
		else
			put(&one, one.generator + l->gen_state, 0xfe, 1);
		coroutine = read_it(&one);
		assert_int_equal(coroutine.state, PYRO_SUSPENDED);
		assert_int_equal(coroutine.awaits, 0);
		finish(&one);
	}
}

static void test_other_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		const uint32_t minor = minors[i];
		const struct pyro_layout *l;
		struct one one;

		begin(&one, minor);
		l = &one.fake->layout;
		if (minor <= 10)
			put(&one, one.frame + l->fr_instr, UINT32_MAX, 4);
		else
			put(&one, one.generator + l->gen_state, minor >= 13 ? 0xfd : 0xfe, 1);
		assert_int_equal(read_it(&one).state, PYRO_NOT_STARTED);
		if (minor <= 9)
			put(&one, one.frame + l->fr_stack, 0, 8);
		else if (minor == 10)
			put(&one, one.frame + l->fr_stack, UINT32_MAX, 4);
		else
			put(&one, one.generator + l->gen_state, 0, 1);
		assert_int_equal(read_it(&one).state, PYRO_EXECUTING);
		if (minor <= 10)
			put(&one, one.generator + l->gen_frame, 0, 8);
		else
			put(&one, one.generator + l->gen_state, 4, 1);
		assert_int_equal(read_it(&one).state, PYRO_FINISHED);
		finish(&one);
	}
}

static void test_garbage(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct pyro_coroutine coroutine;
		const struct pyro_layout *l;
		struct one one;

		begin(&one, minors[i]);
		l = &one.fake->layout;
		/* A stack that ends where nothing is, or before it begins. */
		put(&one, one.frame + l->fr_stack, 0x7fffffff, minors[i] >= 10 ? 4 : 8);
		pyro_objects_forget(&one.objects);
		if (pyro_coroutine_read(&one.objects, one.generator, &coroutine) == PYRO_RC_OK)
			assert_int_equal(coroutine.awaits, 0);
		pyro_objects_forget(&one.objects);
		assert_int_equal(pyro_coroutine_read(&one.objects, 0xdead0000, &coroutine),
				 PYRO_RC_FAULT);
		assert_int_equal(pyro_objects_kind(&one.objects, 0xdead0000), PYRO_KIND_OTHER);
		/* A class that a program calls so is none of CPython's. */
		put(&one, one.type + l->ty_flags, 1u << 9, 8);
		pyro_objects_deinit(&one.objects);
		assert_int_equal(pyro_objects_init(&one.objects, &one.fake->reader, l), PYRO_RC_OK);
		assert_int_equal(pyro_objects_kind(&one.objects, one.generator), PYRO_KIND_OTHER);
		finish(&one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_awaiting),
		cmocka_unit_test(test_yielding),
		cmocka_unit_test(test_other_states),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
