/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

#include "alone.h"
#include "base/clock.h"
#include "messages.h"
#include "sample/async_parts.h"
#include "support/targets.h"

/* The tasks of one process, without the sampler's thread: every step is ours. */

static struct messages messages;
static struct pyro_probe_shared shared;
static struct pyro_async_counts counts;
static struct pyro_probe probe;
static struct target target;

static int set_up(void **state)
{
	(void)state;
	alone_init(&shared, &messages);
	counts = (struct pyro_async_counts){0};
	shared.async = &counts;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	alone_deinit(&shared, &messages);
	return 0;
}

/* @body is what the innermost task does once all others wait. */
static void start_python(const char *body)
{
	char program[2048];
	const char *const argv[] = {"python3", "-S", "-E", "-c", program, NULL};

	snprintf(program, sizeof(program),
		 "import asyncio, time\n"
		 "async def leaf(): await asyncio.sleep(60)\n"
		 "async def sleeper(): await leaf()\n"
		 "async def last():\n"
		 "    await asyncio.sleep(0.01)\n"
		 "    print('ready', flush=True)\n"
		 "    %s\n"
		 "async def main():\n"
		 "    one = asyncio.ensure_future(sleeper())\n"
		 "    one.set_name('the one')\n"
		 "    others = [asyncio.ensure_future(sleeper()) for _ in range(5)]\n"
		 "    await asyncio.gather(one, last(), *others)\n"
		 "asyncio.run(main())\n",
		 body);
	assert_true(target_start(&target, argv));
	pyro_probe_init(&probe, target.pid, 0, 0, pyro_clock_now(), 1000, 0);
	pyro_probe_seek(&probe, &shared);
	assert_int_equal(probe.state, PYRO_PROBE_READING);
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void step(int times, bool look)
{
	for (int i = 0; i < times; i++) {
		nap(2);
		pyro_probe_tick(&probe, &shared);
		pyro_rate_next(&probe.rate, pyro_clock_now());
		if (look) {
			pyro_seat_leave(&shared.seat, shared.seat.cpu);
			assert_true(pyro_async_due(&probe, &shared, UINT64_MAX));
			pyro_async_look(&probe, &shared);
		}
	}
}

static void finish(void)
{
	assert_true(pyro_probe_end(&probe, &shared, pyro_clock_now()));
	messages_drain(&messages);
	pyro_probe_deinit(&probe);
	target_stop(&target);
}

static const char *code_at(const struct messages_task *task, size_t frame)
{
	const struct messages_process *process = &messages.processes[0];
	const struct messages_stack *at = &process->stacks[task->stack];

	return frame < at->count ? process->codes[at->frames[frame].code] : "";
}

static void suspended_tasks_live_their_time(void **state)
{
	const struct messages_task *task;
	uint64_t begin_ns, end_ns, ns;

	(void)state;
	start_python("await asyncio.sleep(60)");
	step(1, false);
	begin_ns = pyro_clock_now();
	step(20, true);
	end_ns = pyro_clock_now();
	assert_int_equal(counts.looks, 20);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(counts.unread, 0);
	finish();
	task = messages_task(&messages, 0, "the one", "sleeper");
	assert_int_equal(task->began, 1);
	assert_int_equal(task->ran_ns, 0);
	assert_int_equal(task->wait, PYRO_TASK_WAIT_SLEEP);
	/* From the first look to the end. */
	ns = task->suspended_ns;
	assert_true(ns <= pyro_clock_now() - begin_ns && ns >= (end_ns - begin_ns) / 2);
	assert_string_equal(code_at(task, 0), "sleep");
	assert_string_equal(code_at(task, 1), "leaf");
	assert_string_equal(code_at(task, 2), "sleeper");
	assert_string_equal(code_at(task, 3), "main");
	assert_string_equal(code_at(task, 4), "");
	/* Those without a name count as one. */
	task = messages_task(&messages, 0, "", "sleeper");
	assert_int_equal(task->began, 5);
	assert_in_range(task->suspended_ns, 5 * ns - 5000000, 5 * ns + 5000000);
}

/* The loop never waits, so looks hold its thread. */
static void a_busy_loop_is_held(void **state)
{
	const struct messages_task *one, *last;

	(void)state;
	start_python("while True: sum(range(50))");
	step(40, true);
	assert_true(counts.dropped <= 4);
	assert_true(counts.samples > 0);
	finish();
	one = messages_task(&messages, 0, "the one", "sleeper");
	assert_true(one->suspended_ns > 20000000);
	assert_string_equal(code_at(one, 3), "main");
	last = messages_task(&messages, 0, "", "last");
	assert_true(last->ran_ns > 20000000);
	/* Between two looks it is proved who awaits it. */
	assert_true(last->joined_ns > last->ran_ns / 2);
	if (shared.seat.allowed_count > 1)
		assert_true(shared.held_ns > 0);
}

/* Without proofs, they are read until two readings agree. */
static void no_proof_is_no_hold(void **state)
{
	(void)state;
	shared.freeze.method = PYRO_PROOF_BY_NONE;
	start_python("while True: sum(range(50))");
	step(10, true);
	assert_int_equal(shared.held_ns, 0);
	assert_int_equal(counts.dropped, 0);
	finish();
	assert_true(messages_task(&messages, 0, "the one", "sleeper")->suspended_ns > 0);
}

static void programs_without_tasks_are_left_alone(void **state)
{
	static const char program[] = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n";
	const char *const argv[] = {"python3", "-S", "-E", "-c", program, NULL};

	(void)state;
	assert_true(target_start(&target, argv));
	pyro_probe_init(&probe, target.pid, 0, 0, pyro_clock_now(), 1000, 0);
	pyro_probe_seek(&probe, &shared);
	step(12, true);
	/* Looks become rare. */
	assert_true(probe.async->pause_ns >= 400000000 || probe.async->due_ns == UINT64_MAX);
	finish();
	assert_false(messages.processes[0].tasks[0].known);
}

/* Its thread has stood still since before the first look, and is not read again. */
static void what_blocks_is_joined(void **state)
{
	const struct messages_task *last;

	(void)state;
	start_python("time.sleep(60)");
	nap(50);
	step(3, false);
	step(1, true);
	nap(600);
	step(3, false);
	pyro_probe_flush(&probe, &shared, pyro_clock_now());
	step(1, true);
	finish();
	last = messages_task(&messages, 0, "", "last");
	assert_true(last->joined_ns > 500000000);
	assert_true(last->joined_ns > last->ran_ns / 2);
}

/* As in a process that has announced code 3. */
static void make_async(void)
{
	pyro_probe_init(&probe, 42, 0, 0, pyro_clock_now(), 1000, 0);
	probe.async = calloc(1, sizeof(*probe.async));
	probe.async->pending = calloc(PYRO_ASYNC_PENDING, sizeof(*probe.async->pending));
	pyro_map_init(&probe.async->group_by_key, 1 << 20);
	pyro_map_init(&probe.async->names, 1 << 20);
	pyro_map_init(&probe.async->sum_by_key, 1 << 20);
	assert_int_equal(pyro_map_put(&probe.codes, 3, 1), PYRO_RC_OK);
}

static void unmake_async(void)
{
	size_t size;

	while (pyro_queue_peek(messages.queue, &size))
		pyro_queue_drop(messages.queue);
	pyro_probe_deinit(&probe);
}

/* A server may name each of its tasks: what is kept must not grow with them. */
static void names_are_bounded(void **state)
{
	const uint32_t common = 0;
	uint32_t highest = 0;
	char name[32];

	(void)state;
	make_async();
	assert_int_equal(pyro_async_group(&probe, &shared, 7, 3, ""), common);
	for (int i = 0; i < 1000; i++) {
		uint32_t group;

		snprintf(name, sizeof(name), "Task-%d", i);
		assert_int_equal(pyro_async_group(&probe, &shared, 7, 3, name), common);
		snprintf(name, sizeof(name), "connection %d", i);
		group = pyro_async_group(&probe, &shared, 7, 3, name);
		if (group > highest)
			highest = group;
	}
	assert_int_equal(highest, 32);
	/* Known names stay, another thread has its own. */
	assert_int_equal(pyro_async_group(&probe, &shared, 7, 3, "connection 0"), 1);
	assert_int_equal(pyro_async_group(&probe, &shared, 8, 3, "connection 0"), 33);
	assert_int_equal(pyro_async_group(&probe, &shared, 7, 3, "Task-x"), common);
	unmake_async();
}

/* Samples between two looks that found who awaits the task at the same place are joined with it. */
static void only_what_is_proved_is_joined(void **state)
{
	struct pyro_async_task items[2] = {
		{.addr = 1,
		 .serial = 5,
		 .now = {.stack = 9, .from_ns = 100, .to_ns = 200},
		 .before = {.stack = 8, .from_ns = 50, .to_ns = 90}},
		{.addr = 2, .serial = 6, .parent = 0, .seen_ns = 200},
	};
	const struct {
		uint64_t at_ns;
		uint32_t prefix, serial;
		bool joined;
	} cases[] = {
		{150, 9, 5, true},  {100, 9, 5, true},  {99, 9, 5, false},
		{201, 9, 5, false}, {60, 8, 5, true},   {95, 8, 5, false},
		{150, 8, 5, false}, {150, 9, 4, false}, /* another task by now */
	};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_ledger_entry entry = {
			.at_ns = cases[i].at_ns, .wall_ns = 10, .looks = 1};

		make_async();
		(void)pyro_async_group(&probe, &shared, 7, 3, "");
		probe.async->items = calloc(2, sizeof(*probe.async->items));
		memcpy(probe.async->items, items, sizeof(items));
		probe.async->top = 2;
		counts = (struct pyro_async_counts){0};
		entry.mark = (struct pyro_task_mark){.group = 1,
						     .common = 1,
						     .task = 1,
						     .task_serial = 6,
						     .parent = 0,
						     .parent_serial = cases[i].serial,
						     .prefix = cases[i].prefix};
		pyro_async_ran(&probe, &shared, &entry);
		pyro_async_settle(&probe, &shared, true);
		assert_int_equal(probe.async->sum_count, 1);
		assert_int_equal(probe.async->sums[0].prefix,
				 cases[i].joined ? cases[i].prefix : PYRO_NO_STACK);
		assert_int_equal(counts.unjoined, !cases[i].joined);
		assert_int_equal(probe.async->items[1].owed_ns, -10);
		unmake_async();
	}
}

