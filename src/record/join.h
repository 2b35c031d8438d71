/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_JOIN_H
#define PYRO_RECORD_JOIN_H

#include "sample/sampler.h"

/** pyro_sampler_add_running with words for people: what failed, and what to try with @command
 *  ("attach"). Errors: GONE, PERM, NOTPYTHON, NOTREADY, UNSUPPORTED and those of the sampler. */
enum pyro_rc pyro_join_running(struct pyro_sampler *sampler, int pid, const char *command,
			       struct pyro_err *err) PYRO_NODISCARD;

#endif
