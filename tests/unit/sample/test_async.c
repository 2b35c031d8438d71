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

static void step_and_tell(int steps)
{
	step(steps, true);
	pyro_async_flush(&probe, &shared, pyro_clock_now());
	messages_drain(&messages);
}

/* What is there is told, once; then what changes, with the time at which it was so. */
static void each_task_is_told(void **state)
{
	const struct messages_process *process = &messages.processes[0];
	const struct messages_alive *one, *last;
	unsigned told;

	(void)state;
	shared.each_task = true;
	start_python("await asyncio.sleep(0.3)");
	step_and_tell(5);
	one = messages_alive(&messages, 0, "the one");
	assert_int_equal(one->state, PYRO_SAMPLE_TASK_WAITS);
	assert_int_equal(one->wait, PYRO_TASK_WAIT_SLEEP);
	assert_true(one->before);
	assert_string_equal(process->codes[process->stacks[one->stack].frames[1].code], "leaf");
	assert_string_equal(process->codes[process->tasks[one->task].code], "sleeper");
	assert_int_equal(messages_alive(&messages, 0, "Task-1")->wait, PYRO_TASK_WAIT_TASKS);
	last = messages_alive(&messages, 0, "Task-8");
	assert_string_equal(process->codes[process->tasks[last->task].code], "last");
	assert_int_equal(process->tasks_unseen, 0);
	assert_true(process->tasks_at_ns >= one->seen_ns);
	told = one->told;
	/* It ends; of the others there is nothing new to tell. */
	nap(400);
	step_and_tell(2);
	assert_int_equal(process->gone, 1);
	assert_false(last->lives);
	assert_int_equal(one->told, told);
	assert_true(process->tasks_sure_ns > one->seen_ns);
	finish();
}

static void nobody_asked_for_each(void **state)
{
	(void)state;
	start_python("await asyncio.sleep(60)");
	step(3, true);
	pyro_async_flush(&probe, &shared, pyro_clock_now());
	finish();
	for (size_t i = 0; i < MESSAGES_ALIVE; i++)
		assert_false(messages.processes[0].alive[i].lives);
}

/* A task that never lets go of its thread: where, by samples. */
static void the_one_that_runs_is_told(void **state)
{
	const struct messages_process *process = &messages.processes[0];
	const struct messages_alive *last;

	(void)state;
	shared.each_task = true;
	start_python("while True: sum(range(50))");
	step_and_tell(60);
	last = messages_alive(&messages, 0, "Task-8");
	assert_int_equal(last->state, PYRO_SAMPLE_TASK_RUNS);
	assert_int_not_equal(last->stack, UINT32_MAX);
	assert_string_equal(process->codes[process->stacks[last->stack].frames[0].code], "last");
	assert_true(last->cpu_ns > 20000000);
	assert_true(last->seen_ns - last->since_ns > 50000000);
	finish();
}

static void the_one_that_blocks_is_told(void **state)
{
	const struct messages_process *process = &messages.processes[0];
	const struct messages_alive *last;

	(void)state;
	shared.each_task = true;
	start_python("time.sleep(60)");
	nap(50);
	step(3, false);
	step(1, true);
	nap(600);
	step(3, false);
	pyro_probe_flush(&probe, &shared, pyro_clock_now());
	step(1, true);
	nap(500);
	pyro_async_flush(&probe, &shared, pyro_clock_now());
	messages_drain(&messages);
	last = messages_alive(&messages, 0, "Task-8");
	assert_int_equal(last->state, PYRO_SAMPLE_TASK_BLOCKS);
	assert_string_equal(process->codes[process->stacks[last->stack].frames[0].code], "last");
	assert_true(last->before);
	finish();
}

