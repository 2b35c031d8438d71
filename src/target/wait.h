/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_WAIT_H
#define PYRO_TARGET_WAIT_H

#include "base/buf.h"
#include "target/reader.h"
#include "target/thread.h"

/** What a thread that is off its processor waits for, as its system call tells. */
enum pyro_wait_kind {
	PYRO_WAIT_RUNS,     /**< for nothing: it runs, or could */
	PYRO_WAIT_LOCK,     /**< a futex, or a semaphore */
	PYRO_WAIT_FILE,     /**< a file or device, or the lock on one */
	PYRO_WAIT_PIPE,     /**< the other end of a pipe */
	PYRO_WAIT_TERMINAL, /**< somebody to type, or what was written to be shown */
	PYRO_WAIT_SOCKET,
	PYRO_WAIT_EVENTS, /**< any of several things of different kinds; all of epoll */
	PYRO_WAIT_SLEEP,
	PYRO_WAIT_CHILD,  /**< a process to end */
	PYRO_WAIT_SIGNAL, /**< a signal to come */
	PYRO_WAIT_FAULT,  /**< memory to be brought in */
	PYRO_WAIT_OTHER,
	PYRO_WAIT_COUNT
};

struct pyro_wait {
	enum pyro_wait_kind kind;
	int64_t call;   /**< number of the system call; -1: none */
	int fd;         /**< -1: no file, or several */
	uint32_t many;  /**< how many files it polls; 0: it does not, or unknown */
	uint64_t inode; /**< PIPE, SOCKET: the kernel's number for it; 0: several, or unknown */
	uint64_t addr;  /**< LOCK: of the futex; 0: not a futex */
	int child;      /**< CHILD: its process id as the target knows it; 0: any, or unknown */
};

/** In plain words, for people: "a lock", "a socket". Static. */
const char *pyro_wait_text(enum pyro_wait_kind kind);
/** In one word, for files: "lock", "socket". Static. */
const char *pyro_wait_name(enum pyro_wait_kind kind);

/** What @call of a thread of process @pid means. @reader reads that process; NULL: what lies in its
 *  memory (the files that it polls) stays unknown. Opens a few links at most, allocates nothing. */
void pyro_wait_find(int pid, const struct pyro_thread_syscall *call, struct pyro_reader *reader,
		    struct pyro_wait *ret_wait);
/** Where descriptor @fd of the process leads: a path, "socket:[4711]", "pipe:[5]". */
bool pyro_wait_link(int pid, int fd, char *target, size_t capacity);
/** Adds to @buf what exactly is waited for: a path, "127.0.0.1:5432 from 127.0.0.1:60122", the
 *  address of a lock, a process id, "3 files"; nothing where there is no more to say. Names are the
 *  target's: escape before showing. Reads the system's tables of sockets: some milliseconds where
 *  there are many. */
void pyro_wait_object(int pid, const struct pyro_wait *wait, struct pyro_buf *buf);

#endif
