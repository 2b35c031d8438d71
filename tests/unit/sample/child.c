/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "target/process.h"

/* It sleeps nowhere else. */
static void wait_until_it_waits(int pid)
{
	struct pyro_process_facts facts;

	for (int i = 0; i < 5000; i++) {
		assert_int_equal(pyro_process_facts(pid, &facts, NULL), PYRO_RC_OK);
		if (facts.state == 'S')
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	fail_msg("the child does not wait");
}

int child_start(void (*work)(void), int *ret_go)
{
	int go[2];
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			work();
		_exit(0);
	}
	close(go[0]);
	wait_until_it_waits(pid);
	*ret_go = go[1];
	return pid;
}

void child_go(int go)
{
	assert_int_equal(write(go, "", 1), 1);
	close(go);
}
