/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/space.h"
#include "elf_build.h"
#include "support/core_build.h"

static char folder[64];
static char path[128]; /* of an object in it */

static int make_folder(void **state)
{
	static const struct build build = {.build_id = true};
	uint8_t file[BUILD_SIZE];
	FILE *out;

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pyro-space-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/thing", folder);
	build_elf(&build, file);
	out = fopen(path, "w");
	return !out || fwrite(file, 1, BUILD_SIZE, out) != BUILD_SIZE || fclose(out) != 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* That the object in the folder is what @fd has. */
static void check(int fd)
{
	uint8_t file[BUILD_SIZE], known[BUILD_SIZE];
	static const struct build build = {.build_id = true};

	build_elf(&build, known);
	assert_int_equal(pread(fd, file, BUILD_SIZE, 0), BUILD_SIZE);
	assert_memory_equal(file, known, BUILD_SIZE);
	close(fd);
}

static void test_a_process(void **state)
{
	const struct pyro_space space = pyro_space_live((int)getpid(), NULL);
	const struct pyro_mapping *mapping;
	struct pyro_maps maps;
	int fd;

	(void)state;
	assert_int_equal(pyro_space_maps(&space, &maps, NULL), PYRO_RC_OK);
	mapping = pyro_maps_find(&maps, (uint64_t)(uintptr_t)test_a_process);
	assert_non_null(mapping);
	assert_int_equal(pyro_space_open(&space, mapping, &fd, NULL), PYRO_RC_OK);
	close(fd);
	pyro_maps_deinit(&maps);
	assert_int_equal(pyro_space_open_path(&space, path, &fd), PYRO_RC_OK);
	check(fd);
	assert_int_not_equal(pyro_space_open_path(&space, "/no/such/file", &fd), PYRO_RC_OK);
}

static struct pyro_core *make_core(const char *name)
{
	static const struct build with_id = {.build_id = true};
	const struct core_build_file files[] = {{BUILD_BASE, BUILD_BASE + 0x3000, 0, name}};
	struct core_build build;
	struct pyro_core *core = NULL;
	uint8_t file[BUILD_SIZE];

	build_elf(&with_id, file);
	core_build_init(&build);
	core_build_files(&build, files, 1);
	core_build_load(&build, BUILD_BASE, 0x3000, PF_R | PF_X, file, 0x2000);
	core_build_finish(&build);
	assert_int_equal(core_build_open(&build, build.file.size, &core, NULL), PYRO_RC_OK);
	core_build_deinit(&build);
	return core;
}

static void test_a_core(void **state)
{
	const struct pyro_core_places below = {NULL, folder}, nowhere = {NULL, "/nonexistent"};
	struct pyro_core *core = make_core("/thing");
	struct pyro_space space = pyro_space_core(core, &nowhere);
	struct pyro_mapping other = {.start = 0x1000, .end = 0x2000, .path = "/thing"};
	struct pyro_maps maps;
	struct pyro_err err;
	int fd;

	(void)state;
	assert_int_equal(pyro_space_maps(&space, &maps, &err), PYRO_RC_OK);
	assert_int_equal(maps.count, pyro_core_maps(core)->count);
	assert_string_equal(maps.items[0].path, "/thing");
	assert_int_equal(pyro_space_open(&space, &maps.items[0], &fd, &err), PYRO_RC_NOTFOUND);
	assert_non_null(strstr(err.message, "/nonexistent/thing"));
	assert_int_equal(pyro_space_open(&space, &other, &fd, &err), PYRO_RC_NOTFOUND);
	space = pyro_space_core(core, &below);
	assert_int_equal(pyro_space_open(&space, &maps.items[0], &fd, &err), PYRO_RC_OK);
	check(fd);
	assert_int_equal(pyro_space_open_path(&space, "/thing", &fd), PYRO_RC_OK);
	check(fd);
	assert_int_not_equal(pyro_space_open_path(&space, path, &fd), PYRO_RC_OK);
	/* They are a copy, but for the paths. */
	pyro_maps_deinit(&maps);
	assert_string_equal(pyro_core_maps(core)->items[0].path, "/thing");
	pyro_core_close(core);
}

/* Memory that a core left out is read as soon as somebody says where files are. */
static void test_files_on_demand(void **state)
{
	const struct pyro_core_places places = {NULL, folder}, nowhere = {NULL, "/nonexistent"};
	struct pyro_core *core = make_core("/thing");
	struct pyro_reader *reader = pyro_core_reader(core);
	uint8_t byte;

	(void)state;
	assert_int_equal(pyro_reader_read(reader, BUILD_BASE + 0x2fff, &byte, 1), PYRO_RC_FAULT);
	pyro_core_file_open_all(core, &places);
	assert_int_equal(pyro_reader_read(reader, BUILD_BASE + 0x2fff, &byte, 1), PYRO_RC_OK);
	assert_int_equal(pyro_reader_read(reader, 0x900000, &byte, 1), PYRO_RC_FAULT);
	pyro_core_close(core);
	/* Once only: it is not asked for again. */
	core = make_core("/thing");
	reader = pyro_core_reader(core);
	pyro_core_file_open_all(core, &nowhere);
	assert_int_equal(pyro_reader_read(reader, BUILD_BASE + 0x2fff, &byte, 1), PYRO_RC_FAULT);
	pyro_core_file_open_all(core, &places);
	assert_int_equal(pyro_reader_read(reader, BUILD_BASE + 0x2fff, &byte, 1), PYRO_RC_FAULT);
	pyro_core_close(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process),
		cmocka_unit_test(test_a_core),
		cmocka_unit_test(test_files_on_demand),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
