/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/commands.h"
#include "cli/perf_map.h"
#include "cli/program.h"
#include "cli/recording.h"

#define HZ_MAX 1000

static int exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

int pyro_cmd_run(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_record_options options;
	struct pyro_record_result result;
	struct pyro_program program;
	const char *interpreter = getenv("PYROMETER_PYTHON");
	char own[PYRO_MAX_PATH];
	enum pyro_rc rc;

	if (!interpreter && pyro_program_environment(program_invocation_name, own, sizeof(own)))
		interpreter = own;
	rc = pyro_program_parse(args->operands, args->operand_count, interpreter, &program, err);
	if (rc)
		return pyro_rc_exit_status(rc);
	if (pyro_args_flag(args, "perf-map"))
		rc = pyro_perf_map_ask(err);
	pyro_recording_options(args, HZ_MAX, &options);
	options.argv = program.argv;
	options.name = program.name;
	if (!rc)
		rc = pyro_recording_make(args, &options, STDERR_FILENO, &result, err);
	pyro_program_deinit(&program);
	return rc ? pyro_rc_exit_status(rc) : exit_status(result.wait_status);
}
