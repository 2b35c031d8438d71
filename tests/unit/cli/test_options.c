/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

static const char *const colours[] = {"red", "green", NULL};
static const struct pyro_option options[] = {
	{.name = "MODULE", .letter = 'm', .kind = PYRO_OPTION_REST, .metavar = "MODULE"},
	{.name = "output", .letter = 'o', .kind = PYRO_OPTION_PATH, .metavar = "FILE"},
	{.name = "rate", .letter = 'r', .kind = PYRO_OPTION_RATE, .metavar = "HZ", .min = 1},
	{.name = "colour", .kind = PYRO_OPTION_CHOICE, .metavar = "C", .choices = colours},
	{.name = "quiet", .letter = 'q', .kind = PYRO_OPTION_FLAG},
	{.name = "json", .letter = 'j', .kind = PYRO_OPTION_FLAG},
	{.name = NULL},
};
static const struct pyro_option_rules target = {
	.options = options,
	.min_operands = 1,
	.max_operands = PYRO_OPERANDS_ANY,
	.operands = "SCRIPT",
	.target = true,
};
static const struct pyro_option_rules plain = {
	.options = options, .min_operands = 1, .max_operands = 2, .operands = "A B"};

#define ARGV(...)                                                                                  \
	((const char *const[]){__VA_ARGS__, NULL}),                                                \
		(int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static enum pyro_rc parse(const struct pyro_option_rules *rules, const char *const *argv, int argc,
			  struct pyro_args *args, struct pyro_err *err)
{
	*err = (struct pyro_err){.rc = PYRO_RC_OK};
	return pyro_args_parse("try", rules, argc, (char *const *)argv, args, err);
}

static void test_all_ways_to_write_an_option(void **state)
{
	struct pyro_args args;
	struct pyro_err err;

	assert_int_equal(parse(&plain, ARGV("-qr100", "--output", "f", "a", "--colour=green", "b"),
			       &args, &err),
			 PYRO_RC_OK);
	assert_true(pyro_args_flag(&args, "quiet"));
	assert_false(pyro_args_flag(&args, "json"));
	assert_true(pyro_args_real(&args, "rate", 0) == 100);
	assert_string_equal(pyro_args_text(&args, "output"), "f");
	assert_int_equal(pyro_args_number(&args, "colour", 9), 1);
	assert_int_equal(args.operand_count, 2);
	assert_string_equal(args.operands[0], "a");
	assert_string_equal(args.operands[1], "b");
	assert_null(args.operands[2]);
	pyro_args_deinit(&args);

	/* The last one counts. */
	assert_int_equal(parse(&plain, ARGV("-o", "x", "-oy", "a"), &args, &err), PYRO_RC_OK);
	assert_string_equal(pyro_args_text(&args, "output"), "y");
	pyro_args_deinit(&args);

	/* "-" is an operand, and so is all behind "--". */
	assert_int_equal(parse(&plain, ARGV("-", "--", "-q"), &args, &err), PYRO_RC_OK);
	assert_string_equal(args.operands[1], "-q");
	assert_false(pyro_args_flag(&args, "quiet"));
	pyro_args_deinit(&args);
}

static void test_absent(void **state)
{
	struct pyro_args args;
	struct pyro_err err;

	assert_int_equal(parse(&plain, ARGV("a"), &args, &err), PYRO_RC_OK);
	assert_null(pyro_args_text(&args, "output"));
	assert_null(pyro_args_text(&args, "no such option"));
	assert_null(pyro_args_value(&args, "MODULE"));
	assert_int_equal(pyro_args_number(&args, "colour", 7), 7);
	assert_true(pyro_args_real(&args, "rate", 2.5) == 2.5);
	pyro_args_deinit(&args);
}

/* What follows the program is not looked at, even if it looks like ours. */
static void test_target_keeps_its_arguments(void **state)
{
	struct pyro_args args;
	struct pyro_err err;

	assert_int_equal(
		parse(&target, ARGV("-q", "s.py", "-q", "--rate", "x", "--", "-m"), &args, &err),
		PYRO_RC_OK);
	assert_int_equal(args.operand_count, 6);
	assert_string_equal(args.operands[0], "s.py");
	assert_string_equal(args.operands[4], "--");
	assert_false(pyro_args_flag(&args, "rate"));
	pyro_args_deinit(&args);

	assert_int_equal(parse(&target, ARGV("-r", "5", "-m", "pkg", "-o", "x"), &args, &err),
			 PYRO_RC_OK);
	assert_string_equal(args.operands[0], "-m");
	assert_string_equal(args.operands[1], "pkg");
	assert_int_equal(args.operand_count, 4);
	assert_null(pyro_args_text(&args, "output"));
	pyro_args_deinit(&args);

	assert_int_equal(parse(&target, ARGV("-mpkg", "-q"), &args, &err), PYRO_RC_OK);
	assert_string_equal(args.operands[0], "-mpkg");
	assert_int_equal(args.operand_count, 2);
	pyro_args_deinit(&args);

	assert_int_equal(parse(&target, ARGV("--", "-x.py", "--help"), &args, &err), PYRO_RC_OK);
	assert_string_equal(args.operands[0], "-x.py");
	assert_false(args.help);
	pyro_args_deinit(&args);
}

static void test_help_wins(void **state)
{
	struct pyro_args args;
	struct pyro_err err;

	assert_int_equal(parse(&plain, ARGV("--help"), &args, &err), PYRO_RC_OK);
	assert_true(args.help);
	pyro_args_deinit(&args);
	assert_int_equal(parse(&plain, ARGV("-qh"), &args, &err), PYRO_RC_OK);
	assert_true(args.help);
	pyro_args_deinit(&args);
}

static void refuse(const struct pyro_option_rules *rules, const char *const *argv, int argc,
		   const char *what, const char *remedy)
{
	struct pyro_args args;
	struct pyro_err err;

	assert_int_equal(parse(rules, argv, argc, &args, &err), PYRO_RC_USAGE);
	assert_int_equal(pyro_rc_exit_status(err.rc), 64);
	assert_null(strchr(err.message, '\n'));
	if (!strstr(err.message, what) || !strstr(err.message, remedy))
		fail_msg("message: %s", err.message);
	pyro_args_deinit(&args);
}

static void test_wrong_usage_names_value_and_remedy(void **state)
{
	refuse(&plain, ARGV("--ouptut", "x"), "--ouptut", "--output");
	refuse(&plain, ARGV("--zzz"), "--zzz", "--help");
	refuse(&plain, ARGV("-z", "a"), "-z", "--help");
	refuse(&plain, ARGV("a", "b", "c"), "too many: c", "A B");
	refuse(&plain, ARGV("-q"), "A B is missing", "try A B");
	refuse(&plain, ARGV("a", "--output"), "--output needs a value", "FILE");
	refuse(&plain, ARGV("a", "-o"), "--output needs a value", "FILE");
	refuse(&plain, ARGV("a", "--output="), "empty", "FILE");
	refuse(&plain, ARGV("a", "--quiet=yes"), "no value", "yes");
	refuse(&plain, ARGV("a", "--colour", "grene"), "grene", "green");
	refuse(&plain, ARGV("a", "-r", "fast"), "fast", "1kHz");
	refuse(&plain, ARGV("a", "-r0.5"), "too small", "1 Hz or more");
	/* A REST option hides in no cluster and is no long option. */
	refuse(&target, ARGV("-qm", "x"), "-m", "python3");
	refuse(&target, ARGV("--MODULE", "x"), "--MODULE", "--help");
	refuse(&target, ARGV("-m"), "-m needs a value", "MODULE");
	/* Python's own options belong behind Python. */
	refuse(&target, ARGV("-X", "dev", "s.py"), "-X", "python3 -X");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_ways_to_write_an_option),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_target_keeps_its_arguments),
		cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_wrong_usage_names_value_and_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
