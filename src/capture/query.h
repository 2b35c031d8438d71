/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_QUERY_H
#define PYRO_CAPTURE_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum pyro_query_kind {
	PYRO_QUERY_NULL,
	PYRO_QUERY_INTEGER,
	PYRO_QUERY_REAL,
	PYRO_QUERY_TEXT,
	PYRO_QUERY_BLOB,
};

/** One value of a row. Lives until the callback returns. */
struct pyro_query_cell {
	enum pyro_query_kind kind;
	int64_t integer;
	double real;
	const char *bytes; /**< TEXT (may be invalid UTF-8, may hold NULs) and BLOB */
	size_t size;
};

/** Where the answer goes. What a callback returns other than OK stops the query and is its
 *  result. */
struct pyro_query_sink {
	/** Once, before any row, also when there are none. */
	enum pyro_rc (*columns)(void *context, const char *const *names, size_t count);
	enum pyro_rc (*row)(void *context, const struct pyro_query_cell *cells, size_t count);
	void *context;
};

/** Runs one statement that only reads on a capture, which may be a hostile file. Errors: those of
 *  pyro_capture_reader_create(); USAGE: the SQL is wrong, writes, or is more than one statement. */
enum pyro_rc pyro_capture_query(const char *path, const char *sql,
				const struct pyro_query_sink *sink,
				struct pyro_err *err) PYRO_NODISCARD;

#endif
