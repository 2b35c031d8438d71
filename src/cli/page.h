/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PAGE_H
#define PYRO_CLI_PAGE_H

#include "cli/output.h"
#include "profile/profile.h"

/** Writes the page of a profile, sources included, into an output that the caller opened and
 *  commits. Errors: those of the page and of the output. */
enum pyro_rc pyro_page_write(const struct pyro_profile *profile, struct pyro_output *output,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
