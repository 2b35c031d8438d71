/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_OPEN_H
#define PYRO_CAPTURE_OPEN_H

#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/err.h"

/** Opens a capture for reading only, with everything off that a hostile database could use, and
 *  checks that it is one of ours, of a schema we know. A capture of a killed recorder is opened
 * with its log, even in a directory that cannot be written. The caller closes it with
 * sqlite3_close(). Errors: NOTFOUND, PERM, IO, FORMAT, NEWER, NOMEM; the message names @path. */
enum pyro_rc pyro_capture_open(const char *path, sqlite3 **ret_db,
			       struct pyro_err *err) PYRO_NODISCARD;

#endif
