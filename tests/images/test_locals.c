/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the variables of every frame of an image of each CPython and compares them with what the
 * program said of itself (the .txt beside it, by tools/capture-image). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/values.h"
#include "target/image.h"

#define FIRST 8 /* 3.8 to 3.15 */
#define LAST  15

/* A line has tab-separated fields:   local FUNCTION KIND NAME VALUE */
enum {
	FIELDS = 5,
	LINE_SIZE = 8192
};

static const char *folder;
static struct pyro_raw_stack *stack;
static struct pyro_frame_place places[PYRO_MAX_STACK_DEPTH];

static bool split(char *line, char *fields[FIELDS])
{
	line[strcspn(line, "\n")] = 0;
	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = line;
		line = i + 1 < FIELDS ? strchr(line, '\t') : NULL;
		if (!line)
			return i + 1 == FIELDS;
		*line++ = 0;
	}
	return false;
}

/* Whether the variable is as @fields have it in a frame of that function. */
static bool is_in(struct pyro_python *python, struct pyro_values *values, char *const *fields)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct pyro_code *code = pyro_python_code(python, stack->frames[i].code);
		struct pyro_frame_locals found;

		if (strcmp(code->name, fields[1]) != 0)
			continue;
		assert_int_equal(pyro_values_frame(values, &places[i], &found), PYRO_RC_OK);
		assert_false(found.changed || found.unreadable);
		for (size_t j = 0; j < found.count; j++) {
			if (strcmp(found.locals[j].name, fields[3]) != 0)
				continue;
			assert_string_equal(found.locals[j].value, fields[4]);
			assert_string_equal(pyro_local_kind_name(found.locals[j].kind), fields[2]);
			return true;
		}
	}
	return false;
}

static bool is_anywhere(struct pyro_python *python, struct pyro_values *values,
			const struct pyro_look *look, char *const *fields)
{
	for (size_t i = 0; i < look->thread_count; i++) {
		assert_int_equal(pyro_python_stack(python, &look->threads[i], stack), PYRO_RC_OK);
		pyro_python_places(python, stack, places);
		pyro_python_settle(python, true);
		if (is_in(python, values, fields))
			return true;
	}
	return false;
}

static void check_image(int minor)
{
	char path[512], line[LINE_SIZE], *fields[FIELDS];
	struct pyro_python_origin origin = {0};
	const struct pyro_image_meta *meta;
	struct pyro_reader *reader = NULL;
	struct pyro_python *python = NULL;
	struct pyro_values *values = NULL;
	const struct pyro_look *look;
	size_t count = 0;
	FILE *text;

	snprintf(path, sizeof(path), "%s/locals-3.%d.img", folder, minor);
	assert_int_equal(pyro_image_reader_create(path, &reader, NULL), PYRO_RC_OK);
	meta = pyro_image_reader_meta(reader);
	origin.runtime_addr = meta->runtime_addr;
	origin.version = meta->version;
	origin.free_threaded = meta->free_threaded;
	assert_int_equal(pyro_python_create(reader, &origin, &python, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_values_create(python, &values), PYRO_RC_OK);
	assert_int_equal(pyro_python_look(python, &look), PYRO_RC_OK);
	snprintf(path, sizeof(path), "%s/locals-3.%d.txt", folder, minor);
	text = fopen(path, "re");
	assert_non_null(text);
	while (fgets(line, sizeof(line), text)) {
		assert_true(split(line, fields));
		if (!is_anywhere(python, values, look, fields))
			fail_msg("3.%d: no %s in %s", minor, fields[3], fields[1]);
		count++;
	}
	fclose(text);
	assert_in_range(count, 200, 1000);
	pyro_values_destroy(values);
	pyro_python_destroy(python);
	pyro_reader_destroy(reader);
}

static void test_images_show_what_the_programs_said(void **state)
{
	(void)state;
	stack = calloc(1, sizeof(*stack));
	assert_non_null(stack);
	for (int minor = FIRST; minor <= LAST; minor++)
		check_image(minor);
	free(stack);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images_show_what_the_programs_said),
	};

	folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
