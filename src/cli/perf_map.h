/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PERF_MAP_H
#define PYRO_CLI_PERF_MAP_H

#include "profile/profile.h"

/* CPython 3.12 and later can tell perf(1), and whoever else walks native stacks, the names of
 * Python functions: each gets a piece of code of its own, named in /tmp/perf-PID.map The
 * interpreter is asked by its environment, as -X perf does. */

/** Asks the programs that we start from now on. */
enum pyro_rc pyro_perf_map_ask(struct pyro_err *err) PYRO_NODISCARD;
/** Whether all that were recorded did it. Errors: UNSUPPORTED (says which did not, and why). */
enum pyro_rc pyro_perf_map_check(struct pyro_profile *profile, struct pyro_err *err) PYRO_NODISCARD;

#endif
