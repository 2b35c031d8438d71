/* SPDX-License-Identifier: Apache-2.0 */
#include "target/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void pyro_procfs_path(char path[PYRO_PROCFS_PATH_SIZE], int pid, const char *name)
{
	const int size = snprintf(path, PYRO_PROCFS_PATH_SIZE, "/proc/%d/%s", pid, name);

	if (size < 0 || size >= PYRO_PROCFS_PATH_SIZE)
		path[0] = 0;
}

enum pyro_rc pyro_procfs_rc(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ESRCH:
		return PYRO_RC_GONE;
	case EACCES:
	case EPERM:
		return PYRO_RC_PERM;
	case ENOMEM:
		return PYRO_RC_NOMEM;
	default:
		return PYRO_RC_IO;
	}
}

static enum pyro_rc fail(struct pyro_err *err, int pid, const char *name, int errnum)
{
	const enum pyro_rc rc = pyro_procfs_rc(errnum);

	if (rc == PYRO_RC_GONE)
		return pyro_err_set(err, rc, "process %d has ended", pid);
	return pyro_err_set_errno(err, rc, errnum, "cannot read /proc/%d/%s", pid, name);
}

enum pyro_rc pyro_procfs_open(int pid, const char *name, int *ret_fd, struct pyro_err *err)
{
	char path[PYRO_PROCFS_PATH_SIZE];
	int fd;

	pyro_procfs_path(path, pid, name);
	do
		fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return fail(err, pid, name, errno);
	*ret_fd = fd;
	return PYRO_RC_OK;
}

/* read() that survives signals. */
static ssize_t read_some(int fd, char *into, size_t size)
{
	ssize_t got;

	do
		got = read(fd, into, size);
	while (got < 0 && errno == EINTR);
	return got;
}

enum pyro_rc pyro_procfs_read(int pid, const char *name, char *text, size_t capacity,
			      size_t *ret_size, struct pyro_err *err)
{
	PYRO_AUTO_CLOSE int fd = -1;
	size_t size = 0;
	enum pyro_rc rc = pyro_procfs_open(pid, name, &fd, err);

	if (rc != PYRO_RC_OK)
		return rc;
	while (size + 1 < capacity) {
		const ssize_t got = read_some(fd, text + size, capacity - 1 - size);

		if (got < 0)
			return fail(err, pid, name, errno);
		if (got == 0)
			break;
		size += (size_t)got;
	}
	text[size] = 0;
	*ret_size = size;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_procfs_read_all(int pid, const char *name, struct pyro_buf *buf,
				  bool *ret_truncated, struct pyro_err *err)
{
	enum {
		STEP = 16384
	};
	PYRO_AUTO_CLOSE int fd = -1;
	enum pyro_rc rc = pyro_procfs_open(pid, name, &fd, err);

	if (ret_truncated)
		*ret_truncated = false;
	if (rc != PYRO_RC_OK)
		return rc;
	for (;;) {
		const size_t room = buf->limit > buf->size ? buf->limit - buf->size : 0;
		const size_t step = room < STEP ? room : STEP;
		char *into;
		ssize_t got;

		if (step == 0) {
			if (ret_truncated)
				*ret_truncated = true;
			return PYRO_RC_OK;
		}
		into = pyro_buf_reserve(buf, step);
		if (!into)
			return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for /proc/%d/%s",
					    pid, name);
		got = read_some(fd, into, step);
		if (got < 0)
			return fail(err, pid, name, errno);
		if (got == 0)
			return PYRO_RC_OK;
		buf->size += (size_t)got;
		buf->data[buf->size] = 0;
	}
}

enum pyro_rc pyro_procfs_link(int pid, const char *name, char *target, size_t capacity,
			      struct pyro_err *err)
{
	char path[PYRO_PROCFS_PATH_SIZE];
	ssize_t size;

	pyro_procfs_path(path, pid, name);
	size = readlink(path, target, capacity);
	if (size < 0)
		return fail(err, pid, name, errno);
	if ((size_t)size >= capacity)
		return pyro_err_set(err, PYRO_RC_LIMIT,
				    "/proc/%d/%s leads to a path over %zu bytes", pid, name,
				    capacity - 1);
	target[size] = 0;
	return PYRO_RC_OK;
}

bool pyro_procfs_decimal(const char **text, const char *end, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	while (at < end && *at >= '0' && *at <= '9') {
		const uint64_t digit = (uint64_t)(*at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
		at++;
	}
	if (at == *text)
		return false;
	*text = at;
	*ret_value = value;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool pyro_procfs_hex(const char **text, const char *end, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	while (at < end && hex_digit(*at) >= 0) {
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)hex_digit(*at);
		at++;
	}
	if (at == *text)
		return false;
	*text = at;
	*ret_value = value;
	return true;
}
