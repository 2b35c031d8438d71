/* SPDX-License-Identifier: Apache-2.0 */
/* The whole decoder over synthesised memory: python.c, threads.c, frames.c, codes.c, texts.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "fake.h"

static const uint32_t minors[] = {8, 9, 10, 11, 12, 14};

/* Three lines from the first on, two units each, by version. */
static const uint8_t lnotab[] = {4, 1, 4, 1};
static const uint8_t pairs[] = {4, 0, 4, 1, 4, 1};
static const uint8_t locations[] = {0x80 | 10 << 3 | 1, 0, 0, 0x80 | 11 << 3 | 1, 0, 0,
				    0x80 | 11 << 3 | 1, 0, 0};

static struct fake_code code_of(const struct fake *fake, const char *name, uint32_t version)
{
	struct fake_code code = {
		.name = name,
		.qualname = name,
		.file = "shop.py",
		.first_line = 10,
		.units = 6,
		.version = version,
		.table = locations,
		.table_size = sizeof(locations),
	};

	if (fake->layout.minor < 10) {
		code.table = lnotab;
		code.table_size = sizeof(lnotab);
	} else if (fake->layout.minor == 10) {
		code.table = pairs;
		code.table_size = sizeof(pairs);
	}
	return code;
}

static uint64_t add_code(struct fake *fake, const char *name, uint32_t version)
{
	const struct fake_code code = code_of(fake, name, version);

	return fake_code(fake, &code);
}

static struct pyro_python *open_fake(struct fake *fake)
{
	struct pyro_python *python = NULL;
	struct pyro_err err = {0};

