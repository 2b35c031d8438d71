/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sample/pointer.h"

#include "child.h"

#define PERIOD_NS 1000000u
/* On a machine that others use, the child is seldom left alone from one look to the next. */
#define TRIES 4000

static struct pyro_pointer set_to(uint64_t slices)
{
	return (struct pyro_pointer){.slices = slices, .period_ns = PERIOD_NS};
}

/* The records of a thread decide, and nothing else. */
static void records_tell_where_it_struck(void **state)
{
	const struct pyro_sched_thread ran = {
		.slices = 8,
		.in_ns = 5000000,
		.out_ns = 5000000 + PERIOD_NS + 20000,
		.at_ns = 5000000 + PERIOD_NS + 500,
		.pc = 0x1234,
	};
	struct pyro_sched_thread kernel = ran;
	struct pyro_pointer pointer = set_to(7);
	uint64_t pc = 0;

	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_AT);
	assert_int_equal(pc, 0x1234);
	/* Of one look. */
	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_UNKNOWN);

	kernel.at_ns = kernel.in_ns - 1; /* of an earlier stretch */
	pointer = set_to(7);
	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_IN_CALL);

	kernel.out_ns = kernel.in_ns + PERIOD_NS; /* it had no time to strike */
	pointer = set_to(7);
	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_UNKNOWN);

	kernel = ran; /* it was away in between */
	pointer = set_to(6);
	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_UNKNOWN);

	kernel.stale = true;
	pointer = set_to(7);
	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_UNKNOWN);
}

static void without_records_there_is_no_clock(void **state)
{
	const struct pyro_sched_thread kernel = {.pid = getpid(), .tid = getpid()};
	struct pyro_pointer pointer = {.slices = 0};
	struct pyro_sched *sched;
	uint64_t pc;

	assert_int_equal(pyro_sched_create(PYRO_SCHED_PROC, NULL, NULL, &sched, NULL), PYRO_RC_OK);
	pyro_pointer_set(&pointer, sched, &kernel, pyro_clock_now() + PERIOD_NS);
	assert_true(pointer.refused);
	assert_int_equal(pyro_pointer_get(&pointer, &kernel, &pc), PYRO_POINTER_UNKNOWN);
	pyro_pointer_close(&pointer);
	pyro_sched_destroy(sched);
}

/* Switched to all the time, it has none; after a while of calm it has one again. */
static void who_switches_often_has_no_clock(void **state)
{
	struct pyro_sched_thread kernel = {.pid = getpid(), .tid = getpid()};
	struct pyro_pointer pointer = {.refused = true};

	for (int i = 0; i < 20; i++) {
		kernel.slices += 1000;
		pyro_pointer_set(&pointer, NULL, &kernel, 0);
	}
	assert_true(pointer.rests);
	for (int i = 0; i < 20; i++)
		pyro_pointer_set(&pointer, NULL, &kernel, 0);
	assert_false(pointer.rests);
}

static volatile uint64_t turns;

__attribute__((noinline)) static void turn(void)
{
	for (;;)
		turns++;
}

static void read_zeros(void)
{
	static char zeros[1 << 20];
	const int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	/* Not by a function that a sanitizer looks at what was read in. */
	while (syscall(SYS_read, fd, zeros, sizeof(zeros)) > 0)
		;
}

/* Sits down in front of a child as the sampler does, until its clock has told. */
static enum pyro_pointer_is look_at(void (*work)(void), uint64_t *ret_pc)
{
	enum pyro_pointer_is is = PYRO_POINTER_UNKNOWN;
	struct pyro_pointer pointer = {.slices = 0};
	struct pyro_sched_thread *kernel;
	struct pyro_sched *sched;
	struct pyro_err err = {0};
	cpu_set_t before, seat;
	int go, pid;

	if (pyro_sched_create(PYRO_SCHED_RINGS, NULL, NULL, &sched, &err)) {
		print_message("skipped: %s\n", err.message);
		skip();
	}
	sched_getaffinity(0, sizeof(before), &before);
	CPU_ZERO(&seat);
	CPU_SET(sched_getcpu(), &seat);
	sched_setaffinity(0, sizeof(seat), &seat); /* the child's too */
	pid = child_start(work, &go);
	assert_int_equal(pyro_sched_follow_new(sched, pid, NULL), PYRO_RC_OK);
	child_go(go);
	for (int i = 0; i < TRIES && is == PYRO_POINTER_UNKNOWN; i++) {
		const uint64_t due_ns = pyro_clock_now() + PERIOD_NS;

		pyro_sched_update(sched);
		kernel = pyro_sched_thread(sched, pid, pid);
		if (kernel && kernel->state == PYRO_SCHED_READY)
			pyro_pointer_set(&pointer, sched, kernel, due_ns);
		pyro_clock_sleep_until(due_ns);
		pyro_sched_update(sched);
		if (kernel)
			is = pyro_pointer_get(&pointer, kernel, ret_pc);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sched_setaffinity(0, sizeof(before), &before);
	pyro_pointer_close(&pointer);
	pyro_sched_destroy(sched);
	return is;
}

static void code_of_its_own_is_told_from_calls(void **state)
{
	const uint64_t code = (uint64_t)(uintptr_t)turn;
	size_t inside = 0, calls = 0;
	uint64_t pc = 0;

	for (int i = 0; i < 9; i++) {
		inside += look_at(turn, &pc) == PYRO_POINTER_AT && pc >= code && pc < code + 256;
		calls += look_at(read_zeros, &pc) == PYRO_POINTER_IN_CALL;
	}
	/* An interrupt may hide the one, and the way there and back may be met of the other. */
	assert_true(inside >= 5);
	assert_true(calls >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_tell_where_it_struck),
		cmocka_unit_test(without_records_there_is_no_clock),
		cmocka_unit_test(who_switches_often_has_no_clock),
		cmocka_unit_test(code_of_its_own_is_told_from_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
