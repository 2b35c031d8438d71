/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/moment.h"
#include "support/targets.h"

/* What it makes of threads in every state is tested in tests/cli, on every interpreter. */

static const struct pyro_moment_options options = {.locals = true};

static const char *name_at(const struct pyro_moment *moment, uint32_t stack)
{
	const struct pyro_stack *node = pyro_profile_stack_get(moment->profile, stack);
	const struct pyro_frame *frame =
		node ? pyro_profile_frame_get(moment->profile, node->frame) : NULL;
	const struct pyro_function *function =
		frame ? pyro_profile_function_get(moment->profile, frame->function) : NULL;

	return function ? pyro_profile_string_get(moment->profile, function->name, NULL) : "";
}

static void a_process_is_read(void **state)
{
	static const char program[] =
		"import time\n"
		"def rest():\n"
		"    print('ready', flush=True)\n"
		"    time.sleep(1000)\n"
		"rest()\n";
	struct interpreters interpreters;

	interpreters_load(&interpreters);
	for (size_t i = 0; i < interpreters.count; i++) {
		const char *const arguments[] = {"-c", program, NULL};
		struct pyro_moment *moment = NULL;
		struct pyro_err err = {0};
		struct target target;

		assert_true(interpreter_start(&interpreters.items[i], &target, arguments));
		for (int tries = 0; tries < 2000; tries++) {
			pyro_moment_destroy(moment);
			moment = NULL;
			if (pyro_moment_take(target.pid, &options, &moment, &err) != PYRO_RC_OK)
				fail_msg("%s: %s", interpreters.items[i].full, err.message);
			assert_int_equal(moment->thread_count, 1);
			if (strcmp(moment->threads[0].wait, "sleep") == 0)
				break;
			usleep(10000);
		}
		assert_int_equal(moment->pid, target.pid);
		assert_string_equal(moment->version, interpreters.items[i].full);
		assert_non_null(strstr(moment->command, "time.sleep"));
		assert_true(moment->up_ns < 3600 * PYRO_NS_PER_S);
		assert_string_equal(moment->threads[0].wait, "sleep");
		assert_true(moment->threads[0].main && moment->threads[0].proved);
		assert_string_equal(name_at(moment, moment->threads[0].stack), "rest");
		pyro_moment_destroy(moment);
		target_stop(&target);
	}
	interpreters_deinit(&interpreters);
}

static void nobody_is_an_error(void **state)
{
	struct pyro_moment *moment = NULL;
	struct pyro_err err = {0};

	assert_int_equal(pyro_moment_take(1 << 22, &options, &moment, &err), PYRO_RC_GONE);
	assert_null(moment);
	assert_non_null(strstr(err.message, "4194304"));
}

static void other_programs_are_an_error(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo ready; exec sleep 1000", NULL};
	struct pyro_moment *moment = NULL;
	struct pyro_err err = {0};
	struct target target;

	enum pyro_rc rc = PYRO_RC_NOTREADY;

	assert_true(target_start(&target, argv));
	/* While it starts it cannot be told. */
	for (int tries = 0; tries < 2000 && rc == PYRO_RC_NOTREADY; tries++) {
		rc = pyro_moment_take(target.pid, &options, &moment, &err);
		usleep(10000);
	}
	assert_int_equal(rc, PYRO_RC_NOTPYTHON);
	assert_null(moment);
	target_stop(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_read),
		cmocka_unit_test(nobody_is_an_error),
		cmocka_unit_test(other_programs_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
