/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_PROBE_PARTS_H
#define PYRO_SAMPLE_PROBE_PARTS_H

/* What the files of a probe share and nobody else sees: probe.c (its life), roster.c (its threads),
 * samples.c (one moment), stacks.c (numbers for stacks), waits.c (why threads are blocked),
 * parts.c (what part of running a sample is), credit.c (the time that each takes), timed.c (looks
 * by a timer in the kernel). */

#include "sample/probe.h"

#define PYRO_NO_STACK UINT32_MAX

/* probe.c */
/** False if the queue has no room, which is counted. */
bool pyro_probe_put(struct pyro_probe_shared *shared, struct pyro_message *message,
		    const void *tail, size_t tail_size);
/** Tells the recorder of the process, once. */
void pyro_probe_announce(struct pyro_probe *probe, struct pyro_probe_shared *shared);

/* roster.c */
struct pyro_probe_thread *pyro_roster_find(struct pyro_probe *probe, int tid);
/** Looks up the kernel's account of the thread. */
void pyro_roster_bind(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread);
/** Puts the thread among those that the next moment looks at. */
void pyro_roster_wake(struct pyro_probe_thread *thread);
/** Closes the thread's file. */
void pyro_roster_close(struct pyro_probe_thread *thread, struct pyro_probe_shared *shared);
/** Frees all threads. */
void pyro_roster_clear(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Looks at the set of threads and matches it with the kernel's; ends those that are gone. */
enum pyro_rc pyro_roster_look(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			      uint64_t now_ns);

/* samples.c */
/** Samples the threads that may have changed since the last moment, @moment_ns naming this one. */
enum pyro_rc pyro_samples_take(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			       uint64_t moment_ns);

/** Makes a sample of the oldest look that a timer has taken of @thread. Errors: as
 * pyro_freeze_take.
 */
enum pyro_rc pyro_samples_take_timed(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				     struct pyro_probe_thread *thread);

/* stacks.c */
/** Whether the machine code of the process can be looked at; opens it the first time. */
bool pyro_stacks_has_native(struct pyro_probe *probe);
/** The number of the stack that was just read, with the machine code on it where that is wanted.
 *  The recorder is told of what is new. PYRO_NO_STACK: it is empty, or there was no room to tell.
 */
uint32_t pyro_stacks_number(struct pyro_probe *probe, struct pyro_probe_shared *shared);

/* parts.c */
/** What the thread was in whose stack was just read and numbered; @running: as far as we know. */
struct pyro_sample_part pyro_parts_of(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				      bool running);
/** The thread's time in the kernel counts from now on. */
void pyro_parts_begin(struct pyro_probe_thread *thread);
/** Of what is in the ledger, which has been shared out: divides what it called into native code and
 *  the kernel. */
void pyro_parts_settle(struct pyro_probe_thread *thread);

/** Tells the recorder of a code object, once. False: there is no room, or none such. */
bool pyro_stacks_announce(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint32_t id);
/** The number of the stack of @count frames that stand in `shared->frames`, leaf first. @root: the
 *  one that a task begins with; PYRO_NO_ROOT. */
uint32_t pyro_stacks_number_frames(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				   size_t count, uint32_t root);

/* waits.c */
/** Finds why the thread that was just looked at is off its processor, or was in this moment;
 *  @waited: for the GIL, as before. */
void pyro_waits_find(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread, const struct pyro_gil *gil, bool waited);
/** Forgets a thread that is about to be freed. */
void pyro_waits_forget(struct pyro_probe *probe, const struct pyro_probe_thread *thread);

/* credit.c */
/** Time ready but off a processor until @now_ns. */
uint64_t pyro_credit_ready_ns(const struct pyro_sched_thread *kernel, uint64_t now_ns);
/** Moves the time up to @now_ns into the pools, by what the kernel says the thread did. */
void pyro_credit_count(struct pyro_probe_thread *thread, struct pyro_probe_shared *shared,
		       uint64_t now_ns);
/** Emits a sample of what the thread was seen doing, with the time that it spent doing such. */
void pyro_credit_seen(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread, uint64_t at_ns, uint32_t looks, bool same);
/** Emits one sample for all the moments up to @moment at which the thread was unchanged. */
void pyro_credit_unchanged(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   struct pyro_probe_thread *thread, uint64_t moment);
/** Emits what threads ran that were never seen in Python. */
void pyro_credit_unseen(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			uint64_t now_ns);
/** Emits what is left of a thread's time, and its end. */
void pyro_credit_end(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread, uint64_t now_ns);

#endif
