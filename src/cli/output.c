/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_MODE        0666 /* less the umask: what any program gives a file asked for by name */
#define TEMPORARY_TRIES 16

static enum pyro_rc fail(const struct pyro_output *output, int errnum, struct pyro_err *err)
{
	switch (errnum) {
	case EEXIST:
		return pyro_err_set(err, PYRO_RC_EXISTS,
				    "%s exists already. Try: another name, or --force to "
				    "replace it",
				    output->path);
	case ENOENT:
	case ENOTDIR:
		return pyro_err_set(err, PYRO_RC_NOTFOUND,
				    "cannot write %s: there is no folder %s. Try: mkdir -p %s",
				    output->path, output->folder, output->folder);
	case EACCES:
	case EPERM:
	case EROFS:
		return pyro_err_set_errno(err, PYRO_RC_PERM, errnum, "cannot write %s",
					  output->path);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return pyro_err_set_errno(err, PYRO_RC_FULL, errnum, "cannot write %s",
					  output->path);
	default:
		return pyro_err_set_errno(err, PYRO_RC_IO, errnum, "cannot write %s", output->path);
	}
}

/* Beside @output->path, so that the rename is one within a file system. The caller frees it. */
static char *temporary_name(const struct pyro_output *output)
{
	uint64_t random;
	char *name;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return NULL;
	if (asprintf(&name, "%s/.pyrometer-%016llx.tmp", output->folder,
		     (unsigned long long)random) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	return name;
}

static int open_named(struct pyro_output *output)
{
	for (int i = 0; i < TEMPORARY_TRIES; i++) {
		char *name = temporary_name(output);
		int fd;

		if (!name)
			return -1;
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, NEW_MODE);
		if (fd >= 0) {
			output->temporary = name;
			return fd;
		}
		free(name);
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static enum pyro_rc find_folder(struct pyro_output *output, struct pyro_err *err)
{
	const char *slash = strrchr(output->path, '/');

	if (!slash)
		output->folder = strdup(".");
	else
		output->folder = strndup(
			output->path, slash == output->path ? 1 : (size_t)(slash - output->path));
	return output->folder ? PYRO_RC_OK : pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
}

static enum pyro_rc open_file(struct pyro_output *output, struct pyro_err *err)
{
	enum pyro_rc rc = find_folder(output, err);

	if (rc)
		return rc;
	/* A file without a name vanishes by itself if we are killed. It can become a new file only,
	 * not replace one, and not every file system has it. */
	output->fd = -1;
	if (!output->replace)
		output->fd = open(output->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, NEW_MODE);
	if (output->fd < 0)
		output->fd = open_named(output);
	return output->fd < 0 ? fail(output, errno, err) : PYRO_RC_OK;
}

enum pyro_rc pyro_output_open(const char *path, bool replace, struct pyro_output *ret_output,
			      struct pyro_err *err)
{
	struct stat there;
	enum pyro_rc rc;

	*ret_output = (struct pyro_output){.path = path, .fd = -1, .replace = replace};
	if (strcmp(path, "-") == 0) {
		ret_output->direct = true;
		ret_output->fd = STDOUT_FILENO;
		return PYRO_RC_OK;
	}
	if (stat(path, &there) == 0) {
		if (S_ISDIR(there.st_mode))
			return pyro_err_set(err, PYRO_RC_USAGE,
					    "%s is a folder. Try: a file name in it", path);
		if (!S_ISREG(there.st_mode)) {
			ret_output->direct = true;
			ret_output->fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
			return ret_output->fd < 0 ? fail(ret_output, errno, err) : PYRO_RC_OK;
		}
		if (!replace)
			return fail(ret_output, EEXIST, err);
	}
	rc = open_file(ret_output, err);
	if (rc)
		pyro_output_close(ret_output);
	return rc;
}

enum pyro_rc pyro_output_reserve(const char *path, bool replace, struct pyro_output *ret_output,
				 struct pyro_err *err)
{
	struct stat there;
	enum pyro_rc rc;

	*ret_output = (struct pyro_output){.path = path, .fd = -1, .replace = replace};
	if (strcmp(path, "-") == 0)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "a capture is a database and needs a file. Try: -o FILE.pyro");
	if (stat(path, &there) == 0) {
		if (!S_ISREG(there.st_mode))
			return pyro_err_set(err, PYRO_RC_USAGE,
					    "%s is no place for a file. Try: another name", path);
		if (!replace)
			return fail(ret_output, EEXIST, err);
	}
	rc = find_folder(ret_output, err);
	if (rc)
		return rc;
	if (access(ret_output->folder, W_OK | X_OK) == 0)
		ret_output->temporary = temporary_name(ret_output);
	if (ret_output->temporary)
		return PYRO_RC_OK;
	rc = fail(ret_output, errno, err);
	pyro_output_close(ret_output);
	return rc;
}

enum pyro_rc pyro_output_write(struct pyro_output *output, const void *bytes, size_t size,
			       struct pyro_err *err)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t written = write(output->fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(output, errno, err);
		at += written;
		size -= (size_t)written;
		output->size += (uint64_t)written;
	}
	return PYRO_RC_OK;
}

/* Gives the nameless file its name, or the named one its other name, never over another file. */
static int publish_new(const struct pyro_output *output)
{
	char self[64];

	if (!output->temporary) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", output->fd);
		return linkat(AT_FDCWD, self, AT_FDCWD, output->path, AT_SYMLINK_FOLLOW);
	}
	if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* File systems that cannot promise it have links at least. */
	if (link(output->temporary, output->path) != 0)
		return -1;
	return unlink(output->temporary);
}

enum pyro_rc pyro_output_commit(struct pyro_output *output, struct pyro_err *err)
{
	int failed;

	if (output->direct)
		return PYRO_RC_OK;
	if (output->replace)
		failed = rename(output->temporary, output->path);
	else
		failed = publish_new(output);
	if (failed)
		return fail(output, errno, err);
	free(output->temporary);
	output->temporary = NULL;
	return PYRO_RC_OK;
}

void pyro_output_close(struct pyro_output *output)
{
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	output->temporary = NULL;
	free(output->folder);
	output->folder = NULL;
	if (output->fd > STDERR_FILENO)
		close(output->fd);
	output->fd = -1;
}

void pyro_output_size_text(uint64_t bytes, char *text, size_t capacity)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 1 < PYRO_COUNT(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(text, capacity, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
		 units[unit]);
}
