/* SPDX-License-Identifier: Apache-2.0 */
/* Read by clang-tidy before each source, and by nothing else. The analyzer sees one file at a time,
 * so it cannot know that these functions return the error they are given; without that it believes
 * that a failed function may return success with its results unset. */
#ifndef PYRO_TOOLS_ANALYZER_H
#define PYRO_TOOLS_ANALYZER_H

#include "base/err.h"

#define pyro_err_set(err, rc, ...)	 (pyro_err_set((err), (rc), __VA_ARGS__), (enum pyro_rc)(rc))
#define pyro_err_set_errno(err, rc, ...) (pyro_err_set_errno((err), (rc), __VA_ARGS__), (enum pyro_rc)(rc))
#define pyro_err_set_addr(err, rc, ...)	 (pyro_err_set_addr((err), (rc), __VA_ARGS__), (enum pyro_rc)(rc))

#endif
