/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/query.h"

#include <string.h>
#include <strings.h>

#include "capture/open.h"
#include "capture/sql.h"

#define MAX_COLUMNS 256
/* A view in a hostile file may ask for any amount of memory. */
#define MAX_HEAP (1ll << 30)

static int is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcasecmp(name, *list) == 0)
			return 1;
	return 0;
}

/* Reading of tables and plain functions; nothing that writes, opens another file, loads code or
 * changes a setting. */
static int authorise(void *context, int action, const char *first, const char *second,
		     const char *database, const char *view)
{
	static const char *const pragmas[] = {"application_id",
					      "user_version",
					      "table_info",
					      "table_xinfo",
					      "table_list",
					      "index_list",
					      "index_info",
					      "integrity_check",
					      "quick_check",
					      "page_count",
					      "page_size",
					      "freelist_count",
					      NULL};
	static const char *const with_argument[] = {"table_info", "table_xinfo", "index_list",
						    "index_info", NULL};
	static const char *const functions[] = {"load_extension", "fts3_tokenizer", "readfile",
						"writefile",      "edit",           NULL};
	(void)context;
	(void)database;
	(void)view;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return second && is_one_of(second, functions) ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA:
		if (!first || !is_one_of(first, pragmas))
			return SQLITE_DENY;
		return second && !is_one_of(first, with_argument) ? SQLITE_DENY : SQLITE_OK;
	default:
		return SQLITE_DENY;
	}
}

static enum pyro_rc wrong_sql(sqlite3 *db, int code, const char *path, struct pyro_err *err)
{
	switch (code & 0xff) {
	case SQLITE_AUTH:
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "%s: a query may only read the capture. Try: SELECT", path);
	case SQLITE_ERROR:
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "%s: %s. Try: SELECT name FROM sqlite_schema, for what there "
				    "is",
				    path, sqlite3_errmsg(db));
	case SQLITE_TOOBIG:
		return pyro_err_set(err, PYRO_RC_USAGE, "%s: the query or a value is too big",
				    path);
	default:
		return pyro_sql_error(db, code, path, "cannot read the capture", err);
	}
}

static enum pyro_rc prepare(sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **ret_stmt,
			    struct pyro_err *err)
{
	const char *tail = NULL;
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, &tail);
	if (code != SQLITE_OK)
		return wrong_sql(db, code, path, err);
	enum pyro_rc rc = PYRO_RC_OK;
	if (!stmt)
		rc = pyro_err_set(err, PYRO_RC_USAGE,
				  "the query is empty. Try: SELECT * FROM by_function LIMIT 10");
	else if (tail[strspn(tail, " \t\r\n;")])
		rc = pyro_err_set(err, PYRO_RC_USAGE,
				  "one statement at a time; what follows is a second: %.60s", tail);
	else if (!sqlite3_stmt_readonly(stmt))
		rc = wrong_sql(db, SQLITE_AUTH, path, err);
	else if (sqlite3_column_count(stmt) > MAX_COLUMNS)
		rc = pyro_err_set(err, PYRO_RC_USAGE, "more than %d columns", MAX_COLUMNS);
	if (rc != PYRO_RC_OK) {
		sqlite3_finalize(stmt);
		return rc;
	}
	*ret_stmt = stmt;
	return PYRO_RC_OK;
}

static void take_cell(sqlite3_stmt *stmt, int column, struct pyro_query_cell *cell)
{
	*cell = (struct pyro_query_cell){.bytes = ""};
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		cell->kind = PYRO_QUERY_INTEGER;
		cell->integer = sqlite3_column_int64(stmt, column);
		break;
	case SQLITE_FLOAT:
		cell->kind = PYRO_QUERY_REAL;
		cell->real = sqlite3_column_double(stmt, column);
		break;
	case SQLITE_TEXT:
		cell->kind = PYRO_QUERY_TEXT;
		cell->bytes = (const char *)sqlite3_column_text(stmt, column);
		cell->size = (size_t)sqlite3_column_bytes(stmt, column);
		break;
	case SQLITE_BLOB:
		cell->kind = PYRO_QUERY_BLOB;
		cell->bytes = sqlite3_column_blob(stmt, column);
		cell->size = (size_t)sqlite3_column_bytes(stmt, column);
		break;
	default:
		break;
	}
	if (!cell->bytes) {
		cell->bytes = "";
		cell->size = 0;
	}
}

static enum pyro_rc run(sqlite3 *db, sqlite3_stmt *stmt, const char *path,
			const struct pyro_query_sink *sink, struct pyro_err *err)
{
	const char *names[MAX_COLUMNS];
	struct pyro_query_cell cells[MAX_COLUMNS];
	int count = sqlite3_column_count(stmt);
	for (int i = 0; i < count; i++) {
		names[i] = sqlite3_column_name(stmt, i);
		if (!names[i])
			return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	enum pyro_rc rc = sink->columns(sink->context, names, (size_t)count);
	while (rc == PYRO_RC_OK) {
		int code = sqlite3_step(stmt);
		if (code == SQLITE_DONE)
			break;
		if (code != SQLITE_ROW)
			return wrong_sql(db, code, path, err);
		for (int i = 0; i < count; i++)
			take_cell(stmt, i, &cells[i]);
		rc = sink->row(sink->context, cells, (size_t)count);
	}
	return rc;
}

enum pyro_rc pyro_capture_query(const char *path, const char *sql,
				const struct pyro_query_sink *sink, struct pyro_err *err)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	sqlite3_hard_heap_limit64(MAX_HEAP);
	enum pyro_rc rc = pyro_capture_open(path, &db, err);
	if (rc != PYRO_RC_OK)
		return rc;
	sqlite3_set_authorizer(db, authorise, NULL);
	rc = prepare(db, path, sql, &stmt, err);
	if (rc == PYRO_RC_OK)
		rc = run(db, stmt, path, sink, err);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return rc;
}
