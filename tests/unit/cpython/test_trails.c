/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that come by trails, all of one moment, and what is read of new code after that. */
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

/* One thread in outer(), which called inner(). */
struct scene {
	struct fake *fake;
	struct follower follower;
	struct pyro_python *python;
	uint64_t outer, inner; /* code objects */
	uint64_t frame;        /* the outer one */
	uint64_t name;         /* string of the inner one */
	uint64_t references;   /* the first word of the inner one, when it is freed */
};

static struct pyro_raw_stack *stack;

static void set_up(struct scene *scene, uint32_t minor, uint32_t version)
{
	struct fake_code code = {
		.file = "shop.py",
		.first_line = 10,
		.units = 6,
		.table = table,
		.table_size = sizeof(table),
	};
	const struct pyro_look *look;
	struct pyro_err err = {0};
	struct fake *fake = fake_create(minor, false);
	uint64_t inner;

	memset(scene, 0, sizeof(*scene));
	scene->fake = fake;
	code.name = code.qualname = "outer";
	code.version = version;
	scene->outer = fake_code(fake, &code);
	code.name = code.qualname = "inner";
	code.version = version ? version + 1 : 0;
	scene->inner = fake_code(fake, &code);
	memcpy(&scene->name, fake_at(fake, scene->inner + fake->layout.co_name), 8);
	scene->frame = fake_frame(fake, 0, scene->outer, 4, 0);
	inner = fake_frame(fake, scene->frame, scene->inner, 4, 0);
	fake_thread(fake, 0x1000, 11, inner);
	if (fake->layout.in_generation != PYRO_ABSENT)
		fake_put(fake, fake->interp + fake->layout.in_generation, 3, 8);
	follower_init(&scene->follower, &fake->reader);
	scene->follower.context = scene;
	if (pyro_python_create(&scene->follower.reader, &fake->origin, &scene->python, &err))
		fail_msg("%s", err.message);
	assert_int_equal(pyro_python_look(scene->python, &look), PYRO_RC_OK);
}

static void tear_down(struct scene *scene)
{
	pyro_python_destroy(scene->python);
	fake_destroy(scene->fake);
}

static enum pyro_rc read_stack(struct scene *scene, bool by_trails)
{
	struct pyro_thread thread;
	struct pyro_gil gil;
	enum pyro_rc rc;

	scene->follower.armed = by_trails;
	rc = pyro_python_thread(scene->python, 0, &gil, &thread);
	assert_false(scene->follower.armed);
	if (!rc)
		rc = pyro_python_stack(scene->python, &thread, stack);
	pyro_python_settle(scene->python, !rc);
	return rc;
}

static void assert_names(struct scene *scene, const char *leaf, const char *root)
{
	assert_int_equal(stack->count, 2);
	assert_string_equal(pyro_python_code(scene->python, stack->frames[0].code)->name, leaf);
	assert_string_equal(pyro_python_code(scene->python, stack->frames[1].code)->name, root);
}

static void new_code_is_read_late(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		for (uint32_t version = 0; version < 8; version += 7) {
			struct scene scene;

			set_up(&scene, minors[i], version);
			assert_int_equal(read_stack(&scene, true), PYRO_RC_OK);
			assert_names(&scene, "inner", "outer");
			assert_true(scene.follower.late > 0);
			assert_int_equal(read_stack(&scene, true), PYRO_RC_OK);
			assert_names(&scene, "inner", "outer");
			assert_int_equal(scene.follower.late, 0);
			tear_down(&scene);
		}
	}
}

static void rename_inner(void *context)
{
	struct scene *scene = context;
	const struct pyro_layout *l = &scene->fake->layout;

	memcpy(fake_at(scene->fake, scene->name + l->str_ascii), "other", 5);
	if (l->co_version != PYRO_ABSENT)
		fake_put(scene->fake, scene->inner + l->co_version, 77, 4);
}

static void free_inner(void *context)
{
	struct scene *scene = context;

	memcpy(fake_at(scene->fake, scene->name + scene->fake->layout.str_ascii), "other", 5);
	fake_put(scene->fake, scene->inner, scene->references, 8);
}

/* Memory that was freed keeps most of what was in it, here all but a first word; what it points to
 * may be somebody else's by then. */
static void freed_code_is_no_proof(void **state)
{
	static const uint64_t words[] = {0, 0x7f1234567890, 0x555556789abc0};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		for (size_t j = 0; j < PYRO_COUNT(words); j++) {
			struct scene scene;

			set_up(&scene, minors[i], 7);
			scene.references = words[j];
			scene.follower.after = free_inner;
			assert_int_equal(read_stack(&scene, true), PYRO_RC_SHORT);
			tear_down(&scene);
		}
	}
}

/* Another code object lies there by the time that its name is read: that is of no use, whether it
 * differs by its version or, being equal in all else, by a string alone. */
static void code_that_went_meanwhile_is_no_proof(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct scene scene;

		set_up(&scene, minors[i], 7);
		scene.follower.after = rename_inner;
		assert_int_equal(read_stack(&scene, true), PYRO_RC_SHORT);
		/* That changed nothing for what comes. */
		scene.follower.after = NULL;
		assert_int_equal(read_stack(&scene, true), PYRO_RC_OK);
		assert_names(&scene, "other", "outer");
		tear_down(&scene);
	}
}

/* A code object that was known is compared with what the trail brought. */
static void known_code_is_noticed_to_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct scene scene;
		const struct pyro_layout *l;

		set_up(&scene, minors[i], 7);
		l = &scene.fake->layout;
		assert_int_equal(read_stack(&scene, true), PYRO_RC_OK);
		rename_inner(&scene);
		if (l->in_generation != PYRO_ABSENT)
			fake_put(scene.fake, scene.fake->interp + l->in_generation, 4, 8);
		assert_int_equal(read_stack(&scene, true), PYRO_RC_OK);
		assert_names(&scene, "other", "outer");
		tear_down(&scene);
	}
}

/* Where a trail breaks off, what is missing is not read afterwards. */
static void a_broken_trail_is_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(minors); i++) {
		struct scene scene;
		const struct pyro_layout *l;
		uint64_t inner;

		set_up(&scene, minors[i], 7);
		l = &scene.fake->layout;
		inner = fake_frame(scene.fake, 0x10, scene.inner, 4, 0);
		fake_put(scene.fake, scene.frame + l->fr_previous, inner, 8);
		assert_int_equal(read_stack(&scene, true), PYRO_RC_SHORT);
		assert_int_equal(stack->count, 0);
		assert_int_equal(scene.follower.late, 0);
		/* Otherwise it is known to lead nowhere. */
		assert_int_equal(read_stack(&scene, false), PYRO_RC_OK);
		assert_true(stack->partial);
		tear_down(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_code_is_read_late),
		cmocka_unit_test(freed_code_is_no_proof),
		cmocka_unit_test(code_that_went_meanwhile_is_no_proof),
		cmocka_unit_test(known_code_is_noticed_to_change),
		cmocka_unit_test(a_broken_trail_is_short),
	};
	int failed;

	stack = calloc(1, sizeof(*stack));
	if (!stack)
		return 1;
	failed = cmocka_run_group_tests_name("cpython/trails", tests, NULL, NULL);
	free(stack);
	return failed;
}
