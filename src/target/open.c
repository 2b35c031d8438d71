/* SPDX-License-Identifier: Apache-2.0 */
#include "target/open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/limits.h"
#include "target/process.h"
#include "target/procfs.h"

/* Opens without side effects: O_NONBLOCK for pipes, O_NOCTTY for terminals. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static enum pyro_rc check_file(int fd, uint64_t max_size, uint64_t inode, struct pyro_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot look at the file");
	if (!S_ISREG(st.st_mode))
		return pyro_err_set(err, PYRO_RC_FORMAT, "not a regular file");
	if (inode && st.st_ino != inode)
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "the file was replaced");
	if (st.st_size <= 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "the file is empty");
	if ((uint64_t)st.st_size > max_size)
		return pyro_err_set(err, PYRO_RC_LIMIT, "the file has %jd bytes, over %" PRIu64,
				    (intmax_t)st.st_size, max_size);
	return PYRO_RC_OK;
}

static enum pyro_rc errno_rc(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		return PYRO_RC_PERM;
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
		return PYRO_RC_NOTFOUND;
	case ESRCH:
		return PYRO_RC_GONE;
	default:
		return PYRO_RC_IO;
	}
}

/* Takes @fd, or the errno of its failed open. */
static enum pyro_rc finish_take(int fd, uint64_t max_size, uint64_t inode, int *ret_fd,
				struct pyro_err *err)
{
	enum pyro_rc rc;

	if (fd < 0)
		return pyro_err_set_errno(err, errno_rc(errno), errno, "cannot open the file");
	rc = check_file(fd, max_size, inode, err);
	if (rc != PYRO_RC_OK)
		close(fd);
	else
		*ret_fd = fd;
	return rc;
}

/* A magic link of /proc: it leads to the file itself, not to a path. */
static enum pyro_rc open_link(int pid, const char *name, uint64_t max_size, uint64_t inode,
			      int *ret_fd, struct pyro_err *err)
{
	char path[PYRO_PROCFS_PATH_SIZE];

	pyro_procfs_path(path, pid, name);
	return finish_take(open(path, OPEN_FLAGS), max_size, inode, ret_fd, err);
}

/* @path below the directory /proc/PID/NAME; links in it resolve as if that were the root, unless
 * @resolve forbids them. */
static enum pyro_rc open_below_how(int pid, const char *name, const char *path, uint64_t resolve,
				   uint64_t max_size, uint64_t inode, int *ret_fd,
				   struct pyro_err *err)
{
	struct open_how how = {.flags = OPEN_FLAGS,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve};
	char root_path[PYRO_PROCFS_PATH_SIZE];
	PYRO_AUTO_CLOSE int root = -1;
	int fd;

	pyro_procfs_path(root_path, pid, name);
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return pyro_err_set_errno(err, pyro_procfs_rc(errno), errno, "cannot open %s",
					  root_path);
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
		/* Before Linux 5.6 and under filters that do not know the call: no link at the end,
		 * so that nothing leads out but directories. */
		while (*path == '/')
			path++;
		fd = openat(root, path, OPEN_FLAGS | O_NOFOLLOW);
	}
	return finish_take(fd, max_size, inode, ret_fd, err);
}

static enum pyro_rc open_below(int pid, const char *name, const char *path, uint64_t max_size,
			       uint64_t inode, int *ret_fd, struct pyro_err *err)
{
	return open_below_how(pid, name, path, 0, max_size, inode, ret_fd, err);
}

enum pyro_rc pyro_target_open_mapping(int pid, const struct pyro_mapping *mapping,
				      uint64_t max_size, int *ret_fd, struct pyro_err *err)
{
	char link[64], exe[PYRO_MAX_PATH], root[PYRO_MAX_PATH];
	const char *path = mapping->path;
	enum pyro_rc rc;
	size_t size;

	if (path[0] != '/')
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "no file is mapped there");
	snprintf(link, sizeof(link), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
		 mapping->end);
	rc = open_link(pid, link, max_size, 0, ret_fd, NULL);
	if (rc == PYRO_RC_OK)
		return rc;
	size = strlen(path);
	if (pyro_process_exe(pid, exe, sizeof(exe), NULL) == PYRO_RC_OK &&
	    strncmp(exe, path, size) == 0 &&
	    (exe[size] == 0 || strcmp(exe + size, " (deleted)") == 0)) {
		rc = open_link(pid, "exe", max_size, mapping->inode, ret_fd, NULL);
		if (rc == PYRO_RC_OK)
			return rc;
	}
	if (mapping->flags & PYRO_MAPPING_DELETED)
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "%s was deleted", path);
	/* In a root of its own the path is seen from there, or still from ours (chroot). */
	if (pyro_process_root(pid, root, sizeof(root), NULL) == PYRO_RC_OK) {
		size = strlen(root);
		if (size > 1 && strncmp(path, root, size) == 0 && path[size] == '/') {
			rc = open_below(pid, "root", path + size, max_size, mapping->inode, ret_fd,
					NULL);
			if (rc == PYRO_RC_OK)
				return rc;
		}
	}
	rc = open_below(pid, "root", path, max_size, mapping->inode, ret_fd, err);
	if (rc != PYRO_RC_OK && rc != PYRO_RC_GONE &&
	    finish_take(open(path, OPEN_FLAGS), max_size, mapping->inode, ret_fd, NULL) ==
		    PYRO_RC_OK)
		return PYRO_RC_OK;
	return rc == PYRO_RC_OK ? rc : pyro_err_prefix(err, rc, "%s", path);
}

enum pyro_rc pyro_target_open_path(int pid, const char *path, uint64_t max_size, int *ret_fd,
				   struct pyro_err *err)
{
	char full[2 * PYRO_MAX_PATH], cwd[PYRO_MAX_PATH], root[PYRO_MAX_PATH];
	const char *from_root = path;
	enum pyro_rc rc;

	if (path[0] != '/') {
		size_t size;

		rc = pyro_process_cwd(pid, cwd, sizeof(cwd), err);
		if (rc == PYRO_RC_OK)
			rc = pyro_process_root(pid, root, sizeof(root), err);
		if (rc != PYRO_RC_OK)
			return rc;
		size = strlen(root);
		from_root = cwd;
		if (size > 1 && strncmp(cwd, root, size) == 0 && (cwd[size] == '/' || !cwd[size]))
			from_root += size;
		if (snprintf(full, sizeof(full), "%s/%s", from_root, path) >= (int)sizeof(full))
			return pyro_err_set(err, PYRO_RC_LIMIT, "the path of %s is too long", path);
		from_root = full;
	}
	rc = open_below(pid, "root", from_root, max_size, 0, ret_fd, err);
	return rc == PYRO_RC_OK ? rc : pyro_err_prefix(err, rc, "%s", path);
}

enum pyro_rc pyro_target_open_own(int pid, const char *path, uint64_t max_size, int *ret_fd,
				  struct pyro_err *err)
{
	struct pyro_process_facts facts;
	struct stat st;
	int fd = -1;
	enum pyro_rc rc = pyro_process_facts(pid, &facts, err);

	if (rc == PYRO_RC_OK)
		rc = open_below_how(pid, "root", path, RESOLVE_NO_SYMLINKS, max_size, 0, &fd, err);
	if (rc != PYRO_RC_OK)
		return rc;
	if (fstat(fd, &st) != 0 || (st.st_uid != facts.uid && st.st_uid != 0)) {
		close(fd);
		return pyro_err_set(err, PYRO_RC_PERM, "%s belongs to another user", path);
	}
	*ret_fd = fd;
	return PYRO_RC_OK;
}
