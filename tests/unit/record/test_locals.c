/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "record/moment.h"
#include "support/targets.h"

/* What values of every kind look like is tested in tests/cli, on every interpreter. */

static void variables_belong_to_their_frames(void **state)
{
	static const char program[] =
		"import time\n"
		"def outer(given):\n"
		"    inner([given, given])\n"
		"def inner(rest):\n"
		"    text = 'it is'\n"
		"    print('ready', flush=True)\n"
		"    time.sleep(1000)\n"
		"outer(7)\n";
	static const struct pyro_moment_options with = {.locals = true}, without = {0};
	struct interpreters interpreters;

	interpreters_load(&interpreters);
	for (size_t i = 0; i < interpreters.count; i++) {
		const char *const arguments[] = {"-c", program, NULL};
		const struct pyro_moment_thread *thread;
		struct pyro_moment *moment;
		struct target target;

		assert_true(interpreter_start(&interpreters.items[i], &target, arguments));
		assert_int_equal(pyro_moment_take(target.pid, &without, &moment, NULL), PYRO_RC_OK);
		assert_null(moment->threads[0].frames);
		assert_int_equal(moment->threads[0].frame_count, 0);
		pyro_moment_destroy(moment);
		/* Until it sleeps its frames are another function's for moments. */
		for (int tries = 0; tries < 2000; tries++) {
			assert_int_equal(pyro_moment_take(target.pid, &with, &moment, NULL),
					 PYRO_RC_OK);
			if (strcmp(moment->threads[0].wait, "sleep") == 0)
				break;
			pyro_moment_destroy(moment);
			usleep(10000);
		}
		thread = &moment->threads[0];
		assert_int_equal(thread->frame_count, 3);
		assert_int_equal(thread->frames[0].local_count, 2);
		assert_string_equal(thread->frames[0].locals[0].name, "rest");
		assert_string_equal(thread->frames[0].locals[0].value, "[7, 7]");
		assert_string_equal(thread->frames[0].locals[0].kind, "argument");
		assert_string_equal(thread->frames[0].locals[1].value, "'it is'");
		assert_string_equal(thread->frames[0].locals[1].kind, "local");
		assert_int_equal(thread->frames[1].local_count, 1);
		assert_string_equal(thread->frames[1].locals[0].value, "7");
		assert_int_equal(thread->frames[2].local_count, 0);
		for (size_t j = 0; j < 3; j++)
			assert_false(thread->frames[j].changed || thread->frames[j].unreadable);
		pyro_moment_destroy(moment);
		target_stop(&target);
	}
	interpreters_deinit(&interpreters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_belong_to_their_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
