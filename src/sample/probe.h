/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_PROBE_H
#define PYRO_SAMPLE_PROBE_H

#include "base/buf.h"
#include "base/map.h"
#include "sample/async.h"
#include "sample/freeze.h"
#include "sample/ledger.h"
#include "sample/native.h"
#include "sample/pointer.h"
#include "sample/rate.h"
#include "target/wait.h"

/** What has been so for this long is taken to go on. */
#define PYRO_PROBE_CALM_NS (100 * PYRO_NS_PER_MS)

/** So many threads may wait for things at a time whose names are still to be found. */
#define PYRO_PROBE_UNNAMED 32

/** Looks at one thread by a timer in the kernel. */
struct pyro_timed {
	const struct pyro_probe *probe; /**< NULL: at none */
	int tid;
	uint64_t begin_ns;
	uint32_t batch;   /**< looks that are to come together next */
	uint32_t owed;    /**< of these, in place of some that were of no use */
	uint64_t taken;   /**< looks, over the recording */
	uint64_t dropped; /**< looks since the timer began for which there was no room */
	bool unfit;       /**< the kernel does not do it */
};

/** What probes share: the sampler's thread uses it alone. */
struct pyro_probe_shared {
	struct pyro_freeze freeze;
	struct pyro_timed timed;
	struct pyro_seat seat;
	struct pyro_sched *sched;
	struct pyro_queue *queue;
	struct pyro_raw_stack *stack;
	struct pyro_message_frame *frames; /**< PYRO_MAX_STACK_DEPTH of them */
	uint64_t merged;                   /**< pyro_sampler_counts */
	uint64_t cut;
	uint64_t unmerged;
	uint64_t kernel;
	uint64_t kernel_unseen;
	struct pyro_gil gil;  /**< as last read in this moment; .addr 0: not yet */
	uint64_t gil_ns;      /**< soon before that */
	bool gil_fixed;       /**< who holds it is held by us: it is still so */
	bool distant;         /**< this look is by interrupts, from elsewhere */
	bool left;            /**< in this moment we left the processor of a thread that we held */
	uint64_t left_ns;     /**< when */
	uint32_t files;       /**< of threads, open at present */
	uint32_t next_thread; /**< numbers given to threads, over the recording */
	uint64_t samples;
	uint64_t missed;
	uint64_t held_ns;
	uint64_t target_ns;
	uint64_t queue_lost;
	uint64_t code_reuse;
	uint64_t reads;
	struct pyro_async_counts *async; /**< tasks are looked at as well; NULL: they are not */
	bool each_task;                  /**< and told of one by one */
};

/** One thread of a Python process, as long as the kernel has it. */
struct pyro_probe_thread {
	uint32_t number;
	int tid;
	uint64_t addr;      /**< of its thread state */
	uint64_t native_id; /**< its id in the target's pid namespace */
	size_t index;       /**< in the last look; SIZE_MAX: has no thread state at present */
	struct pyro_sched_thread *kernel;
	bool main;

	uint64_t slices; /**< of the last read: still the same means nothing changed */
	uint32_t stack;  /**< the stack last seen, UINT32_MAX: none */
	struct pyro_ledger_entry active; /**< the look that last saw it running */
	uint8_t proof;
	uint8_t reason; /**< why it is off its processor, where it is: enum pyro_sample_reason */
	struct pyro_task_mark mark; /**< the task on its stack */
	uint64_t root;              /**< the frame that the task begins with: its address ... */
	uint32_t root_code;         /**< ... and code; of no meaning where mark.group is 0 */
	bool holds_gil;
	bool waited_gil; /**< it was seen to wait for the GIL, and has not had it since */
	bool truncated;
	bool partial;
	struct pyro_sample_part part; /**< as last seen running */
	uint32_t object;              /**< what it waits for; PYRO_NO_OBJECT: none is known */
	int syscall_fd;               /**< tells the system call that it waits in; -1: not open */
	struct pyro_wait wait;        /**< what it waits for, as last read */
	uint32_t gil_index;           /**< of its GIL, in the last look */
	struct pyro_gil gil; /**< as it was when its stack was as it is; .addr 0: do not ask */
	enum pyro_sched_state state; /**< in the moment last seen */
	enum pyro_sched_state since; /**< READY or BLOCKED: ever since, if nothing changed */

