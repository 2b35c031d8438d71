/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/answer.h"

static const char *const names[] = {"name", "n", "a,\"b\""};

static struct pyro_query_cell text(const char *s)
{
	return (struct pyro_query_cell){.kind = PYRO_QUERY_TEXT, .bytes = s, .size = strlen(s)};
}

static struct pyro_query_cell number(int64_t value)
{
	return (struct pyro_query_cell){.kind = PYRO_QUERY_INTEGER, .integer = value, .bytes = ""};
}

static struct pyro_query_cell real(double value)
{
	return (struct pyro_query_cell){.kind = PYRO_QUERY_REAL, .real = value, .bytes = ""};
}

static char *print(enum pyro_answer_format format, unsigned int width, size_t rows)
{
	char *out = NULL;
	size_t size = 0;
	struct pyro_answer answer;
	struct pyro_query_cell all[][3] = {
		{text("flush"), number(400), real(0.1)},
		{text("a\"\n\x1b[31m,</script>"), number(-7),
		 (struct pyro_query_cell){.bytes = ""}},
		{text("caf\xc3\xa9"), real(2),
		 (struct pyro_query_cell){.kind = PYRO_QUERY_BLOB, .bytes = "\x00\xff", .size = 2}},
	};
	FILE *stream = open_memstream(&out, &size);
	pyro_answer_init(&answer, stream, format, width, true);
	assert_int_equal(pyro_answer_columns(&answer, names, 3), PYRO_RC_OK);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(pyro_answer_row(&answer, all[i % 3], 3), PYRO_RC_OK);
	assert_int_equal(pyro_answer_end(&answer), PYRO_RC_OK);
	pyro_answer_deinit(&answer);
	fclose(stream);
	return out;
}

static void check(enum pyro_answer_format format, unsigned int width, size_t rows,
		  const char *expected)
{
	char *out = print(format, width, rows);
	assert_string_equal(out, expected);
	free(out);
}

static void tables_are_aligned_and_escaped(void **state)
{
	(void)state;
	check(PYRO_ANSWER_TABLE, 0, 3,
	      "name                      n      a,\"b\"\n"
	      "flush                   400        0.1\n"
	      "a\"\\n\\x1b[31m,</script>   -7  \n"
	      "caf\xc3\xa9                    2.0  (2 bytes)\n");
	check(PYRO_ANSWER_TABLE, 0, 0, "name  n  a,\"b\"\n");
}

static void narrow_terminals_keep_the_ends_of_names(void **state)
{
	char *out = print(PYRO_ANSWER_TABLE, 30, 2);
	(void)state;
	assert_non_null(strstr(out, "\xe2\x80\xa6"));
	assert_non_null(strstr(out, "</script>"));
	free(out);
}

static void many_rows_stream(void **state)
{
	char *out = print(PYRO_ANSWER_TABLE, 0, PYRO_ANSWER_LOOK_AHEAD + 500);
	size_t lines = 0;
	(void)state;
	for (const char *at = out; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, PYRO_ANSWER_LOOK_AHEAD + 501);
	free(out);
}

static void csv_quotes(void **state)
{
	(void)state;
	check(PYRO_ANSWER_CSV, 0, 3,
	      "name,n,\"a,\"\"b\"\"\"\r\n"
	      "flush,400,0.1\r\n"
	      "\"a\"\"\n\x1b[31m,</script>\",-7,\r\n"
	      "caf\xc3\xa9,2.0,00ff\r\n");
}

static void json_is_an_array_of_objects(void **state)
{
	(void)state;
	check(PYRO_ANSWER_JSON, 0, 3,
	      "[\n {\"name\": \"flush\", \"n\": 400, \"a,\\\"b\\\"\": 0.1},\n"
	      " {\"name\": \"a\\\"\\n\\u001b[31m,<\\/script>\", \"n\": -7, \"a,\\\"b\\\"\": "
	      "null},\n"
	      " {\"name\": \"caf\xc3\xa9\", \"n\": 2.0, \"a,\\\"b\\\"\": \"00ff\"}\n]\n");
	check(PYRO_ANSWER_JSON, 0, 0, "[]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_aligned_and_escaped),
		cmocka_unit_test(narrow_terminals_keep_the_ends_of_names),
		cmocka_unit_test(many_rows_stream),
		cmocka_unit_test(csv_quotes),
		cmocka_unit_test(json_is_an_array_of_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
