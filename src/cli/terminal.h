/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_TERMINAL_H
#define PYRO_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

/** What the other end of a stream can show. */
struct pyro_terminal {
	bool tty;
	bool colour;        /**< NO_COLOR and TERM=dumb forbid it, FORCE_COLOR brings it to pipes */
	bool unicode;       /**< else ASCII only: by LC_ALL, LC_CTYPE, LANG */
	unsigned int width; /**< columns; COLUMNS, else the terminal's, else 80 */
	unsigned int height; /**< lines; LINES, else the terminal's, else 0 for unknown */
};

/** Looks at descriptor @fd and the environment. Errors: none; what cannot be told has a default. */
void pyro_terminal_look(int fd, struct pyro_terminal *ret_terminal);

/** What a colour stands for. */
enum pyro_style {
	PYRO_STYLE_PLAIN, /**< ends the others */
	PYRO_STYLE_HEAD,  /**< headings and what names a thing */
	PYRO_STYLE_FAINT, /**< what matters less */
	PYRO_STYLE_GOOD,
	PYRO_STYLE_WARN,
	PYRO_STYLE_BAD,
};
/** The sequence to print, "" without colour. Static storage. */
const char *pyro_terminal_style(const struct pyro_terminal *terminal, enum pyro_style style);

/** Opens /dev/null, closed again on exec, in place of any standard stream that is closed, so that
 * no file of ours gets its number and the program we start still finds it closed. */
void pyro_terminal_guard_streams(void);
/** Writing into a closed pipe ends this process from now on, at once, quietly and with status 0:
 * who reads had enough. For commands that only print. */
void pyro_terminal_end_on_closed_pipe(void);
/** Writing into a closed pipe is an error from now on, no longer the end of this process. A program
 *  started afterwards inherits that unless its starter undoes it. */
void pyro_terminal_ignore_closed_pipes(void);
/** Writes out stdout. A closed pipe is no failure: the reader had enough. Errors: FULL, IO. */
enum pyro_rc pyro_terminal_flush(struct pyro_err *err) PYRO_NODISCARD;

#endif
