/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "support/sample_profile.h"
#include "unpack.h"
#include "view/view.h"

static void write_sample(struct pyro_buf *page, const struct pyro_view_options *options)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_view_sink sink = {.write = sink_to_buf, .context = page};

	pyro_buf_init(page, 1 << 24);
	assert_int_equal(pyro_view_write(profile, options, &sink, NULL), PYRO_RC_OK);
	pyro_profile_destroy(profile);
}

static unsigned occurrences(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static void test_page(void **state)
{
	static const char *const sections[] = {"meta", "strs", "file", "func", "fram",
					       "stak", "totl", "srcs", "done"};
	struct pyro_buf page, data;

	write_sample(&page, &(struct pyro_view_options){.title = "</title><script>x"});
	assert_memory_equal(page.data, "<!doctype html>", 15);
	assert_non_null(strstr(page.data, "default-src 'none'; script-src 'sha256-"));
	assert_non_null(strstr(page.data, "&lt;/title&gt;&lt;script&gt;x"));
	/* One element of data, one of script; what the viewer says inside is no markup. */
	assert_int_equal(occurrences(page.data, "</script>"), 2);
	assert_int_equal(occurrences(page.data, "</style>"), 1);
	assert_null(strstr(page.data, "<script src"));
	assert_null(strstr(page.data, "alert(1)"));
	assert_memory_equal(page.data + page.size - 8, "</html>\n", 8);

	pyro_buf_init(&data, 1 << 24);
	assert_int_equal(unpack_page(&page, &data), 1);
	for (size_t i = 0; i < PYRO_COUNT(sections); i++)
		assert_false(find_section(&data, sections[i]).failed);
	assert_int_equal(find_section(&data, "done").size, 0);
	pyro_buf_deinit(&data);
	pyro_buf_deinit(&page);
}

/* Fails at each write in turn. */
struct failing {
	unsigned writes;
	unsigned fail_at;
};

static enum pyro_rc fail_once(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	struct failing *failing = context;

	if (failing->writes++ == failing->fail_at)
		return pyro_err_set(err, PYRO_RC_FULL, "no space left");
	return PYRO_RC_OK;
}

static void test_sink_fails_anywhere(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_view_options options = {.sources = false};
	enum pyro_rc rc = PYRO_RC_FULL;
	unsigned at = 0;

	for (; rc != PYRO_RC_OK; at++) {
		struct failing failing = {.fail_at = at};
		struct pyro_view_sink sink = {.write = fail_once, .context = &failing};

		rc = pyro_view_write(profile, &options, &sink, NULL);
		if (rc != PYRO_RC_OK) {
			assert_int_equal(rc, PYRO_RC_FULL);
			assert_int_equal(failing.writes, at + 1);
		}
	}
	assert_true(at > 4);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_sink_fails_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
