/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/thread.h"

static void burn(double seconds)
{
	struct timespec start, now;
	volatile unsigned sink = 0;

	(void)sink;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		for (int i = 0; i < 10000; i++)
			sink += (unsigned)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((double)(now.tv_sec - start.tv_sec) +
			 1e-9 * (double)(now.tv_nsec - start.tv_nsec) <
		 seconds);
}

static void test_reads_the_account_of_this_thread(void **state)
{
	struct pyro_thread_sched before, after;
	struct pyro_thread_stat stat;
	struct pyro_thread_now now;
	enum pyro_rc rc;

	(void)state;
	assert_int_equal(pyro_thread_stat_open((int)getpid(), (int)gettid(), &stat, NULL),
			 PYRO_RC_OK);
	rc = pyro_thread_stat_sched(&stat, &before);
	if (rc == PYRO_RC_UNSUPPORTED) {
		pyro_thread_stat_close(&stat);
		print_message("skipped: this kernel has no schedstat\n");
		skip();
	}
	assert_int_equal(rc, PYRO_RC_OK);
	burn(0.05);
	usleep(1000); /* off the processor, so that the account is up to date */
	assert_int_equal(pyro_thread_stat_sched(&stat, &after), PYRO_RC_OK);
	assert_true(after.run_ns - before.run_ns >= 45000000);
	assert_true(after.run_ns - before.run_ns < 500000000);
	assert_true(after.slices > before.slices);
	assert_int_equal(pyro_thread_stat_read(&stat, &now), PYRO_RC_OK);
	assert_int_equal(now.state, 'R');
	assert_in_range(now.cpu, 0, 100000);
	pyro_thread_stat_close(&stat);
	pyro_thread_stat_close(&stat);
}

static void test_open_files_notice_the_end(void **state)
{
	struct pyro_thread_sched sched;
	struct pyro_thread_stat stat;
	struct pyro_thread_now now;
	const pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_int_equal(pyro_thread_stat_open(pid, pid, &stat, NULL), PYRO_RC_OK);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	assert_int_equal(pyro_thread_stat_read(&stat, &now), PYRO_RC_OK);
	assert_int_equal(now.state, 'T');
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(pyro_thread_stat_read(&stat, &now), PYRO_RC_GONE);
	if (stat.sched_fd >= 0)
		assert_int_equal(pyro_thread_stat_sched(&stat, &sched), PYRO_RC_GONE);
	pyro_thread_stat_close(&stat);
	assert_int_equal(pyro_thread_stat_open(pid, pid, &stat, NULL), PYRO_RC_GONE);
}

static void test_parses_system_calls(void **state)
{
	static const char futex[] = "202 0x7f01 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc0 0x7f2233\n";
	struct pyro_thread_syscall call;

	(void)state;
	assert_true(pyro_thread_syscall_parse(futex, strlen(futex), &call));
	assert_int_equal(call.number, 202);
	assert_int_equal(call.args[0], 0x7f01);
	assert_int_equal(call.args[5], 0xffffffff);
	assert_int_equal(call.sp, 0x7ffc0);
	assert_int_equal(call.pc, 0x7f2233);
	assert_true(pyro_thread_syscall_parse("running\n", 8, &call));
	assert_int_equal(call.number, -2);
	assert_true(pyro_thread_syscall_parse("-1 0x7ffc0 0x7f2233\n", 20, &call));
	assert_int_equal(call.number, -1);
	assert_int_equal(call.sp, 0x7ffc0);
	for (size_t size = 0; size < strlen("202 0x7f01 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc0 0x");
	     size++)
		assert_false(pyro_thread_syscall_parse(futex, size, &call));
	assert_false(pyro_thread_syscall_parse("-2 0x0 0x0", 10, &call));
	assert_false(pyro_thread_syscall_parse("run", 3, &call));
}

static void test_sees_the_call_a_thread_waits_in(void **state)
{
	struct pyro_thread_syscall call;
	enum pyro_rc rc = PYRO_RC_OK;
	int fds[2], empty[2], fd;
	char c;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(empty), 0);
	const pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		_exit(read(empty[0], &c, 1) == 2); /* blocks */
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	assert_int_equal(pyro_thread_syscall_open(pid, pid, &fd, NULL), PYRO_RC_OK);
	for (int i = 0; i < 200; i++) {
		rc = pyro_thread_syscall_read(fd, &call);
		if (rc != PYRO_RC_OK || call.number == SYS_read)
			break;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* Nor is another thread with that number taken for it. */
	if (rc != PYRO_RC_PERM) {
		struct pyro_thread_syscall none;

		assert_int_equal(pyro_thread_syscall_read(fd, &none), PYRO_RC_GONE);
	}
	close(fd);
	close(fds[0]);
	close(fds[1]);
	close(empty[0]);
	close(empty[1]);
	if (rc == PYRO_RC_PERM) {
		print_message("skipped: system calls cannot be read here\n");
		skip();
	}
	assert_int_equal(rc, PYRO_RC_OK);
	assert_int_equal(call.number, SYS_read);
	assert_int_equal(call.args[0], empty[0]);
	assert_int_equal(call.args[2], 1);
}

static void test_parses_when_a_thread_last_ran(void **state)
{
	static const char good[] =
		"cat (4366, #threads: 1)\n-----\n"
		"se.exec_start                  :      65018820.624700\n"
		"se.vruntime                    :         28383.133676\n";
	static const char *const bad[] = {
		"",
		"se.exec_start : 1.000000\n", /* not at the beginning of a line */
		"\nse.exec_start :",
		"\nse.exec_start : 12",
		"\nse.exec_start : 12.",
		"\nse.exec_start : 12.5\n",
		"\nse.exec_start : -12.000000\n",
		"\nse.exec_start : 99999999999999999999.000000\n",
		"\nse.exec_start : 18446744073709551615.000000\n",
	};
	uint64_t ran_ns = 0;

	assert_true(pyro_thread_last_ran_parse(good, sizeof(good) - 1, &ran_ns));
	assert_int_equal(ran_ns, 65018820624700ull);
	for (size_t i = 0; i < PYRO_COUNT(bad); i++)
		assert_false(pyro_thread_last_ran_parse(bad[i], strlen(bad[i]), &ran_ns));
}

static void test_a_thread_that_sleeps_has_not_run(void **state)
{
	uint64_t first_ns, second_ns;
	enum pyro_rc rc;
	const int pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		rc = pyro_thread_last_ran(pid, pid, &first_ns);
		usleep(10000);
		if (!rc && pyro_thread_last_ran(pid, pid, &second_ns) == PYRO_RC_OK &&
		    second_ns == first_ns)
			break;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (rc == PYRO_RC_UNSUPPORTED) {
		print_message("skipped: this kernel does not say when a thread last ran\n");
		skip();
	}
	assert_int_equal(rc, PYRO_RC_OK);
	assert_int_equal(first_ns, second_ns);
	assert_int_equal(pyro_thread_last_ran(pid, pid, &first_ns), PYRO_RC_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_the_account_of_this_thread),
		cmocka_unit_test(test_open_files_notice_the_end),
		cmocka_unit_test(test_parses_system_calls),
		cmocka_unit_test(test_parses_when_a_thread_last_ran),
		cmocka_unit_test(test_a_thread_that_sleeps_has_not_run),
		cmocka_unit_test(test_sees_the_call_a_thread_waits_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
