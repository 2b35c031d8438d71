/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cpython/greenlets.h"
#include "fake.h"

/* Greenlets of greenlet 3 in a 3.12 that never was, in a list of its garbage collector. */

#define HEAD    16u /* of an object, and of what the collector has before it */
#define SIZE    40
#define BOUNDS  64 /* in the state */
#define FRAME   (BOUNDS + 48)
#define C_STACK 0x7ff000000000ull

struct scene {
	struct fake *fake;
	uint64_t greenlet_type, frame_type;
	uint64_t code, list, last;
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

/* A dict of one item. */
static uint64_t add_dict(struct scene *s, const char *key, uint64_t value)
{
	struct fake *fake = s->fake;
	const uint64_t dict = fake_alloc(fake, 64), keys = fake_alloc(fake, 128);

	fake_put(fake, dict + fake->layout.di_keys, keys, 8);
	fake_put(fake, keys + 8, 3, 1); /* log2 of its size and of its index' bytes */
	fake_put(fake, keys + 9, 3, 1);
	fake_put(fake, keys + 10, 1, 1); /* keys are strings: entries of key and value */
	fake_put(fake, keys + 24, 1, 8);
	fake_put(fake, keys + 40, fake_ascii(fake, key), 8);
	fake_put(fake, keys + 48, value, 8);
	return dict;
}

static void begin(struct scene *s)
{
	const struct fake_code code = {"leave", "leave", "/app.py", 7, "\x00", 1, 50, 1};
	struct fake *fake = s->fake = fake_create(12, false);
	const struct pyro_layout *l = &fake->layout;
	const uint64_t module = fake_alloc(fake, 64);

	(void)fake_thread(fake, 1, 1, 0);
	s->greenlet_type = add_type(s, "greenlet.greenlet", SIZE);
	s->frame_type = add_type(s, "frame", 64);
	s->code = fake_code(fake, &code);
	fake_put(fake, module + l->mod_dict, add_dict(s, "x", 1), 8);
	fake_put(fake, fake->interp + l->in_modules, add_dict(s, "greenlet", module), 8);
	/* Somewhere in the collector's state. */
	s->list = s->last = fake->interp + l->in_collecting / 8 * 8 - 200;
	fake_put(fake, s->list, s->list, 8);
	fake_put(fake, s->list + 8, s->list, 8);
}

static uint64_t add_object(struct scene *s, uint64_t type, size_t size)
{
	const uint64_t head = fake_alloc(s->fake, HEAD + size);

	fake_put(s->fake, s->last, head, 8);
	fake_put(s->fake, head + 8, s->last | 2, 8); /* with a flag */
	fake_put(s->fake, head, s->list, 8);
	fake_put(s->fake, s->list + 8, head, 8);
	fake_put(s->fake, head + HEAD + s->fake->layout.ob_type, type, 8);
	s->last = head;
	return head + HEAD;
}

/* A greenlet that was left in a function which C code called, whose entry is on the C stack at
 * @stop
 * - 256 and was copied away; below that is another function. */
static uint64_t add_greenlet(struct scene *s, uint64_t stop)
{
	struct fake *fake = s->fake;
	const struct pyro_layout *l = &fake->layout;
	const uint64_t greenlet = add_object(s, s->greenlet_type, SIZE),
		       state = fake_alloc(fake, 512), copy = fake_alloc(fake, 512),
		       object = fake_alloc(fake, 64), start = stop - 512;
	const uint64_t below = fake_frame(fake, 0, s->code, 0, 0);
	const uint64_t top = fake_frame(fake, start + 256, s->code, 2, 0);
	const uint64_t bounds[] = {start, stop, copy, 512, 0};

	fake_put(fake, copy + 256 + l->fr_previous, below, 8);
	fake_put(fake, copy + 256 + l->fr_owner, 3, 1);
	fake_put(fake, object + l->ob_type, s->frame_type, 8);
	fake_put(fake, object + HEAD + 8, top, 8);
	fake_put(fake, greenlet + HEAD + 16, state, 8);
	fake_put(fake, state + 8, greenlet, 8);
	memcpy(fake_at(fake, state + BOUNDS), bounds, sizeof(bounds));
	fake_put(fake, state + FRAME, object, 8);
	return greenlet;
}

static void read_scene(struct scene *s, struct pyro_greenlets **ret_greenlets,
		       struct pyro_python **ret_python, struct pyro_greenlets_view *ret_view)
{
	struct pyro_err err = {0};

