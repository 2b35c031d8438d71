/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "capture/sql.h"
#include "capture/writer_inside.h"

/* Flushes that another program's lock may put off before it counts as a failure. */
#define MAX_BUSY 60

enum pyro_rc pyro_writer_make_file(const char *path, struct stat *ret_stat, struct pyro_err *err)
{
	PYRO_AUTO_CLOSE int fd =
		open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && fstat(fd, ret_stat) == 0)
		return PYRO_RC_OK;
	switch (errno) {
	case EEXIST:
		return pyro_err_set(err, PYRO_RC_EXISTS,
				    "%s: exists already, and a capture is never overwritten. "
				    "Try: another name with -o FILE",
				    path);
	case ENOENT:
	case ENOTDIR:
		return pyro_err_set(err, PYRO_RC_NOTFOUND,
				    "%s: no such directory. Try: another place with -o FILE", path);
	case EACCES:
	case EPERM:
	case EROFS:
		return pyro_err_set(
			err, PYRO_RC_PERM,
			"%s: the directory is not writable. Try: another place with -o FILE", path);
	case ENOSPC:
	case EDQUOT:
		return pyro_err_set(err, PYRO_RC_FULL,
				    "%s: no space left. Try: another place with -o FILE", path);
	default:
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "%s: cannot create the capture",
					  path);
	}
}

enum pyro_rc pyro_capture_writer_create(const char *path, struct pyro_profile *profile,
					struct pyro_capture_writer **ret_writer,
					struct pyro_err *err)
{
	struct stat made;
	struct stat opened;
	struct pyro_capture_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	w->profile = profile;
	w->next_chunk = 1;
	pyro_table_init(&w->processes, sizeof(struct pyro_process_info), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&w->tracks, sizeof(struct pyro_track), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&w->tasks, sizeof(struct pyro_task_group), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&w->open, sizeof(struct writer_track *), PYRO_MAX_PROFILE_ROWS);
	pyro_buf_init(&w->plain, PYRO_MAX_CHUNK);
	pyro_buf_init(&w->packed, PYRO_MAX_CHUNK);
	w->path = strdup(path);
	w->zstd = ZSTD_createCCtx();
	enum pyro_rc rc = PYRO_RC_NOMEM;
	if (!w->path || !w->zstd) {
		pyro_err_set(err, rc, "out of memory");
		goto fail;
	}
	rc = pyro_writer_make_file(path, &made, err);
	if (rc != PYRO_RC_OK)
		goto fail;
	rc = pyro_writer_open(w, err);
	if (rc == PYRO_RC_OK && (stat(path, &opened) != 0 || opened.st_ino != made.st_ino ||
				 opened.st_dev != made.st_dev))
		rc = pyro_err_set(err, PYRO_RC_IO, "%s: was replaced while it was created", path);
	if (rc != PYRO_RC_OK)
		goto fail_made;
	*ret_writer = w;
	return PYRO_RC_OK;
fail_made:
	/* An empty or half-made file helps nobody. */
	sqlite3_close(w->db);
	w->db = NULL;
	if (stat(path, &opened) == 0 && opened.st_ino == made.st_ino)
		unlink(path);
fail:
	pyro_capture_writer_destroy(w);
	return rc;
}

