/* SPDX-License-Identifier: Apache-2.0 */
#include "record/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

static void reap(int pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Runs in the child: only what is safe after fork. */
static void __attribute__((noreturn))
become(char *const *argv, const sigset_t *mask, int go_fd, int fail_fd)
{
	char byte;
	ssize_t got;
	int errnum;

	do {
		got = read(go_fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(125);
	/* A write to a closed pipe is an error to us and a signal to the program. */
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	errnum = errno;
	if (write(fail_fd, &errnum, sizeof(errnum)) < 0)
		_exit(125);
	_exit(127);
}

enum pyro_rc pyro_launch_prepare(char *const *argv, const sigset_t *mask,
				 struct pyro_launch *ret_launch, struct pyro_err *err)
{
	int go[2], fail[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot make a pipe");
	if (pipe2(fail, O_CLOEXEC) != 0) {
		close(go[0]);
		close(go[1]);
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot make a pipe");
	}
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		close(fail[0]);
		become(argv, mask, go[0], fail[1]);
	}
	close(go[0]);
	close(fail[1]);
	if (pid < 0) {
		int errnum = errno;

		close(go[1]);
		close(fail[0]);
		return pyro_err_set_errno(err, PYRO_RC_IO, errnum, "cannot start a process");
	}
	*ret_launch = (struct pyro_launch){.pid = pid, .go_fd = go[1], .fail_fd = fail[0]};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_launch_go(struct pyro_launch *launch, const char *program, struct pyro_err *err)
{
	int errnum = 0;
	ssize_t got;

	if (write(launch->go_fd, "", 1) != 1)
		errnum = errno;
	close(launch->go_fd);
	launch->go_fd = -1;
	do {
		got = read(launch->fail_fd, &errnum, sizeof(errnum));
	} while (got < 0 && errno == EINTR);
	close(launch->fail_fd);
	launch->fail_fd = -1;
	if (!errnum)
		return PYRO_RC_OK;
	reap(launch->pid);
	if (errnum == ENOENT || errnum == ENOTDIR)
		return pyro_err_set(err, PYRO_RC_NOTARGET,
				    "cannot find the program '%s'. Try its full path", program);
	return pyro_err_set(err, PYRO_RC_CANNOTEXEC, "cannot execute '%s': %s", program,
			    strerror(errnum));
}

void pyro_launch_cancel(struct pyro_launch *launch)
{
	if (launch->go_fd >= 0)
		close(launch->go_fd);
	if (launch->fail_fd >= 0)
		close(launch->fail_fd);
	launch->go_fd = launch->fail_fd = -1;
	reap(launch->pid);
}
