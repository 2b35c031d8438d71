/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_OUTPUT_H
#define PYRO_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** A file that appears under its name only when it is complete: until then it has no name, or a
 *  random one beside it, so it is never seen half-written and never written through a link. "-" is
 *  standard output; what is no regular file (/dev/stdout, a pipe) is written in place. */
struct pyro_output {
	const char *path; /**< borrowed */
	int fd;
	bool direct;     /**< written in place: nothing to put under the name at the end */
	bool replace;    /**< may replace a file of that name */
	char *folder;    /**< owned; where the file will be */
	char *temporary; /**< owned; its name until then, NULL while it has none */
	uint64_t size;   /**< bytes written */
};

/** Errors: EXISTS (and @replace is false), NOTFOUND, PERM, IO, NOMEM: the message names the path
 * and what to try. On failure there is nothing to close. */
enum pyro_rc pyro_output_open(const char *path, bool replace, struct pyro_output *ret_output,
			      struct pyro_err *err) PYRO_NODISCARD;
/** The same for a file that somebody else makes and writes, under the name @ret_output->temporary,
 *  which nothing has. Errors: as above; USAGE if @path is no place for a file. */
enum pyro_rc pyro_output_reserve(const char *path, bool replace, struct pyro_output *ret_output,
				 struct pyro_err *err) PYRO_NODISCARD;
/** Errors: FULL, IO. A closed pipe is IO with errno EPIPE. */
enum pyro_rc pyro_output_write(struct pyro_output *output, const void *bytes, size_t size,
			       struct pyro_err *err) PYRO_NODISCARD;
/** Puts the file under its name. Errors: EXISTS (it has come into being meanwhile), FULL, IO. The
 *  output is to be closed whatever the result. */
enum pyro_rc pyro_output_commit(struct pyro_output *output, struct pyro_err *err) PYRO_NODISCARD;
/** Lets go of it; without a commit before, nothing remains. */
void pyro_output_close(struct pyro_output *output);

/** "184 kB", "2.1 MB": @bytes for people. */
void pyro_output_size_text(uint64_t bytes, char *text, size_t capacity);

#endif
