/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "record/watch.h"
#include "support/targets.h"

/* The interpreter itself: what is called python3 may be a script that starts it. */
static char python[4096];

static int find_python(void **state)
{
	const char *const argv[] = {"python3", "-c", "import sys; print(sys.executable)", NULL};
	struct target target;

	if (!target_start(&target, argv))
		return -1;
	snprintf(python, sizeof(python), "%.4095s", target.line);
	target_stop(&target);
	return 0;
}

static void start_busy(struct target *target)
{
	const char *const argv[] = {python, "-c", "print(1, flush=True)\nwhile True: pass", NULL};

	assert_true(target_start(target, argv));
}

static struct pyro_watch *make_with(bool each)
{
	const struct pyro_record_options options = {.sampler = {.hz_max = 200,
								.proof = PYRO_PROOF_AUTO,
								.children = true,
								.async = each,
								.each = each}};
	struct pyro_watch *watch;

	assert_int_equal(pyro_watch_create(&options, &watch, NULL), PYRO_RC_OK);
	return watch;
}

static struct pyro_watch *make(void)
{
	return make_with(false);
}

static uint32_t processes(struct pyro_watch *watch)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(pyro_watch_profile(watch), &counts);
	return counts.processes;
}

static uint64_t samples(struct pyro_watch *watch)
{
	return pyro_profile_quality(pyro_watch_profile(watch))->samples;
}

static void drain(struct pyro_watch *watch)
{
	bool busy;

	assert_int_equal(pyro_watch_drain(watch, &busy, NULL), PYRO_RC_OK);
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Tasks are there one by one where that was asked for, and go with their process. */
static void tasks_come_and_go(void **state)
{
	static const char program[] =
		"import asyncio\n"
		"async def main():\n"
		"    print(1, flush=True)\n"
		"    await asyncio.gather(*[asyncio.sleep(60) for _ in 'abc'])\n"
		"asyncio.run(main())\n";
	const char *const argv[] = {python, "-c", program, NULL};
	struct pyro_watch *watch = make();
	struct target target;

	(void)state;
	assert_null(pyro_watch_alive(watch));
	pyro_watch_destroy(watch);
	watch = make_with(true);
	assert_true(target_start(&target, argv));
	assert_int_equal(pyro_watch_add(watch, target.pid, "top", NULL), PYRO_RC_OK);
	assert_int_equal(pyro_watch_start(watch, NULL, NULL), PYRO_RC_OK);
	for (int i = 0; i < 2000 && pyro_alive_count(pyro_watch_alive(watch)) < 4; i++)
		drain(watch);
	assert_int_equal(pyro_alive_count(pyro_watch_alive(watch)), 4);
	target_stop(&target);
	for (int i = 0; i < 2000 && pyro_watch_any(watch); i++)
		drain(watch);
	assert_int_equal(pyro_alive_count(pyro_watch_alive(watch)), 0);
	pyro_watch_destroy(watch);
}

static void it_grows_while_it_is_looked_at(void **state)
{
	struct pyro_watch *watch = make();
	struct target target;

	start_busy(&target);
	assert_false(pyro_watch_any(watch));
	assert_int_equal(pyro_watch_add(watch, target.pid, "top", NULL), PYRO_RC_OK);
	assert_int_equal(pyro_watch_start(watch, NULL, NULL), PYRO_RC_OK);
	for (int i = 0; i < 2000 && samples(watch) < 20; i++)
		drain(watch);
	assert_true(samples(watch) >= 20);
	assert_true(pyro_watch_any(watch));
	assert_true(pyro_profile_duration(pyro_watch_profile(watch)) <= pyro_watch_elapsed(watch));
	pyro_watch_pause(watch, true);
	pyro_watch_pause(watch, false);
	target_stop(&target);
	for (int i = 0; i < 2000 && pyro_watch_any(watch); i++)
		drain(watch);
	assert_false(pyro_watch_any(watch));
	assert_int_equal(processes(watch), 1);
	pyro_watch_destroy(watch);
}

/* One that is there from the start, what that had started, and one that is offered later, twice. */
static void more_join(void **state)
{
	static const char parent[] =
		"import subprocess, sys\n"
		"child = subprocess.Popen([sys.executable, '-c', 'print(1, flush=True)\\nwhile "
		"True: "
		"pass'], stdout=subprocess.PIPE)\n"
		"child.stdout.readline()\n"
		"print(1, flush=True)\n"
		"import time; time.sleep(60)\n";
	const char *const argv[] = {python, "-c", parent, NULL};
	struct pyro_watch *watch = make();
	struct target first, later;
	int child = 0;

	assert_true(target_start(&first, argv));
	start_busy(&later);
	assert_int_equal(pyro_watch_add(watch, first.pid, "top", NULL), PYRO_RC_OK);
	assert_int_equal(pyro_watch_start(watch, NULL, NULL), PYRO_RC_OK);
	for (int i = 0; i < 2000 && processes(watch) < 2; i++)
		drain(watch);
	assert_int_equal(processes(watch), 2);
	assert_true(pyro_watch_offer(watch, later.pid));
	assert_true(pyro_watch_offer(watch, later.pid));
	for (int i = 0; i < 2000 && processes(watch) < 3; i++)
		drain(watch);
	for (int i = 0; i < 10; i++)
		drain(watch);
	assert_int_equal(processes(watch), 3);
	for (uint32_t i = 0; i < 3; i++) {
		const int pid = pyro_profile_process_get(pyro_watch_profile(watch), i)->pid;

		if (pid != first.pid && pid != later.pid)
			child = pid;
	}
	assert_true(child > 0);
	pyro_watch_destroy(watch);
	kill(child, SIGKILL);
	target_stop(&first);
	target_stop(&later);
}

static void words(int pid, enum pyro_rc expected, const char *part)
{
	struct pyro_watch *watch = make();
	struct pyro_err err = {0};

	assert_int_equal(pyro_watch_add(watch, pid, "top", &err), expected);
	if (!strstr(err.message, part))
		fail_msg("%s", err.message);
	pyro_watch_destroy(watch);
}

static void what_cannot_be_watched(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo; exec sleep 60", NULL};
	struct target target;

	words(4194303, PYRO_RC_GONE, "there is no process 4194303");
	assert_true(target_start(&target, argv));
	words(target.pid, PYRO_RC_NOTPYTHON, "Try: pyrometer doctor");
	target_stop(&target);
	pyro_watch_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_while_it_is_looked_at),
		cmocka_unit_test(tasks_come_and_go),
		cmocka_unit_test(more_join),
		cmocka_unit_test(what_cannot_be_watched),
	};
	return cmocka_run_group_tests(tests, find_python, NULL);
}
