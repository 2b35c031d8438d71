/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_SCHEMA_H
#define PYRO_CAPTURE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

/** In the file's header, so that `file` and we know a capture from any other database: "PYRO". */
#define PYRO_SCHEMA_APPLICATION_ID 0x5059524f
/** Counts changes of schema.sql that a reader must know of. A new metric is none: its column is
 *  found by its name. */
#define PYRO_SCHEMA_VERSION 4
/** Metrics of one capture at most. */
#define PYRO_SCHEMA_MAX_METRICS 64

/** schema.sql, its comments left out. Made at build time. */
extern const char pyro_schema_text[];

/** Appends the schema with a column per name in @metrics. */
void pyro_schema_write(struct pyro_buf *buf, const char *const *metrics, size_t count);
/** A metric's name becomes a column's: lower case letters, digits and '_', at most 32. */
bool pyro_schema_metric_name_valid(const char *name);
/** Compares every table of @db with what the schema says; only tables can be read without knowing
 *  what a hostile file computes in them. @metrics are the names that the file has. Errors: FORMAT
 *  names the table; NOMEM. */
enum pyro_rc pyro_schema_check(sqlite3 *db, const char *const *metrics, size_t count,
			       struct pyro_err *err) PYRO_NODISCARD;
/** Makes our table @name, empty, in the connection alone: for a file older than the table. Queries
 *  that do not say where it lies find it there. Errors: NOMEM, FORMAT. */
enum pyro_rc pyro_schema_supply(sqlite3 *db, const char *name, struct pyro_err *err) PYRO_NODISCARD;
/** Does the file have our table @name, as the schema says, apart from metric columns? */
enum pyro_rc pyro_schema_check_table(sqlite3 *db, const char *name,
				     struct pyro_err *err) PYRO_NODISCARD;

#endif