static enum pyro_rc track_of(struct pyro_capture_writer *w, uint32_t track,
			     struct writer_track **ret)
{
	struct writer_track *none = NULL;
	struct pyro_profile_counts counts;
	if (track >= w->open.count) {
		pyro_profile_counts(w->profile, &counts);
		if (track >= counts.tracks)
			return PYRO_RC_FORMAT;
	}
	while (w->open.count <= track) {
		enum pyro_rc rc = pyro_table_push(&w->open, &none);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	struct writer_track **slot = pyro_table_at(&w->open, track);
	if (!*slot) {
		struct writer_track *made = calloc(1, sizeof(*made));
		if (!made)
			return PYRO_RC_NOMEM;
		pyro_chunk_init(&made->builder);
		*slot = made;
	}
	*ret = *slot;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_capture_writer_sample(struct pyro_capture_writer *w,
					const struct pyro_capture_sample *sample)
{
	struct writer_track *track = NULL;
	if (w->failed != PYRO_RC_OK)
		return w->failed;
	if ((unsigned)sample->proof >= PYRO_PROOF_COUNT ||
	    (sample->stack != PYRO_NONE && !pyro_profile_stack_get(w->profile, sample->stack)))
		return PYRO_RC_FORMAT;
	enum pyro_rc rc = track_of(w, sample->track, &track);
	if (rc != PYRO_RC_OK)
		return rc;
	track->dirty = true;
	return pyro_chunk_add(&track->builder, sample);
}

static enum pyro_rc fail_for_good(struct pyro_capture_writer *w, int code, struct pyro_err *err)
{
	w->failed = pyro_sql_error(w->db, code, w->path, "cannot write the capture", &w->failure);
	if (err)
		*err = w->failure;
	return w->failed;
}

static enum pyro_rc flush(struct pyro_capture_writer *w, bool complete, struct pyro_err *err)
{
	if (w->failed != PYRO_RC_OK) {
		if (err)
			*err = w->failure;
		return w->failed;
	}
	int code = sqlite3_exec(w->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (code == SQLITE_BUSY && !complete && ++w->busy < MAX_BUSY)
		return PYRO_RC_OK; /* all stays queued for the next flush */
	if (code != SQLITE_OK)
		return fail_for_good(w, code, err);
	w->busy = 0;
	if ((code = pyro_writer_put_names(w)) != SQLITE_OK ||
	    (code = pyro_writer_put_tracks(w)) != SQLITE_OK ||
	    (code = pyro_writer_put_totals(w)) != SQLITE_OK ||
	    (code = pyro_writer_put_waits(w)) != SQLITE_OK ||
	    (code = pyro_writer_put_tasks(w)) != SQLITE_OK ||
	    (code = pyro_writer_put_chunks(w)) != SQLITE_OK ||
	    (code = pyro_writer_put_facts(w, complete)) != SQLITE_OK ||
	    (code = sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL)) != SQLITE_OK) {
		/* What the transaction held is gone from our queues too: nothing can follow. The
		 * error is told before the rollback overwrites it. */
		enum pyro_rc rc = fail_for_good(w, code, err);
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
		return rc;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_capture_writer_flush(struct pyro_capture_writer *w, struct pyro_err *err)
{
	return flush(w, false, err);
}

static void finalize(struct pyro_capture_writer *w)
{
	for (int i = 0; i < WRITE_COUNT; i++) {
		sqlite3_finalize(w->statements[i]);
		w->statements[i] = NULL;
	}
}

enum pyro_rc pyro_capture_writer_finish(struct pyro_capture_writer *w, struct pyro_err *err)
{
	sqlite3_busy_timeout(w->db, 5000);
	enum pyro_rc rc = flush(w, true, err);
	if (rc == PYRO_RC_OK) {
		finalize(w);
		/* Folds the log into the file and removes it: a finished capture is one file. If a
		 * reader holds it open the log stays, and the capture is whole all the same. */
		sqlite3_busy_timeout(w->db, 100);
		int code = sqlite3_exec(w->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
		if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED)
			rc = fail_for_good(w, code, err);
	}
	pyro_capture_writer_destroy(w);
	return rc;
}

void pyro_capture_writer_destroy(struct pyro_capture_writer *w)
{
	if (!w)
		return;
	finalize(w);
	sqlite3_close(w->db);
	for (size_t i = 0; i < w->open.count; i++) {
		struct writer_track **slot = pyro_table_at(&w->open, i);
		if (*slot)
			pyro_chunk_deinit(&(*slot)->builder);
		free(*slot);
	}
	pyro_table_deinit(&w->open);
	pyro_table_deinit(&w->tracks);
	pyro_table_deinit(&w->tasks);
	pyro_table_deinit(&w->processes);
	pyro_buf_deinit(&w->plain);
	pyro_buf_deinit(&w->packed);
	ZSTD_freeCCtx(w->zstd);
	free(w->path);
	free(w);
}
