/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "report/report.h"
#include "stage.h"

static char folder[] = "/tmp/pyrometer-test-XXXXXX";

static int setup(void **state)
{
	return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

/* A profile with 60 samples at line 3 and 40 at line 30 of @name in the folder. */
static struct pyro_profile *profile_of(const char *name)
{
	struct pyro_profile *profile = stage_one_sample();
	assert_non_null(profile);
	assert_int_equal(pyro_profile_meta_set(profile, "cwd", folder), PYRO_RC_OK);
	assert_int_equal(pyro_profile_meta_set(profile, "start", "2020-01-01T00:00:00Z"),
			 PYRO_RC_OK);
	struct stage_frame frame = {"tally", name, 1, 3};
	assert_int_equal(stage_add(profile, 0, &frame, 1, 60, true, PYRO_REASON_NONE), PYRO_RC_OK);
	frame.line = 30;
	assert_int_equal(stage_add(profile, 0, &frame, 1, 39, true, PYRO_REASON_NONE), PYRO_RC_OK);
	pyro_profile_set_duration(profile, 100000000);
	return profile;
}

static void check(const char *name, size_t limit, const char *expected)
{
	const struct pyro_report_look look = {.columns = 100};
	struct pyro_report_view view = {.limit = limit};
	struct pyro_profile *profile = profile_of(name);
	struct pyro_err err = {0};
	struct pyro_buf buf;
	pyro_buf_init(&buf, 1 << 20);
	if (pyro_report_source(profile, &view, name, &look, &buf, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	assert_string_equal(buf.data, expected);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

#define CAPTION "tally.py, % of the run (100 ms)"

static void test_with_text(void **state)
{
	write_file("tally.py", "def tally():\n\tfor x in y:\n\t\tadd(x, '\x1b[31m')\n\n\n\n\n");
	check("tally.py", 0,
	      CAPTION
	      "  -  changed after the recording: lines may not match\n"
	      "  self       total  line\n"
	      "                       1  def tally():\n"
	      "                       2      for x in y:\n"
	      "  60 % +-10   60 %     3          add(x, '\\x1b[31m')\n"
	      "                       4\n"
	      "                       5\n"
	      "  ..\n"
	      "  39 % +-10   39 %    30  tally\n");
	remove_file("tally.py");
}

static void test_all_lines(void **state)
{
	char text[64] = "";
	for (int i = 0; i < 31; i++)
		text[i] = '\n';
	write_file("tally.py", text);
	const struct pyro_report_look look = {.columns = 100};
	struct pyro_report_view view = {.limit = SIZE_MAX};
	struct pyro_profile *profile = profile_of("tally.py");
	struct pyro_buf buf;
	size_t lines = 0;
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_source(profile, &view, "tally.py", &look, &buf, NULL),
			 PYRO_RC_OK);
	for (size_t i = 0; i < buf.size; i++)
		lines += buf.data[i] == '\n';
	assert_int_equal(lines, 33);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
	remove_file("tally.py");
}

#define NUMBERS                                                                                    \
	"  self       total  line\n"                                                               \
	"  60 % +-10   60 %     3  tally\n"                                                        \
	"  39 % +-10   39 %    30  tally\n"

static void test_missing(void **state)
{
	check("tally.py", 0, CAPTION "  -  without its text: it cannot be read here\n" NUMBERS);
}

/* What is no regular file is not read, and nobody waits for a pipe. */
static void test_not_regular(void **state)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/tally.py", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	check("tally.py", 0, CAPTION "  -  without its text: it is no regular file\n" NUMBERS);
	remove_file("tally.py");
}

static void test_too_large(void **state)
{
	char path[128];
	write_file("tally.py", "x");
	snprintf(path, sizeof(path), "%s/tally.py", folder);
	assert_int_equal(truncate(path, (16 << 20) + 1), 0);
	check("tally.py", 0, CAPTION "  -  without its text: it is too large\n" NUMBERS);
	remove_file("tally.py");
}

static void test_no_such_file(void **state)
{
	const struct pyro_report_look look = {.columns = 100};
	struct pyro_report_view view = {0};
	struct pyro_profile *profile = profile_of("tally.py");
	struct pyro_buf buf;
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_source(profile, &view, "/etc/passwd", &look, &buf, NULL),
			 PYRO_RC_NOTFOUND);
	assert_int_equal(buf.size, 0);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_text), cmocka_unit_test(test_all_lines),
		cmocka_unit_test(test_missing),   cmocka_unit_test(test_not_regular),
		cmocka_unit_test(test_too_large), cmocka_unit_test(test_no_such_file),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
