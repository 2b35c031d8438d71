/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sample/probe_parts.h"

#include "child.h"

#define LOOK_NS (10 * PYRO_NS_PER_MS)

static struct pyro_probe_thread thread;

static void enter(uint8_t in, uint8_t told, size_t looks)
{
	for (; looks; looks--)
		thread.ledger.entries[thread.ledger.count++] = (struct pyro_ledger_entry){
			.state = PYRO_SCHED_RUNNING, .cpu_ns = LOOK_NS, .part = {in, told}};
}

static size_t count(uint8_t in)
{
	size_t looks = 0;

	for (uint32_t i = 0; i < thread.ledger.count; i++)
		looks += thread.ledger.entries[i].part.in == in;
	return looks;
}

/* Without a word from the kernel, what Python called is native. */
static void what_is_called_is_native_or_the_systems(void **state)
{
	thread = (struct pyro_probe_thread){.number = 1};
	enter(PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 4);
	enter(PYRO_SAMPLE_IN_PYTHON, PYRO_SAMPLE_TOLD_PROC, 3);
	enter(PYRO_SAMPLE_IN_UNKNOWN, PYRO_SAMPLE_TOLD_NOT, 1);
	enter(PYRO_SAMPLE_IN_SYSTEM, PYRO_SAMPLE_TOLD_POINTER, 2);
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_CALL), 0);
	assert_int_equal(count(PYRO_SAMPLE_IN_UNKNOWN), 0);
	assert_int_equal(count(PYRO_SAMPLE_IN_NATIVE), 5);
	assert_int_equal(count(PYRO_SAMPLE_IN_PYTHON), 3);
	assert_int_equal(count(PYRO_SAMPLE_IN_SYSTEM), 2);
	/* Known to be the system's: it is not owed any more. */
	assert_int_equal(thread.system_owed, -2 * (int64_t)LOOK_NS);
}

static void add(uint32_t stack, uint8_t in, uint8_t told, size_t looks)
{
	const uint32_t before = thread.ledger.count;

	enter(in, told, looks);
	for (uint32_t i = before; i < thread.ledger.count; i++) {
		thread.ledger.entries[i].stack = stack;
		thread.ledger.entries[i].at_ns = i;
	}
}

/* What the program counter tells of one sample is likely for others of the same stack. */
static void samples_learn_from_others(void **state)
{
	static struct pyro_probe probe;

	pyro_probe_init(&probe, getpid(), 0, 0, 0, 100, 0);
	thread = (struct pyro_probe_thread){.probe = &probe};
	add(1, PYRO_SAMPLE_IN_SYSTEM, PYRO_SAMPLE_TOLD_POINTER, 10);
	add(2, PYRO_SAMPLE_IN_NATIVE, PYRO_SAMPLE_TOLD_POINTER, 10);
	add(3, PYRO_SAMPLE_IN_SYSTEM, PYRO_SAMPLE_TOLD_POINTER, 2);
	pyro_parts_settle(&thread);
	thread.ledger.count = 0;
	add(1, PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 20);
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_SYSTEM), 20);
	thread.ledger.count = 0;
	add(2, PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 20);
	add(3, PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 20); /* of that too little is known */
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_NATIVE), 40);
	/* Half of the one and half of the other. */
	thread.ledger.count = 0;
	add(1, PYRO_SAMPLE_IN_NATIVE, PYRO_SAMPLE_TOLD_POINTER, 10);
	pyro_parts_settle(&thread);
	thread.ledger.count = 0;
	add(1, PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 60);
	pyro_parts_settle(&thread);
	assert_in_range(count(PYRO_SAMPLE_IN_NATIVE), 15, 45);
	assert_int_equal(count(PYRO_SAMPLE_IN_NATIVE) + count(PYRO_SAMPLE_IN_SYSTEM), 60);
	pyro_probe_deinit(&probe);
}

static void read_zeros(void)
{
	static char zeros[1 << 20];
	const int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	const uint64_t end_ns = pyro_clock_thread_cpu() + 300 * PYRO_NS_PER_MS;

	while (pyro_clock_thread_cpu() < end_ns && read(fd, zeros, sizeof(zeros)) > 0)
		;
	raise(SIGSTOP);
}

/* The kernel's account of a thread that did little but system calls, against which its samples are
 * set: those it owes, and no more, go to the system. */
static void time_in_the_kernel_is_paid(void **state)
{
	const int64_t look_ns = (int64_t)LOOK_NS;
	struct pyro_sched *sched;
	uint64_t system_ns, looks;
	int go, status, pid = child_start(read_zeros, &go);

	assert_int_equal(pyro_sched_create(PYRO_SCHED_PROC, NULL, NULL, &sched, NULL), PYRO_RC_OK);
	child_go(go);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	thread = (struct pyro_probe_thread){.kernel = pyro_sched_thread(sched, pid, pid)};
	assert_non_null(thread.kernel);
	assert_int_equal(pyro_sched_system_ns(thread.kernel, &system_ns), PYRO_RC_OK);
	looks = system_ns / LOOK_NS;
	assert_in_range(looks, 10, 30);

	enter(PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 40);
	enter(PYRO_SAMPLE_IN_PYTHON, PYRO_SAMPLE_TOLD_PROC, 10);
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_SYSTEM), looks);
	assert_int_equal(count(PYRO_SAMPLE_IN_NATIVE), 40 - looks);
	assert_int_equal(count(PYRO_SAMPLE_IN_PYTHON), 10);
	assert_in_range(thread.system_owed + look_ns, 0, 2 * look_ns);

	/* Paid once: the next samples owe nothing. */
	thread.ledger.count = 0;
	enter(PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 40);
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_NATIVE), 40);

	/* What exceeds all calls by much was in the kernel for something else, as page faults. What
	 * the program counter tells stays. */
	thread.ledger.count = 0;
	thread.system_owed = 20 * look_ns;
	enter(PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 4);
	enter(PYRO_SAMPLE_IN_PYTHON, PYRO_SAMPLE_TOLD_POINTER, 20);
	enter(PYRO_SAMPLE_IN_PYTHON, PYRO_SAMPLE_TOLD_PROC, 20);
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_SYSTEM), 4 + 11);
	assert_int_equal(count(PYRO_SAMPLE_IN_PYTHON), 20 + 9);

	/* Time that was spent before does not count. */
	thread = (struct pyro_probe_thread){.kernel = thread.kernel};
	pyro_parts_begin(&thread);
	enter(PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC, 5);
	pyro_parts_settle(&thread);
	assert_int_equal(count(PYRO_SAMPLE_IN_NATIVE), 5);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pyro_sched_destroy(sched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_called_is_native_or_the_systems),
		cmocka_unit_test(samples_learn_from_others),
		cmocka_unit_test(time_in_the_kernel_is_paid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
