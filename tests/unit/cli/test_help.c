/* SPDX-License-Identifier: Apache-2.0 */
/* help.c, man.c and completion.c: that all of the table comes out, and in a form that fits. That
 * man and the shells accept it is tested in tests/cli. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"
#include "cli/help.h"

static void check_width(const struct pyro_buf *buf, size_t width)
{
	const char *line = buf->data;

	while (*line) {
		size_t size = strcspn(line, "\n");

		/* Examples are to be copied and so are never broken. */
		if (pyro_escape_columns(line, size) > width &&
		    strncmp(line, "  pyrometer", 11) != 0 && strncmp(line, "  source", 8) != 0)
			fail_msg("wider than %zu: %.*s", width, (int)size, line);
		line += size + (line[size] == '\n');
	}
}

static void test_help_names_everything_and_fits(void **state)
{
	static const unsigned int widths[] = {200, 80, 40};

	for (size_t i = 0; i < PYRO_COUNT(widths); i++) {
		const struct pyro_terminal terminal = {.width = widths[i]};
		size_t width = widths[i] < 80 ? widths[i] : 80;
		struct pyro_buf buf;

		pyro_buf_init(&buf, 1 << 20);
		pyro_help_all(&buf, &terminal);
		check_width(&buf, width);
		for (const struct pyro_command *c = pyro_commands; c->name; c++) {
			assert_non_null(strstr(buf.data, c->name));
			pyro_buf_reset(&buf);
			pyro_help_command(&buf, &terminal, c);
			check_width(&buf, width);
			for (const struct pyro_option *o = c->rules.options; o->name; o++)
				assert_non_null(strstr(buf.data, o->name));
			pyro_buf_reset(&buf);
			pyro_help_all(&buf, &terminal);
		}
		assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
		pyro_buf_deinit(&buf);
	}
}

static void test_man_pages_name_everything(void **state)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	pyro_man_all(&buf);
	assert_non_null(strstr(buf.data, ".TH \"PYROMETER\" \"1\""));
	for (const struct pyro_help_term *t = pyro_help_statuses; t->name; t++)
		assert_non_null(strstr(buf.data, t->text));
	for (const struct pyro_command *c = pyro_commands; c->name; c++) {
		pyro_buf_reset(&buf);
		pyro_man_command(&buf, c);
		assert_non_null(strstr(buf.data, ".SH DESCRIPTION"));
		for (const struct pyro_option *o = c->rules.options; o->metavar; o++)
			assert_non_null(strstr(buf.data, o->metavar));
		/* Dashes that would turn into hyphens cannot be pasted into a shell. */
		for (const char *at = buf.data; (at = strstr(at, "--")); at++)
			fail_msg("a bare dash: %.20s", at);
	}
	pyro_buf_deinit(&buf);
}

static void test_completion_names_everything(void **state)
{
	void (*const shells[])(struct pyro_buf *) = {pyro_completion_bash, pyro_completion_zsh,
						     pyro_completion_fish};

	for (size_t i = 0; i < PYRO_COUNT(shells); i++) {
		struct pyro_buf buf;

		pyro_buf_init(&buf, 1 << 20);
		shells[i](&buf);
		assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
		for (const struct pyro_command *c = pyro_commands; c->name; c++) {
			assert_non_null(strstr(buf.data, c->name));
			for (const struct pyro_option *o = c->rules.options; o->name; o++)
				assert_true(o->kind == PYRO_OPTION_REST ||
					    strstr(buf.data, o->name));
		}
		pyro_buf_deinit(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help_names_everything_and_fits),
		cmocka_unit_test(test_man_pages_name_everything),
		cmocka_unit_test(test_completion_names_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
