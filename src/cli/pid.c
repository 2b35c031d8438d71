/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pid.h"

#include <unistd.h>

#define MAX_PID (1 << 22) /* of Linux */

enum pyro_rc pyro_pid_read(const char *command, const char *text, int *ret_pid,
			   struct pyro_err *err)
{
	int pid = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || pid > MAX_PID)
			return pyro_err_set(err, PYRO_RC_USAGE,
					    "%s: %.64s is not a process id. Try: pyrometer "
					    "doctor, which lists the Python processes",
					    command, text);
		pid = pid * 10 + (*c - '0');
	}
	if (pid == 0 || pid > MAX_PID)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "%s: there is no process %.64s. Try: pyrometer doctor, "
				    "which lists the Python processes",
				    command, *text ? text : "\"\"");
	if (pid == getpid())
		return pyro_err_set(err, PYRO_RC_USAGE, "%s: %s is this pyrometer itself", command,
				    text);
	*ret_pid = pid;
	return PYRO_RC_OK;
}
