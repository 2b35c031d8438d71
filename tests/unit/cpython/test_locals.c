/* SPDX-License-Identifier: Apache-2.0 */
/* locals.c, places.c: frames in synthesised memory, which change while they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "objects.h"

#define ARGUMENTS 1 /* of the function */

/* A function(given) with a local, one that is not bound, and a cell. */
struct scene {
	struct objects o;
	uint64_t frame, code, slots;
	struct pyro_raw_stack *stack;
	struct pyro_frame_place place;
	struct pyro_frame_locals found;
};

static uint64_t names(struct objects *o, const char *const *texts, size_t count)
{
	uint64_t items[8];

	for (size_t i = 0; i < count; i++)
		items[i] = objects_str(o, texts[i]);
	return objects_tuple(o, items, count);
}

static void put_code(struct scene *scene)
{
	static const char *const all[] = {"given", "local", "unbound", "cell"};
	struct fake *fake = scene->o.fake;
	const struct pyro_layout *l = &fake->layout;
	const struct fake_code code = {.name = "work",
				       .qualname = "work",
				       .file = "shop.py",
				       .first_line = 1,
				       .table = "",
				       .units = 8,
				       .version = 1};

	scene->code = fake_code(fake, &code);
	fake_put(fake, scene->code + l->co_argcount, ARGUMENTS, 4);
	fake_put(fake, scene->code + l->co_flags, 3, 4); /* optimized, new locals */
	if (l->co_kinds != PYRO_ABSENT) {
		fake_put(fake, scene->code + l->co_nlocals, 4, 4);
		fake_put(fake, scene->code + l->co_locals, names(&scene->o, all, 4), 8);
		fake_put(fake, scene->code + l->co_kinds, fake_bytes(fake, "\x20\x20\x20\x40", 4),
			 8);
	} else {
		fake_put(fake, scene->code + l->co_nlocals, 3, 4);
		fake_put(fake, scene->code + l->co_locals, names(&scene->o, all, 3), 8);
		fake_put(fake, scene->code + l->co_cells, names(&scene->o, all + 3, 1), 8);
		fake_put(fake, scene->code + l->co_frees, names(&scene->o, NULL, 0), 8);
	}
}

static void scene_create(struct scene *scene, uint32_t minor, bool free_threaded)
{
	struct fake *fake;
	const struct pyro_layout *l;
	const struct pyro_look *look;
	uint64_t cell;

	objects_create(&scene->o, minor, free_threaded);
	fake = scene->o.fake;
	l = &fake->layout;
	put_code(scene);
	scene->frame = fake_frame(fake, 0, scene->code, 8, 0);
	fake_alloc(fake, 512);
	scene->slots = scene->frame + l->fr_localsplus;
	cell = objects_new(&scene->o, scene->o.type_cell, 16);
	fake_put(fake, cell + l->cell_content, objects_str(&scene->o, "inside"), 8);
	fake_put(fake, scene->slots, objects_int(&scene->o, 7), 8);
	fake_put(fake, scene->slots + 8, objects_str(&scene->o, "text"), 8);
	/* From 3.14 on a slot without a value has a bit set. */
	fake_put(fake, scene->slots + 16, minor >= 14 ? 1 : 0, 8);
	fake_put(fake, scene->slots + 24, cell | (minor >= 14 ? 1 : 0), 8);
	fake_thread(fake, 0x2000, 12, scene->frame);
	scene->stack = calloc(1, sizeof(*scene->stack));
	assert_non_null(scene->stack);
	assert_int_equal(pyro_python_look(scene->o.python, &look), PYRO_RC_OK);
	assert_int_equal(pyro_python_stack(scene->o.python, &look->threads[0], scene->stack),
			 PYRO_RC_OK);
	pyro_python_settle(scene->o.python, true);
	assert_int_equal(scene->stack->count, 1);
	pyro_python_places(scene->o.python, scene->stack, &scene->place);
	assert_int_equal(scene->place.frame, scene->frame);
	assert_int_equal(scene->place.code, scene->code);
}

