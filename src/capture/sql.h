/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_SQL_H
#define PYRO_CAPTURE_SQL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Small helpers over SQLite's API that writer, reader and query share. */

/** What SQLite's last failure on @db means to us: FULL (disk, quota or file size limit), IO, PERM,
 *  NOMEM, FORMAT (the file is damaged). Fills @err with @what, the path and SQLite's words. */
enum pyro_rc pyro_sql_error(sqlite3 *db, int code, const char *path, const char *what,
			    struct pyro_err *err);
/** Binds an unsigned number, capped at what SQLite can hold. */
int pyro_sql_bind(sqlite3_stmt *stmt, int column, uint64_t value);
/** Binds an index; PYRO_NONE becomes NULL. */
int pyro_sql_bind_index(sqlite3_stmt *stmt, int column, uint32_t index);
/** Bytes as text. */
int pyro_sql_bind_bytes(sqlite3_stmt *stmt, int column, const char *text, size_t size);
/** Steps a statement that yields no rows and resets it. SQLITE_OK or an error code. */
int pyro_sql_run(sqlite3_stmt *stmt);

#endif
