/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes an image of each CPython and compares what is seen with what the program said of itself
 * (the .txt beside it, by tools/capture-image). Needs no interpreter and no process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/python.h"
#include "support/follower.h"
#include "target/image.h"

/* A line has tab-separated fields:
 *   thread PTHREAD NATIVE_ID MAIN NAME          frame COUNT FIRST LINE NAME QUALNAME FILE */
enum {
	FIELDS = 7,
	LINE_SIZE = 8192
};

static const char *folder;
static size_t images;

struct names {
	uint64_t pthread;
	char name[PYRO_MAX_NAME + 1];
};

static void keep_name(void *context, uint64_t pthread, const char *name)
{
	struct names *names = context;

	if (names->pthread == pthread)
		snprintf(names->name, sizeof(names->name), "%s", name);
}

static size_t split(char *line, char *fields[FIELDS])
{
	size_t count = 0;

	line[strcspn(line, "\n")] = 0;
	while (line && count < FIELDS) {
		char *tab = strchr(line, '\t');

		if (tab)
			*tab++ = 0;
		fields[count++] = line;
		line = tab;
	}
	return count;
}

static const struct pyro_thread *find_thread(const struct pyro_look *look, uint64_t pthread)
{
	for (size_t i = 0; i < look->thread_count; i++) {
		if (look->threads[i].pthread == pthread)
			return &look->threads[i];
	}
	return NULL;
}

/* The stack of thread @index, read by trails where @follower is not NULL. */
static void read_stack(struct pyro_python *python, size_t index, struct follower *follower,
		       struct pyro_raw_stack *stack)
{
	struct pyro_thread thread;
	struct pyro_gil gil;

	if (follower)
		follower->armed = true;
	assert_int_equal(pyro_python_thread(python, index, &gil, &thread), PYRO_RC_OK);
	assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
	pyro_python_settle(python, true);
	if (!follower)
		return;
	/* What was met for the first time was read late; now the trails bring all there is. */
	assert_false(follower->armed);
	follower->armed = true;
	assert_int_equal(pyro_python_thread(python, index, &gil, &thread), PYRO_RC_OK);
	assert_int_equal(pyro_python_stack(python, &thread, stack), PYRO_RC_OK);
	pyro_python_settle(python, true);
	assert_int_equal(follower->late, 0);
}

static bool is_called(struct pyro_python *python, const struct pyro_raw_stack *stack, size_t at,
		      const char *name)
{
	return strcmp(pyro_python_code(python, stack->frames[at].code)->name, name) == 0;
}

/* Where C code called: from 3.11 on one run of the loop serves what Python functions call. Of code
 * in the library it depends on the version. */
static void check_entries(struct pyro_python *python, const struct pyro_raw_stack *stack,
			  const char *thread)
{
	const uint32_t minor = pyro_python_origin(python)->version >> 16 & 0xff;
	const bool through_c = strncmp(thread, "through_c-", 10) == 0;
	size_t through = 0;

	for (size_t i = 0; i < stack->count; i++) {
		const bool called = through_c && (is_called(python, stack, i, "stop") ||
						  is_called(python, stack, i, "<lambda>"));

		through += called;
		if (minor <= 10 || i == stack->count - 1 || called)
			assert_true(stack->entries[i]);
		else if (is_called(python, stack, i, "recursion") &&
			 is_called(python, stack, i + 1, "recursion"))
			assert_false(stack->entries[i]);
	}
	assert_int_equal(through, through_c ? 2 : 0);
}

static void check_thread(struct pyro_python *python, const struct pyro_look *look,
			 struct follower *follower, char **fields, struct pyro_raw_stack *stack)
{
	struct names names = {.pthread = strtoull(fields[1], NULL, 10)};
	const struct pyro_thread *thread = find_thread(look, names.pthread);

