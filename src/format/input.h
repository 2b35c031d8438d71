/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_INPUT_H
#define PYRO_FORMAT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** Where the bytes of a file of another tool come from, in order: a file, or a pipe. */
struct pyro_input_source {
	void *context;
	/** At least one byte and @capacity at most; 0 at the end. Errors end the reading. */
	enum pyro_rc (*read)(void *context, void *bytes, size_t capacity, size_t *ret_size,
			     struct pyro_err *err);
};

/** A window that moves over the bytes, as large as the longest line: files may be larger than
 *  memory. Allocated by init. */
struct pyro_input {
	const struct pyro_input_source *source; /**< borrowed */
	char *bytes;
	size_t at;     /**< of the next byte in the window */
	size_t end;    /**< of the bytes in the window */
	bool ended;    /**< the source has no more */
	bool passing;  /**< the line given last was cut: its rest is to be passed over */
	uint64_t line; /**< number of the line that was given last, from 1 */
};

/** A line without its end, until the next call. May hold anything, NUL too. */
struct pyro_input_line {
	char *text; /**< text[size] is NUL */
	size_t size;
	bool cut; /**< it was longer than PYRO_MAX_IMPORT_LINE; the rest was passed over */
};

/** Errors: NOMEM. */
enum pyro_rc pyro_input_init(struct pyro_input *input, const struct pyro_input_source *source,
			     struct pyro_err *err) PYRO_NODISCARD;
void pyro_input_deinit(struct pyro_input *input);
/** The beginning of what was not given yet, up to the size of the window, which stays where it is.
 *  Lives until the next call. Errors: the source's. */
enum pyro_rc pyro_input_peek(struct pyro_input *input, const char **ret_bytes, size_t *ret_size,
			     struct pyro_err *err) PYRO_NODISCARD;
/** The next line. NOTFOUND at the end, without a message. Errors: the source's. */
enum pyro_rc pyro_input_next_line(struct pyro_input *input, struct pyro_input_line *ret_line,
				  struct pyro_err *err) PYRO_NODISCARD;

#endif
