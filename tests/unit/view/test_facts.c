/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "support/sample_profile.h"
#include "support/task_profile.h"
#include "view/facts.h"

static void assert_has(const struct pyro_buf *buf, const char *text)
{
	if (!strstr(buf->data, text))
		fail_msg("%s is not in %s", text, buf->data);
}

static void test_json(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_view_options options = {.sources = true, .incomplete = true};
	struct pyro_view_left_out left = {
		.string = pyro_profile_function_get(profile, SAMPLE_HOSTILE)->file,
		.why = "not found",
	};
	struct pyro_view_sources sources = {.left_out = &left, .left_out_count = 1};
	struct pyro_buf buf;

	assert_int_equal(pyro_profile_meta_set(profile, "odd", "</script>\x1b"), PYRO_RC_OK);
	pyro_buf_init(&buf, 1 << 20);
	pyro_view_facts_json(&buf, profile, &options, &sources);
	assert_int_equal(pyro_buf_status(&buf), PYRO_RC_OK);
	assert_has(&buf, "\"title\":\"shop.py --orders 5000\"");
	assert_has(&buf, "\"duration\":820000000");
	assert_has(&buf, "\"incomplete\":true");
	assert_has(&buf, "\"host\":\"elm\"");
	assert_has(&buf, "\"odd\":\"<\\/script>\\u001b\"");
	assert_has(&buf, "{\"pid\":4127,\"parent\":null,\"command\":\"python shop.py");
	assert_has(&buf, "{\"pid\":4130,\"parent\":0,");
	assert_has(&buf,
		   "{\"process\":0,\"tid\":4129,\"name\":\"worker-1\",\"main\":false,"
		   "\"tasks\":0,\"start\":0,\"end\":460000000,\"wall\":460000000,\"cpu\":160000000,"
		   "\"exact_cpu\":false}");
	assert_has(&buf,
		   "\"metrics\":[\"wall\",\"cpu\",\"gil_held\",\"gil_wait\",\"samples\",\"ready\","
		   "\"wait_lock\",\"wait_io\",\"wait_net\",\"wait_sleep\",\"wait_other\",\"wait\","
		   "\"cpu_python\",\"cpu_native\",\"cpu_system\"]");
	assert_has(&buf, "\"samples\":1320,\"proved\":1320");
	assert_has(&buf, "\"noun\":\"thread\"");
	assert_has(&buf, "\"sources_asked\":true");
	assert_has(&buf,
		   "\"left_out\":[{\"file\":\"/home/ada/shop/evil \\\"<b>&\\n.py\","
		   "\"why\":\"not found\"}]");
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_tasks(void **state)
{
	struct pyro_profile *profile = task_profile_logical();
	struct pyro_view_options options = {0};
	struct pyro_view_sources sources = {0};
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	pyro_view_facts_json(&buf, profile, &options, &sources);
	assert_has(&buf, "\"noun\":\"task\"");
	assert_has(&buf, "\"name\":\"asyncio_0\",\"main\":false,\"tasks\":0");
	assert_has(&buf, "\"name\":\"work x8\",\"main\":false,\"tasks\":8");
	/* How it was made is no fact of the recording. */
	assert_null(strstr(buf.data, "logical"));
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_title(void **state)
{
	static const char *const rows[][2] = {
		{"python shop.py", "shop.py"},
		{"/usr/bin/python3.11 -O shop.py", "-O shop.py"},
		{"python3 /srv/my/shop.py --path /etc/x", "shop.py --path /etc/x"},
		{"/usr/bin/gunicorn shop:app", "gunicorn shop:app"},
		{"python", "python"},
		{"", "a recording"},
	};
	struct pyro_view_options options = {0};
	struct pyro_profile *profile;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	assert_string_equal(pyro_view_facts_title(profile, &options), "a recording");
	for (size_t i = 0; i < PYRO_COUNT(rows); i++) {
		assert_int_equal(pyro_profile_meta_set(profile, "command", rows[i][0]), PYRO_RC_OK);
		assert_string_equal(pyro_view_facts_title(profile, &options), rows[i][1]);
	}
	options.title = "mine";
	assert_string_equal(pyro_view_facts_title(profile, &options), "mine");
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_title),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
