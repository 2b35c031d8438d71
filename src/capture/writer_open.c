/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/schema.h"
#include "capture/sql.h"
#include "capture/writer_inside.h"

#define SCHEMA_LIMIT (1u << 20)

static const char *const fixed_statements[WRITE_COUNT] = {
	[WRITE_META] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
	[WRITE_QUALITY] = "INSERT OR REPLACE INTO quality VALUES(?1, ?2, ?3)",
	[WRITE_STRING] = "INSERT INTO strings VALUES(?1, ?2)",
	[WRITE_FUNCTION] = "INSERT INTO functions VALUES(?1, ?2, ?3, ?4)",
	[WRITE_KIND] = "INSERT INTO function_kinds VALUES(?1, ?2)",
	[WRITE_FRAME] = "INSERT INTO frames VALUES(?1, ?2, ?3)",
	[WRITE_STACK] = "INSERT INTO stacks VALUES(?1, ?2, ?3)",
	[WRITE_PROCESS] = "INSERT OR REPLACE INTO processes VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[WRITE_TRACK] =
		"INSERT OR REPLACE INTO tracks VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[WRITE_OBJECT] = "INSERT INTO objects VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[WRITE_WAIT] = "INSERT OR REPLACE INTO waits VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[WRITE_TASK] = "INSERT OR REPLACE INTO tasks VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[WRITE_TASK_TOTAL] =
		"INSERT OR REPLACE INTO task_totals VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[WRITE_CHUNK] = "INSERT OR REPLACE INTO chunks VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
};

static int lay_out(sqlite3 *db)
{
	struct pyro_buf sql;
	const char *names[PYRO_METRIC_COUNT];
	for (unsigned i = 0; i < PYRO_METRIC_COUNT; i++)
		names[i] = pyro_metric_info((enum pyro_metric)i)->name;
	pyro_buf_init(&sql, SCHEMA_LIMIT);
	pyro_buf_add_text(&sql, "BEGIN;");
	pyro_schema_write(&sql, names, PYRO_METRIC_COUNT);
	pyro_buf_add_format(&sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
			    PYRO_SCHEMA_APPLICATION_ID, PYRO_SCHEMA_VERSION);
	int code = SQLITE_NOMEM;
	if (pyro_buf_status(&sql) == PYRO_RC_OK)
		code = sqlite3_exec(db, sql.data, NULL, NULL, NULL);
	pyro_buf_deinit(&sql);
	return code;
}

static int put_metrics(sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, "INSERT INTO metrics VALUES(?1, ?2, ?3, ?4)", -1, &stmt,
				      NULL);
	for (unsigned i = 0; code == SQLITE_OK && i < PYRO_METRIC_COUNT; i++) {
		const struct pyro_metric_info *info = pyro_metric_info((enum pyro_metric)i);
		sqlite3_bind_int(stmt, 1, (int)i);
		sqlite3_bind_text(stmt, 2, info->name, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 3, info->unit, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 4, info->meaning, -1, SQLITE_STATIC);
		code = pyro_sql_run(stmt);
	}
	sqlite3_finalize(stmt);
	return code;
}

static int prepare_total(struct pyro_capture_writer *w)
{
	struct pyro_buf sql;
	pyro_buf_init(&sql, SCHEMA_LIMIT);
	pyro_buf_add_text(&sql,
			  "INSERT OR REPLACE INTO totals"
			  "(id, track, stack, wall_squared, cpu_squared");
	for (unsigned i = 0; i < PYRO_METRIC_COUNT; i++)
		pyro_buf_add_format(&sql, ", %s", pyro_metric_info((enum pyro_metric)i)->name);
	pyro_buf_add_text(&sql, ") VALUES(?1, ?2, ?3, ?4, ?5");
	for (unsigned i = 0; i < PYRO_METRIC_COUNT; i++)
		pyro_buf_add_format(&sql, ", ?%u", 6 + i);
	pyro_buf_add_char(&sql, ')');
	int code = SQLITE_NOMEM;
	if (pyro_buf_status(&sql) == PYRO_RC_OK)
		code = sqlite3_prepare_v3(w->db, sql.data, -1, SQLITE_PREPARE_PERSISTENT,
					  &w->statements[WRITE_TOTAL], NULL);
	pyro_buf_deinit(&sql);
	return code;
}

static int prepare(struct pyro_capture_writer *w)
{
	int code = prepare_total(w);
	for (int i = 0; code == SQLITE_OK && i < WRITE_COUNT; i++)
		if (fixed_statements[i])
			code = sqlite3_prepare_v3(w->db, fixed_statements[i], -1,
						  SQLITE_PREPARE_PERSISTENT, &w->statements[i],
						  NULL);
	return code;
}

/* A write-ahead log: a killed recorder leaves every flush whole, people may read while we write,
 * and nothing waits for the disk but a checkpoint every megabyte. Laying out an empty file need not
 * survive a power cut, so nothing is synced until then. cache_size bounds our memory. */
enum pyro_rc pyro_writer_open(struct pyro_capture_writer *w, struct pyro_err *err)
{
	int code = sqlite3_open_v2(
		w->path, &w->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(w->db, 50);
	if (code == SQLITE_OK)
		code = sqlite3_exec(w->db,
				    "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;"
				    "PRAGMA wal_autocheckpoint = 256; PRAGMA cache_size = -2048;"
				    "PRAGMA temp_store = MEMORY",
				    NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = lay_out(w->db);
	if (code == SQLITE_OK)
		code = put_metrics(w->db);
	if (code == SQLITE_OK)
		code = sqlite3_exec(w->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = prepare(w);
	if (code != SQLITE_OK)
		return pyro_sql_error(w->db, code, w->path, "cannot create the capture", err);
	return PYRO_RC_OK;
}
