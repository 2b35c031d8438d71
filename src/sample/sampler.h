/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_SAMPLER_H
#define PYRO_SAMPLE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "sample/async.h"
#include "sample/message.h"
#include "sample/queue.h"

/** How samples are made consistent, from the best to none; AUTO takes the best there is. */
enum pyro_proof_method {
	PYRO_PROOF_AUTO,
	PYRO_PROOF_BY_INTERRUPT, /**< read while the kernel interrupts the thread; else as SWITCH */
	PYRO_PROOF_BY_SWITCH, /**< freeze by preemption, the kernel's switch records as witness */
	PYRO_PROOF_BY_PROC,   /**< the same with /proc as witness */
	PYRO_PROOF_BY_STOP,   /**< stop the one running thread with ptrace for each read */
	PYRO_PROOF_BY_REREAD, /**< read until two reads agree */
	PYRO_PROOF_BY_NONE,   /**< read once */
};

struct pyro_sampler_options {
	double hz_max; /**< ceiling of the rate, or the rate itself if budget is 0 */
	double budget; /**< share of the target's pace that may be spent, e.g. 0.02 */
	enum pyro_proof_method proof;
	bool children; /**< follow the processes that the target starts */
	bool native;   /**< stacks with the machine code on them */
	bool async;    /**< the tasks of asyncio as well */
	bool each;     /**< with `async`: what each of them does now, too */
};

/** Figures that only grow; read by the recorder while the sampler runs. */
struct pyro_sampler_counts {
	uint64_t ticks_due;
	uint64_t ticks_taken;
	uint64_t ticks_late;
	uint64_t samples;
	uint64_t missed;
	uint64_t torn;
	uint64_t faults;
	uint64_t moves;
	uint64_t held_ns;   /**< we ran where the target's threads would have */
	uint64_t target_ns; /**< time on a processor of the threads sampled */
	uint64_t lost_records;
	uint64_t queue_lost; /**< messages the recorder had no room for */
	uint64_t code_reuse;
	uint64_t reads;
	uint64_t merged;        /**< stacks with the machine code on them */
	uint64_t cut;           /**< of them: machine code rootward is missing */
	uint64_t unmerged;      /**< it was not to be had, or does not fit Python's frames */
	uint64_t kernel;        /**< stacks of those with what the kernel did on top */
	uint64_t kernel_unseen; /**< in a system call, and it was not to be had what that did */
	struct pyro_async_counts async;
};

/** The sampler: one thread of its own that looks at every Python process of a tree of processes and
 *  puts what it sees into a queue. It never writes to, signals or (unless proof is by stop) stops a
 *  target. */
struct pyro_sampler;

/** Decides the method: with PYRO_PROOF_AUTO the best that this machine allows. Errors: PERM or
 *  UNSUPPORTED if the method asked for cannot be had. */
enum pyro_rc pyro_sampler_create(const struct pyro_sampler_options *options,
				 struct pyro_queue *queue, struct pyro_sampler **ret_sampler,
				 struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. The sampler must have ended or never started. */
void pyro_sampler_destroy(struct pyro_sampler *sampler);
/** The method in use, never AUTO. */
enum pyro_proof_method pyro_sampler_method(const struct pyro_sampler *sampler);
const char *pyro_proof_method_name(enum pyro_proof_method method);

/** Before start: looks at process @pid, which has not yet executed its program. */
enum pyro_rc pyro_sampler_add_new(struct pyro_sampler *sampler, int pid,
				  struct pyro_err *err) PYRO_NODISCARD;
/** Before start: looks at process @pid, which runs. Errors: NOTPYTHON, UNSUPPORTED, PERM, GONE as
 *  pyro_python_locate and create. */
enum pyro_rc pyro_sampler_add_running(struct pyro_sampler *sampler, int pid,
				      struct pyro_err *err) PYRO_NODISCARD;

/** At any time: looks at process @pid too and, where children are followed, at what it starts. One
 *  that is looked at already, that ends or that cannot be followed is left alone. False: too many
 *  at once, try again later. */
bool pyro_sampler_offer(struct pyro_sampler *sampler, int pid);

enum pyro_rc pyro_sampler_start(struct pyro_sampler *sampler, struct pyro_err *err) PYRO_NODISCARD;
/** Asks the thread to end and waits for it, @timeout_ns at most: false if it hangs (a target can
 *  make a read of its memory block); then it must not be destroyed. */
bool pyro_sampler_stop(struct pyro_sampler *sampler, uint64_t timeout_ns);
/** Before and after the whole process is stopped: nothing that runs without us goes on. */
void pyro_sampler_pause(struct pyro_sampler *sampler, bool pause);
/** True once no process is left to look at. */
bool pyro_sampler_idle(const struct pyro_sampler *sampler);
void pyro_sampler_counts(const struct pyro_sampler *sampler,
			 struct pyro_sampler_counts *ret_counts);
/** Message that describes why the last process met could not be read, "" if none: UNSUPPORTED
 *  version and the like. Valid after stop. */
const struct pyro_err *pyro_sampler_trouble(const struct pyro_sampler *sampler);
/** Frees what a PROCESS_END message owns. */
void pyro_sampler_release(void *owner);

#endif
