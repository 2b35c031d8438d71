/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sample/rings.h"

#include "child.h"

#define EVENTS 65536

struct seen {
	struct pyro_ring_event events[EVENTS];
	size_t count;
	uint64_t lost;
};

static struct seen seen;

static void on_event(void *context, const struct pyro_ring_event *event)
{
	if (event->kind == PYRO_RING_LOST)
		seen.lost += event->lost;
	if (seen.count < EVENTS)
		seen.events[seen.count++] = *event;
}

static struct pyro_rings *make(void)
{
	struct pyro_rings *rings;
	struct pyro_err err = {0};

	seen.count = 0;
	seen.lost = 0;
	if (pyro_rings_create(&rings, &err)) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	return rings;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void drain_until_ended(struct pyro_rings *rings, int pid)
{
	while (waitpid(pid, NULL, WNOHANG) != pid) {
		pyro_rings_drain(rings, on_event, NULL);
		nap(1);
	}
	pyro_rings_drain(rings, on_event, NULL);
}

static size_t count(enum pyro_ring_event_kind kind, int pid, int tid)
{
	size_t number = 0;

	for (size_t i = 0; i < seen.count; i++)
		number += seen.events[i].kind == kind && (!pid || seen.events[i].pid == pid) &&
			  (!tid || seen.events[i].tid == tid);
	return number;
}

static const struct pyro_ring_event *first(enum pyro_ring_event_kind kind)
{
	for (size_t i = 0; i < seen.count; i++) {
		if (seen.events[i].kind == kind)
			return &seen.events[i];
	}
	return NULL;
}

static void *brief(void *context)
{
	nap(5);
	return NULL;
}

static void have_family(void)
{
	pthread_t thread;
	pid_t pid;

	pthread_create(&thread, NULL, brief, NULL);
	pthread_join(thread, NULL);
	pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void tells_of_every_life(void **state)
{
	struct pyro_rings *rings = make();
	const struct pyro_ring_event *exec;
	const uint64_t start_ns = pyro_clock_now();
	int go, pid = child_start(have_family, &go);
	int thread = 0, child = 0;

	assert_int_equal(pyro_rings_follow(rings, pid, true, NULL), PYRO_RC_OK);
	child_go(go);
	drain_until_ended(rings, pid);
	assert_true(pyro_rings_quiet(rings));
	for (size_t i = 0; i < seen.count; i++) {
		const struct pyro_ring_event *event = &seen.events[i];

		assert_in_range(event->at_ns, start_ns, pyro_clock_now());
		if (event->kind != PYRO_RING_FORK)
			continue;
		assert_int_equal(event->parent, pid);
		assert_int_equal(event->parent_tid, pid);
		if (event->pid == pid)
			thread = event->tid;
		else
			child = event->pid;
	}
	assert_int_equal(count(PYRO_RING_FORK, 0, 0), 2);
	assert_true(thread && child);
	exec = first(PYRO_RING_EXEC);
	assert_int_equal(count(PYRO_RING_EXEC, 0, 0), 1);
	assert_int_equal(exec->pid, child);
	assert_int_equal(count(PYRO_RING_EXIT, 0, 0), 3);
	assert_int_equal(count(PYRO_RING_EXIT, pid, pid), 1);
	assert_int_equal(count(PYRO_RING_EXIT, pid, thread), 1);
	assert_int_equal(count(PYRO_RING_EXIT, child, child), 1);
	assert_true(count(PYRO_RING_IN, pid, thread) > 0);
	assert_true(count(PYRO_RING_IN, child, child) > 0);
	pyro_rings_destroy(rings);
}

static void sleep_often(void)
{
	for (int i = 0; i < 20; i++)
		nap(1);
}

static int by_time(const void *a, const void *b)
{
	const struct pyro_ring_event *left = a, *right = b;

	return left->at_ns < right->at_ns ? -1 : left->at_ns > right->at_ns;
}

/* A thread gets a processor and leaves it, in turn, on whatever processors that is. */
static void ins_and_outs_take_turns(void **state)
{
	struct pyro_rings *rings = make();
	int go, pid = child_start(sleep_often, &go);
	bool inside = false;
	size_t sleeps = 0;

	/* What comes first is that it gets a processor. */
	assert_int_equal(pyro_rings_follow(rings, pid, false, NULL), PYRO_RC_OK);
	child_go(go);
	drain_until_ended(rings, pid);
	qsort(seen.events, seen.count, sizeof(seen.events[0]), by_time);
	for (size_t i = 0; i < seen.count; i++) {
		const struct pyro_ring_event *event = &seen.events[i];

		if (event->kind == PYRO_RING_IN) {
			assert_false(inside);
			inside = true;
		} else if (event->kind == PYRO_RING_OUT) {
			assert_true(inside);
			inside = false;
			sleeps += !event->preempted;
		}
	}
	assert_true(sleeps >= 20);
	assert_int_equal(seen.lost, 0);
	pyro_rings_destroy(rings);
}

static void without_inheritance_there_is_one_thread(void **state)
{
	struct pyro_rings *rings = make();
	int go, pid = child_start(have_family, &go);

	assert_int_equal(pyro_rings_follow(rings, pid, false, NULL), PYRO_RC_OK);
	child_go(go);
	drain_until_ended(rings, pid);
	assert_int_equal(count(PYRO_RING_IN, 0, 0), count(PYRO_RING_IN, pid, pid));
	assert_true(count(PYRO_RING_IN, pid, pid) > 0);
	assert_int_equal(count(PYRO_RING_EXEC, 0, 0), 0);
	pyro_rings_destroy(rings);
}

/* Hands a byte to and fro: two switches each time at least. */
static void ping_pong(void)
{
	int there[2], back[2];
	char byte = 0;
	pid_t pid;

	if (pipe(there) || pipe(back))
		_exit(1);
	pid = fork();
	for (int i = 0; i < 6000; i++) {
		if (pid == 0 && (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1))
			break;
		if (pid > 0 && (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1))
			break;
	}
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

/* Nobody drains: the rings fill, and what they had no room for is told with the next record that
 * the kernel has for that processor. How many switches there are is the scheduler's choice. */
static void what_is_lost_is_told(void **state)
{
	struct pyro_rings *rings = make();

	for (int i = 0; i < 20 && !seen.lost; i++) {
		int go, pid = child_start(ping_pong, &go);

		assert_int_equal(pyro_rings_follow(rings, pid, true, NULL), PYRO_RC_OK);
		child_go(go);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_false(pyro_rings_quiet(rings));
		seen.count = 0;
		pyro_rings_drain(rings, on_event, NULL);
		assert_true(seen.count > 0);
	}
	assert_true(seen.lost > 0);
	pyro_rings_destroy(rings);
}

static void who_has_ended_is_gone(void **state)
{
	struct pyro_rings *rings = make();
	struct pyro_err err = {0};
	int go, pid = child_start(sleep_often, &go);

	close(go);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(pyro_rings_follow(rings, pid, true, &err), PYRO_RC_GONE);
	assert_true(err.message[0]);
	/* No ring was made: nothing to drain, and nothing new. */
	assert_true(pyro_rings_quiet(rings));
	pyro_rings_drain(rings, on_event, NULL);
	assert_int_equal(seen.count, 0);
	pyro_rings_destroy(rings);
	pyro_rings_destroy(NULL);
}

static volatile uint64_t turns;

/* Without a call: whatever its clock strikes in is here. */
__attribute__((noinline)) static void turn(void)
{
	for (uint64_t i = 0; i < 100000000; i++)
		turns += i;
}

/* It strikes while the thread runs code of its own, and says where that is. */
static void a_clock_tells_where_a_thread_is(void **state)
{
	struct pyro_rings *rings = make();
	const uint64_t code = (uint64_t)(uintptr_t)turn;
	int go, pid = child_start(turn, &go);
	int clock, clocks[64];
	size_t opened = 0, inside = 0, struck = 0;

	assert_int_equal(pyro_rings_clock_open(rings, pid, 0, &clock), PYRO_RC_NOTREADY);
	assert_int_equal(pyro_rings_follow(rings, pid, false, NULL), PYRO_RC_OK);
	for (int cpu = 0; cpu < 64; cpu++) {
		if (pyro_rings_clock_open(rings, pid, cpu, &clock) != PYRO_RC_OK)
			continue;
		assert_true(pyro_ring_clock_set(clock, 1000000));
		clocks[opened++] = clock;
	}
	assert_true(opened > 0);
	child_go(go);
	drain_until_ended(rings, pid);
	for (size_t i = 0; i < seen.count; i++) {
		if (seen.events[i].kind != PYRO_RING_AT)
			continue;
		assert_int_equal(seen.events[i].tid, pid);
		struck++;
		inside += seen.events[i].pc >= code && seen.events[i].pc < code + 256;
	}
	assert_true(struck > 5);
	assert_true(inside > struck / 2);
	for (size_t i = 0; i < opened; i++)
		close(clocks[i]);
	pyro_rings_destroy(rings);
}

static void a_clock_that_is_stopped_does_not_strike(void **state)
{
	struct pyro_rings *rings = make();
	int go, pid = child_start(turn, &go);
	int clock;

	assert_int_equal(pyro_rings_follow(rings, pid, false, NULL), PYRO_RC_OK);
	for (int cpu = 0; cpu < 64; cpu++) {
		if (pyro_rings_clock_open(rings, pid, cpu, &clock) != PYRO_RC_OK)
			continue;
		assert_true(pyro_ring_clock_set(clock, 1000000));
		pyro_ring_clock_run(clock, false); /* left open: it ends with the process */
	}
	child_go(go);
	drain_until_ended(rings, pid);
	assert_int_equal(count(PYRO_RING_AT, 0, 0), 0);
	pyro_rings_destroy(rings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_of_every_life),
		cmocka_unit_test(ins_and_outs_take_turns),
		cmocka_unit_test(without_inheritance_there_is_one_thread),
		cmocka_unit_test(what_is_lost_is_told),
		cmocka_unit_test(who_has_ended_is_gone),
		cmocka_unit_test(a_clock_tells_where_a_thread_is),
		cmocka_unit_test(a_clock_that_is_stopped_does_not_strike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
