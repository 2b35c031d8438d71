/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_SHOW_H
#define PYRO_CLI_SHOW_H

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "report/look.h"

/* What commands share that show things. */

/** What a report may use at descriptor @fd: cli/terminal.h in the words of report/. */
void pyro_show_look(int fd, struct pyro_report_look *ret_look);
/** Writes the buffer. Errors: NOMEM if it is not whole. A stream that cannot be written is left for
 *  pyro_terminal_flush(). */
enum pyro_rc pyro_show_buf(const struct pyro_buf *buf, FILE *stream,
			   struct pyro_err *err) PYRO_NODISCARD;
/** Adds @word as a shell takes it, quoted where it must be; control characters are escaped. */
void pyro_show_shell_word(struct pyro_buf *buf, const char *word);

#endif
