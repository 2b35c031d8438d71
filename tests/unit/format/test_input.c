/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "text_source.h"

static void next_is(struct pyro_input *input, const char *text, uint64_t number)
{
	struct pyro_input_line line;

	assert_int_equal(pyro_input_next_line(input, &line, NULL), PYRO_RC_OK);
	assert_int_equal(line.size, strlen(text));
	assert_string_equal(line.text, text);
	assert_false(line.cut);
	assert_int_equal(input->line, number);
}

/* However the bytes come, the lines are the same, and looking ahead takes nothing. */
static void test_lines(void **state)
{
	static const char text[] = "one\n\ntwo\r\n\n  last";

	for (size_t step = 1; step <= sizeof(text); step++) {
		struct text_source bytes = {.text = text, .size = sizeof(text) - 1, .step = step};
		const struct pyro_input_source source = {&bytes, text_source_read};
		struct pyro_input_line line;
		struct pyro_input input;
		const char *head;
		size_t size;

		assert_int_equal(pyro_input_init(&input, &source, NULL), PYRO_RC_OK);
		assert_int_equal(pyro_input_peek(&input, &head, &size, NULL), PYRO_RC_OK);
		assert_int_equal(size, sizeof(text) - 1);
		assert_memory_equal(head, text, size);
		next_is(&input, "one", 1);
		next_is(&input, "", 2);
		next_is(&input, "two", 3);
		next_is(&input, "", 4);
		next_is(&input, "  last", 5);
		assert_int_equal(pyro_input_next_line(&input, &line, NULL), PYRO_RC_NOTFOUND);
		assert_int_equal(pyro_input_next_line(&input, &line, NULL), PYRO_RC_NOTFOUND);
		pyro_input_deinit(&input);
	}
}

/* A line that is too long by @more bytes, and what comes after it. */
static void check_long(size_t more, size_t step)
{
	const size_t size = PYRO_MAX_IMPORT_LINE + more;
	PYRO_AUTO_FREE char *text = malloc(size + 6);
	struct text_source bytes = {.text = text, .size = size + 6, .step = step};
	const struct pyro_input_source source = {&bytes, text_source_read};
	struct pyro_input_line line;
	struct pyro_input input;

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text + size, "\nnext\n", 6);
	assert_int_equal(pyro_input_init(&input, &source, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_input_next_line(&input, &line, NULL), PYRO_RC_OK);
	assert_int_equal(line.size, PYRO_MAX_IMPORT_LINE);
	assert_int_equal(line.text[line.size], '\0');
	assert_int_equal(line.cut, more > 0);
	next_is(&input, "next", 2);
	assert_int_equal(pyro_input_next_line(&input, &line, NULL), PYRO_RC_NOTFOUND);
	pyro_input_deinit(&input);
}

static void test_long_lines(void **state)
{
	static const size_t more[] = {0, 1, 2, 3, PYRO_MAX_IMPORT_LINE, 5 * PYRO_MAX_IMPORT_LINE};

	for (size_t i = 0; i < PYRO_COUNT(more); i++) {
		check_long(more[i], 0);
		check_long(more[i], 1000);
	}
}

static void test_failure(void **state)
{
	struct text_source bytes = {.text = "one\ntwo\n", .size = 8, .step = 4, .fail_at = 4};
	const struct pyro_input_source source = {&bytes, text_source_read};
	struct pyro_err err = {.rc = PYRO_RC_OK};
	struct pyro_input_line line;
	struct pyro_input input;

	assert_int_equal(pyro_input_init(&input, &source, NULL), PYRO_RC_OK);
	next_is(&input, "one", 1);
	assert_int_equal(pyro_input_next_line(&input, &line, &err), PYRO_RC_IO);
	assert_string_equal(err.message, "the disk is gone");
	pyro_input_deinit(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
