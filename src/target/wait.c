/* SPDX-License-Identifier: Apache-2.0 */
#include "target/wait.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "target/procfs.h"
#include "target/socket.h"

#define MAX_POLLED 8 /* files of one call that are looked at */
#define FD_BITS    1024
/* No address lies below it, so a smaller operand is a number. */
#define LEAST_ADDR 4096

/* How a call names what it waits for. */
enum operand {
	NOTHING,
	FD,       /* args[0] is a file */
	FUTEX,    /* args[0] is the address of one */
	POLL,     /* args: pollfd[], count */
	SELECT,   /* args: highest + 1, three sets */
	EPOLL,    /* args[0] is a file that stands for others */
	PROCESS,  /* args[0] is a process id, or does not name one */
	WAITABLE, /* args: of what kind, and which */
};

/* Not every architecture has all of them: what is missing there is done by another. */
static const struct call {
	int64_t number;
	enum pyro_wait_kind kind; /* FILE with an operand: as its file is */
	enum operand operand;
} calls[] = {
	{SYS_futex, PYRO_WAIT_LOCK, FUTEX},
#ifdef SYS_futex_waitv
	{SYS_futex_waitv, PYRO_WAIT_LOCK, NOTHING},
#endif
#ifdef SYS_futex_wait
	{SYS_futex_wait, PYRO_WAIT_LOCK, FUTEX},
#endif
	{SYS_semop, PYRO_WAIT_LOCK, NOTHING},
	{SYS_semtimedop, PYRO_WAIT_LOCK, NOTHING},
	{SYS_read, PYRO_WAIT_FILE, FD},
	{SYS_readv, PYRO_WAIT_FILE, FD},
	{SYS_pread64, PYRO_WAIT_FILE, FD},
	{SYS_preadv, PYRO_WAIT_FILE, FD},
	{SYS_preadv2, PYRO_WAIT_FILE, FD},
	{SYS_write, PYRO_WAIT_FILE, FD},
	{SYS_writev, PYRO_WAIT_FILE, FD},
	{SYS_pwrite64, PYRO_WAIT_FILE, FD},
	{SYS_pwritev, PYRO_WAIT_FILE, FD},
	{SYS_pwritev2, PYRO_WAIT_FILE, FD},
	{SYS_sendfile, PYRO_WAIT_FILE, FD},
	{SYS_splice, PYRO_WAIT_FILE, FD},
	{SYS_copy_file_range, PYRO_WAIT_FILE, FD},
	{SYS_fsync, PYRO_WAIT_FILE, FD},
	{SYS_fdatasync, PYRO_WAIT_FILE, FD},
	{SYS_sync_file_range, PYRO_WAIT_FILE, FD},
	{SYS_fallocate, PYRO_WAIT_FILE, FD},
	{SYS_ftruncate, PYRO_WAIT_FILE, FD},
	{SYS_fstat, PYRO_WAIT_FILE, FD},
	{SYS_getdents64, PYRO_WAIT_FILE, FD},
	{SYS_flock, PYRO_WAIT_FILE, FD},
	{SYS_fcntl, PYRO_WAIT_FILE, FD},
	{SYS_ioctl, PYRO_WAIT_FILE, FD},
	{SYS_close, PYRO_WAIT_FILE, FD},
	{SYS_openat, PYRO_WAIT_FILE, NOTHING},
	{SYS_openat2, PYRO_WAIT_FILE, NOTHING},
	{SYS_newfstatat, PYRO_WAIT_FILE, NOTHING},
	{SYS_statx, PYRO_WAIT_FILE, NOTHING},
	{SYS_faccessat, PYRO_WAIT_FILE, NOTHING},
	{SYS_readlinkat, PYRO_WAIT_FILE, NOTHING},
	{SYS_unlinkat, PYRO_WAIT_FILE, NOTHING},
	{SYS_renameat2, PYRO_WAIT_FILE, NOTHING},
	{SYS_mkdirat, PYRO_WAIT_FILE, NOTHING},
	{SYS_sync, PYRO_WAIT_FILE, NOTHING},
	{SYS_io_getevents, PYRO_WAIT_FILE, NOTHING},
#ifdef SYS_open
	{SYS_open, PYRO_WAIT_FILE, NOTHING},
	{SYS_stat, PYRO_WAIT_FILE, NOTHING},
	{SYS_lstat, PYRO_WAIT_FILE, NOTHING},
	{SYS_access, PYRO_WAIT_FILE, NOTHING},
	{SYS_readlink, PYRO_WAIT_FILE, NOTHING},
	{SYS_unlink, PYRO_WAIT_FILE, NOTHING},
	{SYS_rename, PYRO_WAIT_FILE, NOTHING},
	{SYS_mkdir, PYRO_WAIT_FILE, NOTHING},
	{SYS_rmdir, PYRO_WAIT_FILE, NOTHING},
#endif
	{SYS_recvfrom, PYRO_WAIT_SOCKET, FD},
	{SYS_recvmsg, PYRO_WAIT_SOCKET, FD},
	{SYS_recvmmsg, PYRO_WAIT_SOCKET, FD},
	{SYS_sendto, PYRO_WAIT_SOCKET, FD},
	{SYS_sendmsg, PYRO_WAIT_SOCKET, FD},
	{SYS_sendmmsg, PYRO_WAIT_SOCKET, FD},
	{SYS_accept, PYRO_WAIT_SOCKET, FD},
	{SYS_accept4, PYRO_WAIT_SOCKET, FD},
	{SYS_connect, PYRO_WAIT_SOCKET, FD},
	{SYS_ppoll, PYRO_WAIT_EVENTS, POLL},
	{SYS_pselect6, PYRO_WAIT_EVENTS, SELECT},
	{SYS_epoll_pwait, PYRO_WAIT_EVENTS, EPOLL},
#ifdef SYS_epoll_pwait2
	{SYS_epoll_pwait2, PYRO_WAIT_EVENTS, EPOLL},
#endif
#ifdef SYS_poll
	{SYS_poll, PYRO_WAIT_EVENTS, POLL},
	{SYS_select, PYRO_WAIT_EVENTS, SELECT},
	{SYS_epoll_wait, PYRO_WAIT_EVENTS, EPOLL},
	{SYS_pause, PYRO_WAIT_SIGNAL, NOTHING},
#endif
#ifdef SYS_io_uring_enter
	{SYS_io_uring_enter, PYRO_WAIT_EVENTS, NOTHING},
#endif
	{SYS_nanosleep, PYRO_WAIT_SLEEP, NOTHING},
	{SYS_clock_nanosleep, PYRO_WAIT_SLEEP, NOTHING},
	{SYS_wait4, PYRO_WAIT_CHILD, PROCESS},
	{SYS_waitid, PYRO_WAIT_CHILD, WAITABLE},
	{SYS_rt_sigtimedwait, PYRO_WAIT_SIGNAL, NOTHING},
	{SYS_rt_sigsuspend, PYRO_WAIT_SIGNAL, NOTHING},
};

