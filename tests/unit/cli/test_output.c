/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#include "cli/output.h"

static char folder[] = "/tmp/pyrometer-test-XXXXXX";

static int enter(void **state)
{
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static size_t count_files(bool remove_them)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		count++;
		if (remove_them)
			remove(entry->d_name);
	}
	closedir(dir);
	return count;
}

static int leave(void **state)
{
	count_files(true);
	return chdir("/") || rmdir(folder);
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *name, const char *expected)
{
	char text[256] = "";
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

static void test_appears_only_when_complete(void **state)
{
	struct pyro_output output;

	assert_int_equal(pyro_output_open("new", false, &output, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_output_write(&output, "abc", 3, NULL), PYRO_RC_OK);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(pyro_output_commit(&output, NULL), PYRO_RC_OK);
	assert_int_equal(output.size, 3);
	pyro_output_close(&output);
	assert_content("new", "abc");
	assert_int_equal(count_files(false), 1);
}

static void test_nothing_remains_without_commit(void **state)
{
	for (int replace = 0; replace < 2; replace++) {
		struct pyro_output output;

		put("old", "old");
		assert_int_equal(pyro_output_open(replace ? "old" : "new", replace, &output, NULL),
				 PYRO_RC_OK);
		assert_int_equal(pyro_output_write(&output, "abc", 3, NULL), PYRO_RC_OK);
		pyro_output_close(&output);
		assert_content("old", "old");
		assert_int_equal(count_files(false), 1);
	}
}

static void test_never_replaces_unless_told(void **state)
{
	struct pyro_output output;
	struct pyro_err err;

	put("old", "old");
	assert_int_equal(pyro_output_open("old", false, &output, &err), PYRO_RC_EXISTS);
	assert_non_null(strstr(err.message, "old"));
	assert_non_null(strstr(err.message, "--force"));
	assert_int_equal(pyro_output_open("old", true, &output, &err), PYRO_RC_OK);
	assert_int_equal(pyro_output_write(&output, "new", 3, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_output_commit(&output, NULL), PYRO_RC_OK);
	pyro_output_close(&output);
	assert_content("old", "new");
	/* Not even one that came into being meanwhile. */
	assert_int_equal(pyro_output_open("race", false, &output, &err), PYRO_RC_OK);
	put("race", "theirs");
	assert_int_equal(pyro_output_commit(&output, &err), PYRO_RC_EXISTS);
	pyro_output_close(&output);
	assert_content("race", "theirs");
	assert_int_equal(count_files(false), 2);
}

static void test_never_through_a_link(void **state)
{
	struct pyro_output output;

	put("victim", "safe");
	assert_int_equal(symlink("victim", "link"), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	assert_int_equal(pyro_output_open("link", false, &output, NULL), PYRO_RC_EXISTS);
	assert_int_equal(pyro_output_open("dangling", false, &output, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_output_commit(&output, NULL), PYRO_RC_EXISTS);
	pyro_output_close(&output);
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_int_equal(pyro_output_open("link", true, &output, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_output_write(&output, "new", 3, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_output_commit(&output, NULL), PYRO_RC_OK);
	pyro_output_close(&output);
	assert_content("victim", "safe");
	assert_content("link", "new");
}

static void test_bad_places(void **state)
{
	struct pyro_output output;
	struct pyro_err err;

	assert_int_equal(pyro_output_open(folder, false, &output, &err), PYRO_RC_USAGE);
	assert_int_equal(pyro_output_open("no/such/file", false, &output, &err), PYRO_RC_NOTFOUND);
	assert_non_null(strstr(err.message, "mkdir -p no/such"));
	assert_int_equal(pyro_output_open("no/such/file", true, &output, &err), PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_output_open("/dev/full", false, &output, &err), PYRO_RC_OK);
	assert_int_equal(pyro_output_write(&output, "x", 1, &err), PYRO_RC_FULL);
	pyro_output_close(&output);
}

/* A file that somebody else makes has the same care: no name until it is whole. */
static void test_reserved(void **state)
{
	struct pyro_output output;

	assert_int_equal(pyro_output_reserve("new", false, &output, NULL), PYRO_RC_OK);
	assert_int_equal(count_files(false), 0);
	put(output.temporary, "whole");
	assert_int_equal(pyro_output_commit(&output, NULL), PYRO_RC_OK);
	pyro_output_close(&output);
	assert_content("new", "whole");
	assert_int_equal(count_files(false), 1);

	assert_int_equal(pyro_output_reserve("new", false, &output, NULL), PYRO_RC_EXISTS);
	assert_int_equal(pyro_output_reserve("new", true, &output, NULL), PYRO_RC_OK);
	put(output.temporary, "half");
	pyro_output_close(&output);
	assert_content("new", "whole");
	assert_int_equal(count_files(false), 1);

	assert_int_equal(pyro_output_reserve("-", false, &output, NULL), PYRO_RC_USAGE);
	assert_int_equal(pyro_output_reserve(".", true, &output, NULL), PYRO_RC_USAGE);
	assert_int_equal(pyro_output_reserve("/dev/null", true, &output, NULL), PYRO_RC_USAGE);
	assert_int_equal(pyro_output_reserve("no/such", true, &output, NULL), PYRO_RC_NOTFOUND);
	assert_int_equal(count_files(false), 1);
}

static void test_size_text(void **state)
{
	char text[32];
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{999, "999 B"},
		{1000, "1.0 kB"},
		{184321, "184 kB"},
		{999600, "1.0 MB"},
		{2100000, "2.1 MB"},
		{UINT64_MAX, "18446744 TB"},
	};

	for (size_t i = 0; i < PYRO_COUNT(rows); i++) {
		pyro_output_size_text(rows[i].bytes, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_appears_only_when_complete, enter, leave),
		cmocka_unit_test_setup_teardown(test_nothing_remains_without_commit, enter, leave),
		cmocka_unit_test_setup_teardown(test_never_replaces_unless_told, enter, leave),
		cmocka_unit_test_setup_teardown(test_never_through_a_link, enter, leave),
		cmocka_unit_test_setup_teardown(test_bad_places, enter, leave),
		cmocka_unit_test_setup_teardown(test_reserved, enter, leave),
		cmocka_unit_test(test_size_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
