/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_LOGICAL_H
#define PYRO_CLI_LOGICAL_H

#include "cli/options.h"
#include "profile/profile.h"

/** With --async, puts the profile by tasks in the place of *@profile, which was owned and is freed.
 *  Errors: as pyro_logical_create; then *@profile stays. */
enum pyro_rc pyro_logical_apply(const struct pyro_args *args, struct pyro_profile **profile,
				struct pyro_err *err) PYRO_NODISCARD;

#endif
