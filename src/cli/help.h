/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_HELP_H
#define PYRO_CLI_HELP_H

#include "base/buf.h"
#include "cli/commands.h"
#include "cli/terminal.h"

/* What the table of commands says, in its several forms. All add to @buf; check its status. */

/** "pyrometer --help". */
void pyro_help_all(struct pyro_buf *buf, const struct pyro_terminal *terminal);
/** "pyrometer COMMAND --help". */
void pyro_help_command(struct pyro_buf *buf, const struct pyro_terminal *terminal,
		       const struct pyro_command *command);

/** Manual pages in man(7) macros: pyrometer(1), and pyrometer-COMMAND(1). */
void pyro_man_all(struct pyro_buf *buf);
void pyro_man_command(struct pyro_buf *buf, const struct pyro_command *command);

/** Completion scripts; each is complete and stands alone. */
void pyro_completion_bash(struct pyro_buf *buf);
void pyro_completion_zsh(struct pyro_buf *buf);
void pyro_completion_fish(struct pyro_buf *buf);

/** The exit statuses and environment variables, common to all commands. Ends without a name. */
struct pyro_help_term {
	const char *name;
	const char *text;
};
extern const struct pyro_help_term pyro_help_statuses[];
extern const struct pyro_help_term pyro_help_environment[];
/** What Pyrometer is, in a sentence or two. */
extern const char pyro_help_about[];

#endif
