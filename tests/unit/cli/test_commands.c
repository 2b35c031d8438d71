/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands.h"

static void check_option(const struct pyro_option *option, const struct pyro_option *all)
{
	bool has_value = option->kind != PYRO_OPTION_FLAG;

	assert_non_null(option->help);
	/* A sentence that others put a capital and a full stop to. */
	assert_true(islower((unsigned char)option->help[0]));
	assert_true(option->help[strlen(option->help) - 1] != '.');
	assert_true(has_value == (option->metavar != NULL));
	assert_true((option->kind == PYRO_OPTION_CHOICE) == (option->choices != NULL));
	assert_true(option->max == 0 || option->max >= option->min);
	for (const struct pyro_option *other = option + 1; other->name; other++) {
		assert_string_not_equal(option->name, other->name);
		assert_true(option->letter == 0 || option->letter != other->letter);
	}
	assert_true(option - all < PYRO_MAX_OPTIONS);
	assert_string_not_equal(option->name, "help");
	assert_true(option->letter != 'h');
}

static void test_every_row_is_whole(void **state)
{
	for (const struct pyro_command *command = pyro_commands; command->name; command++) {
		assert_true(islower((unsigned char)command->summary[0]));
		assert_true(strlen(command->summary) <= 66); /* fits a line beside its name */
		assert_non_null(command->synopsis[0]);
		assert_true(*command->description);
		assert_non_null(command->rules.operands);
		assert_true(command->rules.min_operands <= command->rules.max_operands);
		assert_non_null(command->examples);
		for (const struct pyro_example *e = command->examples; e->line; e++)
			assert_true(*e->why);
		for (const struct pyro_option *o = command->rules.options; o->name; o++)
			check_option(o, command->rules.options);
		for (const struct pyro_command *other = command + 1; other->name; other++)
			assert_string_not_equal(command->name, other->name);
	}
}

static void test_finding(void **state)
{
	struct pyro_err err;

	assert_string_equal(pyro_command_find("help")->name, "help");
	assert_null(pyro_command_find("hel"));
	assert_null(pyro_command_find(""));
	assert_int_equal(pyro_command_unknown("hlep", &err), PYRO_RC_USAGE);
	assert_string_equal(err.message, "there is no command hlep. Did you mean help?");
	/* Whoever forgets "run" is told. */
	assert_int_equal(pyro_command_unknown("shop.py", &err), PYRO_RC_USAGE);
	assert_string_equal(err.message, "there is no command shop.py. Try: pyrometer run shop.py");
}

/* The examples in help are understood by the parser they explain. */
static void test_examples_parse(void **state)
{
	for (const struct pyro_command *command = pyro_commands; command->name; command++) {
		for (const struct pyro_example *e = command->examples; e->line; e++) {
			char line[256];
			char *words[32];
			char *rest = line;
			int count = 0;
			struct pyro_args args;
			struct pyro_err err = {.message = ""};

			if (strncmp(e->line, "pyrometer ", 10) != 0 || strpbrk(e->line, "\"'"))
				continue;
			memcpy(line, e->line, strlen(e->line) + 1);
			line[strcspn(line, "|")] = '\0';
			for (char *word; count < 31 && (word = strsep(&rest, " "));)
				if (*word)
					words[count++] = word;
			words[count] = NULL;
			assert_string_equal(words[1], command->name);
			if (pyro_args_parse(command->name, &command->rules, count - 2, words + 2,
					    &args, &err))
				fail_msg("%s: %s", e->line, err.message);
			pyro_args_deinit(&args);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_whole),
		cmocka_unit_test(test_finding),
		cmocka_unit_test(test_examples_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
