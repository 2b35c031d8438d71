/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/recording.h"

#define HZ_MAX  200
#define MAX_PID (1 << 22) /* of Linux */

static enum pyro_rc parse_pid(const char *text, int *ret_pid, struct pyro_err *err)
{
	int pid = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || pid > MAX_PID)
			return pyro_err_set(err, PYRO_RC_USAGE,
					    "attach: %.64s is not a process id. Try: pyrometer "
					    "doctor, which lists the Python processes",
					    text);
		pid = pid * 10 + (*c - '0');
	}
	if (pid == 0 || pid > MAX_PID)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "attach: there is no process %.64s. Try: pyrometer doctor, "
				    "which lists the Python processes",
				    *text ? text : "\"\"");
	if (pid == getpid())
		return pyro_err_set(err, PYRO_RC_USAGE, "attach: %s is this pyrometer itself",
				    text);
	*ret_pid = pid;
	return PYRO_RC_OK;
}

int pyro_cmd_attach(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_record_options options;
	struct pyro_record_result result;
	enum pyro_rc rc;

	pyro_recording_options(args, HZ_MAX, &options);
	rc = parse_pid(args->operands[0], &options.pid, err);
	if (rc)
		return pyro_rc_exit_status(rc);
	rc = pyro_recording_make(args, &options, STDOUT_FILENO, &result, err);
	return pyro_rc_exit_status(rc ? rc : result.trouble.rc);
}
