/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unwind/jit_files.h"

static char path[64];

static void append(const char *text)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *find(struct pyro_jit_files *files, uint64_t addr)
{
	uint64_t start;
	const char *name;

	pyro_jit_files_update(files, (int)getpid(), EM_X86_64);
	name = pyro_jit_names_find(&files->names, addr, &start);
	return name ? name : "";
}

static void test_a_map_that_grows(void **state)
{
	struct pyro_jit_files files;

	(void)state;
	unlink(path);
	pyro_jit_files_init(&files);
	assert_string_equal(find(&files, 0x1000), "");
	append("1000 10 one\n2000 10 t");
	assert_string_equal(find(&files, 0x1000), "one");
	assert_string_equal(find(&files, 0x2000), "");
	append("wo\n");
	assert_string_equal(find(&files, 0x2000), "two");
	assert_int_equal(files.names.count, 2);
	pyro_jit_files_deinit(&files);
	unlink(path);
}

static void test_links_pipes_and_folders_are_not_read(void **state)
{
	struct pyro_jit_files files;
	char other[80];

	(void)state;
	snprintf(other, sizeof(other), "%s.other", path);
	append("1000 10 one\n");
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	pyro_jit_files_init(&files);
	assert_string_equal(find(&files, 0x1000), "");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_string_equal(find(&files, 0x1000), "");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_string_equal(find(&files, 0x1000), "");
	rmdir(path);
	/* Somebody else's. */
	assert_int_equal(rename(other, path), 0);
	if (geteuid() == 0 && chown(path, 65534, 65534) == 0)
		assert_string_equal(find(&files, 0x1000), "");
	assert_int_equal(chown(path, geteuid(), getegid()), 0);
	assert_string_equal(find(&files, 0x1000), "one");
	pyro_jit_files_deinit(&files);
	unlink(path);
}

static int name_it(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_map_that_grows),
		cmocka_unit_test(test_links_pipes_and_folders_are_not_read),
	};

	return cmocka_run_group_tests(tests, name_it, NULL);
}