	if (pyro_python_create(&fake->reader, &fake->origin, &python, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	return python;
}

static const char *name_at(struct pyro_python *python, const struct pyro_raw_stack *stack, size_t i)
{
	return pyro_python_code(python, stack->frames[i].code)->name;
}

static struct pyro_raw_stack *stack;

static void test_threads_and_stacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct fake *fake = fake_create(minors[i], false);
		const struct pyro_layout *l = &fake->layout;
		const uint64_t outer = add_code(fake, "outer", 7),
			       inner = add_code(fake, "inner", 8);
		uint64_t frame = fake_frame(fake, 0, outer, 4, 0);
		const struct pyro_look *look;
		struct pyro_thread thread;
		struct pyro_gil gil;
		uint64_t first, second;

		frame = fake_frame(fake, frame, inner, 8, 0);
		first = fake_thread(fake, 0x1000, 11, frame);
		second = fake_thread(fake, 0x2000, 12, 0);
		fake_put(fake, fake->gil + l->gil_locked, 1, 4);
		fake_put(fake, fake->gil + l->gil_last_holder, first, 8);
		fake_put(fake, fake->gil + l->gil_switch_number, 5, 8);

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		assert_true(look->changed);
		assert_int_equal(look->thread_count, 2);
		assert_int_equal(look->gil_count, 1);
		assert_int_equal(look->threads[0].addr, second);
		assert_false(look->threads[0].attached);
		assert_false(look->threads[0].main);
		assert_true(look->threads[1].attached);
		assert_true(look->threads[1].main);
		assert_int_equal(look->threads[1].pthread, 0x1000);
		if (l->ts_native_id != PYRO_ABSENT)
			assert_int_equal(look->threads[1].native_id, 11);
		assert_int_equal(look->gils[0].switch_number, 5);
		assert_int_equal(look->gils[0].wait_low, fake->gil + l->gil_cond);

		for (int again = 0; again < 3; again++) {
			const uint64_t reads = fake->reads;

			assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
			assert_false(look->changed);
			assert_int_equal(fake->reads - reads, 1);
			assert_int_equal(pyro_python_thread(python, 1, &gil, &thread), PYRO_RC_OK);
			assert_int_equal(gil.last_holder, first);
			assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
			pyro_python_settle(python, true);
			pyro_python_stack_lines(python, stack);
			assert_int_equal(stack->count, 2);
			assert_false(stack->partial);
			assert_string_equal(name_at(python, stack, 0), "inner");
			assert_string_equal(name_at(python, stack, 1), "outer");
			assert_int_equal(stack->frames[0].line, 12);
			assert_int_equal(stack->frames[1].line, 11);
			assert_int_equal(stack->frames[1].offset, 4);
		}
		assert_int_equal(pyro_python_thread(python, 0, &gil, &thread), PYRO_RC_OK);
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
		assert_int_equal(stack->count, 0);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

/* Where two code objects are equal in every field, only their strings differ: the hardest case. */
static void test_address_reuse(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		for (int unversioned = 0; unversioned < 2; unversioned++) {
			struct fake *fake = fake_create(minors[i], false);
			const struct pyro_layout *l = &fake->layout;
			const uint64_t code = add_code(fake, "before", unversioned ? 0 : 7);
			const uint64_t top = fake_frame(fake, 0, code, 0, 0);
			const struct pyro_look *look;
			struct pyro_python_counts counts;
			uint64_t name, generation = 3;
			uint32_t id;

			fake_thread(fake, 0x1000, 11, top);
			if (l->in_generation != PYRO_ABSENT)
				fake_put(fake, fake->interp + l->in_generation, generation, 8);

			struct pyro_python *python = open_fake(fake);

			assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
			assert_int_equal(pyro_python_stack(python, &look->threads[0], stack),
					 PYRO_RC_OK);
			pyro_python_settle(python, true);
			assert_string_equal(name_at(python, stack, 0), "before");
			id = stack->frames[0].code;

			memcpy(&name, fake_at(fake, code + l->co_name), 8);
			memcpy(fake_at(fake, name + l->str_ascii), "after.", 6);
			if (l->co_version != PYRO_ABSENT && !unversioned)
				fake_put(fake, code + l->co_version, 8, 4);
			if (l->in_generation != PYRO_ABSENT)
				fake_put(fake, fake->interp + l->in_generation, ++generation, 8);
			/* Torn: seen, but nothing is learnt from it. */
			assert_int_equal(pyro_python_stack(python, &look->threads[0], stack),
					 PYRO_RC_OK);
			pyro_python_settle(python, false);
			assert_string_equal(name_at(python, stack, 0), "after.");
			assert_int_equal(pyro_python_stack(python, &look->threads[0], stack),
					 PYRO_RC_OK);
			pyro_python_settle(python, true);
			assert_string_equal(name_at(python, stack, 0), "after.");
			assert_int_not_equal(stack->frames[0].code, id);
			assert_string_equal(pyro_python_code(python, id)->name, "before");
			/* The hash that the target keeps tells strings apart as well. */
			if (unversioned || l->co_version == PYRO_ABSENT) {
				fake_put(fake, name + l->str_hash, 99, 8);
				if (l->in_generation != PYRO_ABSENT)
					fake_put(fake, fake->interp + l->in_generation,
						 ++generation, 8);
				assert_int_equal(
					pyro_python_stack(python, &look->threads[0], stack),
					PYRO_RC_OK);
				pyro_python_settle(python, true);
				assert_string_equal(name_at(python, stack, 0), "after.");
				memcpy(fake_at(fake, name + l->str_ascii), "third.", 6);
				fake_put(fake, name + l->str_hash, 98, 8);
				if (l->in_generation != PYRO_ABSENT)
					fake_put(fake, fake->interp + l->in_generation,
						 ++generation, 8);
				assert_int_equal(
					pyro_python_stack(python, &look->threads[0], stack),
					PYRO_RC_OK);
				pyro_python_settle(python, true);
				assert_string_equal(name_at(python, stack, 0), "third.");
			}
			pyro_python_counts(python, &counts);
			assert_true(counts.codes_reused >= 1);
			pyro_python_destroy(python);
			fake_destroy(fake);
		}
	}
}

/* Frames that belong to the interpreter, and frames that have not begun. */
static void test_shims_and_unfinished_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct fake *fake = fake_create(minors[i], false);
		const struct pyro_layout *l = &fake->layout;
		const uint64_t code = add_code(fake, "f", 7);
		const uint64_t root = fake_frame(fake, 0, code, 4, 0);
		const struct pyro_look *look;
		uint64_t frame = root;

