/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "view/sources.h"

struct fixture {
	char folder[64];
	struct pyro_profile *profile;
	struct pyro_view_files files;
	struct pyro_view_sources sources;
	uint32_t stack;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){.folder = "/tmp/pyrometer-sources-XXXXXX", .stack = PYRO_NONE};
	*state = &f;
	return mkdtemp(f.folder) && pyro_profile_create(&f.profile, NULL) == PYRO_RC_OK ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	pyro_view_sources_deinit(&f->sources);
	pyro_view_files_deinit(&f->files);
	pyro_profile_destroy(f->profile);
	return nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_file(struct fixture *f, const char *name, const char *text, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

/* A function of @file that took @wall by itself. */
static void add_time(struct fixture *f, const char *file, uint64_t wall)
{
	struct pyro_function function = {.first_line = 1};
	uint64_t values[PYRO_METRIC_COUNT] = {wall};
	uint32_t index, track, stack;
	struct pyro_frame frame = {.line = 1};

	assert_int_equal(pyro_profile_string(f->profile, "f", 1, &function.name), PYRO_RC_OK);
	assert_int_equal(pyro_profile_string(f->profile, file, strlen(file), &function.file),
			 PYRO_RC_OK);
	assert_int_equal(pyro_profile_function(f->profile, &function, &frame.function), PYRO_RC_OK);
	assert_int_equal(pyro_profile_frame(f->profile, &frame, &index), PYRO_RC_OK);
	assert_int_equal(pyro_profile_stack(f->profile, PYRO_NONE, index, &stack), PYRO_RC_OK);
	if (f->stack == PYRO_NONE) {
		struct pyro_process_info process = {.parent = PYRO_NONE};

		assert_int_equal(pyro_profile_process(f->profile, &process, &index), PYRO_RC_OK);
		assert_int_equal(
			pyro_profile_track(f->profile, &(struct pyro_track){.tid = 1}, &track),
			PYRO_RC_OK);
	}
	f->stack = stack;
	assert_int_equal(pyro_profile_add(f->profile, 0, stack, values), PYRO_RC_OK);
}

static void read_all(struct fixture *f)
{
	assert_int_equal(pyro_view_files_init(&f->files, f->profile, NULL), PYRO_RC_OK);
	assert_int_equal(
		pyro_view_sources_init(&f->sources, f->profile, &f->files, f->folder, NULL),
		PYRO_RC_OK);
}

static const char *why_not(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->sources.left_out_count; i++)
		if (strcmp(pyro_profile_string_get(f->profile, f->sources.left_out[i].string, NULL),
			   name) == 0)
			return f->sources.left_out[i].why;
	return NULL;
}

static void test_hottest_first(void **state)
{
	struct fixture *f = *state;

	make_file(f, "cold.py", "cold", 4);
	make_file(f, "hot.py", "hot = '\xc3\xa9'\n", 11);
	make_file(f, "idle.py", "idle", 4);
	add_time(f, "cold.py", 5);
	add_time(f, "hot.py", 9);
	add_time(f, "idle.py", 0);
	add_time(f, "<string>", 9);
	add_time(f, "", 9);
	read_all(f);
	assert_int_equal(f->sources.count, 2);
	assert_string_equal(f->sources.sources[0].text, "hot = '\xc3\xa9'\n");
	assert_int_equal(f->sources.sources[0].size, 11);
	assert_string_equal(f->sources.sources[1].text, "cold");
	assert_int_equal(f->sources.left_out_count, 0);
}

static void test_only_python(void **state)
{
	struct fixture *f = *state;
	char path[256];

	make_file(f, "secret", "a key", 5);
	make_file(f, "secret.txt", "a key", 5);
	make_file(f, "tool", "#!/usr/bin/env python3\npass\n", 28);
	make_file(f, "shell", "#!/bin/sh\n# python\n", 19);
	make_file(f, "binary.py", "a\0b", 3);
	snprintf(path, sizeof(path), "%s/fifo.py", f->folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/folder.py", f->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	add_time(f, "secret", 1);
	add_time(f, "secret.txt", 1);
	add_time(f, "tool", 1);
	add_time(f, "shell", 1);
	add_time(f, "binary.py", 1);
	add_time(f, "fifo.py", 1);
	add_time(f, "folder.py", 1);
	add_time(f, "gone.py", 1);
	add_time(f, "/dev/zero", 1);
	read_all(f);
	assert_int_equal(f->sources.count, 1);
	assert_memory_equal(f->sources.sources[0].text, "#!/usr", 6);
	assert_string_equal(why_not(f, "secret"), "does not look like Python");
	assert_string_equal(why_not(f, "secret.txt"), "does not look like Python");
	assert_string_equal(why_not(f, "shell"), "does not look like Python");
	assert_string_equal(why_not(f, "binary.py"), "not text");
	assert_string_equal(why_not(f, "fifo.py"), "not a regular file");
	assert_string_equal(why_not(f, "folder.py"), "not a regular file");
	assert_string_equal(why_not(f, "gone.py"), "not found");
	assert_string_equal(why_not(f, "/dev/zero"), "not a regular file");
}

static void test_caps(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(PYRO_VIEW_MAX_SOURCE + 1);
	char name[32];

	assert_non_null(text);
	memset(text, '#', PYRO_VIEW_MAX_SOURCE + 1);
	make_file(f, "huge.py", text, PYRO_VIEW_MAX_SOURCE + 1);
	add_time(f, "huge.py", 100);
	for (unsigned i = 0; i < PYRO_VIEW_MAX_SOURCES / PYRO_VIEW_MAX_SOURCE + 1; i++) {
		snprintf(name, sizeof(name), "full%u.py", i);
		make_file(f, name, text, PYRO_VIEW_MAX_SOURCE);
		add_time(f, name, 90 - i);
	}
	make_file(f, "empty.py", "", 0);
	add_time(f, "empty.py", 1);
	free(text);
	read_all(f);
	assert_string_equal(why_not(f, "huge.py"), "larger than 2 MB");
	assert_string_equal(why_not(f, "full6.py"),
			    "the page holds 12 MB of hotter sources already");
	assert_null(why_not(f, "full5.py"));
	assert_null(why_not(f, "empty.py"));
	assert_int_equal(f->sources.count, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hottest_first),
		TEST(test_only_python),
		TEST(test_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
