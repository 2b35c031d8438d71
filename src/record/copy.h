/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_COPY_H
#define PYRO_RECORD_COPY_H

#include "base/limits.h"
#include "capture/capture.h"

/** Copies what @writer has flushed to a capture beside its own at @path: NAME.N.pyro, with the
 * first N above *number that is free, which becomes *number. @between: as pyro_capture_writer_copy.
 *  Errors: LIMIT (no name), and those of pyro_capture_writer_copy. */
enum pyro_rc pyro_copy_write(struct pyro_capture_writer *writer, const char *path, unsigned *number,
			     void (*between)(void *context), void *context,
			     char ret_path[PYRO_MAX_PATH], struct pyro_err *err) PYRO_NODISCARD;

#endif