		if (l->minor >= 12)
			frame = fake_frame(fake, frame, 0, 0, 3);
		if (l->minor >= 14)
			frame = fake_frame(fake, frame, 0, 0, 4);
		frame = fake_frame(fake, frame, code, 0, 0);
		if (l->minor <= 10)
			fake_put(fake, frame + l->fr_instr, UINT32_MAX, 4); /* f_lasti -1 */
		else
			fake_put(fake, frame + l->fr_instr, code + l->co_code - 2, 8);
		if (l->fr_entry != PYRO_ABSENT)
			fake_put(fake, frame + l->fr_entry, 1, 1);
		fake_cframe_below(fake, fake_thread(fake, 0x1000, 11, frame), root);

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		assert_int_equal(pyro_python_stack(python, &look->threads[0], stack), PYRO_RC_OK);
		pyro_python_settle(python, true);
		pyro_python_stack_lines(python, stack);
		assert_int_equal(stack->count, 2);
		assert_false(stack->partial);
		assert_int_equal(stack->frames[0].offset, UINT32_MAX);
		assert_int_equal(stack->frames[0].line, 10);
		assert_int_equal(stack->frames[1].line, 11);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

/* What seldom changes is read once in an epoch: the GIL of a thread without company, and the
 * interpreter's frame that a stack ends at. */
static void test_what_is_trusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct fake *fake = fake_create(minors[i], false);
		const struct pyro_layout *l = &fake->layout;
		const bool status = l->ts_status != PYRO_ABSENT;
		const uint64_t frame = fake_frame(fake, 0, add_code(fake, "f", 7), 4, 0);
		const uint64_t addr = fake_thread(fake, 0x1000, 11, frame);
		const struct pyro_look *look;
		struct pyro_gil gil;
		struct pyro_thread thread;
		uint64_t entry;

		fake_put(fake, fake->gil + l->gil_locked, 1, 4);
		fake_put(fake, fake->gil + l->gil_last_holder, addr, 8);
		if (status)
			fake_put(fake, addr + l->ts_status, 1u << 4, 4);

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		for (uint32_t epoch = 1; epoch <= 3; epoch += 2) {
			pyro_python_trust(python, epoch);
			assert_int_equal(pyro_python_thread(python, 0, &gil, &thread), PYRO_RC_OK);
			assert_int_equal(gil.addr, fake->gil);
			assert_int_equal(thread.attached, epoch == 1);
			assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
			assert_int_equal(stack->count, 1);
			assert_int_equal(stack->partial, epoch != 1 && l->minor >= 12);
			pyro_python_settle(python, true);
			if (epoch != 1)
				break;
			/* Both change, and that is seen in the next epoch only. */
			fake_put(fake, fake->gil + l->gil_locked, 0, 4);
			memcpy(&entry, fake_at(fake, frame + l->fr_previous), 8);
			if (l->minor >= 12)
				fake_put(fake, entry + l->fr_owner, 0xee, 1);
			assert_int_equal(pyro_python_thread(python, 0, &gil, &thread), PYRO_RC_OK);
			assert_int_equal(gil.addr, status ? 0 : fake->gil);
			assert_int_equal(thread.attached, status);
			assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
			assert_int_equal(stack->count, 1);
			assert_false(stack->partial);
			pyro_python_settle(python, true);
		}
		/* With company the GIL is read each time. */
		fake_thread(fake, 0x2000, 12, 0);
		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		assert_int_equal(pyro_python_thread(python, 1, &gil, &thread), PYRO_RC_OK);
		assert_int_equal(thread.addr, addr);
		assert_int_equal(gil.addr, fake->gil);
		assert_false(thread.attached);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

/* Where a stack breaks off, at a frame of the interpreter's own too, is nothing to be trusted; and
 * a generator right above such a frame has been called all the same. */
static void test_what_is_not_trusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct fake *fake = fake_create(minors[i], false);
		const struct pyro_layout *l = &fake->layout;
		const struct pyro_look *look;
		uint64_t frame;

