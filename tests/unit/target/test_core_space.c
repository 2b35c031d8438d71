/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/core_build.h"

#define PAGE 4096

static const uint8_t page[PAGE];

static struct pyro_core *open_core(struct core_build *build)
{
	struct pyro_core *core = NULL;
	struct pyro_err err = {0};

	core_build_finish(build);
	if (core_build_open(build, build->file.size, &core, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	return core;
}

static void check(const struct pyro_mapping *mapping, uint64_t start, uint64_t end, uint64_t offset,
		  const char *path, uint32_t flags)
{
	assert_int_equal(mapping->start, start);
	assert_int_equal(mapping->end, end);
	assert_int_equal(mapping->offset, offset);
	assert_string_equal(mapping->path, path);
	assert_int_equal(mapping->flags, flags);
	assert_int_equal(mapping->inode != 0, path[0] != 0);
}

static void test_segments_and_files_side_by_side(void **state)
{
	enum {
		CODE = PYRO_MAPPING_READ | PYRO_MAPPING_EXEC,
		DATA = PYRO_MAPPING_READ | PYRO_MAPPING_WRITE
	};
	static const struct core_build_file files[] = {
		/* Not in order, one of them in two parts, one that is gone. */
		{0x40000, 0x42000, 5, "/lib/gone (deleted)"},
		{0x10000, 0x13000, 0, "/bin/thing"},
		{0x13000, 0x14000, 3, "/bin/thing"},
		{0x50000, 0x50000, 0, "/no/size"},
	};
	const struct pyro_mapping *items;
	struct core_build build;
	struct pyro_core *core;

	(void)state;
	core_build_init(&build);
	core_build_files(&build, files, 4);
	/* Not in order either. A debugger left out what lies between the first two. */
	core_build_load(&build, 0x20000, PAGE, PF_R | PF_W, page, PAGE);
	core_build_load(&build, 0x11000, PAGE, PF_R, page, PAGE);
	core_build_load(&build, 0x13000, PAGE, PF_R | PF_W, page, PAGE);
	core_build_load(&build, 0x60000, 0, PF_R, page, 0);
	core = open_core(&build);
	assert_int_equal(pyro_core_maps(core)->count, 6);
	items = pyro_core_maps(core)->items;
	check(&items[0], 0x10000, 0x11000, 0, "/bin/thing", CODE);
	check(&items[1], 0x11000, 0x12000, 0x1000, "/bin/thing", PYRO_MAPPING_READ);
	check(&items[2], 0x12000, 0x13000, 0x2000, "/bin/thing", CODE);
	check(&items[3], 0x13000, 0x14000, 0x3000, "/bin/thing", DATA);
	check(&items[4], 0x20000, 0x21000, 0, "", DATA);
	check(&items[5], 0x40000, 0x42000, 0x5000, "/lib/gone", CODE | PYRO_MAPPING_DELETED);
	assert_true(pyro_mapping_same_file(&items[0], &items[3]));
	assert_false(pyro_mapping_same_file(&items[0], &items[5]));
	pyro_core_close(core);
	core_build_deinit(&build);
}

/* Files that lie over each other make no mappings that do. */
static void test_files_that_lie(void **state)
{
	static const struct core_build_file files[] = {
		{0x10000, 0x90000, 0, "/a"},          {0x20000, 0x30000, 0, "/b"},
		{0x80000, 0xa0000, 0, "/c"},          {0xfffffffffffff000, UINT64_MAX, 0, "/d"},
		{0x10000, 0x11000, UINT64_MAX, "/e"}, {0x90000, 0x10000, 0, "/f"},
	};
	const struct pyro_maps *maps;
	struct core_build build;
	struct pyro_core *core;

	(void)state;
	core_build_init(&build);
	core_build_files(&build, files, 6);
	core_build_load(&build, 0x28000, PAGE, PF_R, page, PAGE);
	core_build_load(&build, 0xffffffffffffe000, 2 * PAGE - 1, PF_R, page, PAGE);
	core = open_core(&build);
	maps = pyro_core_maps(core);
	assert_true(maps->count >= 4);
	for (size_t i = 0; i < maps->count; i++) {
		assert_true(maps->items[i].start < maps->items[i].end);
		if (i > 0)
			assert_true(maps->items[i - 1].end <= maps->items[i].start);
	}
	pyro_core_close(core);
	core_build_deinit(&build);
}

static void expect(struct core_build *build, const char *message)
{
	struct pyro_core *core = NULL;
	struct pyro_err err = {0};

	core_build_finish(build);
	assert_int_equal(core_build_open(build, build->file.size, &core, &err), PYRO_RC_FORMAT);
	assert_string_equal(err.message, message);
	core_build_deinit(build);
}

static void test_segments_that_lie(void **state)
{
	struct core_build build;

	(void)state;
	core_build_init(&build);
	core_build_load(&build, 0x10000, 2 * PAGE, PF_R, page, PAGE);
	core_build_load(&build, 0x11000, PAGE, PF_R, page, PAGE);
	expect(&build, "two segments lie over each other at 0x11000");

	core_build_init(&build);
	core_build_load(&build, 0x10000, PAGE / 2, PF_R, page, PAGE);
	expect(&build,
	       "segment 1 makes no sense: 0x800 bytes at 0x10000 of memory, 0x1000 of them "
	       "in the core");

	core_build_init(&build);
	core_build_load(&build, 0xfffffffffffff000, 2 * PAGE, PF_R, page, PAGE);
	expect(&build,
	       "segment 1 makes no sense: 0x2000 bytes at 0xfffffffffffff000 of memory, "
	       "0x1000 of them in the core");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments_and_files_side_by_side),
		cmocka_unit_test(test_files_that_lie),
		cmocka_unit_test(test_segments_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
