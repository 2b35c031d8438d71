/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "cli/help.h"

#define MAX_PAGE (1 << 20)

static void add_page(struct pyro_buf *buf, const struct pyro_args *args,
		     const struct pyro_command *command)
{
	const struct pyro_option_value *shell = pyro_args_value(args, "completion");
	struct pyro_terminal terminal;

	pyro_terminal_look(STDOUT_FILENO, &terminal);
	if (shell && shell->number == 0)
		pyro_completion_bash(buf);
	else if (shell && shell->number == 1)
		pyro_completion_zsh(buf);
	else if (shell)
		pyro_completion_fish(buf);
	else if (pyro_args_flag(args, "man") && command)
		pyro_man_command(buf, command);
	else if (pyro_args_flag(args, "man"))
		pyro_man_all(buf);
	else if (command)
		pyro_help_command(buf, &terminal, command);
	else
		pyro_help_all(buf, &terminal);
}

int pyro_cmd_help(const struct pyro_args *args, struct pyro_err *err)
{
	const struct pyro_command *command = NULL;
	struct pyro_buf buf;
	enum pyro_rc rc;

	if (args->operand_count > 0) {
		command = pyro_command_find(args->operands[0]);
		if (!command)
			return pyro_rc_exit_status(pyro_command_unknown(args->operands[0], err));
	}
	pyro_buf_init(&buf, MAX_PAGE);
	add_page(&buf, args, command);
	rc = pyro_buf_status(&buf);
	if (rc)
		pyro_err_set(err, rc, "out of memory");
	else
		fwrite(buf.data, 1, buf.size, stdout);
	pyro_buf_deinit(&buf);
	return pyro_rc_exit_status(rc);
}
