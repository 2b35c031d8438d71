/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "capture/sql.h"
#include "capture/writer_inside.h"

/* Pages between two calls of the caller's: a few milliseconds. */
#define STEP_PAGES 1024

/* All pages as of the last flush. Nobody else writes to the original meanwhile: we are asleep. */
static int copy_pages(sqlite3 *from, sqlite3 *to, void (*between)(void *context), void *context)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code, end;

	if (!backup)
		return sqlite3_errcode(to);
	do {
		code = sqlite3_backup_step(backup, STEP_PAGES);
		between(context);
	} while (code == SQLITE_OK);
	end = sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? end : code;
}

static enum pyro_rc fill(struct pyro_capture_writer *w, const char *path,
			 void (*between)(void *context), void *context, struct pyro_err *err)
{
	sqlite3 *db = NULL;
	enum pyro_rc rc = PYRO_RC_OK;
	int code = sqlite3_open_v2(
		path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
		NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = copy_pages(w->db, db, between, context);
	/* The copy is one file, and as whole as a capture that was finished. */
	if (code == SQLITE_OK)
		code = sqlite3_exec(db,
				    "PRAGMA journal_mode = DELETE;"
				    "UPDATE meta SET value = '1' WHERE key = 'complete'",
				    NULL, NULL, NULL);
	if (code != SQLITE_OK)
		rc = pyro_sql_error(db, code, path, "cannot write the capture", err);
	sqlite3_close(db);
	return rc;
}

enum pyro_rc pyro_capture_writer_copy(struct pyro_capture_writer *w, const char *path,
				      void (*between)(void *context), void *context,
				      struct pyro_err *err)
{
	struct stat made, now;
	enum pyro_rc rc = pyro_writer_make_file(path, &made, err);

	if (rc != PYRO_RC_OK)
		return rc;
	rc = fill(w, path, between, context, err);
	/* Half a copy helps nobody. */
	if (rc != PYRO_RC_OK && stat(path, &now) == 0 && now.st_ino == made.st_ino &&
	    now.st_dev == made.st_dev)
		unlink(path);
	return rc;
}