static const struct words {
	const char *name;
	const char *text;
} words[PYRO_WAIT_COUNT] = {
	[PYRO_WAIT_RUNS] = {"runs", "nothing"},
	[PYRO_WAIT_LOCK] = {"lock", "a lock"},
	[PYRO_WAIT_FILE] = {"file", "a file"},
	[PYRO_WAIT_PIPE] = {"pipe", "a pipe"},
	[PYRO_WAIT_TERMINAL] = {"terminal", "the terminal"},
	[PYRO_WAIT_SOCKET] = {"socket", "a socket"},
	[PYRO_WAIT_EVENTS] = {"events", "events"},
	[PYRO_WAIT_SLEEP] = {"sleep", "sleep"},
	[PYRO_WAIT_CHILD] = {"child", "a process"},
	[PYRO_WAIT_SIGNAL] = {"signal", "a signal"},
	[PYRO_WAIT_FAULT] = {"fault", "memory"},
	[PYRO_WAIT_OTHER] = {"other", "the kernel"},
};

static const struct words *words_of(enum pyro_wait_kind kind)
{
	return &words[(unsigned int)kind < PYRO_WAIT_COUNT ? kind : PYRO_WAIT_OTHER];
}

const char *pyro_wait_text(enum pyro_wait_kind kind)
{
	return words_of(kind)->text;
}

const char *pyro_wait_name(enum pyro_wait_kind kind)
{
	return words_of(kind)->name;
}

