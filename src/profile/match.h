/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_MATCH_H
#define PYRO_PROFILE_MATCH_H

#include <regex.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

/** Compiles a POSIX extended regular expression; regfree() it. Errors: USAGE (says what is wrong
 *  with it), NOMEM. */
enum pyro_rc pyro_match_compile(regex_t *ret_regex, const char *expression,
				struct pyro_err *err) PYRO_NODISCARD;
/** Is there a match anywhere in @text (up to its first NUL)? */
bool pyro_match_text(const regex_t *regex, const char *text);

#endif
