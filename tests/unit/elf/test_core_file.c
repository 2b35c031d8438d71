/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/core_file.h"
#include "elf_build.h"
#include "support/core_build.h"

static char folder[64];
static char path[128]; /* of the object in it */

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pyro-core-file-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/thing", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_file(const uint8_t file[BUILD_SIZE])
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(file, 1, BUILD_SIZE, out), BUILD_SIZE);
	assert_int_equal(fclose(out), 0);
}

/* A core of a process that had @file mapped as @name, of which it has @dumped bytes. */
static struct pyro_core *make_core(const uint8_t file[BUILD_SIZE], const char *name, size_t dumped)
{
	const struct core_build_file files[] = {{BUILD_BASE, BUILD_BASE + 0x3000, 0, name}};
	struct core_build build;
	struct pyro_core *core = NULL;

	core_build_init(&build);
	core_build_files(&build, files, 1);
	core_build_vector(&build, BUILD_BASE + 64);
	core_build_load(&build, BUILD_BASE, 0x3000, PF_R | PF_X, file, dumped);
	core_build_load(&build, 0x80000, 0x1000, PF_R, file, 0);
	core_build_finish(&build);
	assert_int_equal(core_build_open(&build, build.file.size, &core, NULL), PYRO_RC_OK);
	core_build_deinit(&build);
	return core;
}

static enum pyro_rc open_first(struct pyro_core *core, const struct pyro_core_places *places,
			       struct pyro_err *err)
{
	const struct pyro_mapping *first = &pyro_core_maps(core)->items[0];
	enum pyro_rc rc = pyro_core_file_open(core, places, first, err);

	assert_int_equal(pyro_core_supplied(core, first) >= 0, rc == PYRO_RC_OK);
	return rc;
}

static void test_the_same_file(void **state)
{
	static const struct build with_id = {.build_id = true}, without = {0};
	const struct pyro_core_places places = {NULL, NULL};
	uint8_t file[BUILD_SIZE], byte;
	struct pyro_core *core;
	struct pyro_err err;

	(void)state;
	build_elf(&with_id, file);
	write_file(file);
	core = make_core(file, path, 0x2000);
	assert_int_equal(open_first(core, &places, &err), PYRO_RC_OK);
	/* What the core left out is there now, and nothing is opened twice. */
	assert_int_equal(pyro_reader_read(pyro_core_reader(core), BUILD_BASE + 0x2fff, &byte, 1),
			 PYRO_RC_OK);
	unlink(path);
	assert_int_equal(open_first(core, &places, &err), PYRO_RC_OK);
	assert_int_equal(pyro_core_file_open(core, &places, &pyro_core_maps(core)->items[1], &err),
			 PYRO_RC_NOTFOUND);
	assert_string_equal(err.message, "no file is mapped there");
	pyro_core_close(core);

	/* Without an id the first page tells, and without that nothing does. */
	build_elf(&without, file);
	write_file(file);
	core = make_core(file, path, 0x1000);
	assert_int_equal(open_first(core, &places, &err), PYRO_RC_OK);
	pyro_core_close(core);
	core = make_core(file, path, 0);
	assert_int_equal(open_first(core, &places, &err), PYRO_RC_OK);
	pyro_core_close(core);
}

static void test_another_file(void **state)
{
	static const struct build with_id = {.build_id = true}, without = {0};
	const struct pyro_core_places places = {NULL, NULL};
	uint8_t file[BUILD_SIZE];
	char expected[512];
	struct pyro_core *core;
	struct pyro_err err;

	(void)state;
	build_elf(&with_id, file);
	write_file(file);
	file[BUILD_NOTE + 40]++; /* the first byte of the id */
	core = make_core(file, path, 0x2000);
	assert_int_equal(open_first(core, &places, &err), PYRO_RC_NOTFOUND);
	snprintf(expected, sizeof(expected),
		 "%s: not the file that was mapped: its build id is "
		 "0102030405060708090a0b0c0d0e0f1011121314, that was "
		 "0202030405060708090a0b0c0d0e0f1011121314",
		 path);
	assert_string_equal(err.message, expected);
	pyro_core_close(core);

	build_elf(&without, file);
	write_file(file);
	file[0xfff]++;
	core = make_core(file, path, 0x1000);
	assert_int_equal(open_first(core, &places, &err), PYRO_RC_NOTFOUND);
	assert_non_null(strstr(err.message,
			       "not the file that was mapped: it begins in another "
			       "way"));
	pyro_core_close(core);
}

static void test_other_places(void **state)
{
	static const struct build with_id = {.build_id = true};
	const struct pyro_core_places nowhere = {NULL, NULL}, exe = {path, NULL},
				      root = {NULL, folder}, wrong = {"/proc/self/maps", NULL};
	uint8_t file[BUILD_SIZE];
	struct pyro_core *core;
	struct pyro_err err;

	(void)state;
	build_elf(&with_id, file);
	write_file(file);
	core = make_core(file, "/thing", 0x2000);
	assert_int_equal(open_first(core, &nowhere, &err), PYRO_RC_NOTFOUND);
	assert_string_equal(err.message, "/thing: cannot open it: No such file or directory");
	assert_int_equal(open_first(core, &wrong, &err), PYRO_RC_FORMAT);
	assert_int_equal(open_first(core, &exe, &err), PYRO_RC_OK);
	pyro_core_close(core);
	core = make_core(file, "/thing", 0x2000);
	assert_int_equal(open_first(core, &root, &err), PYRO_RC_OK);
	pyro_core_close(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_file),
		cmocka_unit_test(test_another_file),
		cmocka_unit_test(test_other_places),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
