/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The shared-memory index is made anew from the log, so it is not copied but may appear. */
static const char *const suffixes[] = {"", "-wal", "-journal", "-shm"};
#define COPIED 3

static enum pyro_rc copy_bytes(int in, int out, const char *from, struct pyro_err *err)
{
	char bytes[65536];
	for (;;) {
		ssize_t got = read(in, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pyro_err_set_errno(err, PYRO_RC_IO, errno, "%s: cannot read", from);
		if (got == 0)
			return PYRO_RC_OK;
		for (ssize_t at = 0; at < got;) {
			ssize_t put = write(out, bytes + at, (size_t)(got - at));
			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return pyro_err_set_errno(
					err, errno == ENOSPC ? PYRO_RC_FULL : PYRO_RC_IO, errno,
					"%s: cannot copy it to the temporary directory. Try: set "
					"TMPDIR",
					from);
			at += put;
		}
	}
}

static enum pyro_rc copy_file(const char *from, const char *to, struct pyro_err *err)
{
	struct stat st;
	PYRO_AUTO_CLOSE int in = open(from, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (in < 0 && errno == ENOENT)
		return PYRO_RC_NOTFOUND;
	if (in < 0 || fstat(in, &st) != 0)
		return pyro_err_set_errno(err, errno == EACCES ? PYRO_RC_PERM : PYRO_RC_IO, errno,
					  "%s: cannot open", from);
	if (!S_ISREG(st.st_mode))
		return pyro_err_set(err, PYRO_RC_FORMAT, "%s: not a regular file", from);
	PYRO_AUTO_CLOSE int out =
		open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno,
					  "%s: cannot copy it to the temporary directory", from);
	return copy_bytes(in, out, from, err);
}

static char *join(const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *joined = malloc(size);
	if (joined)
		snprintf(joined, size, "%s%s", a, b);
	return joined;
}

enum pyro_rc pyro_snapshot_create(const char *path, struct pyro_snapshot *s, struct pyro_err *err)
{
	const char *base = getenv("TMPDIR");
	if (!base || base[0] != '/' || strlen(base) > 200)
		base = "/tmp";
	snprintf(s->directory, sizeof(s->directory), "%s/pyrometer-XXXXXX", base);
	if (!mkdtemp(s->directory))
		return pyro_err_set_errno(
			err, PYRO_RC_IO, errno,
			"%s: cannot make a directory to copy %s to. Try: set TMPDIR", base, path);
	snprintf(s->path, sizeof(s->path), "%s/capture", s->directory);
	for (size_t i = 0; i < COPIED; i++) {
		PYRO_AUTO_FREE char *from = join(path, suffixes[i]);
		PYRO_AUTO_FREE char *to = join(s->path, suffixes[i]);
		enum pyro_rc rc = PYRO_RC_NOMEM;
		if (from && to)
			rc = copy_file(from, to, err);
		else
			pyro_err_set(err, rc, "out of memory");
		if (rc == PYRO_RC_NOTFOUND && i > 0)
			continue;
		if (rc == PYRO_RC_NOTFOUND)
			pyro_err_set(err, rc, "%s: no such file", path);
		if (rc != PYRO_RC_OK) {
			pyro_snapshot_destroy(s);
			return rc;
		}
	}
	return PYRO_RC_OK;
}

void pyro_snapshot_destroy(struct pyro_snapshot *s)
{
	for (size_t i = 0; i < PYRO_COUNT(suffixes); i++) {
		PYRO_AUTO_FREE char *path = join(s->path, suffixes[i]);
		if (path)
			unlink(path);
	}
	rmdir(s->directory);
}
