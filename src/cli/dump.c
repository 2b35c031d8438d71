/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/pid.h"
#include "cli/show.h"
#include "record/moment.h"
#include "report/moment.h"

#define MAX_TEXT ((size_t)256 << 20)

static enum pyro_rc show(const struct pyro_args *args, const struct pyro_moment *moment,
			 struct pyro_err *err)
{
	struct pyro_report_look look;
	struct pyro_buf buf PYRO_CLEANUP(pyro_buf_deinit);
	enum pyro_rc rc;

	pyro_buf_init(&buf, MAX_TEXT);
	pyro_show_look(STDOUT_FILENO, &look);
	if (pyro_args_flag(args, "json"))
		rc = pyro_report_moment_json(moment, &buf);
	else
		rc = pyro_report_moment(moment, &look, &buf, err);
	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	return pyro_show_buf(&buf, stdout, err);
}

int pyro_cmd_dump(const struct pyro_args *args, struct pyro_err *err)
{
	const struct pyro_moment_wish wish = {.async = pyro_args_flag(args, "async")};
	struct pyro_moment *moment = NULL;
	int pid;
	enum pyro_rc rc = pyro_pid_read("dump", args->operands[0], &pid, err);

	if (!rc)
		rc = pyro_moment_take(pid, &wish, &moment, err);
	if (!rc)
		rc = show(args, moment, err);
	pyro_moment_destroy(moment);
	return pyro_rc_exit_status(rc);
}
