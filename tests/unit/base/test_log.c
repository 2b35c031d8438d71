/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/log.h"

/* What was said on stderr meanwhile. */
static void said(enum pyro_log_level level, char *text, size_t size)
{
	PYRO_AUTO_CLOSE int kept = dup(2);
	ssize_t got;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_true(kept >= 0);
	assert_int_equal(dup2(fds[1], 2), 2);
	close(fds[1]);
	pyro_log_set_level(level);
	pyro_log_debug("%d reads of %s", 3, "frames");
	pyro_log_set_level(PYRO_LOG_SILENT);
	assert_int_equal(dup2(kept, 2), 2);
	got = read(fds[0], text, size - 1);
	close(fds[0]);
	assert_true(got >= 0);
	text[got] = '\0';
}

static void is_silent_unless_told(void **state)
{
	char text[200];

	said(PYRO_LOG_SILENT, text, sizeof(text));
	assert_string_equal(text, "");
	said(PYRO_LOG_DEBUG, text, sizeof(text));
	assert_string_equal(text, "pyrometer: debug: 3 reads of frames\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_silent_unless_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
