/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_SNAPSHOT_H
#define PYRO_CAPTURE_SNAPSHOT_H

#include "base/cleanup.h"
#include "base/err.h"

/** A private copy of a capture and its log, in a new directory of mode 0700 under $TMPDIR or /tmp,
 *  for when the place of the original cannot be written. */
struct pyro_snapshot {
	char directory[256];
	char path[288];
};

/** Errors: IO, FULL, PERM. */
enum pyro_rc pyro_snapshot_create(const char *path, struct pyro_snapshot *s,
				  struct pyro_err *err) PYRO_NODISCARD;
/** Removes the names; who has the files open keeps them. */
void pyro_snapshot_destroy(struct pyro_snapshot *s);

#endif
