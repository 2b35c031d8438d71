/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_LOCALS_H
#define PYRO_RECORD_LOCALS_H

#include "cpython/python.h"
#include "profile/moment.h"

/** Takes the variables of frames for one moment. */
struct pyro_locals;

/** @python is borrowed. Errors: NOMEM. */
enum pyro_rc pyro_locals_create(struct pyro_python *python,
				struct pyro_locals **ret_locals) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_locals_destroy(struct pyro_locals *locals);
/** Takes the variables of every frame of @stack, the last one that was read, into @thread. Nothing
 *  where @locals is NULL. Errors: GONE, PERM, NOMEM. */
enum pyro_rc pyro_locals_take(struct pyro_locals *locals, const struct pyro_raw_stack *stack,
			      struct pyro_moment *moment,
			      struct pyro_moment_thread *thread) PYRO_NODISCARD;

#endif
