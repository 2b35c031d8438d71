/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_MOMENT_NATIVE_H
#define PYRO_RECORD_MOMENT_NATIVE_H

#include "cpython/python.h"
#include "elf/space.h"
#include "profile/moment.h"
#include "sample/snapshot.h"

/** Takes the machine code on stacks for one moment. */
struct pyro_moment_native;

/** Of the process or core that @space is of. @moment is borrowed. Errors: UNSUPPORTED (not on this
 *  kind of machine), GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_moment_native_create(const struct pyro_space *space, struct pyro_moment *moment,
				       struct pyro_moment_native **ret_native,
				       struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_moment_native_destroy(struct pyro_moment_native *native);
/** Where the thread's registers are to be put when its stack is read; NULL of NULL. */
struct pyro_snapshot *pyro_moment_native_snapshot(struct pyro_moment_native *native);
/** Sets the stack of @thread to that of the snapshot with @stack, which has its lines, in its
 * place; of an empty snapshot, to that of @stack alone. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_moment_native_take(struct pyro_moment_native *native,
				     const struct pyro_python *python,
				     const struct pyro_raw_stack *stack,
				     struct pyro_moment_thread *thread) PYRO_NODISCARD;

/** Says in the moment which files with code on its stacks could not be had. Errors: NOMEM. */
enum pyro_rc pyro_moment_native_say(struct pyro_moment_native *native) PYRO_NODISCARD;

#endif
