/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_RINGS_H
#define PYRO_SAMPLE_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** What the kernel says of the scheduling and the lives of threads, through perf's dummy software
 *  event: no stop, no tracing, no privilege at perf_event_paranoid 2 for one's own processes. One
 *  ring per processor. Times are CLOCK_MONOTONIC in ns; pids are those of the recorder's namespace.
 *  Not thread-safe. */
struct pyro_rings;

enum pyro_ring_event_kind {
	PYRO_RING_IN,   /**< a thread got a processor */
	PYRO_RING_OUT,  /**< a thread left its processor */
	PYRO_RING_FORK, /**< a thread or process began; parent and parent_tid are set */
	PYRO_RING_EXIT, /**< a thread ended */
	PYRO_RING_EXEC, /**< the process runs another program now */
	PYRO_RING_LOST, /**< records were dropped: what is known of threads is stale */
	PYRO_RING_AT,   /**< a thread's clock struck while it ran code of its own; pc is set */
};

struct pyro_ring_event {
	enum pyro_ring_event_kind kind;
	int pid;
	int tid;
	int parent;
	int parent_tid;
	int cpu;
	bool preempted; /**< OUT: it could have gone on; someone else got the processor */
	uint64_t at_ns;
	uint64_t lost; /**< LOST: how many */
	uint64_t pc;   /**< AT */
};

/** Errors: PERM or UNSUPPORTED when the kernel does not allow or know it (the message says which
 *  setting), LIMIT when locked memory or descriptors do not suffice. */
enum pyro_rc pyro_rings_create(struct pyro_rings **ret_rings, struct pyro_err *err) PYRO_NODISCARD;
void pyro_rings_destroy(struct pyro_rings *rings);
/** Reports thread @tid and, with @inherit, all threads and processes it starts from now on. Errors:
 *  as create, and GONE. */
enum pyro_rc pyro_rings_follow(struct pyro_rings *rings, int tid, bool inherit,
			       struct pyro_err *err) PYRO_NODISCARD;
/** A clock of thread @tid on processor @cpu, which that must run on for it to go: it strikes after
 *  the thread has run there for the period that pyro_ring_clock_set says, then after each. What is
 *  struck in a system call is not reported. To be closed. Errors: as follow, NOTREADY if nothing of
 *  that processor is followed yet. */
enum pyro_rc pyro_rings_clock_open(struct pyro_rings *rings, int tid, int cpu,
				   int *ret_fd) PYRO_NODISCARD;
/** Starts the clock anew. Costs little while its thread is off the processor. */
bool pyro_ring_clock_set(int fd, uint64_t period_ns);
/** Stops it; pyro_ring_clock_set alone does not start it again then. */
void pyro_ring_clock_run(int fd, bool run);
/** Hands out every record that is new, processor by processor: records of one thread that moved may
 *  come out of order. */
void pyro_rings_drain(struct pyro_rings *rings,
		      void (*each)(void *context, const struct pyro_ring_event *event),
		      void *context);
/** True if nothing has been recorded since the last drain. A look at shared memory, no system
 *  call. */
bool pyro_rings_quiet(const struct pyro_rings *rings);

#endif
