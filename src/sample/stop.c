/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/process.h"

/* The end of a program that we started belongs to the thread that started it: it alone takes the
 * exit status. That of any other process must be taken here, or its own parent waits for ever. */
static enum pyro_rc leave(int tid)
{
	struct pyro_process_facts facts;

	if (pyro_process_facts(tid, &facts, NULL) || facts.parent != (int)getpid())
		waitpid(tid, NULL, __WALL | WNOHANG);
	return PYRO_RC_GONE;
}

/* Waits for the next stop or the end of @tid, which is left for whom it concerns. */
static bool wait_for_stop(int tid, int *ret_signal, int *ret_event)
{
	for (;;) {
		siginfo_t info = {.si_pid = 0};

		if (waitid(P_PID, (id_t)tid, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) != 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
			return false;
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)tid, &info, WSTOPPED | WNOHANG | __WALL) != 0)
			return false;
		if (!info.si_pid) /* killed in between */
			continue;
		*ret_signal = info.si_status & 0x7f;
		*ret_event = info.si_status >> 8;
		return true;
	}
}

enum pyro_rc pyro_stop_thread(int tid)
{
	int signal, event;

	/* A signal that arrives first stops the thread too, and before our interrupt does: it is
	 * handed on at once and the wait goes on. */
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return errno == ESRCH || pyro_process_gone(tid) ? PYRO_RC_GONE : PYRO_RC_PERM;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0)
		return leave(tid);
	while (wait_for_stop(tid, &signal, &event)) {
		if (event == PTRACE_EVENT_STOP)
			return PYRO_RC_OK;
		if (ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal) != 0)
			break;
	}
	return leave(tid);
}

void pyro_stop_release(int tid)
{
	if (ptrace(PTRACE_DETACH, tid, NULL, NULL) != 0)
		(void)leave(tid); /* killed meanwhile */
}
