/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_LEDGER_H
#define PYRO_SAMPLE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "sample/message.h"
#include "sample/sched.h"

/** This many entries share their time at most. */
#define PYRO_LEDGER_ENTRIES 64

/** Which task was on a thread's stack, by the numbers of sample/async.c. */
struct pyro_task_mark {
	uint32_t group;  /**< the tasks that it counts to, + 1; 0: none was */
	uint32_t common; /**< the same for those of its coroutine that have no name */
	uint32_t task, task_serial;
	uint32_t parent, parent_serial; /**< the task that awaits it; PYRO_NO_TASK: none */
	uint32_t prefix;                /**< the stack of that */
};

/** A look at a thread, or successive ones that found it unchanged. */
struct pyro_ledger_entry {
	uint64_t at_ns;
	uint64_t wall_ns; /**< set by pyro_ledger_share */
	uint64_t cpu_ns;  /**< likewise */
	uint32_t stack;
	uint32_t looks;  /**< 0: time that no look found, added by pyro_ledger_close */
	uint32_t object; /**< what it waits for; PYRO_NO_OBJECT: none is known */
	enum pyro_sched_state state;
	struct pyro_task_mark mark;   /**< the task that is on the stack */
	uint8_t proof;                /**< enum pyro_sample_proof */
	uint8_t reason;               /**< enum pyro_sample_reason */
	struct pyro_sample_part part; /**< of what ran */
	bool holds_gil;
	bool truncated;
	bool partial;
};

/** What a thread spent, by the kernel's account, and what it was seen doing meanwhile.
 *
 *  Looks come at moments that know nothing of the program, so each counts the same: that is what
 *  makes shares true. The kernel is more exact on how much of the time was running and how much
 *  waiting. So looks are kept until there are many, and then divide the kernel's account evenly:
 *  those that saw the thread run its running, those that saw it wait its waiting. To give each look
 *  the account of its own interval would be wrong: where a wait begins with a function, the end of
 *  that wait would go to whatever is seen next. */
struct pyro_ledger {
	uint64_t running_ns;   /**< on a processor */
	uint64_t switching_ns; /**< kept from one, too briefly to be told from running */
	uint64_t ready_ns;     /**< kept from one */
	uint64_t blocked_ns;
	uint32_t count;
	struct pyro_ledger_entry entries[PYRO_LEDGER_ENTRIES + 2];
};

/** False if the ledger is full now: it is to be shared out and `count` set to 0 before the next. */
bool pyro_ledger_enter(struct pyro_ledger *ledger, const struct pyro_ledger_entry *entry);

/** Divides the time among the entries. Each kind of time that none saw stays. */
void pyro_ledger_share(struct pyro_ledger *ledger);

/** The end: divides the time, and adds entries for what none saw, one like @running, one like
 *  @waiting, without looks. */
void pyro_ledger_close(struct pyro_ledger *ledger, const struct pyro_ledger_entry *running,
		       const struct pyro_ledger_entry *waiting);

#endif
