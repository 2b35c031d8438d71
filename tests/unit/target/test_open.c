/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/targets.h"
#include "target/open.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/pyro-open-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"file", "fifo", "link", "empty", "folder"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (unlink(path) != 0)
			rmdir(path);
	}
	return rmdir(folder);
}

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void make_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(int fd, const char *text)
{
	char got[64] = {0};

	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
	close(fd);
}

static void test_opens_what_is_mapped_and_nothing_else(void **state)
{
	struct pyro_mapping mapping;
	struct pyro_maps maps;
	int fd = -1, source;
	void *page;

	(void)state;
	make_file("file", "mapped");
	source = open(in_folder("file"), O_RDONLY | O_CLOEXEC);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, source, 0);
	close(source);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(pyro_maps_load((int)getpid(), &maps, NULL), PYRO_RC_OK);
	assert_non_null(pyro_maps_find(&maps, (uintptr_t)page));
	mapping = *pyro_maps_find(&maps, (uintptr_t)page);
	assert_int_equal(pyro_target_open_mapping((int)getpid(), &mapping, 1 << 20, &fd, NULL),
			 PYRO_RC_OK);
	assert_content(fd, "mapped");
	/* By path alone, as one without privilege: the range names no map_files entry. */
	mapping.start += 1;
	assert_int_equal(pyro_target_open_mapping((int)getpid(), &mapping, 1 << 20, &fd, NULL),
			 PYRO_RC_OK);
	assert_content(fd, "mapped");
	assert_int_equal(pyro_target_open_mapping((int)getpid(), &mapping, 3, &fd, NULL),
			 PYRO_RC_LIMIT);
	/* Another file at the same path is not the one. */
	assert_int_equal(rename(in_folder("file"), "/tmp/pyro-open-moved"), 0);
	make_file("file", "another");
	assert_int_equal(pyro_target_open_mapping((int)getpid(), &mapping, 1 << 20, &fd, NULL),
			 PYRO_RC_NOTFOUND);
	unlink("/tmp/pyro-open-moved");
	mapping.flags |= PYRO_MAPPING_DELETED;
	assert_int_equal(pyro_target_open_mapping((int)getpid(), &mapping, 1 << 20, &fd, NULL),
			 PYRO_RC_NOTFOUND);
	pyro_maps_deinit(&maps);
	/* The deleted file itself, where map_files may be used. */
	if (geteuid() == 0) {
		assert_int_equal(pyro_maps_load((int)getpid(), &maps, NULL), PYRO_RC_OK);
		mapping = *pyro_maps_find(&maps, (uintptr_t)page);
		assert_true(mapping.flags & PYRO_MAPPING_DELETED);
		assert_int_equal(
			pyro_target_open_mapping((int)getpid(), &mapping, 1 << 20, &fd, NULL),
			PYRO_RC_OK);
		assert_content(fd, "mapped");
		pyro_maps_deinit(&maps);
	}
	munmap(page, 4096);
}

static void test_opens_regular_files_only(void **state)
{
	const int pid = (int)getpid();
	int fd = -1;

	(void)state;
	make_file("file", "text");
	make_file("empty", "");
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
	assert_int_equal(pyro_target_open_path(pid, in_folder("file"), 100, &fd, NULL), PYRO_RC_OK);
	assert_content(fd, "text");
	/* None of these blocks. */
	assert_int_equal(pyro_target_open_path(pid, in_folder("fifo"), 100, &fd, NULL),
			 PYRO_RC_FORMAT);
	assert_int_equal(pyro_target_open_path(pid, in_folder("folder"), 100, &fd, NULL),
			 PYRO_RC_FORMAT);
	assert_int_equal(pyro_target_open_path(pid, "/dev/zero", 100, &fd, NULL), PYRO_RC_FORMAT);
	assert_int_equal(pyro_target_open_path(pid, in_folder("empty"), 100, &fd, NULL),
			 PYRO_RC_FORMAT);
	assert_int_equal(pyro_target_open_path(pid, in_folder("none"), 100, &fd, NULL),
			 PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_target_open_path(pid, in_folder("file"), 3, &fd, NULL),
			 PYRO_RC_LIMIT);
	assert_int_equal(pyro_target_open_path(0x3fffffff, "/etc/passwd", 1 << 20, &fd, NULL),
			 PYRO_RC_GONE);
}

static void test_paths_start_where_the_process_is(void **state)
{
	char script[256];
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct target target;
	int fd = -1;

	(void)state;
	make_file("file", "text");
	snprintf(script, sizeof(script), "cd %s && echo ready && exec sleep 60", folder);
	assert_true(target_start(&target, argv));
	assert_int_equal(pyro_target_open_path(target.pid, "file", 100, &fd, NULL), PYRO_RC_OK);
	assert_content(fd, "text");
	assert_int_equal(
		pyro_target_open_path(target.pid, "./../../etc/passwd", 1 << 20, &fd, NULL),
		PYRO_RC_OK);
	close(fd);
	target_stop(&target);
}

/* In a root of its own, "/" is that root, and links do not lead out. */
static void test_links_stay_below_the_root(void **state)
{
	int fd = -1, fds[2];
	char c;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can change its root\n");
		skip();
	}
	make_file("file", "inside");
	unlink(in_folder("link"));
	assert_int_equal(symlink("/etc/passwd", in_folder("link")), 0);
	assert_int_equal(pipe(fds), 0);
	const pid_t pid = fork();

	if (pid == 0) {
		if (chroot(folder) != 0 || chdir("/") != 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(pyro_target_open_path(pid, "/file", 100, &fd, NULL), PYRO_RC_OK);
	assert_content(fd, "inside");
	assert_int_equal(pyro_target_open_path(pid, "file", 100, &fd, NULL), PYRO_RC_OK);
	assert_content(fd, "inside");
	assert_int_equal(pyro_target_open_path(pid, "/link", 1 << 20, &fd, NULL), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_target_open_path(pid, "/../../../etc/passwd", 1 << 20, &fd, NULL),
			 PYRO_RC_NOTFOUND);
	struct target target = {.pid = pid, .out = fds[0]};

	target_stop(&target);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_opens_what_is_mapped_and_nothing_else,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_opens_regular_files_only, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_paths_start_where_the_process_is, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_links_stay_below_the_root, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