	assert_non_null(thread);
	assert_int_equal(thread->main, fields[3][0] == '1');
	/* Before 3.11 it lies in the C library's thread, which glibc lays out. */
	assert_int_equal(thread->native_id, strtoull(fields[2], NULL, 10));
	pyro_python_thread_names(python, keep_name, &names);
	assert_string_equal(names.name, fields[4]);
	read_stack(python, (size_t)(thread - look->threads), follower, stack);
	pyro_python_stack_lines(python, stack);
	assert_false(stack->truncated);
	assert_false(stack->partial);
	check_entries(python, stack, names.name);
}

static void check_frame(struct pyro_python *python, const struct pyro_raw_frame *frame,
			char **fields)
{
	const struct pyro_code *code = pyro_python_code(python, frame->code);

	assert_non_null(code);
	assert_string_equal(code->name, fields[4]);
	assert_string_equal(code->qualname, fields[5]);
	assert_string_equal(code->file, fields[6]);
	assert_int_equal(code->first_line, strtol(fields[2], NULL, 10));
	assert_int_equal(frame->line, strtol(fields[3], NULL, 10));
}

/* Returns the number of threads. */
static size_t check_text(struct pyro_python *python, const struct pyro_look *look,
			 struct follower *follower, FILE *text)
{
	struct pyro_raw_stack *stack = calloc(1, sizeof(*stack));
	char line[LINE_SIZE], *fields[FIELDS];
	size_t threads = 0, at = 0;

	assert_non_null(stack);
	while (fgets(line, sizeof(line), text)) {
		const size_t count = split(line, fields);

		if (count == 5 && strcmp(fields[0], "thread") == 0) {
			assert_int_equal(at, stack->count);
			check_thread(python, look, follower, fields, stack);
			at = 0;
			threads++;
			continue;
		}
		assert_int_equal(count, FIELDS);
		assert_string_equal(fields[0], "frame");
		for (long i = strtol(fields[1], NULL, 10); i > 0; i--) {
			assert_true(at < stack->count);
			check_frame(python, &stack->frames[at++], fields);
		}
	}
	assert_int_equal(at, stack->count);
	free(stack);
	return threads;
}

static void check_image(const char *name, bool by_trails)
{
	char path[512];
	struct pyro_reader *reader = NULL;
	struct pyro_python *python = NULL;
	struct pyro_python_origin origin = {0};
	const struct pyro_image_meta *meta;
	const struct pyro_look *look;
	struct follower follower;
	FILE *text;

	snprintf(path, sizeof(path), "%s/%s.img", folder, name);
	assert_int_equal(pyro_image_reader_create(path, &reader, NULL), PYRO_RC_OK);
	meta = pyro_image_reader_meta(reader);
	origin.runtime_addr = meta->runtime_addr;
	origin.version = meta->version;
	origin.free_threaded = meta->free_threaded;
	memcpy(origin.version_text, meta->version_text, sizeof(origin.version_text));
	follower_init(&follower, reader);
	assert_int_equal(
		pyro_python_create(by_trails ? &follower.reader : reader, &origin, &python, NULL),
		PYRO_RC_OK);
	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
	text = fopen(path, "re");
	assert_non_null(text);
	/* The thread that told of the others is there too. */
	assert_int_equal(check_text(python, look, by_trails ? &follower : NULL, text) + 1,
			 look->thread_count);
	fclose(text);
	pyro_python_destroy(python);
	pyro_reader_destroy(reader);
	print_message("%s: %s as it said itself\n", name, origin.version_text);
}

static void test_images_show_what_the_programs_said(void **state)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		const size_t size = strlen(entry->d_name);

		if (strncmp(entry->d_name, "cpython-", 8) != 0 ||
		    strcmp(entry->d_name + size - 4, ".img") != 0)
			continue;
		entry->d_name[size - 4] = 0;
		check_image(entry->d_name, false);
		check_image(entry->d_name, true);
		images++;
	}
	closedir(directory);
	/* 3.8 to 3.15. */
	assert_in_range(images, 8, 100);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images_show_what_the_programs_said),
	};

	folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
