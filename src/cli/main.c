/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/terminal.h"

static void print_error(const struct pyro_err *err)
{
	struct pyro_buf line;

	if (!err->message[0])
		return;
	/* The message may quote what was typed or what a file holds. */
	pyro_buf_init(&line, PYRO_ERR_MESSAGE_SIZE * 10);
	pyro_escape_terminal(&line, err->message, strlen(err->message));
	fprintf(stderr, "pyrometer: %s\n", line.data ? line.data : err->message);
	pyro_buf_deinit(&line);
}

static int fail(struct pyro_err *err)
{
	print_error(err);
	return pyro_rc_exit_status(err->rc);
}

static int finish(int status, struct pyro_err *err)
{
	if (status != 0)
		print_error(err);
	err->message[0] = '\0';
	if (pyro_terminal_flush(err) == PYRO_RC_OK)
		return status;
	print_error(err);
	return status ? status : pyro_rc_exit_status(err->rc);
}

static int run_command(const struct pyro_command *command, int argc, char **argv)
{
	struct pyro_err err = {.rc = PYRO_RC_OK};
	struct pyro_args args;
	int status;

	if (command->ends_with_pipe)
		pyro_terminal_end_on_closed_pipe();
	if (pyro_args_parse(command->name, &command->rules, argc, argv, &args, &err)) {
		pyro_args_deinit(&args);
		return fail(&err);
	}
	if (args.help) {
		/* "pyrometer COMMAND --help" is "pyrometer help COMMAND". */
		args.operands[0] = command->name;
		args.operand_count = 1;
		command = pyro_command_find("help");
		args.options = command->rules.options;
		memset(args.values, 0, sizeof(args.values));
	}
	status = command->run(&args, &err);
	pyro_args_deinit(&args);
	return finish(status, &err);
}

int main(int argc, char **argv)
{
	const struct pyro_command *command;
	struct pyro_err err = {.rc = PYRO_RC_OK};
	char *no_arguments[] = {NULL};

	pyro_terminal_guard_streams();
	if (getenv("PYROMETER_DEBUG"))
		pyro_log_set_level(PYRO_LOG_DEBUG);
	if (argc < 2) {
		pyro_err_set(&err, PYRO_RC_USAGE,
			     "no command given. Try: pyrometer run SCRIPT, or pyrometer --help");
		return fail(&err);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		pyro_terminal_end_on_closed_pipe();
		puts("pyrometer " PYRO_VERSION);
		return finish(0, &err);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return run_command(pyro_command_find("help"), 0, no_arguments);
	if (argv[1][0] == '-') {
		pyro_err_set(&err, PYRO_RC_USAGE,
			     "options go after the command: %.64s. Try: pyrometer run %.64s SCRIPT",
			     argv[1], argv[1]);
		return fail(&err);
	}
	command = pyro_command_find(argv[1]);
	if (!command) {
		pyro_command_unknown(argv[1], &err);
		return fail(&err);
	}
	return run_command(command, argc - 2, argv + 2);
}
