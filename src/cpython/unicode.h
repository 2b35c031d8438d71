/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_UNICODE_H
#define PYRO_CPYTHON_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cpython/layout.h"
#include "cpython/window.h"

/** Bytes read of every string at first: its head and most names. */
#define PYRO_READ_STRING 192

/** The head of a str object (PEP 393). */
struct pyro_string {
	uint64_t addr;
	uint64_t hash; /**< UINT64_MAX: not computed yet */
	uint64_t text; /**< address of its characters */
	size_t count;  /**< of characters, cut to a limit */
	size_t total;  /**< of characters, all of them */
	uint8_t width; /**< bytes of one: 1, 2, 4 */
	bool ascii;
};

/** Plans to read the head and the first characters of the string at @addr. */
void pyro_string_plan(struct pyro_window *window, const struct pyro_layout *layout, uint64_t addr);
/** Decodes the head at @addr, which must have been read, keeping at most @limit characters. False
 *  when it is not there or is no string. */
bool pyro_string_head(const struct pyro_window *window, const struct pyro_layout *layout,
		      uint64_t addr, size_t limit, struct pyro_string *ret_string);
/** Plans to read all (kept) characters. */
void pyro_string_plan_text(struct pyro_window *window, const struct pyro_string *string);
/** The characters as they lie in the target. .data is NULL when they were not read. */
struct pyro_bytes pyro_string_raw(const struct pyro_window *window,
				  const struct pyro_string *string);
/** Resets @window and reads the string at @addr, @limit characters of it at most. Errors: FAULT
 *  (unreadable or no string), NOMEM, GONE, PERM. */
enum pyro_rc pyro_string_load(struct pyro_window *window, const struct pyro_layout *layout,
			      uint64_t addr, size_t limit,
			      struct pyro_string *ret_string) PYRO_NODISCARD;
/** Character @at of @raw, each @width bytes wide. */
uint32_t pyro_string_point(struct pyro_bytes raw, uint8_t width, size_t at);
/** Appends @string as UTF-8, at most @limit bytes and no cut character. Surrogates, as
 *  surrogateescape makes them of undecodable file names, become U+FFFD. False when the characters
 * were not read. */
bool pyro_string_utf8(const struct pyro_window *window, const struct pyro_string *string,
		      size_t limit, struct pyro_buf *buf);

#endif
