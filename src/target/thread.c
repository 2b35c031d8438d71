/* SPDX-License-Identifier: Apache-2.0 */
#include "target/thread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target/process.h"
#include "target/procfs.h"
#include "target/stat.h"

enum pyro_rc pyro_thread_stat_open(int pid, int tid, struct pyro_thread_stat *ret_stat,
				   struct pyro_err *err)
{
	struct pyro_thread_stat stat = {.stat_fd = -1, .sched_fd = -1};
	char name[64];
	enum pyro_rc rc;

	snprintf(name, sizeof(name), "task/%d/stat", tid);
	rc = pyro_procfs_open(pid, name, &stat.stat_fd, err);
	if (rc != PYRO_RC_OK)
		return rc;
	snprintf(name, sizeof(name), "task/%d/schedstat", tid);
	/* A kernel without the file and a thread that has just ended look alike; stat will tell. */
	if (pyro_procfs_open(pid, name, &stat.sched_fd, NULL) != PYRO_RC_OK)
		stat.sched_fd = -1;
	*ret_stat = stat;
	return PYRO_RC_OK;
}

void pyro_thread_stat_close(struct pyro_thread_stat *stat)
{
	if (stat->stat_fd >= 0)
		close(stat->stat_fd);
	if (stat->sched_fd >= 0)
		close(stat->sched_fd);
	stat->stat_fd = stat->sched_fd = -1;
}

static enum pyro_rc read_again(int fd, char *text, size_t capacity, size_t *ret_size)
{
	ssize_t got;

	*ret_size = 0;
	do
		got = pread(fd, text, capacity, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return pyro_procfs_rc(errno);
	*ret_size = (size_t)got;
	return got == 0 ? PYRO_RC_GONE : PYRO_RC_OK;
}

enum pyro_rc pyro_thread_stat_read(const struct pyro_thread_stat *stat,
				   struct pyro_thread_now *ret_now)
{
	char text[1024]; /* 52 numbers and a name of 64 bytes at most */
	struct pyro_stat parsed;
	size_t size;
	enum pyro_rc rc = read_again(stat->stat_fd, text, sizeof(text), &size);

	if (rc != PYRO_RC_OK)
		return rc;
	if (!pyro_stat_parse(text, size, &parsed))
		return PYRO_RC_FORMAT;
	ret_now->state = parsed.state;
	ret_now->cpu = parsed.cpu;
	ret_now->utime_ticks = parsed.utime;
	ret_now->stime_ticks = parsed.stime;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_thread_stat_sched(const struct pyro_thread_stat *stat,
				    struct pyro_thread_sched *ret_sched)
{
	char text[80];
	const char *at = text, *end;
	size_t size;
	enum pyro_rc rc;

	if (stat->sched_fd < 0)
		return PYRO_RC_UNSUPPORTED;
	rc = read_again(stat->sched_fd, text, sizeof(text), &size);
	if (rc != PYRO_RC_OK)
		return rc;
	end = text + size;
	if (!pyro_procfs_decimal(&at, end, &ret_sched->run_ns) || at == end || *at++ != ' ' ||
	    !pyro_procfs_decimal(&at, end, &ret_sched->wait_ns) || at == end || *at++ != ' ' ||
	    !pyro_procfs_decimal(&at, end, &ret_sched->slices))
		return PYRO_RC_FORMAT;
	return PYRO_RC_OK;
}

/* A line "se.exec_start   :   123.456789", in milliseconds. */
bool pyro_thread_last_ran_parse(const char *text, size_t size, uint64_t *ret_ns)
{
	static const char title[] = "\nse.exec_start";
	const char *end = text + size;
	const char *at = memmem(text, size, title, sizeof(title) - 1);
	uint64_t ms, part;
	const char *digits;

	if (!at)
		return false;
	at += sizeof(title) - 1;
	while (at < end && (*at == ' ' || *at == ':'))
		at++;
	if (!pyro_procfs_decimal(&at, end, &ms) || at == end || *at++ != '.')
		return false;
	digits = at;
	if (!pyro_procfs_decimal(&at, end, &part) || at - digits != 6 ||
	    ms > UINT64_MAX / 1000000 - 1)
		return false;
	*ret_ns = ms * 1000000 + part;
	return true;
}

enum pyro_rc pyro_thread_last_ran(int pid, int tid, uint64_t *ret_ns)
{
	char name[64];
	char text[1024]; /* the line is one of the first */
	size_t size;
	enum pyro_rc rc;

	snprintf(name, sizeof(name), "task/%d/sched", tid);
	rc = pyro_procfs_read(pid, name, text, sizeof(text), &size, NULL);
	if (rc == PYRO_RC_GONE && !pyro_thread_gone(pid, tid))
		return PYRO_RC_UNSUPPORTED;
	if (rc)
		return rc;
	return pyro_thread_last_ran_parse(text, size, ret_ns) && *ret_ns ? PYRO_RC_OK
									 : PYRO_RC_UNSUPPORTED;
}

static bool hex_field(const char **at, const char *end, uint64_t *ret_value)
{
	if (end - *at < 3 || (*at)[0] != ' ' || (*at)[1] != '0' || (*at)[2] != 'x')
		return false;
	*at += 3;
	return pyro_procfs_hex(at, end, ret_value);
}

bool pyro_thread_syscall_parse(const char *text, size_t size,
			       struct pyro_thread_syscall *ret_syscall)
{
	static const char running[] = "running";
	struct pyro_thread_syscall call = {0};
	const char *at = text, *end = text + size;
	const bool negative = at < end && *at == '-';
	uint64_t number;

	if (size >= sizeof(running) - 1 && memcmp(text, running, sizeof(running) - 1) == 0) {
		*ret_syscall = (struct pyro_thread_syscall){.number = -2};
		return true;
	}
	at += negative;
	if (!pyro_procfs_decimal(&at, end, &number) || number > INT32_MAX ||
	    (negative && number != 1))
		return false;
	call.number = negative ? -1 : (int64_t)number;
	for (size_t i = 0; i < PYRO_COUNT(call.args) && !negative; i++) {
		if (!hex_field(&at, end, &call.args[i]))
			return false;
	}
	if (!hex_field(&at, end, &call.sp) || !hex_field(&at, end, &call.pc))
		return false;
	*ret_syscall = call;
	return true;
}

enum pyro_rc pyro_thread_syscall_open(int pid, int tid, int *ret_fd, struct pyro_err *err)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%d/syscall", tid);
	return pyro_procfs_open(pid, name, ret_fd, err);
}

enum pyro_rc pyro_thread_syscall_read(int fd, struct pyro_thread_syscall *ret_syscall)
{
	char text[256];
	size_t size;
	enum pyro_rc rc = read_again(fd, text, sizeof(text), &size);

	if (rc != PYRO_RC_OK)
		return rc;
	return pyro_thread_syscall_parse(text, size, ret_syscall) ? PYRO_RC_OK : PYRO_RC_FORMAT;
}