	if (pyro_python_create(&s->fake->reader, &s->fake->origin, ret_python, &err) ||
	    pyro_greenlets_create(*ret_python, ret_greenlets, &err) ||
	    pyro_greenlets_read(*ret_greenlets, ret_view, &err))
		fail_msg("%s", err.message);
}

static void finish(struct scene *s, struct pyro_greenlets *greenlets, struct pyro_python *python)
{
	pyro_greenlets_destroy(greenlets);
	pyro_python_destroy(python);
	fake_destroy(s->fake);
}

static void test_stacks_that_were_left(void **state)
{
	struct pyro_greenlets *greenlets;
	struct pyro_python *python;
	struct pyro_greenlets_view view;
	struct scene s;
	uint64_t dead, unborn;

	(void)state;
	begin(&s);
	(void)add_object(&s, s.frame_type, 64);
	(void)add_greenlet(&s, C_STACK);
	(void)add_greenlet(&s, C_STACK - 4096);
	/* One that has ended has no start, one that was not started no stop either. */
	dead = add_object(&s, s.greenlet_type, SIZE);
	fake_put(s.fake, dead + HEAD + 16, fake_alloc(s.fake, 512), 8);
	unborn = add_object(&s, s.greenlet_type, SIZE);
	fake_put(s.fake, unborn + HEAD + 16, fake_alloc(s.fake, 512), 8);
	fake_put(s.fake, s.last + HEAD + HEAD + 16, fake_alloc(s.fake, 512), 8);
	memcpy(&dead, fake_at(s.fake, dead + HEAD + 16), 8);
	fake_put(s.fake, dead + BOUNDS + 8, C_STACK, 8);
	read_scene(&s, &greenlets, &python, &view);
	assert_int_equal(view.count, 3);
	assert_int_equal(view.unread, 0);
	assert_false(view.torn || view.truncated);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(view.greenlets[i].state, PYRO_GREENLET_SUSPENDED);
		assert_int_equal(view.greenlets[i].frame_count, 2);
		assert_string_equal(view.greenlets[i].type, "greenlet.greenlet");
		assert_false(view.greenlets[i].partial || view.greenlets[i].moving);
	}
	assert_int_equal(view.greenlets[2].state, PYRO_GREENLET_NOT_STARTED);
	finish(&s, greenlets, python);
}

static void test_garbage(void **state)
{
	struct pyro_greenlets *greenlets;
	struct pyro_python *python;
	struct pyro_greenlets_view view;
	struct scene s;
	uint64_t place, first;

	(void)state;
	begin(&s);
	first = add_greenlet(&s, C_STACK);
	/* Frames that go round in a circle. */
	memcpy(&place, fake_at(s.fake, first + HEAD + 16), 8);
	memcpy(&place, fake_at(s.fake, place + FRAME), 8);
	memcpy(&place, fake_at(s.fake, place + HEAD + 8), 8);
	fake_put(s.fake, place + s.fake->layout.fr_previous, place, 8);
	/* A state that is not there. */
	fake_put(s.fake, add_greenlet(&s, C_STACK) + HEAD + 16, 0xdead0000, 8);
	read_scene(&s, &greenlets, &python, &view);
	assert_int_equal(view.count, 1);
	assert_int_equal(view.unread, 1);
	assert_true(view.greenlets[0].partial);
	assert_true(view.greenlets[0].frame_count <= PYRO_MAX_STACK_DEPTH);
	finish(&s, greenlets, python);

	/* A list that never ends, or leads to nowhere. */
	for (int i = 0; i < 2; i++) {
		begin(&s);
		first = add_greenlet(&s, C_STACK);
		(void)add_greenlet(&s, C_STACK);
		(void)add_object(&s, s.frame_type, 64);
		/* In the middle, so that the head is still one. */
		fake_put(s.fake, first - HEAD, i ? 0xdead0000 : first - HEAD, 8);
		read_scene(&s, &greenlets, &python, &view);
		assert_int_equal(view.count, 1);
		assert_true(view.torn);
		finish(&s, greenlets, python);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_that_were_left),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
