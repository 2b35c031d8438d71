/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "target/permission.h"
#include "target/process.h"
#include "target/procfs.h"
#include "target/reader.h"

#define MAX_SPAN ((size_t)1 << 30) /* the kernel cuts one call at 2 GiB */

struct live_reader {
	struct pyro_reader reader;
	int pid;
	int task;  /* thread id whose memory is asked for: the leader may end before the others */
	int pidfd; /* -1 where the kernel has none */
};

/* A dead process is looked for only when a read has failed. */
static bool has_ended(const struct live_reader *live)
{
	struct pollfd poll_fd = {.fd = live->pidfd, .events = POLLIN};

	if (live->pidfd >= 0)
		return poll(&poll_fd, 1, 0) > 0;
	return pyro_process_gone(live->pid);
}

/* The memory of a process outlives its first thread: ask through another. */
static bool move_to_living_task(struct live_reader *live)
{
	struct pyro_tids tids;
	bool moved = false;

	if (pyro_process_tids(live->pid, &tids, NULL) != PYRO_RC_OK)
		return false;
	for (size_t i = 0; i < tids.count && !moved; i++) {
		if (tids.items[i] == live->task || pyro_thread_gone(live->pid, tids.items[i]))
			continue;
		live->task = tids.items[i];
		moved = true;
	}
	pyro_tids_deinit(&tids);
	return moved;
}

static enum pyro_rc read_error(const struct live_reader *live, int errnum)
{
	switch (errnum) {
	case ESRCH:
		return PYRO_RC_GONE;
	case EPERM:
	case EACCES:
		return PYRO_RC_PERM;
	case ENOMEM:
		return PYRO_RC_NOMEM;
	case EFAULT:
	default:
		return has_ended(live) ? PYRO_RC_GONE : PYRO_RC_FAULT;
	}
}

/* Reads up to IOV_MAX spans; *ret_done counts those read whole. */
static enum pyro_rc read_batch(struct live_reader *live, const struct pyro_span *spans,
			       size_t count, size_t *ret_done)
{
	struct iovec local[IOV_MAX], remote[IOV_MAX];
	size_t done = 0, rest;
	ssize_t got;

	for (size_t i = 0; i < count; i++) {
		local[i] = (struct iovec){spans[i].into, spans[i].size};
		remote[i] = (struct iovec){(void *)(uintptr_t)spans[i].addr, spans[i].size};
	}
	do {
		got = process_vm_readv(live->task, local, count, remote, count, 0);
	} while (got < 0 && (errno == EINTR ||
			     (errno == ESRCH && !has_ended(live) && move_to_living_task(live))));
	rest = got < 0 ? 0 : (size_t)got;
	while (done < count && spans[done].size <= rest)
		rest -= spans[done++].size;
	*ret_done = done;
	if (done == count && got >= 0)
		return PYRO_RC_OK;
	/* A call that read anything hides why it stopped: the next page could not be read. */
	return read_error(live, got < 0 ? errno : EFAULT);
}

static enum pyro_rc live_readv(struct pyro_reader *reader, const struct pyro_span *spans,
			       size_t count, size_t *ret_done)
{
	struct live_reader *live = (struct live_reader *)reader;
	size_t done = 0;

	*ret_done = 0;
	while (done < count) {
		size_t batch = 0, bytes = 0, read = 0;
		enum pyro_rc rc;

		while (batch < IOV_MAX && done + batch < count &&
		       spans[done + batch].size <= MAX_SPAN - bytes)
			bytes += spans[done + batch++].size;
		if (batch == 0)
			return PYRO_RC_FAULT; /* one span beyond MAX_SPAN */
		rc = read_batch(live, spans + done, batch, &read);
		done += read;
		*ret_done = done;
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

static void live_destroy(struct pyro_reader *reader)
{
	struct live_reader *live = (struct live_reader *)reader;

	if (live->pidfd >= 0)
		close(live->pidfd);
	free(live);
}

/* Reads one byte, since the kernel checks the right to read only when there is something to. */
static enum pyro_rc try_read(struct live_reader *live, struct pyro_err *err)
{
	char line[64];
	const char *at = line;
	uint64_t addr;
	size_t size;
	uint8_t byte;
	enum pyro_rc rc = pyro_procfs_read(live->pid, "maps", line, sizeof(line), &size, NULL);

	if (rc == PYRO_RC_OK && !pyro_procfs_hex(&at, line + size, &addr))
		rc = pyro_process_gone(live->pid) ? PYRO_RC_GONE : PYRO_RC_NOTPYTHON;
	if (rc == PYRO_RC_OK)
		rc = pyro_reader_read(&live->reader, addr, &byte, 1);
	switch (rc) {
	case PYRO_RC_OK:
	case PYRO_RC_FAULT: /* a mapping without read permission: the right to read is there */
		return PYRO_RC_OK;
	case PYRO_RC_PERM:
		return pyro_process_explain_permission(live->pid, NULL, err);
	case PYRO_RC_GONE:
		return pyro_err_set(err, rc, "no process %d: it has ended or never was", live->pid);
	case PYRO_RC_NOTPYTHON:
		return pyro_err_set(err, rc,
				    "process %d has no memory of its own: it is a thread "
				    "of the kernel",
				    live->pid);
	default:
		return pyro_err_set(err, rc, "cannot read process %d", live->pid);
	}
}

enum pyro_rc pyro_live_reader_create(int pid, struct pyro_reader **ret_reader, struct pyro_err *err)
{
	struct live_reader *live;
	enum pyro_rc rc;

	if (pid <= 0)
		return pyro_err_set(err, PYRO_RC_GONE, "no process %d", pid);
	live = calloc(1, sizeof(*live));
	if (!live)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	live->reader.readv = live_readv;
	live->reader.destroy = live_destroy;
	live->pid = pid;
	live->task = pid;
	live->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	rc = try_read(live, err);
	if (rc != PYRO_RC_OK) {
		live_destroy(&live->reader);
		return rc;
	}
	*ret_reader = &live->reader;
	return PYRO_RC_OK;
}
