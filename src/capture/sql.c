/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sql.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "profile/profile.h"

/* Less room than this is none: a transaction needs several pages in two files. */
#define LITTLE_ROOM (256 << 10)

static bool at_limit(const char *path, rlim_t limit)
{
	struct stat st;
	return stat(path, &st) == 0 && (rlim_t)st.st_size + LITTLE_ROOM > limit;
}

/* SQLite says "I/O error" for all but one reason of a write that found no room, and the errno it
 * keeps may be of a later call: so look. */
static bool is_full(const char *path)
{
	char log[4096];
	struct rlimit limit;
	struct statvfs fs;
	if (statvfs(path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < (uint64_t)LITTLE_ROOM)
		return true;
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return false;
	snprintf(log, sizeof(log), "%s-wal", path);
	return at_limit(path, limit.rlim_cur) || at_limit(log, limit.rlim_cur);
}

static enum pyro_rc meaning(int code, int errnum, const char *path)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return PYRO_RC_FULL;
	case SQLITE_NOMEM:
		return PYRO_RC_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_ERROR:
	case SQLITE_TOOBIG:
	case SQLITE_SCHEMA:
		return PYRO_RC_FORMAT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return PYRO_RC_PERM;
	case SQLITE_IOERR:
		if (errnum == EFBIG || errnum == ENOSPC || errnum == EDQUOT || is_full(path))
			return PYRO_RC_FULL;
		return PYRO_RC_IO;
	default:
		return PYRO_RC_IO;
	}
}

enum pyro_rc pyro_sql_error(sqlite3 *db, int code, const char *path, const char *what,
			    struct pyro_err *err)
{
	int errnum = db ? sqlite3_system_errno(db) : 0;
	enum pyro_rc rc = meaning(code, errnum, path);
	if (rc == PYRO_RC_FULL)
		return pyro_err_set(
			err, rc,
			"%s: %s: no space left. Try: free some, or -o FILE on another disk", path,
			what);
	if (rc == PYRO_RC_FORMAT)
		return pyro_err_set(err, rc, "%s: damaged capture: %s", path, sqlite3_errstr(code));
	return pyro_err_set(err, rc, "%s: %s: %s", path, what, sqlite3_errstr(code));
}

int pyro_sql_bind(sqlite3_stmt *stmt, int column, uint64_t value)
{
	return sqlite3_bind_int64(stmt, column, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

int pyro_sql_bind_index(sqlite3_stmt *stmt, int column, uint32_t index)
{
	if (index == PYRO_NONE)
		return sqlite3_bind_null(stmt, column);
	return sqlite3_bind_int64(stmt, column, index);
}

int pyro_sql_bind_bytes(sqlite3_stmt *stmt, int column, const char *text, size_t size)
{
	return sqlite3_bind_text64(stmt, column, text, size, SQLITE_STATIC, SQLITE_UTF8);
}

int pyro_sql_run(sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt);
	int reset = sqlite3_reset(stmt);
	if (code == SQLITE_DONE || code == SQLITE_ROW)
		return reset;
	return code;
}
