/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_MIGRATE_H
#define PYRO_CAPTURE_MIGRATE_H

#include <sqlite3.h>

#include "base/cleanup.h"
#include "base/err.h"

/** Makes a capture of an older schema look like today's to this connection; the file is never
 *  changed. Each schema version but today's has a step to the next: a row in migrate.c.
 *  Errors: FORMAT if a version has none. */
enum pyro_rc pyro_capture_migrate(sqlite3 *db, int version, struct pyro_err *err) PYRO_NODISCARD;

#endif