bool pyro_wait_link(int pid, int fd, char *target, size_t capacity)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%d", fd);
	return pyro_procfs_link(pid, name, target, capacity, NULL) == PYRO_RC_OK;
}

/* What files are called, by how their names begin. What is not here is a file. */
static const struct name {
	const char *begin;
	enum pyro_wait_kind kind;
} names[] = {
	{"socket:[", PYRO_WAIT_SOCKET},       {"pipe:[", PYRO_WAIT_PIPE},
	{"/dev/pts/", PYRO_WAIT_TERMINAL},    {"/dev/tty", PYRO_WAIT_TERMINAL},
	{"/dev/console", PYRO_WAIT_TERMINAL}, {"anon_inode:[pidfd]", PYRO_WAIT_CHILD},
	{"pidfd:[", PYRO_WAIT_CHILD},         {"anon_inode:", PYRO_WAIT_EVENTS},
};

/* "socket:[4711]" */
static uint64_t inode_in(const char *target)
{
	const char *at = strchr(target, '[');
	uint64_t inode = 0;

	at = at ? at + 1 : target;
	return pyro_procfs_decimal(&at, target + strlen(target), &inode) ? inode : 0;
}

/* What kind of file it is; as @otherwise where that cannot be told. */
static enum pyro_wait_kind kind_of_file(int pid, int fd, enum pyro_wait_kind otherwise,
					uint64_t *ret_inode)
{
	char target[256];

	*ret_inode = 0;
	if (fd < 0 || !pyro_wait_link(pid, fd, target, sizeof(target)))
		return otherwise;
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		if (strncmp(target, names[i].begin, strlen(names[i].begin)) != 0)
			continue;
		if (names[i].kind == PYRO_WAIT_SOCKET || names[i].kind == PYRO_WAIT_PIPE)
			*ret_inode = inode_in(target);
		return names[i].kind;
	}
	return PYRO_WAIT_FILE;
}

/* Adds a file to those that are polled: one alone, as timeouts of sockets make it, is that file,
 * and several of one kind are of that kind. */
static void add_polled(int pid, int fd, struct pyro_wait *wait)
{
	uint64_t inode;
	const enum pyro_wait_kind kind = kind_of_file(pid, fd, PYRO_WAIT_EVENTS, &inode);

	if (wait->many++ == 0) {
		wait->kind = kind;
		wait->fd = fd;
		wait->inode = inode;
		return;
	}
	wait->fd = -1;
	wait->inode = 0;
	if (wait->kind != kind)
		wait->kind = PYRO_WAIT_EVENTS;
}

static void find_polled(int pid, const struct pyro_thread_syscall *call, struct pyro_reader *reader,
			struct pyro_wait *wait)
{
	const uint64_t count = call->args[1];
	struct pollfd polled[MAX_POLLED];

	if (count > MAX_POLLED) {
		wait->many = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
		return;
	}
	if (count && (!reader || pyro_reader_read(reader, call->args[0], polled,
						  count * sizeof(*polled)) != PYRO_RC_OK))
		return;
	for (uint64_t i = 0; i < count; i++) {
		if (polled[i].fd >= 0)
			add_polled(pid, polled[i].fd, wait);
	}
	if (!wait->many)
		wait->kind = PYRO_WAIT_SLEEP;
}

static void find_selected(int pid, const struct pyro_thread_syscall *call,
			  struct pyro_reader *reader, struct pyro_wait *wait)
{
	const uint64_t count = call->args[0] < FD_BITS ? call->args[0] : FD_BITS;
	uint64_t all[FD_BITS / 64] = {0};

	for (size_t i = 0; i < 3; i++) {
		uint64_t set[FD_BITS / 64] = {0};

		if (!call->args[1 + i] || !count)
			continue;
		if (!reader || pyro_reader_read(reader, call->args[1 + i], set,
						(count + 63) / 64 * sizeof(*set)) != PYRO_RC_OK)
			return;
		for (size_t j = 0; j < PYRO_COUNT(all); j++)
			all[j] |= set[j];
	}
	for (uint64_t fd = 0; fd < count; fd++) {
		if (!(all[fd / 64] >> fd % 64 & 1))
			continue;
		if (wait->many < MAX_POLLED)
			add_polled(pid, (int)fd, wait);
		else
			wait->many++;
	}
	if (wait->many > MAX_POLLED)
		wait->kind = PYRO_WAIT_EVENTS;
	if (!wait->many)
		wait->kind = PYRO_WAIT_SLEEP;
}

