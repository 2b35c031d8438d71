/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/pid.h"
#include "cli/show.h"
#include "record/moment.h"
#include "record/moment_core.h"
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

static enum pyro_rc take(const struct pyro_args *args, struct pyro_moment **ret_moment,
			 struct pyro_err *err)
{
	const struct pyro_moment_options options = {
		.locals = pyro_args_flag(args, "locals"),
		.async = pyro_args_flag(args, "async"),
		.native = pyro_args_flag(args, "native"),
		.no_stop = pyro_args_flag(args, "no-stop"),
	};
	const char *core = pyro_args_text(args, "core");
	const struct pyro_core_places places = {pyro_args_text(args, "exe"),
						pyro_args_text(args, "root")};
	enum pyro_rc rc;
	int pid;

	if (core && args->operand_count)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "dump: a process or a core, not both. Try: pyrometer dump "
				    "--core FILE");
	if (core)
		return pyro_moment_take_core(core, &places, &options, ret_moment, err);
	if (places.exe || places.root)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "dump: --exe and --root go with --core. Try: pyrometer help "
				    "dump");
	if (!args->operand_count)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "dump needs PID, or --core FILE. Try: pyrometer help dump");
	rc = pyro_pid_read("dump", args->operands[0], &pid, err);
	return rc ? rc : pyro_moment_take(pid, &options, ret_moment, err);
}

int pyro_cmd_dump(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_moment *moment = NULL;
	enum pyro_rc rc = take(args, &moment, err);

	if (!rc)
		rc = show(args, moment, err);
	pyro_moment_destroy(moment);
	return pyro_rc_exit_status(rc);
}