		if (l->minor < 12) { /* has no such frames */
			fake_destroy(fake);
			continue;
		}
		frame = fake_frame(fake, 0, 0, 0, 3);
		frame = fake_frame(fake, frame, add_code(fake, "f", 7), 4, 1);
		fake_thread(fake, 0x1000, 11, frame);

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		for (uint32_t look_number = 0; look_number < 4; look_number++) {
			uint64_t entry;

			pyro_python_trust(python, 1 + look_number / 2);
			if (look_number == 2) {
				memcpy(&entry, fake_at(fake, frame + l->fr_previous), 8);
				fake_put(fake, entry + l->fr_previous, 0x10000, 8);
			}
			assert_int_equal(pyro_python_stack(python, &look->threads[0], stack),
					 PYRO_RC_OK);
			pyro_python_settle(python, true);
			assert_int_equal(stack->count, 1);
			assert_int_equal(stack->partial, look_number >= 2);
		}
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

/* A thread that is just entering the interpreter's loop, or just leaving a generator: the chain of
 * frames is not what it will be, and is said to be partial. */
static void test_entry_and_exit_of_the_loop(void **state)
{
	(void)state;
	for (unsigned int minor = 11; minor <= 12; minor++) {
		for (int torn = 0; torn < 2; torn++) {
			struct fake *fake = fake_create(minor, false);
			const struct pyro_layout *l = &fake->layout;
			const uint64_t code = add_code(fake, "f", 7);
			const uint64_t other = fake_frame(fake, 0, code, 4, 0);
			const uint64_t root = fake_frame(fake, 0, code, 4, 0);
			const struct pyro_look *look;
			uint64_t frame = root;

			if (minor == 12)
				frame = fake_frame(fake, frame, 0, 0, 3);
			frame = fake_frame(fake, frame, code, 4, 0);
			if (minor == 11)
				fake_put(fake, frame + l->fr_entry, 1, 1);
			fake_cframe_below(fake, fake_thread(fake, 0x1000, 11, frame),
					  torn ? other : root);

			struct pyro_python *python = open_fake(fake);

			assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
			assert_int_equal(pyro_python_stack(python, &look->threads[0], stack),
					 PYRO_RC_OK);
			pyro_python_settle(python, true);
			assert_int_equal(stack->partial, torn);
			pyro_python_destroy(python);
			fake_destroy(fake);
		}
	}
	/* The cframe is there, what it is to hold is not yet. */
	for (unsigned int minor = 11; minor <= 12; minor++) {
		struct fake *fake = fake_create(minor, false);
		const uint64_t code = add_code(fake, "f", 7);
		const uint64_t root = fake_frame(fake, 0, code, 4, 0);
		const struct pyro_look *look;

		fake_cframe_below(fake, fake_thread(fake, 0x1000, 11, 0), root);

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		assert_int_equal(pyro_python_stack(python, &look->threads[0], stack), PYRO_RC_OK);
		pyro_python_settle(python, true);
		assert_int_equal(stack->count, 0);
		assert_true(stack->partial);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
	/* From 3.12 on: a generator is resumed from C by `caller`, but the entry still leads below.
	 */
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		for (int torn = 0; torn < 2 && minors[i] >= 12; torn++) {
			struct fake *fake = fake_create(minors[i], false);
			const uint64_t code = add_code(fake, "f", 7);
			const uint64_t root = fake_frame(fake, 0, code, 4, 0);
			const uint64_t caller = fake_frame(fake, root, code, 4, 0);
			const uint64_t entry = fake_frame(fake, torn ? root : caller, 0, 0, 3);
			const struct pyro_look *look;

			fake_cframe_below(
				fake,
				fake_thread(fake, 0x1000, 11, fake_frame(fake, entry, code, 4, 1)),
				torn ? root : caller);

			struct pyro_python *python = open_fake(fake);

			assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
			assert_int_equal(pyro_python_stack(python, &look->threads[0], stack),
					 PYRO_RC_OK);
			pyro_python_settle(python, true);
			assert_int_equal(stack->partial, torn);
			pyro_python_destroy(python);
			fake_destroy(fake);
		}
	}
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct fake *fake = fake_create(minors[i], false);
		const uint64_t code = add_code(fake, "generator", 7);
		const struct pyro_look *look;

		fake_thread(fake, 0x1000, 11, fake_frame(fake, 0, code, 4, 1));

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		assert_int_equal(pyro_python_stack(python, &look->threads[0], stack), PYRO_RC_OK);
		pyro_python_settle(python, true);
		assert_int_equal(stack->partial, minors[i] >= 11);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

static void test_free_threaded(void **state)
{
	struct fake *fake = fake_create(14, true);
	const struct pyro_layout *l = &fake->layout;
	const uint64_t code = add_code(fake, "worker", 7);
	const uint64_t frame = fake_frame(fake, 0, code, 0, 0);
	const uint64_t array = fake_alloc(fake, 64), copy = fake_alloc(fake, 64);
	const uint64_t running = fake_thread(fake, 0x1000, 11, frame);
	const struct pyro_look *look;

	(void)state;
	assert_int_equal(l->str_length, 32);
	assert_int_equal(l->co_units, 32);
	fake_thread(fake, 0x2000, 12, 0);
	fake_put(fake, running + l->ts_status, 1u << 4, 4);
	/* This thread runs its own copy of the instructions, number 1. */
	fake_put(fake, array, 2, 8);
	fake_put(fake, array + 8, code + l->co_code, 8);
	fake_put(fake, array + 16, copy, 8);
	fake_put(fake, code + l->co_tlbc, array, 8);
	fake_put(fake, frame + l->fr_tlbc, 1, 4);
	fake_put(fake, frame + l->fr_instr, copy + 8, 8);

	struct pyro_python *python = open_fake(fake);

	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	assert_int_equal(look->thread_count, 2);
	assert_int_equal(look->gils[0].addr, 0);
	assert_true(look->threads[1].attached);
	assert_false(look->threads[0].attached);
	assert_int_equal(pyro_python_stack(python, &look->threads[1], stack), PYRO_RC_OK);
	pyro_python_settle(python, true);
	pyro_python_stack_lines(python, stack);
	assert_int_equal(stack->count, 1);
	assert_int_equal(stack->frames[0].offset, 8);
	assert_int_equal(stack->frames[0].line, 12);
	assert_string_equal(name_at(python, stack, 0), "worker");
	/* A copy that does not exist. */
	fake_put(fake, frame + l->fr_tlbc, 2, 4);
	assert_int_equal(pyro_python_stack(python, &look->threads[1], stack), PYRO_RC_OK);
	assert_true(stack->partial);
	assert_int_equal(stack->frames[0].offset, UINT32_MAX);
	pyro_python_destroy(python);
	fake_destroy(fake);
}

static void test_circles_and_wild_pointers(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct fake *fake = fake_create(minors[i], false);
		const struct pyro_layout *l = &fake->layout;
		const uint64_t code = add_code(fake, "f", 7);
		const uint64_t root = fake_frame(fake, 0, code, 4, 0);
		uint64_t frame = root;
		const struct pyro_look *look;
		struct pyro_thread thread;

		for (int j = 0; j < 5; j++)
			frame = fake_frame(fake, frame, code, 4, 0);
		fake_thread(fake, 0x1000, 11, frame);

		struct pyro_python *python = open_fake(fake);

		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		thread = look->threads[0];
		/* A circle of frames. */
		fake_put(fake, root + l->fr_previous, frame, 8);
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_TORN);
		assert_int_equal(stack->count, 0);
		/* An end that is not mapped: what is there is told. */
		fake_put(fake, root + l->fr_previous, 0xdead0000, 8);
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
		assert_true(stack->partial);
		assert_int_equal(stack->count, 6);
		/* Not code: left out. */
		fake_put(fake, root + l->fr_previous, 0, 8);
		fake_put(fake, root + l->fr_code, UINT64_MAX - 7, 8);
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
		assert_true(stack->partial);
		assert_int_equal(stack->count, 5);
		fake_put(fake, root + l->fr_code, fake->interp, 8);
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
		assert_int_equal(stack->count, 5);
		/* Nothing at all. */
		thread.top = UINT64_MAX - 3;
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_FAULT);
		thread.addr = 1;
		thread.top = FAKE_BASE + FAKE_SIZE - 4;
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_FAULT);
		/* A circle of threads, a thread of another interpreter. */
		fake_put(fake, look->threads[0].addr + l->ts_next, look->threads[0].addr, 8);
		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_TORN);
		assert_null(look);
		fake_put(fake, fake->interp + l->in_threads, code, 8);
		assert_int_not_equal(pyro_python_look(python, &look), PYRO_RC_OK);
		fake->fail = PYRO_RC_GONE;
		assert_int_equal(pyro_python_look(python, &look), PYRO_RC_GONE);
		assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_GONE);
		pyro_python_destroy(python);
		fake_destroy(fake);
	}
}

