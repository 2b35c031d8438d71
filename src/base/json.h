/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_JSON_H
#define PYRO_BASE_JSON_H

#include "base/buf.h"

/* Writing JSON to the end of a buffer. Every value takes the name of its member, or NULL in an
 * array and at the top of an empty buffer; commas come by themselves, by what stands before. */

/** An object or array: @bracket is '{' or '['. */
void pyro_json_open(struct pyro_buf *buf, const char *name, char bracket);
/** Its end: '}' or ']'. */
void pyro_json_close(struct pyro_buf *buf, char bracket);
/** What follows starts on a line of its own. */
void pyro_json_line(struct pyro_buf *buf);
/** A value that the caller writes follows. */
void pyro_json_key(struct pyro_buf *buf, const char *name);
/** @value is any bytes; NULL is null. */
void pyro_json_text(struct pyro_buf *buf, const char *name, const char *value);
/** The same of @size bytes. */
void pyro_json_bytes(struct pyro_buf *buf, const char *name, const char *value, size_t size);
void pyro_json_null(struct pyro_buf *buf, const char *name);
void pyro_json_number(struct pyro_buf *buf, const char *name, uint64_t value);
void pyro_json_signed(struct pyro_buf *buf, const char *name, int64_t value);
void pyro_json_bool(struct pyro_buf *buf, const char *name, bool value);

#endif
