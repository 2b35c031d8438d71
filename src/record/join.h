/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_JOIN_H
#define PYRO_RECORD_JOIN_H

#include "sample/sampler.h"

/** pyro_sampler_add_running with words for people: what failed, and what to try with @command
 *  ("attach"). Errors: GONE, PERM, NOTPYTHON, NOTREADY, UNSUPPORTED and those of the sampler. */
enum pyro_rc pyro_join_running(struct pyro_sampler *sampler, int pid, const char *command,
			       struct pyro_err *err) PYRO_NODISCARD;
/** Also looks at what the process has started already, and those in turn: it is only told of what
 *  is started from now on. */
void pyro_join_children(struct pyro_sampler *sampler, int pid);

#endif
