/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_THREAD_H
#define PYRO_TARGET_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** Two files of one thread's account under /proc, kept open and read again and again. Opened files
 *  stay with that thread: a thread id used again is noticed as GONE. Not thread-safe. */
struct pyro_thread_stat {
	int stat_fd;
	int sched_fd; /**< -1 where the kernel has no schedstat */
};

/** What stat says of a thread at the moment of reading. Ticks: sysconf(_SC_CLK_TCK). */
struct pyro_thread_now {
	char state; /**< R S D T t Z X I: proc(5) */
	int cpu;    /**< the processor it runs on or last ran on */
	uint64_t utime_ticks;
	uint64_t stime_ticks;
};

/** The scheduler's exact account of a thread. */
struct pyro_thread_sched {
	uint64_t run_ns;  /**< on a processor; of a slice under way the kernel counts as far as its
			       last tick or switch */
	uint64_t wait_ns; /**< ready but waiting for a processor */
	uint64_t slices;  /**< times put on a processor: unchanged means that it was not put there
			       in between */
};

/** Errors: GONE, PERM, IO. */
enum pyro_rc pyro_thread_stat_open(int pid, int tid, struct pyro_thread_stat *ret_stat,
				   struct pyro_err *err) PYRO_NODISCARD;
void pyro_thread_stat_close(struct pyro_thread_stat *stat);
/** One pread, no allocation: fit for the sampling loop. Errors: GONE, IO, FORMAT. */
enum pyro_rc pyro_thread_stat_read(const struct pyro_thread_stat *stat,
				   struct pyro_thread_now *ret_now) PYRO_NODISCARD;
/** One pread, no allocation. Errors: GONE, IO, FORMAT, UNSUPPORTED (no schedstat). */
enum pyro_rc pyro_thread_stat_sched(const struct pyro_thread_stat *stat,
				    struct pyro_thread_sched *ret_sched) PYRO_NODISCARD;

/** When the thread last ran, in ns of the clock of the processor that it ran on, which is nobody
 *  else's: compare with what a thread that runs there now has. Errors: GONE, PERM, UNSUPPORTED (the
 *  kernel does not say). */
enum pyro_rc pyro_thread_last_ran(int pid, int tid, uint64_t *ret_ns) PYRO_NODISCARD;
/** Parses the text of the file that says so. */
bool pyro_thread_last_ran_parse(const char *text, size_t size, uint64_t *ret_ns);

/** The system call that a thread waits in. */
struct pyro_thread_syscall {
	int64_t number;   /**< -1: it waits outside a system call; -2: it is running */
	uint64_t args[6]; /**< 0 unless number >= 0 */
	uint64_t sp;      /**< 0 when running */
	uint64_t pc;
};

/** The file that says so, for any number of reads; to be closed. Errors: GONE, PERM, IO. */
enum pyro_rc pyro_thread_syscall_open(int pid, int tid, int *ret_fd,
				      struct pyro_err *err) PYRO_NODISCARD;
/** One pread, no allocation. Needs the right to trace. Errors: GONE, PERM, IO, FORMAT. */
enum pyro_rc pyro_thread_syscall_read(int fd,
				      struct pyro_thread_syscall *ret_syscall) PYRO_NODISCARD;
/** Parses the text of that file. */
bool pyro_thread_syscall_parse(const char *text, size_t size,
			       struct pyro_thread_syscall *ret_syscall);

#endif
