/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "sample/stop.h"
#include "target/process.h"

struct shared {
	volatile uint64_t count;
	volatile int signals;
};

static struct shared *shared;

static void on_signal(int number)
{
	shared->signals++;
}

static int start_counter(void)
{
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_true(shared != MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGUSR1, on_signal);
		for (;;)
			shared->count++;
	}
	while (!shared->count)
		usleep(1000);
	return pid;
}

static void end(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(shared, sizeof(*shared));
}

static void stands_still_and_goes_on(void **state)
{
	const int pid = start_counter();
	uint64_t count;

	for (int i = 0; i < 50; i++) {
		assert_int_equal(pyro_stop_thread(pid), PYRO_RC_OK);
		count = shared->count;
		usleep(200);
		assert_true(shared->count == count);
		pyro_stop_release(pid);
		for (int wait = 0; shared->count == count && wait < 2000; wait++)
			usleep(1000);
		assert_true(shared->count != count);
	}
	end(pid);
}

/* Signals that arrive while we stop and go must all be delivered. */
static void loses_no_signal(void **state)
{
	const int pid = start_counter();
	int sent = 0;

	for (int i = 0; i < 200; i++) {
		const int before = shared->signals;

		kill(pid, SIGUSR1);
		sent++;
		assert_int_equal(pyro_stop_thread(pid), PYRO_RC_OK);
		pyro_stop_release(pid);
		for (int wait = 0; shared->signals == before && wait < 2000; wait++)
			usleep(100);
	}
	assert_int_equal(shared->signals, sent);
	end(pid);
}

static void says_that_it_is_gone(void **state)
{
	const int pid = start_counter();

	end(pid);
	assert_int_equal(pyro_stop_thread(pid), PYRO_RC_GONE);
}

/* Whoever started the program is told how it ended, even when it ends while it is stopped. */
static void leaves_the_exit_status(void **state)
{
	const int pid = start_counter();
	int status = 0;

	assert_int_equal(pyro_stop_thread(pid), PYRO_RC_OK);
	kill(pid, SIGKILL);
	while (!pyro_process_gone(pid))
		usleep(1000);
	pyro_stop_release(pid);
	assert_int_equal(pyro_stop_thread(pid), PYRO_RC_GONE);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stands_still_and_goes_on),
		cmocka_unit_test(loses_no_signal),
		cmocka_unit_test(says_that_it_is_gone),
		cmocka_unit_test(leaves_the_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