static void scene_destroy(struct scene *scene)
{
	free(scene->stack);
	objects_destroy(&scene->o);
}

static void read_scene(struct scene *scene)
{
	assert_int_equal(pyro_values_frame(scene->o.values, &scene->place, &scene->found),
			 PYRO_RC_OK);
}

static void has(const struct scene *scene, size_t at, const char *name, enum pyro_local_kind kind,
		const char *value)
{
	assert_true(at < scene->found.count);
	assert_string_equal(scene->found.locals[at].name, name);
	assert_int_equal(scene->found.locals[at].kind, kind);
	assert_string_equal(scene->found.locals[at].value, value);
}

static const struct {
	uint32_t minor;
	bool free_threaded;
} builds[] = {{8, 0}, {9, 0}, {10, 0}, {11, 0}, {12, 0}, {14, 0}, {14, 1}};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(builds); i++) {
		struct scene scene;

		scene_create(&scene, builds[i].minor, builds[i].free_threaded);
		read_scene(&scene);
		assert_int_equal(scene.found.count, 3);
		has(&scene, 0, "given", PYRO_LOCAL_ARGUMENT, "7");
		has(&scene, 1, "local", PYRO_LOCAL_LOCAL, "'text'");
		has(&scene, 2, "cell", PYRO_LOCAL_CELL, "'inside'");
		assert_false(scene.found.changed || scene.found.unreadable);
		/* An int that is no object. */
		if (builds[i].minor >= 14) {
			fake_put(scene.o.fake, scene.slots + 16, (uint64_t)-5 << 2 | 3, 8);
			read_scene(&scene);
			has(&scene, 2, "unbound", PYRO_LOCAL_LOCAL, "-5");
		}
		/* The cell was not made yet, then it is empty. */
		fake_put(scene.o.fake, scene.slots + 24, objects_int(&scene.o, 1), 8);
		read_scene(&scene);
		has(&scene, scene.found.count - 1, "cell", PYRO_LOCAL_CELL, "1");
		fake_put(scene.o.fake, scene.slots + 24,
			 objects_new(&scene.o, scene.o.type_cell, 16), 8);
		read_scene(&scene);
		assert_int_equal(scene.found.count, builds[i].minor >= 14 ? 3 : 2);
		scene_destroy(&scene);
	}
}

/* A frame that went on, or is another one now, before anything was read. */
static void test_moved_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(builds); i++) {
		struct scene scene;
		const struct pyro_layout *l;

		scene_create(&scene, builds[i].minor, builds[i].free_threaded);
		l = &scene.o.fake->layout;
		scene.place.instr += 2;
		read_scene(&scene);
		assert_true(scene.found.changed);
		assert_int_equal(scene.found.count, 0);
		scene.place.instr -= 2;
		fake_put(scene.o.fake, scene.frame + l->fr_code, scene.code + 16, 8);
		read_scene(&scene);
		assert_true(scene.found.changed);
		assert_int_equal(scene.found.count, 0);
		scene.place.frame = 0xdead0000;
		read_scene(&scene);
		assert_true(scene.found.changed);
		scene_destroy(&scene);
	}
}

/* Goes on after so many reads. */
struct mover {
	struct pyro_reader reader;
	struct pyro_reader *real;
	struct scene *scene;
	int left;
};

static enum pyro_rc move_readv(struct pyro_reader *reader, const struct pyro_span *spans,
			       size_t count, size_t *ret_done)
{
	struct mover *mover = (struct mover *)reader;
	const struct pyro_layout *l = &mover->scene->o.fake->layout;

	if (mover->left-- == 0)
		fake_put(mover->scene->o.fake, mover->scene->frame + l->fr_instr,
			 mover->scene->place.instr + 2, l->minor <= 10 ? 4 : 8);
	return pyro_reader_readv(mover->real, spans, count, ret_done);
}

