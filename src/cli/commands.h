/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_COMMANDS_H
#define PYRO_CLI_COMMANDS_H

#include "base/err.h"
#include "cli/options.h"

/** A command line worth knowing and what it is for. A list ends with a row without one. */
struct pyro_example {
	const char *line;
	const char *why;
};

/** A command: all that --help, man pages, completion and the parser know of it. A new command is a
 *  file src/cli/NAME.c with its entry function, and a row in commands.c. */
struct pyro_command {
	const char *name;
	const char *summary;     /**< one line, lower case, no full stop */
	const char *synopsis[5]; /**< what follows "pyrometer NAME ", one form each */
	/** Paragraphs, separated by empty lines; lines that begin with blanks stay as they are. */
	const char *description;
	struct pyro_option_rules rules;
	const struct pyro_example *examples;
	/** Whether it may be ended by a closed pipe at any time. False where it looks after a
	 *  program of somebody else's and must see that through. */
	bool ends_with_pipe;
	/** Does the command. Writes data to stdout and words to stderr (cli/terminal.h); main()
	 *  flushes and checks stdout afterwards. Returns the exit status. On failure fills @err and
	 *  returns pyro_rc_exit_status() of its code, and main() prints the message; it prints
	 *  nothing when @err was left alone. */
	int (*run)(const struct pyro_args *args, struct pyro_err *err);
};

/** All commands in the order of help; the list ends with a row without a name. */
extern const struct pyro_command pyro_commands[];

/** NULL if there is none of that name. */
const struct pyro_command *pyro_command_find(const char *name);
/** Fills @err for a name that is no command; suggests the nearest. Returns PYRO_RC_USAGE. */
enum pyro_rc pyro_command_unknown(const char *name, struct pyro_err *err);

int pyro_cmd_run(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_attach(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_dump(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_top(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_report(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_view(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_convert(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_query(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_doctor(const struct pyro_args *args, struct pyro_err *err);
int pyro_cmd_help(const struct pyro_args *args, struct pyro_err *err);

#endif
