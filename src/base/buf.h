/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_BUF_H
#define PYRO_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** A growing byte buffer with a limit given at birth. A failed append sets `failed`, changes
 *  nothing else, and every later append fails too: write many, check once. data[size] is always a
 *  NUL when data is not NULL. */
struct pyro_buf {
	char *data;
	size_t size;
	size_t capacity;
	size_t limit;
	bool failed;
};

void pyro_buf_init(struct pyro_buf *buf, size_t limit);
void pyro_buf_deinit(struct pyro_buf *buf);
/** Empties it and clears `failed`; keeps the memory. */
void pyro_buf_reset(struct pyro_buf *buf);
/** PYRO_RC_OK, or PYRO_RC_NOMEM if any append failed (out of memory or over the limit). */
enum pyro_rc pyro_buf_status(const struct pyro_buf *buf) PYRO_NODISCARD;

void pyro_buf_add(struct pyro_buf *buf, const void *bytes, size_t size);
void pyro_buf_add_text(struct pyro_buf *buf, const char *text);
void pyro_buf_add_char(struct pyro_buf *buf, char c);
void pyro_buf_add_format(struct pyro_buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** Unsigned LEB128. */
void pyro_buf_add_varint(struct pyro_buf *buf, uint64_t value);
/** Zigzag LEB128. */
void pyro_buf_add_varint_signed(struct pyro_buf *buf, int64_t value);
/** Room for @size more bytes to be filled by the caller, who then adds to `size`; NULL on failure.
 */
char *pyro_buf_reserve(struct pyro_buf *buf, size_t size);

/** A bounded cursor over bytes that are not trusted. The first read past the end sets `failed` and
 *  yields 0; nothing advances after that. `at` names the position of the failure. */
struct pyro_cursor {
	const uint8_t *data;
	size_t size;
	size_t at;
	bool failed;
};

void pyro_cursor_init(struct pyro_cursor *cursor, const void *data, size_t size);
uint8_t pyro_cursor_u8(struct pyro_cursor *cursor);
uint32_t pyro_cursor_u32(struct pyro_cursor *cursor); /**< little-endian */
uint64_t pyro_cursor_u64(struct pyro_cursor *cursor); /**< little-endian */
uint64_t pyro_cursor_varint(struct pyro_cursor *cursor);
int64_t pyro_cursor_varint_signed(struct pyro_cursor *cursor);
/** @size bytes in place, NULL on failure. */
const void *pyro_cursor_bytes(struct pyro_cursor *cursor, size_t size);

#endif
