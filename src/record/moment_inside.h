/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_MOMENT_INSIDE_H
#define PYRO_RECORD_MOMENT_INSIDE_H

/* What the files that take a moment share. */

#include "base/map.h"
#include "cpython/python.h"
#include "profile/moment.h"

/** moment_frames.c: the stack in the moment's profile of the @count frames, which have their lines,
 *  leaf first; PYRO_NONE without frames. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_moment_add_stack(struct pyro_moment *moment, const struct pyro_python *python,
				   const struct pyro_raw_frame *frames, size_t count,
				   uint32_t *ret_stack) PYRO_NODISCARD;
/** moment_async.c: the tasks and greenlets. @tids: thread states to threads. What of them cannot be
 *  read at all is said in the moment. Errors: GONE, PERM, NOMEM, LIMIT. */
enum pyro_rc pyro_moment_take_async(struct pyro_moment *moment, struct pyro_reader *reader,
				    struct pyro_python *python, const struct pyro_map *tids,
				    struct pyro_err *err) PYRO_NODISCARD;

#endif
