/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/schema.h"

#include <ctype.h>
#include <string.h>

#define PLACEHOLDER  "metric_columns INTEGER"
#define SCHEMA_LIMIT (1u << 20)

void pyro_schema_write(struct pyro_buf *buf, const char *const *metrics, size_t count)
{
	const char *at = strstr(pyro_schema_text, PLACEHOLDER);
	pyro_buf_add(buf, pyro_schema_text, (size_t)(at - pyro_schema_text));
	for (size_t i = 0; i < count; i++)
		pyro_buf_add_format(buf, "%s%s INTEGER", i ? ", " : "", metrics[i]);
	pyro_buf_add_text(buf, at + strlen(PLACEHOLDER));
}

bool pyro_schema_metric_name_valid(const char *name)
{
	size_t size = strlen(name);
	return size > 0 && size <= 32 && islower((unsigned char)name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

/* The words of a definition: what lies between them, and comments, does not matter. */
static void add_normalised(struct pyro_buf *buf, const char *sql)
{
	bool space = false;
	for (const char *at = sql; *at; at++) {
		if (at[0] == '-' && at[1] == '-') {
			at += strcspn(at, "\n");
			if (!*at)
				break;
		}
		if (isspace((unsigned char)*at)) {
			space = true;
			continue;
		}
		if (space && buf->size > 0)
			pyro_buf_add_char(buf, ' ');
		space = false;
		pyro_buf_add_char(buf, *at);
	}
}

static bool same_definition(const char *ours, const char *theirs)
{
	struct pyro_buf a;
	struct pyro_buf b;
	pyro_buf_init(&a, SCHEMA_LIMIT);
	pyro_buf_init(&b, SCHEMA_LIMIT);
	add_normalised(&a, ours);
	add_normalised(&b, theirs);
	bool same = pyro_buf_status(&a) == PYRO_RC_OK && pyro_buf_status(&b) == PYRO_RC_OK &&
		    a.size == b.size && a.size > 0 && memcmp(a.data, b.data, a.size) == 0;
	pyro_buf_deinit(&a);
	pyro_buf_deinit(&b);
	return same;
}

static enum pyro_rc damaged(struct pyro_err *err, const char *table)
{
	return pyro_err_set(err, PYRO_RC_FORMAT,
			    "damaged capture: table %s is not as schema %d has it", table,
			    PYRO_SCHEMA_VERSION);
}

/* Was the table supplied, as the file is older than it? */
static bool is_supplied(sqlite3 *db, const char *name)
{
	sqlite3_stmt *stmt = NULL;
	bool supplied = sqlite3_prepare_v2(db, "SELECT 1 FROM temp.sqlite_schema WHERE name = ?1",
					   -1, &stmt, NULL) == SQLITE_OK &&
			sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
			sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return supplied;
}

/* One table of @db against its definition in the schema. */
static enum pyro_rc check_table(sqlite3 *db, const char *name, const char *ours,
				struct pyro_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool same = false;
	if (sqlite3_prepare_v2(db,
			       "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
			       -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		const char *theirs = (const char *)sqlite3_column_text(stmt, 0);
		same = theirs && same_definition(ours, theirs);
	}
	sqlite3_finalize(stmt);
	return same ? PYRO_RC_OK : damaged(err, name);
}

/* The definition of the @n-th table in the schema's text: from "CREATE TABLE name(" to ";". */
static const char *next_table(const char *at, size_t *ret_size, char *name, size_t name_size)
{
	static const char start[] = "CREATE TABLE ";
	at = strstr(at, start);
	if (!at)
		return NULL;
	const char *first = at + strlen(start);
	size_t length = strcspn(first, "(");
	if (length >= name_size)
		return NULL;
	memcpy(name, first, length);
	name[length] = '\0';
	*ret_size = strcspn(at, ";");
	return at;
}

static enum pyro_rc check_tables(sqlite3 *db, const char *schema, const char *only,
				 struct pyro_err *err)
{
	char name[32];
	size_t size = 0;
	for (const char *at = schema; (at = next_table(at, &size, name, sizeof(name)));
	     at += size) {
		if ((only && strcmp(only, name) != 0) || is_supplied(db, name))
			continue;
		PYRO_AUTO_FREE char *ours = strndup(at, size);
		if (!ours)
			return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
		enum pyro_rc rc = check_table(db, name, ours, err);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_schema_supply(sqlite3 *db, const char *name, struct pyro_err *err)
{
	char found[32];
	size_t size = 0;
	int code = SQLITE_ERROR;
	struct pyro_buf sql;
	pyro_buf_init(&sql, SCHEMA_LIMIT);
	for (const char *at = pyro_schema_text; (at = next_table(at, &size, found, sizeof(found)));
	     at += size) {
		if (strcmp(name, found) != 0)
			continue;
		pyro_buf_add_text(&sql, "CREATE TEMP ");
		pyro_buf_add(&sql, at + strlen("CREATE "), size - strlen("CREATE "));
		code = pyro_buf_status(&sql) == PYRO_RC_OK
			       ? sqlite3_exec(db, sql.data, NULL, NULL, NULL)
			       : SQLITE_NOMEM;
		break;
	}
	pyro_buf_deinit(&sql);
	return code == SQLITE_OK
		       ? PYRO_RC_OK
		       : pyro_err_set(err, PYRO_RC_FORMAT,
				      "table %s cannot be made for an older capture", name);
}

enum pyro_rc pyro_schema_check_table(sqlite3 *db, const char *name, struct pyro_err *err)
{
	return check_tables(db, pyro_schema_text, name, err);
}

enum pyro_rc pyro_schema_check(sqlite3 *db, const char *const *metrics, size_t count,
			       struct pyro_err *err)
{
	struct pyro_buf schema;
	pyro_buf_init(&schema, SCHEMA_LIMIT);
	pyro_schema_write(&schema, metrics, count);
	enum pyro_rc rc = pyro_buf_status(&schema);
	if (rc == PYRO_RC_OK)
		rc = check_tables(db, schema.data, NULL, err);
	else
		pyro_err_set(err, rc, "out of memory");
	pyro_buf_deinit(&schema);
	return rc;
}
