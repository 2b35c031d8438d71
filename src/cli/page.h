/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PAGE_H
#define PYRO_CLI_PAGE_H

#include "cli/output.h"
#include "view/view.h"

/** Writes the page of a profile into an output that the caller opened and commits. @options NULL:
 *  with sources. Errors: those of the page and of the output. */
enum pyro_rc pyro_page_write(const struct pyro_profile *profile,
			     const struct pyro_view_options *options, struct pyro_output *output,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
