/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "capture/migrate.h"
#include "capture/schema.h"
#include "capture/snapshot.h"
#include "capture/sql.h"

static const char sqlite_magic[16] = "SQLite format 3";

static enum pyro_rc not_a_capture(const char *path, const char *what, struct pyro_err *err)
{
	return pyro_err_set(err, PYRO_RC_FORMAT,
			    "%s: not a Pyrometer capture (%s). Try: a file that `pyrometer run` or "
			    "`attach` wrote",
			    path, what);
}

/* SQLite would create, wait or guess; these questions have plain answers. */
static enum pyro_rc look_at_file(const char *path, struct pyro_err *err)
{
	struct stat st;
	char magic[sizeof(sqlite_magic)];
	PYRO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "%s: no such file", path);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return pyro_err_set(err, PYRO_RC_PERM,
				    "%s: permission denied. Try: its owner, or sudo", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "%s: cannot open", path);
	if (S_ISDIR(st.st_mode))
		return not_a_capture(path, "a directory", err);
	if (!S_ISREG(st.st_mode))
		return not_a_capture(path, "not a regular file", err);
	if (st.st_size == 0)
		return not_a_capture(path, "an empty file", err);
	ssize_t size = pread(fd, magic, sizeof(magic), 0);
	if (size < 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "%s: cannot read", path);
	if ((size_t)size < sizeof(magic) || memcmp(magic, sqlite_magic, sizeof(magic)) != 0)
		return not_a_capture(path, "no SQLite database", err);
	return PYRO_RC_OK;
}

/* What a hostile database could do by itself is turned off; what it could make SQLite allocate is
 * bounded. */
static int harden(sqlite3 *db)
{
	static const int switches[][2] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
		{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
	};
	static const int limits[][2] = {
		{SQLITE_LIMIT_LENGTH, PYRO_MAX_CHUNK},
		{SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
		{SQLITE_LIMIT_COLUMN, 256},
		{SQLITE_LIMIT_EXPR_DEPTH, 200},
		{SQLITE_LIMIT_COMPOUND_SELECT, 50},
		{SQLITE_LIMIT_VDBE_OP, 100000},
		{SQLITE_LIMIT_ATTACHED, 0},
		{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
		{SQLITE_LIMIT_WORKER_THREADS, 0},
	};
	for (size_t i = 0; i < PYRO_COUNT(switches); i++) {
		/* A build of SQLite that lacks the feature has no switch for it: that is fine. */
		int code = sqlite3_db_config(db, switches[i][0], switches[i][1], NULL);
		if (code != SQLITE_OK && code != SQLITE_ERROR)
			return code;
	}
	for (size_t i = 0; i < PYRO_COUNT(limits); i++)
		sqlite3_limit(db, limits[i][0], limits[i][1]);
	return sqlite3_exec(db,
			    "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
			    "PRAGMA temp_store = MEMORY",
			    NULL, NULL, NULL);
}

static int pragma_number(sqlite3 *db, const char *sql, int64_t *ret_value)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW) {
			*ret_value = sqlite3_column_int64(stmt, 0);
			code = SQLITE_OK;
		} else if (code == SQLITE_DONE) {
			code = SQLITE_ERROR;
		}
	}
	sqlite3_finalize(stmt);
	return code;
}

static enum pyro_rc check_identity(sqlite3 *db, const char *path, struct pyro_err *err)
{
	int64_t id = 0;
	int64_t version = 0;
	int code = pragma_number(db, "PRAGMA application_id", &id);
	if (code == SQLITE_OK)
		code = pragma_number(db, "PRAGMA user_version", &version);
	if (code != SQLITE_OK)
		return pyro_sql_error(db, code, path, "cannot read the capture", err);
	if (id != PYRO_SCHEMA_APPLICATION_ID)
		return not_a_capture(path, "a database of another program", err);
	if (version > PYRO_SCHEMA_VERSION)
		return pyro_err_set(err, PYRO_RC_NEWER,
				    "%s: written by schema %lld, this version reads up to %d. Try: "
				    "pip install -U pyrometer",
				    path, (long long)version, PYRO_SCHEMA_VERSION);
	if (version < 1)
		return pyro_err_set(err, PYRO_RC_FORMAT,
				    "%s: damaged capture: schema %lld does not exist", path,
				    (long long)version);
	enum pyro_rc rc = pyro_capture_migrate(db, (int)version, err);
	return rc == PYRO_RC_OK ? rc : pyro_err_prefix(err, rc, "%s", path);
}

static int open_at(const char *path, sqlite3 **ret_db)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db,
				   SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
					   SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
				   NULL);
	if (code == SQLITE_OK)
		code = harden(db);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(db, 2000);
	*ret_db = db;
	return code;
}

/* Reading the first page is what needs the log: this finds out whether it can be had. */
static int probe(sqlite3 *db)
{
	int64_t ignored;
	return pragma_number(db, "SELECT count(*) FROM sqlite_schema", &ignored);
}

static bool needs_snapshot(int code)
{
	int primary = code & 0xff;
	return primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY || primary == SQLITE_PERM ||
	       primary == SQLITE_IOERR || primary == SQLITE_PROTOCOL;
}

enum pyro_rc pyro_capture_open(const char *path, sqlite3 **ret_db, struct pyro_err *err)
{
	sqlite3 *db = NULL;
	enum pyro_rc rc = look_at_file(path, err);
	if (rc != PYRO_RC_OK)
		return rc;
	int code = open_at(path, &db);
	if (code == SQLITE_OK)
		code = probe(db);
	if (needs_snapshot(code)) {
		/* The log of a killed recorder must be played back, and there SQLite cannot. */
		struct pyro_snapshot copy;
		sqlite3_close(db);
		db = NULL;
		rc = pyro_snapshot_create(path, &copy, err);
		if (rc != PYRO_RC_OK)
			return rc;
		code = open_at(copy.path, &db);
		if (code == SQLITE_OK)
			code = probe(db);
		pyro_snapshot_destroy(&copy);
	}
	if (code != SQLITE_OK)
		rc = pyro_sql_error(db, code, path, "cannot read the capture", err);
	else
		rc = check_identity(db, path, err);
	if (rc != PYRO_RC_OK) {
		sqlite3_close(db);
		return rc;
	}
	*ret_db = db;
	return PYRO_RC_OK;
}
