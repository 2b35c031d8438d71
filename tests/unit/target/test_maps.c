/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/maps.h"

static void parse(const char *text, struct pyro_maps *ret_maps)
{
	assert_int_equal(pyro_maps_parse(text, strlen(text), ret_maps, NULL), PYRO_RC_OK);
}

static void test_parses_every_kind_of_line(void **state)
{
	static const char text[] =
		"00400000-00452000 r-xp 00001000 fd:02 173521      /usr/bin/dbus daemon\n"
		"00e03000-00e24000 rw-p 00000000 00:00 0           [heap]\n"
		"7f0000000000-7f0000001000 rw-s 00000000 00:05 1234  /dev/shm/x (deleted)\n"
		"7f0000001000-7f0000002000 ---p 00000000 00:00 0 \n"
		"7f0000002000-7f0000003000 r--p 00002000 fd:02 9    /tmp/new\\012line\\040\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]";
	struct pyro_maps maps;

	(void)state;
	parse(text, &maps);
	assert_int_equal(maps.count, 6);
	assert_false(maps.truncated);
	assert_int_equal(maps.items[0].start, 0x400000);
	assert_int_equal(maps.items[0].end, 0x452000);
	assert_int_equal(maps.items[0].offset, 0x1000);
	assert_int_equal(maps.items[0].flags, PYRO_MAPPING_READ | PYRO_MAPPING_EXEC);
	assert_int_equal(maps.items[0].dev_major, 0xfd);
	assert_int_equal(maps.items[0].dev_minor, 2);
	assert_int_equal(maps.items[0].inode, 173521);
	assert_string_equal(maps.items[0].path, "/usr/bin/dbus daemon");
	assert_string_equal(maps.items[1].path, "[heap]");
	assert_string_equal(maps.items[2].path, "/dev/shm/x");
	assert_int_equal(maps.items[2].flags, PYRO_MAPPING_READ | PYRO_MAPPING_WRITE |
						      PYRO_MAPPING_SHARED | PYRO_MAPPING_DELETED);
	assert_string_equal(maps.items[3].path, "");
	assert_int_equal(maps.items[3].flags, 0);
	/* Only the newline is written in octal; a backslash is a backslash. */
	assert_string_equal(maps.items[4].path, "/tmp/new\nline\\040");
	assert_int_equal(maps.items[5].start, 0xffffffffff600000);
	assert_string_equal(maps.items[5].path, "[vsyscall]");
	pyro_maps_deinit(&maps);
	pyro_maps_deinit(&maps);
}

static void test_leaves_out_lines_without_sense(void **state)
{
	static const char *const lines[] = {
		"",
		"\n\n\n",
		"hello\n",
		"400000-300000 r-xp 0 0:0 0\n", /* ends before it starts */
		"400000-400000 r-xp 0 0:0 0\n",
		"400000-500000 r-x\n",
		"400000-500000 qqqq 0 0:0 0\n",
		"400000-500000 r-xp 0 0:0 99999999999999999999999\n",
		"11111111111111111-22222222222222222 r-xp 0 0:0 0\n",
		"400000-500000 r-xp 0 100000000:0 0\n",
		"400000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct pyro_maps maps;

		parse(lines[i], &maps);
		assert_int_equal(maps.count, 0);
		pyro_maps_deinit(&maps);
	}
}

static void test_finds_by_address(void **state)
{
	struct pyro_maps maps;

	(void)state;
	parse("1000-2000 r--p 0 1:2 5 /a\n2000-3000 rw-p 1000 1:2 5 /a\n5000-6000 rw-p 0 0:0 0\n"
	      "7000-8000 rw-p 0 1:2 6 /b\n8000-9000 rw-p 0 1:3 5 /c\n",
	      &maps);
	assert_null(pyro_maps_find(&maps, 0));
	assert_null(pyro_maps_find(&maps, 0xfff));
	assert_ptr_equal(pyro_maps_find(&maps, 0x1000), &maps.items[0]);
	assert_ptr_equal(pyro_maps_find(&maps, 0x1fff), &maps.items[0]);
	assert_ptr_equal(pyro_maps_find(&maps, 0x2000), &maps.items[1]);
	assert_null(pyro_maps_find(&maps, 0x3000));
	assert_ptr_equal(pyro_maps_find(&maps, 0x5fff), &maps.items[2]);
	assert_null(pyro_maps_find(&maps, UINT64_MAX));
	assert_true(pyro_mapping_same_file(&maps.items[0], &maps.items[1]));
	assert_false(pyro_mapping_same_file(&maps.items[2], &maps.items[2])); /* no file */
	assert_false(pyro_mapping_same_file(&maps.items[0], &maps.items[3]));
	assert_false(pyro_mapping_same_file(&maps.items[0], &maps.items[4]));
	pyro_maps_deinit(&maps);
}

static void test_too_many_lines_are_cut_and_said(void **state)
{
	enum {
		LINES = 65536 + 10
	};
	static const char line[] = "1000-2000 r--p 0 0:0 0\n";
	char *text = malloc(LINES * (sizeof(line) - 1));
	struct pyro_maps maps;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line) - 1);
	assert_int_equal(pyro_maps_parse(text, LINES * (sizeof(line) - 1), &maps, NULL),
			 PYRO_RC_OK);
	assert_true(maps.truncated);
	assert_int_equal(maps.count, 65536);
	pyro_maps_deinit(&maps);
	free(text);
}

static void test_loads_its_own(void **state)
{
	static int somewhere;
	void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct pyro_mapping *mapping;
	struct pyro_maps maps;

	(void)state;
	assert_int_equal(pyro_maps_load((int)getpid(), &maps, NULL), PYRO_RC_OK);
	mapping = pyro_maps_find(&maps, (uintptr_t)&somewhere);
	assert_non_null(mapping);
	assert_int_equal(mapping->flags, PYRO_MAPPING_READ | PYRO_MAPPING_WRITE);
	mapping = pyro_maps_find(&maps, (uintptr_t)test_loads_its_own);
	assert_non_null(mapping);
	assert_non_null(strstr(mapping->path, "test_target_maps"));
	assert_true(mapping->flags & PYRO_MAPPING_EXEC);
	mapping = pyro_maps_find(&maps, (uintptr_t)page);
	assert_non_null(mapping);
	assert_int_equal(mapping->flags & PYRO_MAPPING_READ, 0);
	pyro_maps_deinit(&maps);
	munmap(page, 4096);
	assert_int_equal(pyro_maps_load(0x3fffffff, &maps, NULL), PYRO_RC_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parses_every_kind_of_line),
		cmocka_unit_test(test_leaves_out_lines_without_sense),
		cmocka_unit_test(test_finds_by_address),
		cmocka_unit_test(test_too_many_lines_are_cut_and_said),
		cmocka_unit_test(test_loads_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