/* How long a task has been where it is: as long as nothing says that it was elsewhere. */
static void since_when(void **state)
{
	struct pyro_async async = {.all_seen = true};
	struct pyro_async_task item = {.seen_ns = 1000, .now.stack = 4};
	struct pyro_task task = {
		.state = PYRO_TASK_WAITING, .wait = PYRO_TASK_WAIT_LOCK, .wait_object = 0x100};
	struct pyro_async_sum ran = {
		.wall_ns = 30, .cpu_ns = 20, .stack = 9, .reason = PYRO_SAMPLE_RUNS};

	(void)state;
	pyro_async_each_begin(&async, &item, "one");
	pyro_async_each_found(&item, &task, 77, 1000, 2000);
	assert_int_equal(item.each.since_ns, 1500);
	assert_int_equal(item.each.stack, 4);
	assert_false(item.each.before);
	assert_true(item.each.changed);
	item.each.changed = false;
	pyro_async_each_found(&item, &task, 77, 2000, 3000);
	assert_int_equal(item.each.since_ns, 1500);
	assert_false(item.each.changed);
	/* It ran in between, and is where it was. */
	pyro_async_each_ran(&item, &ran, 3500);
	pyro_async_each_found(&item, &task, 77, 3000, 4000);
	assert_int_equal(item.each.since_ns, 3500);
	assert_int_equal(item.each.cpu_ns, 20);
	assert_int_equal(item.each.ready_ns, 10);
	assert_int_equal(item.each.stack, 4);
	/* A sample that comes late is of before. */
	pyro_async_each_ran(&item, &ran, 3400);
	assert_int_equal(item.each.since_ns, 3500);
	/* At the same place for another lock; elsewhere. */
	task.wait_object = 0x200;
	pyro_async_each_found(&item, &task, 77, 4000, 5000);
	assert_int_equal(item.each.since_ns, 4500);
	item.now.stack = 5;
	pyro_async_each_found(&item, &task, 78, 5000, 6000);
	assert_int_equal(item.each.since_ns, 5500);
	assert_int_equal(item.each.stack, 5);
	/* As long as it runs, wherever; what its thread waits for then blocks the others. */
	task.state = PYRO_TASK_RUNNING;
	item.now.stack = PYRO_NO_STACK;
	pyro_async_each_found(&item, &task, 79, 6000, 7000);
	assert_int_equal(item.each.state, PYRO_SAMPLE_TASK_RUNS);
	assert_int_equal(item.each.stack, 9);
	ran.reason = PYRO_SAMPLE_WAITS_SLEEP;
	ran.stack = 10;
	pyro_async_each_ran(&item, &ran, 7500);
	pyro_async_each_found(&item, &task, 80, 7000, 8000);
	assert_int_equal(item.each.since_ns, 6500);
	assert_int_equal(item.each.state, PYRO_SAMPLE_TASK_BLOCKS);
	assert_int_equal(item.each.stack, 10);
	assert_int_equal(item.each.ready_ns, 20);
	assert_true(pyro_async_each_end(&item));
	assert_null(item.each.name);
	/* It may have been there before we came; not for longer than it stays. */
	async.all_seen = false;
	item = (struct pyro_async_task){.seen_ns = 1000};
	task.state = PYRO_TASK_WAITING;
	pyro_async_each_begin(&async, &item, "two");
	pyro_async_each_found(&item, &task, 77, 1000, 1000);
	pyro_async_each_found(&item, &task, 77, 1000, 2000);
	assert_true(item.each.before);
	assert_int_equal(item.each.since_ns, 1000);
	pyro_async_each_found(&item, &task, 78, 2000, 3000);
	assert_false(item.each.before);
	assert_true(pyro_async_each_end(&item));
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

/* What finds no room in the queue is told when there is some. Long names end with a character. */
static void no_room_to_tell(void **state)
{
	struct pyro_async_task items[2] = {{.addr = 1, .seen_ns = 5}, {.addr = 2, .seen_ns = 5}};
	const struct pyro_message *message;
	char name[600] = "";
	size_t size;

	(void)state;
	make_async();
	(void)pyro_async_group(&probe, &shared, 7, 3, "");
	for (size_t at = 0; at < 500; at += 3) /* three bytes a character */
		memcpy(name + at, "\xe2\x82\xac", 4);
	for (size_t i = 0; i < 2; i++) {
		pyro_async_each_begin(probe.async, &items[i], name);
		items[i].each.changed = true;
	}
	probe.async->items = calloc(2, sizeof(*probe.async->items));
	memcpy(probe.async->items, items, sizeof(items));
	probe.async->top = 2;
	while (pyro_queue_put(shared.queue, name, 8, NULL, 0))
		;
	pyro_async_each_tell(&probe, &shared);
	assert_false(probe.async->items[0].each.told);
	assert_true(probe.async->items[0].each.changed);
	while (pyro_queue_peek(messages.queue, &size))
		pyro_queue_drop(messages.queue);
	pyro_async_each_tell(&probe, &shared);
	assert_int_equal(shared.queue_lost, 0);
	message = pyro_queue_peek(messages.queue, &size);
	assert_non_null(message);
	assert_int_equal(message->kind, PYRO_MESSAGE_TASK_NOW);
	assert_int_equal(size - sizeof(*message), 255);
	/* It has ended: its place is free once that was told. */
	probe.async->items[1].ended_ns = 9;
	assert_false(pyro_async_each_end(&probe.async->items[1]));
	pyro_async_each_tell(&probe, &shared);
	assert_true(pyro_async_each_end(&probe.async->items[1]));
	unmake_async();
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
		CASE(each_task_is_told),
		CASE(nobody_asked_for_each),
		CASE(the_one_that_runs_is_told),
		CASE(the_one_that_blocks_is_told),
		CASE(since_when),
		CASE(no_room_to_tell),
		CASE(what_blocks_is_joined),
		CASE(names_are_bounded),
		CASE(only_what_is_proved_is_joined),
		CASE(samples_wait_for_their_look),
#undef CASE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
