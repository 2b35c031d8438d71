/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"

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
	*ret_go = go[1];
	return pid;
}

void child_go(int go)
{
	assert_int_equal(write(go, "", 1), 1);
	close(go);
}
