/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_MOMENT_PARTS_H
#define PYRO_RECORD_MOMENT_PARTS_H

#include "base/map.h"
#include "cpython/python.h"
#include "profile/moment.h"

/* What it takes for a moment, of a process that lives or of a core. */

/** Puts a stack, which was read and settled, into the moment and sets the thread's. Errors: NOMEM,
 *  LIMIT. */
enum pyro_rc pyro_moment_frames(struct pyro_moment *moment, struct pyro_python *python,
				struct pyro_raw_stack *stack,
				struct pyro_moment_thread *thread) PYRO_NODISCARD;
/** Fills @names, by pthread_t, with those that Python gave to its threads. Without memory some are
 *  missing. */
void pyro_moment_names(struct pyro_moment *moment, struct pyro_python *python,
		       struct pyro_map *names);
/** One of them, which lives as long as the moment, or NULL. */
const char *pyro_moment_name(const struct pyro_map *names, uint64_t pthread);

#endif