	uint64_t restless_ns;  /**< when it last had to wait for a processor, or took more than a
				  timer reads */
	uint64_t accounted_ns; /**< its time is in the ledger up to here */
	uint64_t settled_ns;   /**< and shared out up to here; 0: never */
	uint64_t run_seen;
	uint64_t ready_seen;
	uint64_t run_start; /**< the kernel's account when we came */
	uint64_t seen;      /**< moments up to this one are in its samples: later ones showed it
				 unchanged */
	uint64_t visited;   /**< the moment at which its turn was last */
	struct pyro_probe *probe;
	bool awake; /**< in the probe's list of those */
	struct pyro_pointer pointer;
	uint64_t system_seen; /**< its time in the kernel by /proc, when last asked for */
	int64_t system_owed;  /**< of this, what no sample has got yet */
	struct pyro_ledger ledger;
};

enum pyro_probe_state {
	PYRO_PROBE_SEEKING, /**< is there a Python in it, and where? */
	PYRO_PROBE_READING,
	PYRO_PROBE_FOREIGN, /**< no Python, or one we cannot read; looked at again now and then */
	PYRO_PROBE_ENDED,
};

/** One process. */
struct pyro_probe {
	int pid;
	int parent;
	uint32_t number;
	enum pyro_probe_state state;
	bool announced;
	bool born; /**< we saw it begin, with `start_run_ns` on its account then */
	uint32_t tries;
	uint64_t start_ns; /**< of the process or of its program, or when we came */
	uint64_t start_run_ns;
	struct pyro_err trouble;

	struct pyro_reader *reader;
	struct pyro_python *python;
	struct pyro_python_origin origin;
	struct pyro_buf command; /**< its command line, for people */
	struct pyro_rate rate;

	struct pyro_probe_thread **threads;
	size_t thread_count;
	size_t thread_capacity;
	struct pyro_probe_thread **awake; /**< those that may differ from how they were last seen */
	size_t awake_count;
	uint64_t moment;     /**< number of the current or last one */
	uint64_t generation; /**< of the look the threads were matched with */
	bool look_due;
	bool nested; /**< several interpreters: threads go into them and come out between looks */
	bool unmatched;    /**< the kernel's id of some thread state is not known yet */
	uint64_t look_ns;  /**< when to look at the set of threads again at the latest */
	uint64_t names_ns; /**< when to read the threads' names; UINT64_MAX: no need */
	uint64_t last_tick_ns;
	struct pyro_gil gil; /**< as last read in the last moment; .addr 0: never */
	uint64_t gil_ns;     /**< soon after that */
	uint64_t found_ns;   /**< when its interpreter was found */
	uint64_t seek_ns;    /**< SEEKING, FOREIGN: when to try next */
	uint64_t gone_ns;    /**< when to ask next whether it is still there */
	uint64_t exit_ns;    /**< the kernel said that it ended; 0 if not */
	uint32_t failures;   /**< ticks in a row that could read nothing */
	uint32_t burst;      /**< quick looks to come: a thread has just begun */
	uint64_t company_ns; /**< when more than one of its threads was last awake */
	/** Processor time of threads that ended before they were seen in Python, and the number of
	 *  the line that stands for them; UINT32_MAX: none yet. */
	uint64_t unseen_ns;
	uint32_t unseen_thread;

