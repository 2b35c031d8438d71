/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_ANSWER_H
#define PYRO_CLI_ANSWER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "capture/query.h"

/** How `query` prints; in the order of its option's choices. */
enum pyro_answer_format {
	PYRO_ANSWER_TABLE, /**< aligned, escaped for a terminal */
	PYRO_ANSWER_CSV,   /**< RFC 4180, with a head; blobs in hexadecimal */
	PYRO_ANSWER_JSON,  /**< an array of objects; blobs in hexadecimal */
};

/** Rows that the widths of a table's columns are taken from; later rows keep to them. */
#define PYRO_ANSWER_LOOK_AHEAD 1000

/** A pyro_query_sink that prints. */
struct pyro_answer {
	FILE *stream; /**< borrowed */
	enum pyro_answer_format format;
	unsigned int width; /**< columns of the terminal that a row must fit in; 0: no limit */
	bool unicode;
	size_t columns;
	char **names;
	size_t rows;
	struct pyro_buf out;     /**< text of the row being made */
	struct pyro_buf waiting; /**< cells of a table until the widths are known */
	size_t *ends;            /**< where each waiting cell ends */
	bool *right;             /**< cell is a number; by waiting cell */
	size_t *widths;
	bool laid_out;
};

void pyro_answer_init(struct pyro_answer *answer, FILE *stream, enum pyro_answer_format format,
		      unsigned int width, bool unicode);
void pyro_answer_deinit(struct pyro_answer *answer);
/* The callbacks of the sink; @context is the answer. Errors: NOMEM, IO. */
enum pyro_rc pyro_answer_columns(void *context, const char *const *names, size_t count);
enum pyro_rc pyro_answer_row(void *context, const struct pyro_query_cell *cells, size_t count);
/** Prints what waits and the end. */
enum pyro_rc pyro_answer_end(struct pyro_answer *answer) PYRO_NODISCARD;

#endif