static void test_deep_stacks_keep_the_leaf(void **state)
{
	struct fake *fake = fake_create(12, false);
	const uint64_t code = add_code(fake, "down", 7), leaf = add_code(fake, "leaf", 8);
	uint64_t frame = 0;
	const struct pyro_look *look;

	(void)state;
	for (int i = 0; i < PYRO_MAX_STACK_DEPTH + 10; i++)
		frame = fake_frame(fake, frame, code, 4, 0);
	frame = fake_frame(fake, frame, leaf, 4, 0);
	fake_thread(fake, 0x1000, 11, frame);

	struct pyro_python *python = open_fake(fake);

	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	assert_int_equal(pyro_python_stack(python, &look->threads[0], stack), PYRO_RC_OK);
	pyro_python_settle(python, true);
	assert_true(stack->truncated);
	assert_int_equal(stack->count, PYRO_MAX_STACK_DEPTH);
	assert_string_equal(name_at(python, stack, 0), "leaf");
	pyro_python_destroy(python);
	fake_destroy(fake);
}

static void test_threads_come_and_go(void **state)
{
	struct fake *fake = fake_create(12, false);
	const uint64_t code = add_code(fake, "f", 7);
	const struct pyro_look *look;
	struct pyro_thread thread;
	struct pyro_gil gil;
	uint64_t newest, generation;

	(void)state;
	fake_thread(fake, 0x1000, 11, fake_frame(fake, 0, code, 0, 0));

	struct pyro_python *python = open_fake(fake);

	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	generation = look->generation;
	newest = fake_thread(fake, 0x2000, 12, 0);
	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	assert_true(look->changed);
	assert_int_equal(look->generation, generation + 1);
	assert_int_equal(look->threads[0].addr, newest);
	assert_int_equal(look->threads[1].native_id, 11);
	/* Its memory becomes something else. */
	fake_put(fake, newest + fake->layout.ts_thread_id, 77, 8);
	assert_int_equal(pyro_python_thread(python, 0, &gil, &thread), PYRO_RC_TORN);
	assert_int_equal(pyro_python_thread(python, 9, &gil, &thread), PYRO_RC_NOTFOUND);
	pyro_python_destroy(python);
	fake_destroy(fake);
}

