/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <time.h>

#include "alone.h"
#include "base/clock.h"
#include "messages.h"
#include "sample/probe_parts.h"
#include "support/targets.h"

/* One probe without the sampler's thread: every step is ours. */

static struct messages messages;
static struct pyro_probe_shared shared;
static struct target target;

static void nap(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static int set_up(void **state)
{
	(void)state;
	alone_init(&shared, &messages);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	alone_deinit(&shared, &messages);
	return 0;
}

static void start_python(void)
{
	static const char program[] =
		"import threading, time\n"
		"def waiter(): time.sleep(60)\n"
		"threading.Thread(target=waiter, name='helper', daemon=True).start()\n"
		"print('ready', flush=True)\n"
		"while True: sum(range(50))\n";
	const char *const argv[] = {"python3", "-S", "-E", "-c", program, NULL};

	assert_true(target_start(&target, argv));
}

static void tick(struct pyro_probe *probe, int times)
{
	for (int i = 0; i < times; i++) {
		nap(2);
		pyro_probe_tick(probe, &shared);
		pyro_rate_next(&probe->rate, pyro_clock_now());
	}
}

static void start_probe(struct pyro_probe *probe, int pid)
{
	pyro_probe_init(probe, pid, 0, 0, pyro_clock_now(), 1000, 0);
	pyro_probe_seek(probe, &shared);
}

static void finds_reads_names_and_ends(void **state)
{
	struct pyro_probe probe;
	bool named = false;

	start_python();
	start_probe(&probe, target.pid);
	assert_int_equal(probe.state, PYRO_PROBE_READING);
	/* Nothing is said before there is a thread to tell of. */
	assert_int_equal(pyro_queue_used(messages.queue), 0);
	tick(&probe, 20);
	assert_int_equal(probe.thread_count, 2);
	assert_true(pyro_probe_cpu(&probe) >= 0);
	nap(20);
	assert_true(pyro_probe_names_due(&probe, pyro_clock_now()));
	pyro_probe_read_names(&probe, &shared);
	assert_false(pyro_probe_names_due(&probe, pyro_clock_now()));
	pyro_probe_flush(&probe, &shared, pyro_clock_now());
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	assert_int_equal(probe.state, PYRO_PROBE_ENDED);
	messages_drain(&messages);
	assert_true(messages.processes[0].ended);
	for (size_t i = 0; i < messages.thread_count; i++)
		named = named || strcmp(messages.threads[i].name, "helper") == 0;
	assert_true(named);
	assert_true(messages_wall(&messages, 0, "<module>") > 0);
	assert_true(messages_wall(&messages, 0, "waiter") > 0);
	target_stop(&target);
}

/* What messages point to is handed over only with the last of them. */
static void ends_when_there_is_room(void **state)
{
	static const char filler[4096];
	struct pyro_probe probe;
	size_t size;

	start_python();
	start_probe(&probe, target.pid);
	tick(&probe, 5);
	assert_true(probe.announced);
	messages_drain(&messages);
	while (pyro_queue_put(messages.queue, filler, sizeof(filler), NULL, 0) ||
	       pyro_queue_put(messages.queue, filler, 8, NULL, 0))
		;
	assert_false(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	assert_int_equal(probe.state, PYRO_PROBE_ENDED);
	assert_true(shared.queue_lost > 0);
	assert_false(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	while (pyro_queue_peek(messages.queue, &size))
		pyro_queue_drop(messages.queue);
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	messages_drain(&messages);
	assert_true(messages.processes[0].ended);
	target_stop(&target);
}

static void a_target_may_go_between_ticks(void **state)
{
	struct pyro_probe probe;

	start_python();
	start_probe(&probe, target.pid);
	tick(&probe, 5);
	target_stop(&target);
	tick(&probe, 5);
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	messages_drain(&messages);
	assert_true(messages.processes[0].ended);
}

/* Stacks without end, and a table that has room for two: each sample still has its own. */
static void more_stacks_than_are_kept(void **state)
{
	static const char program[] =
		"import time\n"
		"print('ready', flush=True)\n"
		"def f(n): f(n - 1) if n else sum(range(5000))\n"
		"while True:\n"
		"    for n in range(20): f(n)\n";
	const char *const argv[] = {"python3", "-S", "-E", "-c", program, NULL};
	const struct messages_process *process;
	struct pyro_probe probe;
	bool met[20] = {false};
	size_t depths = 0;

	assert_true(target_start(&target, argv));
	start_probe(&probe, target.pid);
	probe.stacks.limit = 2;
	tick(&probe, 100);
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	messages_drain(&messages);
	process = &messages.processes[0];
	for (uint32_t i = 0; i < probe.next_stack; i++) {
		assert_true(process->stacks[i].known);
		if (process->stacks[i].count < PYRO_COUNT(met))
			met[process->stacks[i].count] = true;
	}
	for (size_t i = 0; i < PYRO_COUNT(met); i++)
		depths += met[i];
	assert_true(depths > 4);
	assert_true(probe.next_stack > 4);
	assert_int_equal(messages_wall(&messages, 0, "<module>"),
			 messages_main_thread(&messages, 0)->wall_ns);
	target_stop(&target);
}

/* As where a program is being executed when its mappings are read: it is tried again. */
static void machine_code_that_cannot_be_had_at_first(void **state)
{
	struct rlimit limit, none;
	struct pyro_probe probe;
	bool found = false;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	start_python();
	start_probe(&probe, target.pid);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < 5; i++)
		assert_false(pyro_stacks_has_native(&probe));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < 5 && !found; i++)
		found = pyro_stacks_has_native(&probe);
	assert_true(found);
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	target_stop(&target);
}

static void says_why_it_finds_nothing(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo ready; kill -STOP $$", NULL};
	struct pyro_probe probe;

	assert_true(target_start(&target, argv));
	start_probe(&probe, target.pid);
	assert_int_not_equal(probe.state, PYRO_PROBE_READING);
	assert_int_equal(probe.trouble.rc, PYRO_RC_NOTPYTHON);
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	assert_int_equal(pyro_queue_used(messages.queue), 0);
	target_stop(&target);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(finds_reads_names_and_ends),
		CASE(ends_when_there_is_room),
		CASE(a_target_may_go_between_ticks),
		CASE(more_stacks_than_are_kept),
		CASE(machine_code_that_cannot_be_had_at_first),
		CASE(says_why_it_finds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
