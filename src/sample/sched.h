/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_SCHED_H
#define PYRO_SAMPLE_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/* The kernel's own account of every thread of the targets: the witness that proves a sample, and
 * the exact times that weigh it. From switch records where they are allowed, else from /proc. */

enum pyro_sched_state {
	PYRO_SCHED_BLOCKED, /**< sleeps: waits for something */
	PYRO_SCHED_READY,   /**< could run and has no processor */
	PYRO_SCHED_RUNNING, /**< on a processor; from /proc: on one or ready for it */
};

struct pyro_sched_thread {
	int pid;
	int tid;
	enum pyro_sched_state state;
	int cpu;           /**< where it runs or last ran; -1 unknown */
	uint64_t slices;   /**< times it got a processor: unchanged means it did not run between */
	uint64_t run_ns;   /**< on a processor so far */
	uint64_t ready_ns; /**< ready but off it so far */
	uint64_t in_ns; /**< when it last got a processor; 0 unknown: by /proc, or before we came */
	uint64_t out_ns;   /**< when it last left its processor; 0 unknown */
	uint64_t slept_ns; /**< when it last did so of its own accord; 0 unknown, and by /proc */
	uint64_t begin_ns; /**< when it began; 0 unknown: before we came, or by /proc */
	uint64_t exit_ns;  /**< when it ended; 0 unknown */
	uint64_t at_ns;    /**< when its clock last struck in code of its own; 0: never */
	uint64_t pc;       /**< where it was then */
	bool preempted;    /**< it last left its processor without wanting to */
	bool stale;        /**< records were lost since its last one: the state is a guess */
	bool exited;
	void *owner;          /**< the caller's own, NULL at first */
	uint64_t credited_ns; /**< the caller's own: of run_ns, what an owner before took over */
};

enum pyro_sched_news_kind {
	PYRO_SCHED_THREAD_BEGAN,
	PYRO_SCHED_THREAD_ENDED,
	PYRO_SCHED_PROCESS_FORKED, /**< parent is set; only with PYRO_SCHED_RINGS */
	PYRO_SCHED_PROCESS_EXEC,
};

/** A change in who is there. */
struct pyro_sched_news {
	enum pyro_sched_news_kind kind;
	int pid;
	int tid;
	int parent;
	uint64_t at_ns;
};

enum pyro_sched_source {
	PYRO_SCHED_RINGS,
	PYRO_SCHED_PROC
};

/** Not thread-safe. Pointers to threads live until pyro_sched_forget or destroy. */
struct pyro_sched;

/** With @source PYRO_SCHED_RINGS, errors as pyro_rings_create. @news is called from within
 *  pyro_sched_update and must not call back. */
enum pyro_rc pyro_sched_create(enum pyro_sched_source source,
			       void (*news)(void *context, const struct pyro_sched_news *news),
			       void *context, struct pyro_sched **ret_sched,
			       struct pyro_err *err) PYRO_NODISCARD;
void pyro_sched_destroy(struct pyro_sched *sched);
enum pyro_sched_source pyro_sched_source(const struct pyro_sched *sched);

/** Follows a process that is about to start a program (it has one thread, which has not run on its
 *  own yet): all its threads and descendants are reported. Errors: as pyro_rings_follow. */
enum pyro_rc pyro_sched_follow_new(struct pyro_sched *sched, int pid,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Follows a process that runs already, thread by thread, with all it starts from now on. */
enum pyro_rc pyro_sched_follow_running(struct pyro_sched *sched, int pid,
				       struct pyro_err *err) PYRO_NODISCARD;

/** Takes in what the kernel recorded since. With rings: no system call. */
void pyro_sched_update(struct pyro_sched *sched);
/** The account of one thread, or NULL if it is not known (yet). With PYRO_SCHED_PROC it is opened
 * on first use; its figures are those of the last refresh. */
struct pyro_sched_thread *pyro_sched_thread(struct pyro_sched *sched, int pid, int tid);
/** Brings @thread up to date. Errors: GONE. Rings: drains them. /proc: reads two files. */
enum pyro_rc pyro_sched_refresh(struct pyro_sched *sched,
				struct pyro_sched_thread *thread) PYRO_NODISCARD;
/** After a refresh that showed @thread off its processor, or on ours, with @slices: whether it may
 * have run since. Rings: no system call. /proc: reads one file. */
bool pyro_sched_has_run(struct pyro_sched *sched, struct pyro_sched_thread *thread,
			uint64_t slices);
/** A thread of which there was a record since it was last given, NULL: no more. So who has many
 * threads need not ask for each. Only with PYRO_SCHED_RINGS. */
struct pyro_sched_thread *pyro_sched_next_moved(struct pyro_sched *sched);
/** Takes in that @thread was just seen on a processor. One that ran when its records began is only
 *  assumed to, and its time is not known, until that or a record shows it. */
void pyro_sched_seen_running(struct pyro_sched *sched, struct pyro_sched_thread *thread);
/** Time on a processor until @now_ns, the running slice included. */
uint64_t pyro_sched_run_ns(const struct pyro_sched_thread *thread, uint64_t now_ns);
/** A clock of the thread on the processor where it is now: pyro_rings_clock_open. Errors: as that;
 *  UNSUPPORTED with PYRO_SCHED_PROC. */
enum pyro_rc pyro_sched_clock_open(struct pyro_sched *sched, const struct pyro_sched_thread *thread,
				   int *ret_fd) PYRO_NODISCARD;
/** Processor time of the thread in the kernel so far, as /proc has it: in steps of some
 *  milliseconds. Errors: as pyro_thread_stat_open and pyro_thread_stat_read. */
enum pyro_rc pyro_sched_system_ns(const struct pyro_sched_thread *thread,
				  uint64_t *ret_ns) PYRO_NODISCARD;
/** Drops a thread that ended. */
void pyro_sched_forget(struct pyro_sched *sched, int tid);
/** Records the kernel had no room for: each loss makes states stale until the next switch. */
uint64_t pyro_sched_lost(const struct pyro_sched *sched);

#endif