static void test_not_ready_and_moved(void **state)
{
	struct fake *fake = fake_create(10, false);
	const struct pyro_layout *l = &fake->layout;
	struct pyro_python *python = NULL;
	const struct pyro_look *look;
	struct pyro_err err = {0};
	const uint64_t head = fake->origin.runtime_addr + l->rt_interpreters;
	uint8_t gil[64];

	(void)state;
	assert_int_equal(pyro_python_create(&fake->reader, &fake->origin, &python, &err),
			 PYRO_RC_NOTREADY); /* no thread yet */
	assert_null(python);
	fake_thread(fake, 0x1000, 0, 0);
	/* Another patch release: the list of interpreters and the GIL lie a little further. */
	fake_put(fake, head, 1, 8);
	fake_put(fake, head + 24, fake->interp, 8);
	memcpy(gil, fake_at(fake, fake->gil), sizeof(gil));
	memset(fake_at(fake, fake->gil), 0xee, sizeof(gil));
	memcpy(fake_at(fake, fake->gil + 80), gil, sizeof(gil));
	assert_int_equal(pyro_python_create(&fake->reader, &fake->origin, &python, &err),
			 PYRO_RC_OK);
	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	assert_int_equal(look->thread_count, 1);
	assert_int_equal(look->gils[0].addr, fake->gil + 80);
	pyro_python_destroy(python);
	fake_destroy(fake);
}

static int set_up(void **state)
{
	(void)state;
	stack = calloc(1, sizeof(*stack));
	return stack ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(stack);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_and_stacks),
		cmocka_unit_test(test_address_reuse),
		cmocka_unit_test(test_shims_and_unfinished_frames),
		cmocka_unit_test(test_what_is_trusted),
		cmocka_unit_test(test_what_is_not_trusted),
		cmocka_unit_test(test_entry_and_exit_of_the_loop),
		cmocka_unit_test(test_free_threaded),
		cmocka_unit_test(test_circles_and_wild_pointers),
		cmocka_unit_test(test_deep_stacks_keep_the_leaf),
		cmocka_unit_test(test_threads_come_and_go),
		cmocka_unit_test(test_not_ready_and_moved),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
