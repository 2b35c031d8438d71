/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/migrate.h"

#include "capture/schema.h"

/* The step from schema N to N + 1, at index N. Captures are opened for reading only, so a step runs
 * on the connection and leaves the file alone: a temporary view or table (schema "temp") that
 * carries the new table's name hides the old one from every query that follows, and one that is new
 * is there, empty. */

static enum pyro_rc supply(sqlite3 *db, const char *const *tables, size_t count,
			   struct pyro_err *err)
{
	enum pyro_rc rc = PYRO_RC_OK;
	for (size_t i = 0; i < count && rc == PYRO_RC_OK; i++)
		rc = pyro_schema_supply(db, tables[i], err);
	return rc;
}

/* What threads waited for was not recorded, and all functions were Python's. */
static enum pyro_rc to_2(sqlite3 *db, struct pyro_err *err)
{
	static const char *const tables[] = {"function_kinds", "objects", "waits"};
	return supply(db, tables, PYRO_COUNT(tables), err);
}

/* Tasks were not recorded. */
static enum pyro_rc to_3(sqlite3 *db, struct pyro_err *err)
{
	static const char *const tables[] = {"tasks", "task_totals"};
	return supply(db, tables, PYRO_COUNT(tables), err);
}

/* Functions of the kernel, a kind of their own, were not recorded. */
static enum pyro_rc to_4(sqlite3 *db, struct pyro_err *err)
{
	return supply(db, NULL, 0, err);
}

static const struct {
	enum pyro_rc (*run)(sqlite3 *db, struct pyro_err *err);
} steps[PYRO_SCHEMA_VERSION + 1] = {[1] = {to_2}, [2] = {to_3}, [3] = {to_4}};

enum pyro_rc pyro_capture_migrate(sqlite3 *db, int version, struct pyro_err *err)
{
	for (; version < PYRO_SCHEMA_VERSION; version++) {
		if (version < 1 || !steps[version].run)
			return pyro_err_set(err, PYRO_RC_FORMAT, "schema %d cannot be read",
					    version);
		enum pyro_rc rc = steps[version].run(db, err);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}
