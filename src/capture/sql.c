/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sql.h"

#include <errno.h>

#include "profile/profile.h"

static enum pyro_rc meaning(int code, int errnum)
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
		/* The system's own words tell a full disk from a broken one. */
		return errnum == EFBIG || errnum == ENOSPC || errnum == EDQUOT ? PYRO_RC_FULL
									       : PYRO_RC_IO;
	default:
		return PYRO_RC_IO;
	}
}

enum pyro_rc pyro_sql_error(sqlite3 *db, int code, const char *path, const char *what,
			    struct pyro_err *err)
{
	int errnum = db ? sqlite3_system_errno(db) : 0;
	enum pyro_rc rc = meaning(code, errnum);
	if (rc == PYRO_RC_FULL)
		return pyro_err_set(
		    err, rc, "%s: %s: no space left. Try: free some, or -o FILE on another disk",
		    path, what);
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
