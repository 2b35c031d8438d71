/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/program.h"

static void put(const char *name, mode_t mode)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(name, mode), 0);
}

static int enter(void **state)
{
	static char folder[] = "/tmp/pyrometer-test-XXXXXX";

	if (!mkdtemp(folder) || chdir(folder) || mkdir("empty.py", 0700) || mkdir("pkg", 0700) ||
	    mkdir("bin", 0700))
		return -1;
	put("shop.py", 0600);
	put("plain", 0600);
	put("tool", 0700);
	put("pkg/__main__.py", 0600);
	put("bin/gunicorn", 0700);
	return setenv("PATH", "/nowhere:bin", 1);
}

static int leave(void **state)
{
	static const char *const names[] = {"shop.py",      "plain", "tool", "pkg/__main__.py",
					    "bin/gunicorn", "pkg",   "bin",  "empty.py"};
	char folder[256];

	if (!getcwd(folder, sizeof(folder)))
		return -1;
	for (size_t i = 0; i < PYRO_COUNT(names); i++)
		remove(names[i]);
	return chdir("/") || rmdir(folder);
}

/* @words and @expected are separated by blanks. */
static void check(const char *words, const char *expected, const char *name)
{
	char text[256], joined[256] = "";
	const char *operands[16];
	char *rest = text;
	size_t count = 0;
	struct pyro_program program;
	struct pyro_err err = {.message = ""};

	snprintf(text, sizeof(text), "%s", words);
	while (rest)
		operands[count++] = strsep(&rest, " ");
	operands[count] = NULL;
	if (pyro_program_parse(operands, count, NULL, &program, &err))
		fail_msg("%s: %s", words, err.message);
	for (size_t i = 0; program.argv[i]; i++) {
		size_t used = strlen(joined);

		snprintf(joined + used, sizeof(joined) - used, "%s%s", i ? " " : "",
			 program.argv[i]);
	}
	assert_string_equal(joined, expected);
	assert_string_equal(program.name, name);
	pyro_program_deinit(&program);
}

static void test_what_is_started(void **state)
{
	check("shop.py -q --rate", "python3 shop.py -q --rate", "shop.py");
	check("./shop.py", "python3 ./shop.py", "shop.py");
	check("plain", "python3 plain", "plain");
	check("./tool x", "./tool x", "tool");
	check("pkg", "python3 pkg", "pkg");
	check("pkg/ x", "python3 pkg/ x", "pkg/");
	check("gunicorn shop:app", "gunicorn shop:app", "gunicorn");
	check("-m pytest -x", "python3 -m pytest -x", "pytest");
	check("-mpytest", "python3 -mpytest", "pytest");
	check("-c pass", "python3 -c pass", "code");
}

static void test_names_of_python_commands(void **state)
{
	setenv("PATH", "/usr/bin:/bin", 1);
	put("bin/python3", 0700);
	setenv("PATH", "bin", 1);
	check("python3 shop.py", "python3 shop.py", "shop.py");
	check("python3 -X dev -u shop.py", "python3 -X dev -u shop.py", "shop.py");
	check("python3 -m http.server", "python3 -m http.server", "http.server");
	check("python3 -c pass", "python3 -c pass", "python3");
	check("python3", "python3", "python3");
	remove("bin/python3");
}

static void refuse(const char *word, enum pyro_rc rc, const char *part)
{
	const char *operands[] = {word, NULL};
	struct pyro_program program;
	struct pyro_err err = {.message = ""};

	assert_int_equal(pyro_program_parse(operands, 1, NULL, &program, &err), rc);
	if (!strstr(err.message, part) || !strstr(err.message, word))
		fail_msg("%s: %s", word, err.message);
}

static void test_bad_programs(void **state)
{
	refuse("missing.py", PYRO_RC_NOTARGET, "there is no file or command");
	refuse("missing", PYRO_RC_NOTARGET, "there is no file or command");
	refuse("plain/x.py", PYRO_RC_NOTARGET, "there is no file or command");
	refuse("empty.py", PYRO_RC_CANNOTEXEC, "without a __main__.py");
	if (geteuid() == 0)
		return; /* root reads everything */
	put("secret.py", 0);
	refuse("secret.py", PYRO_RC_CANNOTEXEC, "Permission denied");
	remove("secret.py");
}

static void test_other_interpreter(void **state)
{
	const char *operands[] = {"shop.py", NULL};
	struct pyro_program program;

	assert_int_equal(pyro_program_parse(operands, 1, "/opt/py", &program, NULL), PYRO_RC_OK);
	assert_string_equal(program.argv[0], "/opt/py");
	pyro_program_deinit(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_started),
		cmocka_unit_test(test_names_of_python_commands),
		cmocka_unit_test(test_bad_programs),
		cmocka_unit_test(test_other_interpreter),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