static void test_moves_on_meanwhile(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(builds); i++) {
		struct scene scene;
		struct pyro_python *python;
		struct pyro_values *values;
		struct mover mover = {.reader = {.readv = move_readv}, .left = -1};

		scene_create(&scene, builds[i].minor, builds[i].free_threaded);
		mover.real = &scene.o.fake->reader;
		mover.scene = &scene;
		assert_int_equal(
			pyro_python_create(&mover.reader, &scene.o.fake->origin, &python, NULL),
			PYRO_RC_OK);
		assert_int_equal(pyro_values_create(python, &values), PYRO_RC_OK);
		mover.left = 5;
		assert_int_equal(pyro_values_frame(values, &scene.place, &scene.found), PYRO_RC_OK);
		assert_true(scene.found.changed);
		has(&scene, 0, "given", PYRO_LOCAL_ARGUMENT, "7");
		pyro_values_destroy(values);
		pyro_python_destroy(python);
		scene_destroy(&scene);
	}
}

/* Names, kinds and counts that lie. */
static void test_hostile_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(builds); i++) {
		struct scene scene;
		const struct pyro_layout *l;
		struct fake *fake;
		uint64_t tuple;

		scene_create(&scene, builds[i].minor, builds[i].free_threaded);
		fake = scene.o.fake;
		l = &fake->layout;
		memcpy(&tuple, fake_at(fake, scene.code + l->co_locals), 8);
		objects_put(&scene.o, tuple, 0, 1ull << 40);
		read_scene(&scene);
		assert_true(scene.found.unreadable);
		objects_put(&scene.o, tuple, 0, PYRO_MAX_FRAME_SLOTS);
		read_scene(&scene);
		assert_true(scene.found.count <= PYRO_MAX_FRAME_LOCALS);
		fake_put(fake, scene.code + l->co_locals, 0xdead0000, 8);
		read_scene(&scene);
		assert_true(scene.found.unreadable);
		assert_int_equal(scene.found.count, 0);
		scene_destroy(&scene);
	}
}

/* Of a module: its names, but not what it defines and what every module has. */
static void test_namespace(void **state)
{
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(builds); i++) {
		struct scene scene;
		struct objects *o = &scene.o;
		uint64_t items[8], dict;

		scene_create(&scene, builds[i].minor, builds[i].free_threaded);
		items[0] = objects_str(o, "__name__");
		items[1] = objects_str(o, "shop");
		items[2] = objects_str(o, "price");
		items[3] = objects_int(o, 9);
		items[4] = objects_str(o, "Class");
		items[5] = o->type_int;
		items[6] = objects_str(o, "__x");
		items[7] = objects_int(o, 1);
		dict = objects_dict(o, items, 4);
		fake_put(o->fake, scene.code + o->fake->layout.co_flags, 0, 4);
		fake_put(o->fake, scene.frame + o->fake->layout.fr_locals, dict, 8);
		fake_put(o->fake, scene.frame + o->fake->layout.fr_globals, dict, 8);
		read_scene(&scene);
		assert_int_equal(scene.found.count, 5);
		has(&scene, 3, "price", PYRO_LOCAL_GLOBAL, "9");
		has(&scene, 4, "__x", PYRO_LOCAL_GLOBAL, "1");
		assert_int_equal(scene.found.definitions, 1);
		/* A class body has names of its own. */
		fake_put(o->fake, scene.frame + o->fake->layout.fr_globals, 0, 8);
		read_scene(&scene);
		has(&scene, 3, "price", PYRO_LOCAL_LOCAL, "9");
		scene_destroy(&scene);
	}
}

static void test_kind_names(void **state)
{
	(void)state;
	assert_string_equal(pyro_local_kind_name(PYRO_LOCAL_ARGUMENT), "argument");
	assert_string_equal(pyro_local_kind_name(PYRO_LOCAL_GLOBAL), "global");
	assert_string_equal(pyro_local_kind_name(PYRO_LOCAL_KINDS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_moved_on),
		cmocka_unit_test(test_moves_on_meanwhile),
		cmocka_unit_test(test_hostile_code),
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
