/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "cli/commands.h"
#include "cli/pid.h"
#include "cli/recording.h"

#define HZ_MAX 200

int pyro_cmd_attach(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_record_options options;
	struct pyro_record_result result;
	enum pyro_rc rc;

	pyro_recording_options(args, HZ_MAX, &options);
	rc = pyro_pid_read("attach", args->operands[0], &options.pid, err);
	if (rc)
		return pyro_rc_exit_status(rc);
	rc = pyro_recording_make(args, &options, STDOUT_FILENO, &result, err);
	return pyro_rc_exit_status(rc ? rc : result.trouble.rc);
}
