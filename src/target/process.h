/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_PROCESS_H
#define PYRO_TARGET_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

/** What /proc says of a process to anyone who can see it. All ids are those of our pid namespace
 *  unless said otherwise. */
struct pyro_process_facts {
	int pid;
	int parent;           /**< process id of the parent, 0 if outside our namespace */
	char state;           /**< R S D T t Z X I: proc(5) */
	uint32_t uid;         /**< effective user */
	uint64_t start_ticks; /**< after boot, in clock ticks: with `pid` the identity of the
				 process */
	uint32_t threads;
	int ns_pid;    /**< its own idea of its pid: in the innermost pid namespace */
	bool own_pids; /**< it lives in a pid namespace below ours */
	char comm[64]; /**< any bytes but NUL; at most 15 for ordinary processes */
};

/** Errors: GONE (no such process), PERM, IO. A zombie is there: see `state`. Allocates nothing. */
enum pyro_rc pyro_process_facts(int pid, struct pyro_process_facts *ret_facts,
				struct pyro_err *err) PYRO_NODISCARD;
/** True when there is no such process or it is a zombie with no thread left. */
bool pyro_process_gone(int pid);
/** start_ticks alone, for noticing that a pid was used again; 0 when the process is gone. */
uint64_t pyro_process_start(int pid);

/** The executable, working directory and root of the process as paths that we see, any bytes. A
 *  deleted executable keeps the kernel's " (deleted)". Errors: GONE, PERM, IO, LIMIT. */
enum pyro_rc pyro_process_exe(int pid, char *path, size_t capacity,
			      struct pyro_err *err) PYRO_NODISCARD;
enum pyro_rc pyro_process_cwd(int pid, char *path, size_t capacity,
			      struct pyro_err *err) PYRO_NODISCARD;
enum pyro_rc pyro_process_root(int pid, char *path, size_t capacity,
			       struct pyro_err *err) PYRO_NODISCARD;
/** The arguments, each followed by a NUL, as the process has them now (it may have changed them).
 *  Empty for a zombie. Cut at the limit of @buf. Errors: GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_process_arguments(int pid, struct pyro_buf *buf,
				    struct pyro_err *err) PYRO_NODISCARD;
/** The same for people: separated by blanks, quoted where a shell would need it; "[comm]" where
 *  there are none. Escape before showing. */
enum pyro_rc pyro_process_command(int pid, struct pyro_buf *buf,
				  struct pyro_err *err) PYRO_NODISCARD;

/** A list of thread or process ids, in the order of the kernel. */
struct pyro_tids {
	int *items;
	size_t count;
	bool truncated; /**< there were more than PYRO_MAX_THREADS */
};

void pyro_tids_deinit(struct pyro_tids *tids);
/** The threads of a process. Errors: GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_process_tids(int pid, struct pyro_tids *ret_tids,
			       struct pyro_err *err) PYRO_NODISCARD;
/** The living or zombie children of a process. Errors: GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_process_children(int pid, struct pyro_tids *ret_pids,
				   struct pyro_err *err) PYRO_NODISCARD;

/** True when the process has no such thread or the thread has ended. */
bool pyro_thread_gone(int pid, int tid);
/** Name of a thread as the kernel knows it, any bytes, NUL-terminated; "" if gone. */
void pyro_thread_comm(int pid, int tid, char *comm, size_t capacity);
/** What the thread itself takes for its id: in its innermost pid namespace. Errors: GONE, PERM. */
enum pyro_rc pyro_thread_ns_tid(int pid, int tid, int *ret_ns_tid,
				struct pyro_err *err) PYRO_NODISCARD;
/** The reverse: our id of the thread that calls itself @ns_tid. One file when the process shares
 *  our pid namespace, else one for every thread. Errors: GONE, NOTFOUND, PERM, NOMEM. */
enum pyro_rc pyro_process_tid_from_ns(int pid, int ns_tid, int *ret_tid,
				      struct pyro_err *err) PYRO_NODISCARD;

#endif