/* Where the look has not come to the task yet, as they are too many for one, its samples wait: they
 * are not those of another that has its place. */
static void samples_wait_for_their_look(void **state)
{
	struct pyro_ledger_entry entry = {.at_ns = 1000, .wall_ns = 10, .looks = 1};
	struct pyro_async_task *task;

	(void)state;
	make_async();
	(void)pyro_async_group(&probe, &shared, 7, 3, "");
	(void)pyro_async_group(&probe, &shared, 7, 3, "named");
	probe.async->items = calloc(1, sizeof(*probe.async->items));
	probe.async->top = 1;
	task = probe.async->items;
	*task = (struct pyro_async_task){.addr = 1, .serial = 6, .group = 1, .seen_ns = 900};
	entry.mark = (struct pyro_task_mark){.group = 2,
					     .common = 1,
					     .task_serial = 6,
					     .parent = PYRO_NO_TASK,
					     .prefix = PYRO_NO_STACK};
	probe.async->look_ns = 1100;
	pyro_async_ran(&probe, &shared, &entry);
	pyro_async_settle(&probe, &shared, false);
	assert_int_equal(probe.async->sum_count, 0);
	assert_int_equal(probe.async->pending_count, 1);
	task->seen_ns = probe.async->look_ns = 1200;
	pyro_async_settle(&probe, &shared, false);
	assert_int_equal(probe.async->sum_count, 1);
	assert_int_equal(probe.async->sums[0].group, 1);
	/* It has ended meanwhile, or no look comes to it: who knows whose it was. */
	entry.at_ns = 1300;
	pyro_async_ran(&probe, &shared, &entry);
	task->ended_ns = 1400;
	pyro_async_settle(&probe, &shared, false);
	assert_int_equal(probe.async->sum_count, 2);
	assert_int_equal(probe.async->sums[1].group, 0);
	task->ended_ns = 0;
	pyro_async_ran(&probe, &shared, &entry);
	probe.async->look_ns = 3 * PYRO_NS_PER_S;
	pyro_async_settle(&probe, &shared, false);
	assert_int_equal(probe.async->pending_count, 0);
	assert_int_equal(probe.async->sums[1].wall_ns, 20);
	unmake_async();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		CASE(suspended_tasks_live_their_time),
		CASE(a_busy_loop_is_held),
		CASE(no_proof_is_no_hold),
		CASE(programs_without_tasks_are_left_alone),
		CASE(what_blocks_is_joined),
		CASE(names_are_bounded),
		CASE(only_what_is_proved_is_joined),
		CASE(samples_wait_for_their_look),
#undef CASE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
