/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/stop.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum pyro_rc pyro_stop_thread(int tid)
{
	/* A signal that arrives first stops the thread too, and before our interrupt does: it is
	 * handed on at once and the wait goes on. */
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return errno == ESRCH ? PYRO_RC_GONE : PYRO_RC_PERM;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0)
		return PYRO_RC_GONE;
	for (;;) {
		int status, signal;

		if (waitpid(tid, &status, __WALL) != tid) {
			if (errno == EINTR)
				continue;
			return PYRO_RC_GONE;
		}
		if (!WIFSTOPPED(status))
			return PYRO_RC_GONE;
		if (status >> 16 == PTRACE_EVENT_STOP)
			return PYRO_RC_OK;
		signal = WSTOPSIG(status);
		if (ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal) != 0)
			return PYRO_RC_GONE;
	}
}

void pyro_stop_release(int tid)
{
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}
