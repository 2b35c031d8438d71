/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_WRAP_H
#define PYRO_CLI_WRAP_H

#include <stddef.h>

#include "base/buf.h"

/** Adds @text (valid UTF-8), broken at blanks into lines of at most @width columns; a word that is
 *  wider stands alone. The first line begins at column @at, the others after @indent blanks. Empty
 *  lines separate paragraphs; a line that begins with a blank stays as it is. Ends without a
 *  newline. */
void pyro_wrap_add(struct pyro_buf *buf, const char *text, size_t at, size_t indent, size_t width);

/** Adds @count blanks. */
void pyro_wrap_blanks(struct pyro_buf *buf, size_t count);

#endif
