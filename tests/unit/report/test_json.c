/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"
#include "stage.h"
#include "support/sample_profile.h"

/* A strict reader of JSON, for the tests' own use: *text is moved past one value. */
static bool is_value(const char **text, int depth);

static void skip_space(const char **text)
{
	*text += strspn(*text, " \t\r\n");
}

static bool is_string(const char **text)
{
	if (*(*text)++ != '"')
		return false;
	for (; **text != '"'; ++*text) {
		if ((unsigned char)**text < 0x20)
			return false;
		if (**text == '\\' && !strchr("\"\\/bfnrtu", *++*text))
			return false;
	}
	++*text;
	return true;
}

static bool is_members(const char **text, char end, int depth)
{
	++*text;
	skip_space(text);
	if (**text == end) {
		++*text;
		return true;
	}
	for (;;) {
		skip_space(text);
		if (end == '}') {
			if (!is_string(text) || *(*text)++ != ':')
				return false;
		}
		if (!is_value(text, depth + 1))
			return false;
		skip_space(text);
		if (**text == end) {
			++*text;
			return true;
		}
		if (*(*text)++ != ',')
			return false;
	}
}

static bool is_value(const char **text, int depth)
{
	static const char *const words[] = {"true", "false", "null"};
	skip_space(text);
	if (depth > 20)
		return false;
	if (**text == '{')
		return is_members(text, '}', depth);
	if (**text == '[')
		return is_members(text, ']', depth);
	if (**text == '"')
		return is_string(text);
	for (size_t i = 0; i < PYRO_COUNT(words); i++) {
		if (strncmp(*text, words[i], strlen(words[i])) != 0)
			continue;
		*text += strlen(words[i]);
		return true;
	}
	size_t digits = strspn(*text, "-0123456789.");
	*text += digits;
	return digits > 0 && (*text)[-1] != '.';
}

