/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_ASYNC_PARTS_H
#define PYRO_SAMPLE_ASYNC_PARTS_H

/* What the files of tasks share and nobody else sees: async.c (looks), async_tasks.c (the tasks
 * that looks find), async_time.c (the time that goes to each group of tasks), async_each.c (what
 * each task does now). */

#include "cpython/tasks.h"
#include "sample/probe_parts.h"

#define PYRO_NO_TASK UINT32_MAX
/** Samples whose awaiters are proved by the next look only. */
#define PYRO_ASYNC_PENDING 4096
/** Threads that run loops, whose tasks are looked at. */
#define PYRO_ASYNC_LOOPS 64
/** What is summed up before it is sent on. */
#define PYRO_ASYNC_SUMS 2048

/** Where a task was suspended. */
struct pyro_async_place {
	uint32_t stack;   /**< with those that await it; PYRO_NO_STACK: it was not suspended */
	uint8_t wait;     /**< enum pyro_task_wait */
	bool ready;       /**< for its loop to come to it */
	uint64_t from_ns; /**< the looks of this time found it there: the first ... */
	uint64_t to_ns;   /**< ... and the last */
};

/** What the recorder is told of one task, where it wants to know. */
struct pyro_async_each {
	char *name; /**< NULL: tasks are not told of one by one */
	uint64_t began_ns;
	uint64_t since_ns;
	uint64_t cpu_ns;
	uint64_t ready_ns;
	uint64_t place; /**< hash of its frames and of what it awaits */
	uint32_t stack; /**< where it is; PYRO_NO_STACK: not known */
	uint32_t ran;   /**< the stack on which it was last seen running; likewise */
	uint8_t state;  /**< enum pyro_sample_task_state */
	uint8_t wait;   /**< enum pyro_task_wait */
	bool before;    /**< it has been there since before the first look */
	bool changed;   /**< since it was told */
	bool told;      /**< the recorder knows it */
};

/** A task that lives, or did a moment ago. */
struct pyro_async_task {
	uint64_t addr; /**< 0: nobody uses this place */
	uint64_t root; /**< its outermost frame */
	uint64_t name; /**< hash */
	uint64_t mark; /**< of its stack and of those that await it */
	uint32_t code; /**< of `root` */
	uint32_t serial;
	uint32_t group;
	uint32_t round; /**< the look in which it was last seen */
	uint32_t parent, parent_serial;
	uint64_t seen_ns;
	uint64_t ended_ns; /**< 0: it lives. It is kept for samples that come late */
	int64_t owed_ns;   /**< of its life so far, what it was not seen running */
	struct pyro_async_place now, before;
	struct pyro_async_each each;
};

/** Tasks that count as one: of one coroutine function in one loop, and of one name if somebody gave
 *  them one. */
struct pyro_async_group {
	uint32_t thread;
	uint32_t code;
	uint32_t began; /**< tasks seen for the first time since it was last told */
};

struct pyro_async_sum {
	uint64_t wall_ns;
	uint64_t cpu_ns;
	uint32_t looks;
	uint32_t group, stack, prefix;
	uint8_t reason, runs_in, wait;
	bool ran;
};

struct pyro_async_pending {
	struct pyro_task_mark mark;
	struct pyro_async_sum sum;
	uint64_t at_ns;
};

struct pyro_async {
	struct pyro_tasks *tasks;
	uint64_t published;
	uint64_t due_ns;
	uint64_t look_ns; /**< of the last look that counted; 0: none did */
	uint64_t pause_ns;
	uint32_t costs;      /**< looks of which these are the averages: */
	double cost_ns;      /**< processor time of a look */
	double held_ns;      /**< and for how long it holds a thread */
	double hold_ns;      /**< the same of those that hold one */
	uint64_t run_slices; /**< of the loops' threads in that look, summed up */
	bool sound;          /**< nothing has changed if these have not */
	bool whole;          /**< that look saw every task */
	bool running;        /**< a task was running in it */
	bool none;           /**< there was no task in the last look */
	bool all_seen;       /**< looks have come to every task once */
	size_t most;         /**< tasks for which the threads stand still, without being held */
	uint64_t next;       /**< where the next look begins, if there are too many; 0: anew */
	uint32_t round;      /**< the number of the last look */
	uint32_t next_serial;
	uint32_t unchanged;               /**< looks since that found it still so */
	uint64_t loops[PYRO_ASYNC_LOOPS]; /**< threads that run loops, of late */
	size_t loop_count;

	struct pyro_async_task *items;
	size_t capacity;
	size_t top; /**< places used so far */
	uint32_t *free;
	size_t free_count;
	struct pyro_map by_addr;
	struct pyro_map by_root;

	struct pyro_async_group *groups;
	size_t group_count, group_capacity;
	struct pyro_map group_by_key;
	struct pyro_map names; /**< coroutine to the number of names that its tasks have */

	struct pyro_async_pending *pending;
	size_t pending_count;
	struct pyro_async_sum sums[PYRO_ASYNC_SUMS];
	size_t sum_count;
	struct pyro_map sum_by_key;
	uint64_t flush_ns;
	size_t tell_next; /**< the item that the recorder is told of next */
	size_t unseen;    /**< tasks that no look has come to yet */
	size_t come_to;   /**< those that looks have, as long as there are such */
};

/** async_tasks.c: takes in a look that counts, at the tasks from the address @from on. */
void pyro_async_take(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     const struct pyro_tasks_view *view, uint64_t from, uint64_t now_ns);
/** Gives what a task owes to where it was seen suspended: half to the place before, half to the one
 *  after. What it spent running is known, and not part of it. */
void pyro_async_share_out(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  struct pyro_async_task *task, const struct pyro_async_place *after);
/** Ends all tasks where they were last seen: the process ends, or the recording does. */
void pyro_async_close(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns);
/** async_time.c: the group of tasks of the coroutine @code in thread @thread; @name: "" for those
 *  that nobody gave one. UINT32_MAX: no room. */
uint32_t pyro_async_group(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  uint32_t thread, uint32_t code, const char *name);
/** Adds time to a sum that is sent on later. */
void pyro_async_add(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		    const struct pyro_async_sum *sum);
/** Adds time suspended in @place. */
void pyro_async_add_place(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  uint32_t group, const struct pyro_async_place *place, uint64_t ns,
			  uint32_t looks);
/** After a look: adds the samples that came before it, each with those that await its task if that
 *  is proved. Those of tasks that the look did not come to wait for the next, unless @all. */
void pyro_async_settle(struct pyro_probe *probe, struct pyro_probe_shared *shared, bool all);

/** async_each.c: a task was met for the first time, @name being its own. Without room for the name
 *  it is not told of. */
void pyro_async_each_begin(struct pyro_async *async, struct pyro_async_task *task,
			   const char *name);
/** A look found it so; @mark: of its own frames and state; @before_ns: the look before. */
void pyro_async_each_found(struct pyro_async_task *task, const struct pyro_task *from,
			   uint64_t mark, uint64_t before_ns, uint64_t now_ns);
/** A sample, now proved to be of it, found it on a thread's stack. */
void pyro_async_each_ran(struct pyro_async_task *task, const struct pyro_async_sum *ran,
			 uint64_t at_ns);
/** Tells the recorder what has changed. */
void pyro_async_each_tell(struct pyro_probe *probe, struct pyro_probe_shared *shared);
/** Lets go of a task that has ended. False: the recorder is to be told of that first. */
bool pyro_async_each_end(struct pyro_async_task *task);

#endif
