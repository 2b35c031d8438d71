/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_MOMENT_PARTS_H
#define PYRO_RECORD_MOMENT_PARTS_H

#include "base/map.h"
#include "cpython/python.h"
#include "elf/space.h"
#include "profile/moment.h"
#include "record/moment_native.h"

/* What it takes for a moment, of a process that lives or of a core. */

/** The stack in the moment's profile of the @count frames, which have their lines,
 *  leaf first; PYRO_NONE without frames. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_moment_add_stack(struct pyro_moment *moment, const struct pyro_python *python,
				   const struct pyro_raw_frame *frames, size_t count,
				   uint32_t *ret_stack) PYRO_NODISCARD;
/** Puts one frame, which has its line, on top of *@stack. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_moment_add_frame(struct pyro_moment *moment, const struct pyro_python *python,
				   const struct pyro_raw_frame *raw,
				   uint32_t *stack) PYRO_NODISCARD;
/** Puts a stack, which was read and settled, into the moment and sets the thread's; with the
 * machine code of the last snapshot, unless @native is NULL. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_moment_frames(struct pyro_moment *moment, struct pyro_python *python,
				struct pyro_moment_native *native, struct pyro_raw_stack *stack,
				struct pyro_moment_thread *thread) PYRO_NODISCARD;
/** Fills @names, by pthread_t, with those that Python gave to its threads. Without memory some are
 *  missing. */
void pyro_moment_names(struct pyro_moment *moment, struct pyro_python *python,
		       struct pyro_map *names);
/** One of them, which lives as long as the moment, or NULL. */
const char *pyro_moment_name(const struct pyro_map *names, uint64_t pthread);
/** moment_death.c: which signal the process of @core died of, where and why, if it died. */
void pyro_moment_take_death(struct pyro_moment *moment, const struct pyro_core *core);
/** moment_async.c: the tasks and greenlets. @tids: thread states to threads. What of them cannot be
 *  read at all is said in the moment. Errors: GONE, PERM, NOMEM, LIMIT. */
enum pyro_rc pyro_moment_take_async(struct pyro_moment *moment, const struct pyro_space *space,
				    struct pyro_python *python, const struct pyro_map *tids,
				    struct pyro_err *err) PYRO_NODISCARD;

#endif
