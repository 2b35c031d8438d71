/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/query.h"

#include "cli/answer.h"
#include "cli/commands.h"
#include "cli/terminal.h"

int pyro_cmd_query(const struct pyro_args *args, struct pyro_err *err)
{
	struct pyro_terminal terminal;
	struct pyro_answer answer;
	enum pyro_answer_format format = PYRO_ANSWER_TABLE;

	if (pyro_args_text(args, "format"))
		format = (enum pyro_answer_format)pyro_args_number(args, "format", 0);
	if (pyro_args_flag(args, "json"))
		format = PYRO_ANSWER_JSON;
	pyro_terminal_look(STDOUT_FILENO, &terminal);
	pyro_answer_init(&answer, stdout, format, terminal.tty ? terminal.width : 0,
			 terminal.unicode);
	struct pyro_query_sink sink = {pyro_answer_columns, pyro_answer_row, &answer};
	enum pyro_rc rc = pyro_capture_query(args->operands[0], args->operands[1], &sink, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_answer_end(&answer);
	pyro_answer_deinit(&answer);
	if (rc != PYRO_RC_OK && (!err || err->rc == PYRO_RC_OK))
		pyro_err_set(err, rc, "%s", pyro_rc_text(rc));
	return pyro_rc_exit_status(rc);
}
