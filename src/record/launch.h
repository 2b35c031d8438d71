/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_LAUNCH_H
#define PYRO_RECORD_LAUNCH_H

#include <signal.h>

#include "base/cleanup.h"
#include "base/err.h"

/** A program about to start: forked, waiting for the word to execute. */
struct pyro_launch {
	int pid;
	int go_fd;   /**< closing it ends the child, a byte lets it go */
	int fail_fd; /**< yields an errno if the program cannot be executed */
};

/** Forks. The child has our streams, directory and environment, and signal mask @mask. */
enum pyro_rc pyro_launch_prepare(char *const *argv, const sigset_t *mask,
				 struct pyro_launch *ret_launch,
				 struct pyro_err *err) PYRO_NODISCARD;
/** Lets it execute its program. Errors: NOTARGET, CANNOTEXEC; the child is then reaped. */
enum pyro_rc pyro_launch_go(struct pyro_launch *launch, const char *program,
			    struct pyro_err *err) PYRO_NODISCARD;
/** Ends a child that was not let go, and reaps it. */
void pyro_launch_cancel(struct pyro_launch *launch);

#endif