/* How many files an epoll stands for: a line each of what the kernel says of it. */
static void count_epoll(int pid, int fd, struct pyro_wait *wait)
{
	static const char head[] = "\ntfd:";
	char name[32], text[4096];
	size_t size;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (pyro_procfs_read(pid, name, text, sizeof(text), &size, NULL) != PYRO_RC_OK ||
	    size == sizeof(text) - 1)
		return;
	for (const char *at = text; (at = strstr(at, head)); at += sizeof(head) - 1)
		wait->many++;
}

static int process_of(uint64_t id)
{
	return (int)id > 0 ? (int)id : 0;
}

static void find_operand(int pid, const struct call *known, const struct pyro_thread_syscall *call,
			 struct pyro_reader *reader, struct pyro_wait *wait)
{
	switch (known->operand) {
	case FD:
		wait->fd = (int)call->args[0];
		wait->kind = kind_of_file(pid, wait->fd, known->kind, &wait->inode);
		break;
	case FUTEX:
		wait->addr = call->args[0];
		break;
	case POLL:
		find_polled(pid, call, reader, wait);
		break;
	case SELECT:
		find_selected(pid, call, reader, wait);
		break;
	case EPOLL:
		count_epoll(pid, (int)call->args[0], wait);
		break;
	case PROCESS:
		wait->child = process_of(call->args[0]);
		break;
	case WAITABLE:
		wait->child = call->args[0] == P_PID ? process_of(call->args[1]) : 0;
		break;
	case NOTHING:
		break;
	}
}

/* A wait with an end in time that was interrupted, as by being stopped, goes on under another
 * number, with the operands that it had. Four calls do so, and their operands tell them apart: two
 * name what is no address, where the others have one. */
static int64_t restarted(const uint64_t args[6])
{
	const uint64_t operation = args[1] & ~(uint64_t)FUTEX_CLOCK_REALTIME;

	if (args[0] < LEAST_ADDR)
		return SYS_clock_nanosleep;
	if (operation == (FUTEX_WAIT | FUTEX_PRIVATE_FLAG) ||
	    operation == (FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG))
		return SYS_futex;
#ifdef SYS_poll
	if (args[1] && args[1] < LEAST_ADDR)
		return SYS_poll;
#endif
	return SYS_nanosleep;
}

void pyro_wait_find(int pid, const struct pyro_thread_syscall *call, struct pyro_reader *reader,
		    struct pyro_wait *ret_wait)
{
	const int64_t number =
		call->number == SYS_restart_syscall ? restarted(call->args) : call->number;
	struct pyro_wait wait = {.kind = PYRO_WAIT_OTHER, .call = number, .fd = -1};

	if (number == -2)
		wait.kind = PYRO_WAIT_RUNS;
	else if (number == -1)
		wait.kind = PYRO_WAIT_FAULT;
	for (size_t i = 0; i < PYRO_COUNT(calls); i++) {
		if (calls[i].number != number)
			continue;
		wait.kind = calls[i].kind;
		find_operand(pid, &calls[i], call, reader, &wait);
		break;
	}
	*ret_wait = wait;
}

void pyro_wait_object(int pid, const struct pyro_wait *wait, struct pyro_buf *buf)
{
	char target[PYRO_MAX_PATH];

	if (wait->many > 1)
		pyro_buf_add_format(buf, "%u files", wait->many);
	else if (wait->addr)
		pyro_buf_add_format(buf, "0x%" PRIx64, wait->addr);
	else if (wait->child)
		pyro_buf_add_format(buf, "%d", wait->child);
	if (wait->fd < 0 || !pyro_wait_link(pid, wait->fd, target, sizeof(target)))
		return;
	if (wait->kind == PYRO_WAIT_SOCKET)
		pyro_socket_add_text(pid, target, buf);
	else if (wait->kind == PYRO_WAIT_FILE || wait->kind == PYRO_WAIT_TERMINAL)
		pyro_buf_add_text(buf, target);
}
