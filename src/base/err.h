/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_ERR_H
#define PYRO_BASE_ERR_H

#include <stdarg.h>
#include <stdint.h>

#include "base/rc.h"

#define PYRO_ERR_MESSAGE_SIZE 512

/** What failed, with the value and what to try. Owned by the caller; every function that takes one
 *  accepts NULL. The message is one line, already safe to print (valid UTF-8
 *  without control characters). */
struct pyro_err {
	enum pyro_rc rc;
	int errnum;    /**< errno at the time, 0 if none */
	uint64_t addr; /**< address in the target, 0 if none */
	char message[PYRO_ERR_MESSAGE_SIZE];
};

/** Fills @err (if not NULL) and returns @rc, so that a failing function can `return` it. */
enum pyro_rc pyro_err_set(struct pyro_err *err, enum pyro_rc rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** The same, recording @errnum (positive errno value) and appending its text. */
enum pyro_rc pyro_err_set_errno(struct pyro_err *err, enum pyro_rc rc, int errnum,
				const char *format, ...) __attribute__((format(printf, 4, 5)));
/** The same, recording the target address that could not be used. */
enum pyro_rc pyro_err_set_addr(struct pyro_err *err, enum pyro_rc rc, uint64_t addr,
			       const char *format, ...) __attribute__((format(printf, 4, 5)));
/** Puts "context: " before the message, for callers that know more. Returns @rc. */
enum pyro_rc pyro_err_prefix(struct pyro_err *err, enum pyro_rc rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
