/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_ESCAPE_H
#define PYRO_BASE_ESCAPE_H

#include <stddef.h>

#include "base/buf.h"

/* Names come from targets and files and may hold anything. They are kept as they are and escaped
 * where they are shown, by the rule of that place. Invalid UTF-8 becomes U+FFFD everywhere. */

/** For a terminal: C0, DEL, C1, bidi controls and line separators become \n, \xNN or \u{NNNN}. */
void pyro_escape_terminal(struct pyro_buf *buf, const char *text, size_t size);
/** For text and attributes of HTML and XML: & < > " ' and C0 (as U+FFFD). */
void pyro_escape_html(struct pyro_buf *buf, const char *text, size_t size);
/** The inside of a JSON string (no quotes added). Safe inside a script: "</" comes out as "<\/" and
 *  the "<" of "<!" as \u003c. */
void pyro_escape_json(struct pyro_buf *buf, const char *text, size_t size);
/** Columns that valid UTF-8 text takes on a terminal (wide and combining characters counted). */
size_t pyro_escape_columns(const char *text, size_t size);

#endif