	struct pyro_async *async; /**< its tasks; NULL: none were looked at yet */
	uint32_t next_stack;
	struct pyro_map stacks; /**< hash of frames to number */
	struct pyro_map codes;  /**< code ids announced */
	struct pyro_native
		*native;         /**< its machine code; NULL: not looked at yet, or it cannot be */
	uint32_t native_asked;   /**< times that it was asked for and was not there */
	struct pyro_map natives; /**< hash of module and address to the number announced */
	struct pyro_map calls;   /**< hash of code and offset to whether the instruction calls */
	struct pyro_map told;    /**< stack to what is known of the samples of it that call */
	uint64_t drawn;          /**< the last random number */
	struct pyro_map objects; /**< hash of what is waited for to number */
	struct pyro_map habits;  /**< stack to reason of its last wait */
	struct pyro_probe_thread *unnamed[PYRO_PROBE_UNNAMED]; /**< whose object is to be named */
	size_t unnamed_count;
	uint64_t object_ns; /**< not before this is a socket looked up */
	struct {
		uint64_t inode;
		uint32_t waits;        /**< times that it was found without a name */
		uint32_t tries;        /**< times that it was looked up in vain */
	} sockets[PYRO_PROBE_UNNAMED]; /**< that are to be looked up */
	size_t socket_count;
};

void pyro_probe_init(struct pyro_probe *probe, int pid, int parent, uint32_t number,
		     uint64_t start_ns, double hz_max, double budget);
/** Frees what it has, whatever its state. */
void pyro_probe_deinit(struct pyro_probe *probe);
/** Tells the recorder that the process or its program ended, and lets go of everything. What
 *  messages point to is handed over with the last one: false while the queue has no room for it, to
 *  be called again. */
bool pyro_probe_end(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns);
/** Tries to find the interpreter; sets state READING or FOREIGN when it can tell. */
void pyro_probe_seek(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Starts reading with an origin that is known: after fork, the parent's. */
void pyro_probe_inherit(struct pyro_probe *probe, const struct pyro_python_origin *origin,
			struct pyro_probe_shared *shared);
/** One moment of sampling. The sampler's thread sits where pyro_probe_cpu said, or, having left
 *  that place in the last moment, elsewhere. */
void pyro_probe_tick(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Where a timer looks at the probe's thread: takes in its looks. False if a tick is to follow, as
 *  something else has happened. */
bool pyro_timed_take(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** After a tick or looks by a timer: lets a timer look at the probe from now on where that will do,
 *  or go on. False if not: then pyro_rate_next says when to look. */
bool pyro_timed_next(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Ends the timer's looks at the probe, if it does look there. */
void pyro_timed_end(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Takes in the kernel's records: the threads that moved are looked at in the next tick of their
 * probes. */
void pyro_probe_wake(struct pyro_probe_shared *shared);
/** The processor to sit on for the next tick; -1: any. */
int pyro_probe_cpu(const struct pyro_probe *probe);
/** True if no more than one thread of the process was awake for PYRO_PROBE_CALM_NS. */
bool pyro_probe_is_alone(const struct pyro_probe *probe, uint64_t now_ns);
/** A thread of the process that waits for that processor, from which we look; NULL: none does. */
const struct pyro_sched_thread *pyro_probe_waiter_at(const struct pyro_probe *probe, int cpu);
/** The names that Python gave to threads cost many reads: not while sitting on a target's
 * processor. */
bool pyro_probe_names_due(const struct pyro_probe *probe, uint64_t now_ns);
void pyro_probe_read_names(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Finds out what files are called that threads began to wait for in the last tick. True if it went
 *  away from the target's processor for that. */
bool pyro_probe_name_objects(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			     uint64_t now_ns);
/** Opens the machine code of the process, for telling in what part of it threads run. */
bool pyro_probe_code_due(const struct pyro_probe *probe, const struct pyro_probe_shared *shared,
			 uint64_t now_ns);
void pyro_probe_open_code(struct pyro_probe *probe);
/** Before going to sleep, on the processor of the probe, until its next look at @due_ns: lets the
 *  kernel say where the thread that we are in front of is then, if it may. */
void pyro_probe_point(const struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      uint64_t due_ns);
/** A thread of the process ended. If it was never seen in Python, its processor time is kept on a
 * line of its own, so that the sum is the kernel's. */
void pyro_probe_thread_ended(struct pyro_probe *probe, struct pyro_probe_shared *shared, int tid);
/** Puts the time no sample has taken yet where it belongs, so that what is stored adds up. */
void pyro_probe_flush(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns);

#endif
