/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_ASYNC_H
#define PYRO_SAMPLE_ASYNC_H

#include <stdbool.h>
#include <stdint.h>

/* Tasks of asyncio in a recording. What a task does while it is on a thread's stack, the samples of
 * that thread show: the stack is that of a task from its outermost coroutine on. What it waits for
 * when it is suspended, looks at the tasks show, of which there are fewer. The time that a task was
 * on no stack is shared out to where the looks found it suspended, so that both make up its life.
 *
 * A look counts only if the threads that run the tasks' loops stood still for it, by the same
 * witnesses as samples: they waited, or had no GIL, or were frozen. */

struct pyro_probe;
struct pyro_probe_shared;
struct pyro_probe_thread;
struct pyro_ledger_entry;

/** The tasks of a process, as seen by its probe. */
struct pyro_async;

/** Figures that only grow. */
struct pyro_async_counts {
	uint64_t looks;    /**< at the tasks of a process */
	uint64_t dropped;  /**< of them: the threads did not stand still */
	uint64_t skipped;  /**< tasks that were not looked at then, as there were too many */
	uint64_t unread;   /**< tasks that could not be read */
	uint64_t samples;  /**< of threads that ran tasks */
	uint64_t unjoined; /**< of them: who awaits the task, if any, is not proved */
};

void pyro_async_destroy(struct pyro_async *async);
/** Whether it is time for a look at the tasks. */
bool pyro_async_due(const struct pyro_probe *probe, const struct pyro_probe_shared *shared,
		    uint64_t now_ns);
/** Looks at the tasks, not in the middle of a moment of sampling. */
void pyro_async_look(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Sends on what was gathered, now and then; at the end of the process, all of it. */
void pyro_async_flush(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns);
void pyro_async_end(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns);

/** The frame of the stack just read that a task begins with; PYRO_NO_ROOT: it is in none, or tasks
 *  are not looked at. */
uint32_t pyro_async_root(const struct pyro_probe *probe, const struct pyro_probe_shared *shared);
/** Notes which task is on the stack that was just read of @thread. */
void pyro_async_mark(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread);
/** Takes in the time of a sample. */
void pyro_async_ran(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		    const struct pyro_ledger_entry *entry);

#endif