static char *make(struct pyro_profile *profile, const struct pyro_report_view *view,
		  enum pyro_report_json_part part, const char *what, struct pyro_buf *buf)
{
	struct pyro_err err = {0};
	assert_non_null(profile);
	pyro_buf_init(buf, 1 << 26);
	if (pyro_report_json(profile, view, part, what, buf, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	const char *at = buf->data;
	assert_true(is_value(&at, 0));
	assert_string_equal(at, "\n");
	return buf->data;
}

static void test_every_part_is_json(void **state)
{
	struct pyro_profile *(*const stages[])(void) = {stage_empty, stage_one_sample, stage_names,
							stage_waiting, sample_profile_create};
	for (size_t s = 0; s < PYRO_COUNT(stages); s++) {
		for (unsigned group = 0; group < PYRO_GROUP_COUNT; group++) {
			struct pyro_report_view view = {.group = (enum pyro_group)group,
							.unfold = group % 2};
			struct pyro_profile *profile = stages[s]();
			struct pyro_buf buf;
			make(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf);
			pyro_buf_deinit(&buf);
			make(profile, &view, PYRO_REPORT_JSON_TREE, NULL, &buf);
			pyro_buf_deinit(&buf);
			pyro_profile_destroy(profile);
		}
	}
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}

static void test_rows(void **state)
{
	struct pyro_report_view view = {.limit = 1, .incomplete = true};
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_buf buf;
	const char *text = make(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf);
	has(text, "{\"version\":1,\"profiler\":\"pyrometer ");
	has(text, "\"complete\":false,\"duration_ns\":820000000,\"facts\":{");
	has(text, "\"cwd\":\"/home/ada/shop\"");
	has(text, "\"quality\":{\"ticks_due\":820,");
	has(text,
	    "\"view\":{\"metric\":\"time\",\"weight\":\"cpu\",\"thread\":null,"
	    "\"base_ns\":920000000,\"base_is_run\":false,\"by\":\"function\","
	    "\"sort\":\"self\",\"filter\":null,\"library_folded\":true}");
	has(text, "\"whole\":{\"wall\":1320000000,\"cpu\":920000000,");
	has(text, "\"processes\":[{\"pid\":4127,\"parent\":null,");
	has(text,
	    "\"threads\":[{\"tid\":4127,\"process\":0,\"name\":\"MainThread\",\"main\":true,");
	has(text,
	    "\"rows\":[{\"name\":\"Cart.price\",\"place\":\"shop.py\","
	    "\"file\":\"/home/ada/shop/shop.py\",\"line\":80,");
	has(text, "\"self_share\":{\"share\":0.369565,\"low\":0.");
	assert_null(strstr(text, "\"fib\""));
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_callers_and_source(void **state)
{
	struct pyro_report_view view = {0};
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_buf buf;
	const char *text = make(profile, &view, PYRO_REPORT_JSON_CALLERS, "dumps", &buf);
	has(text, "\"callers\":[{\"of\":{\"name\":\"dumps\"");
	has(text, "\"rows\":[{\"name\":\"main\"");
	pyro_buf_deinit(&buf);
	text = make(profile, &view, PYRO_REPORT_JSON_CALLEES, "dumps", &buf);
	has(text, "\"callees\":[{\"of\":{\"name\":\"dumps\"");
	has(text, "\"rows\":[{\"name\":\"JSONEncoder.encode\"");
	pyro_buf_deinit(&buf);
	/* A library's file has its numbers though library code is folded elsewhere. */
	text = make(profile, &view, PYRO_REPORT_JSON_SOURCE, "json/encoder.py", &buf);
	has(text, "\"library_folded\":false");
	has(text, "\"line\":200");
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

/* Of all threads, though the usual view of this program is about one. */
static void test_threads(void **state)
{
	struct pyro_report_view view = {.group = PYRO_GROUP_THREAD};
	struct pyro_profile *profile = stage_processes(1);
	struct stage_frame frame = {"busy", "x.py", 1, 2};
	struct pyro_buf buf;
	assert_non_null(profile);
	assert_int_equal(stage_add(profile, 0, &frame, 1, 5000, true, PYRO_REASON_NONE),
			 PYRO_RC_OK);
	const char *text = make(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf);
	const char *rows = strstr(text, "\"rows\":");
	assert_non_null(rows);
	has(text, "\"metric\":\"wall\",\"weight\":\"wall\",\"thread\":null");
	has(rows, "\"thread\":0,");
	has(rows, "\"thread\":1,");
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

/* Hostile names come through whole, and harmless inside a page. */
static void test_names(void **state)
{
	struct pyro_report_view view = {0};
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_buf buf;
	const char *text = make(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf);
	has(text, "\"a;b\\n<script>alert(1)<\\/script>\\u001b[31m\"");
	assert_null(strchr(text, '\x1b'));
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_errors(void **state)
{
	struct pyro_report_view view = {.filter = "("};
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_buf buf;
	assert_non_null(profile);
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_json(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf, NULL),
			 PYRO_RC_USAGE);
	view.filter = NULL;
	assert_int_equal(
		pyro_report_json(profile, &view, PYRO_REPORT_JSON_CALLERS, "nix", &buf, NULL),
		PYRO_RC_NOTFOUND);
	assert_int_equal(
		pyro_report_json(profile, &view, PYRO_REPORT_JSON_SOURCE, "nix", &buf, NULL),
		PYRO_RC_NOTFOUND);
	pyro_buf_deinit(&buf);
	pyro_buf_init(&buf, 100);
	assert_int_equal(pyro_report_json(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf, NULL),
			 PYRO_RC_NOMEM);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_waits(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	const struct pyro_report_view view = {0};
	struct pyro_buf buf;
	(void)state;
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_json(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf, NULL),
			 PYRO_RC_OK);
	assert_non_null(strstr(
		buf.data,
		"\"waits\":[{\"thread\":1,\"metric\":\"gil_wait\",\"kind\":\"gil\",\"name\":\"\","
		"\"holder\":0,\"holder_at\":{\"name\":\"Cart.price\",\"file\":\"/home/ada/shop/"
		"shop.py\",\"first_line\":80,\"line\":88},\"ns\":150000000,\"samples\":150},"
		"{\"thread\":0,\"metric\":\"wait_net\",\"kind\":\"socket\",\"name\":\"10.0.3.7:443 "
		"from 10.0.3.2:60122\",\"holder\":null,\"ns\":50000000,\"samples\":50}]"));
	assert_non_null(strstr(buf.data, "\"wait_net\":100000000"));
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),  cmocka_unit_test(test_every_part_is_json),
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_callers_and_source),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_threads),
		cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
