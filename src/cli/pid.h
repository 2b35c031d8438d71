/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PID_H
#define PYRO_CLI_PID_H

#include "base/cleanup.h"
#include "base/err.h"

/** Reads @text as the process that @command is to look at. Errors: USAGE: no process id, or that of
 *  this pyrometer itself; one line that says where to find some. */
enum pyro_rc pyro_pid_read(const char *command, const char *text, int *ret_pid,
			   struct pyro_err *err) PYRO_NODISCARD;

#endif
