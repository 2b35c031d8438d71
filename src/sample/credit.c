/* SPDX-License-Identifier: Apache-2.0 */
/* Which sample is credited with what time. */
#include <string.h>

#include "base/clock.h"
#include "sample/probe_parts.h"

/* For how long looks are held back: a recorder that is killed loses them, and of the last second at
 * most anything may be lost. */
#define HOLD_NS (250 * PYRO_NS_PER_MS)
/* Waiting for a processor this briefly is the switching itself, ours included. */
#define SWITCHING_NS 200000

uint64_t pyro_credit_ready_ns(const struct pyro_sched_thread *kernel, uint64_t now_ns)
{
	if (kernel->state == PYRO_SCHED_READY && kernel->out_ns && now_ns > kernel->out_ns)
		return kernel->ready_ns + (now_ns - kernel->out_ns);
	return kernel->ready_ns;
}

/* Enters the time up to @now_ns, by what the kernel says the thread did. */
void pyro_credit_count(struct pyro_probe_thread *thread, struct pyro_probe_shared *shared,
		       uint64_t now_ns)
{
	uint64_t wall, run, ready;

	if (now_ns <= thread->accounted_ns)
		return;
	wall = now_ns - thread->accounted_ns;
	thread->accounted_ns = now_ns;
	if (!thread->kernel) {
		thread->ledger.blocked_ns += wall;
		return;
	}
	const uint64_t run_total = pyro_sched_run_ns(thread->kernel, now_ns);
	const uint64_t ready_total = pyro_credit_ready_ns(thread->kernel, now_ns);

	run = run_total > thread->run_seen ? run_total - thread->run_seen : 0;
	ready = ready_total > thread->ready_seen ? ready_total - thread->ready_seen : 0;
	/* What exceeds the interval by a rounding of clocks is kept for the next. */
	if (run > wall)
		run = wall;
	if (ready > wall - run)
		ready = wall - run;
	thread->run_seen += run;
	thread->ready_seen += ready;
	const bool kept = ready > SWITCHING_NS;

	if (kept)
		thread->restless_ns = now_ns;
	pyro_rate_shared(&thread->probe->rate, kept);
	pyro_rate_ran(&thread->probe->rate, run);
	thread->ledger.running_ns += run;
	/* /proc calls waiting for a processor running, so no look there can be told to be one. */
	if (kept && pyro_sched_source(shared->sched) == PYRO_SCHED_RINGS)
		thread->ledger.ready_ns += ready;
	else
		thread->ledger.switching_ns += ready;
	thread->ledger.blocked_ns += wall - run - ready;
	shared->target_ns += run;
}

static void emit_entries(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			 struct pyro_probe_thread *thread)
{
	for (uint32_t i = 0; i < thread->ledger.count; i++) {
		const struct pyro_ledger_entry *entry = &thread->ledger.entries[i];
		struct pyro_message message = {
			.kind = PYRO_MESSAGE_SAMPLE,
			.process = probe->number,
			.u.sample =
				{
					.at_ns = entry->at_ns,
					.wall_ns = entry->wall_ns,
					.cpu_ns = entry->cpu_ns,
					.thread = thread->number,
					.stack = entry->stack,
					.looks = entry->looks,
					.object = entry->object,
					.proof = entry->proof,
					.reason = entry->reason,
					.part = entry->part,
					.on_cpu = entry->state == PYRO_SCHED_RUNNING,
					.holds_gil = entry->holds_gil,
					.truncated = entry->truncated,
					.partial = entry->partial,
				},
		};

		if (pyro_probe_put(shared, &message, NULL, 0))
			shared->samples += entry->looks;
		pyro_async_ran(probe, shared, entry);
	}
	thread->ledger.count = 0;
}

/* What the looks found goes to the recorder, with the time that falls to each. */
static void settle(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		   struct pyro_probe_thread *thread)
{
	pyro_ledger_share(&thread->ledger);
	pyro_parts_settle(thread);
	emit_entries(probe, shared, thread);
	thread->settled_ns = thread->accounted_ns;
}

/* Why the thread was off its processor, as far as it was. */
static uint8_t reason_of(const struct pyro_probe_thread *thread, enum pyro_sched_state state)
{
	switch (state) {
	case PYRO_SCHED_RUNNING:
		return PYRO_SAMPLE_RUNS;
	case PYRO_SCHED_READY:
		return PYRO_SAMPLE_WAITS_CPU;
	default:
		return thread->reason != PYRO_SAMPLE_RUNS ? thread->reason
							  : PYRO_SAMPLE_WAITS_OTHER;
	}
}

/* A look that finds others keep the thread from a processor stands for waiting and takes no running
 * time: the scheduler takes processors away where it happens to look at its accounts, at the ends
 * of system calls first of all, so what it interrupts is not what ran. */
void pyro_credit_seen(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread, uint64_t at_ns, uint32_t looks, bool same)
{
	const bool blocked = thread->state == PYRO_SCHED_BLOCKED;
	struct pyro_ledger_entry entry = {
		.at_ns = at_ns,
		.stack = thread->stack,
		.mark = thread->mark,
		.looks = looks,
		.object = blocked ? thread->object : PYRO_NO_OBJECT,
		.reason = reason_of(thread, thread->state),
		.state = thread->state,
		.proof = same && thread->proof < PYRO_SAMPLE_REREAD ? PYRO_SAMPLE_SAME
								    : thread->proof,
		.holds_gil = thread->holds_gil,
		.truncated = thread->truncated,
		.partial = thread->partial,
	};

	if (thread->state == PYRO_SCHED_RUNNING) {
		entry.part = thread->part;
		thread->active = entry;
	}
	/* The first look settles by itself what came before it, the interpreter's start. */
	if (!pyro_ledger_enter(&thread->ledger, &entry) ||
	    thread->accounted_ns - thread->settled_ns >= HOLD_NS)
		settle(probe, shared, thread);
}

/* All that is left of the thread's time, also of a kind that no look found. */
static void close_ledger(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			 struct pyro_probe_thread *thread)
{
	const struct pyro_ledger_entry waiting = {
		.at_ns = thread->accounted_ns,
		.stack = thread->stack,
		.mark = thread->mark,
		.object = PYRO_NO_OBJECT,
		.proof = thread->proof,
		.state = PYRO_SCHED_BLOCKED,
		.reason = reason_of(thread, PYRO_SCHED_BLOCKED),
	};
	struct pyro_ledger_entry running =
		thread->active.stack != PYRO_NO_STACK ? thread->active : waiting;

	running.at_ns = thread->accounted_ns;
	running.state = PYRO_SCHED_RUNNING;
	running.reason = PYRO_SAMPLE_RUNS;
	pyro_ledger_close(&thread->ledger, &running, &waiting);
	pyro_parts_settle(thread);
	emit_entries(probe, shared, thread);
}

/* As pyro_credit_count for a thread that has not run since. What the kernel says it has run by now
 * came after @until_ns, and would turn this wait into running and the next running into a wait. */
static void count_still(struct pyro_probe_thread *thread, uint64_t until_ns)
{
	uint64_t wall;

	if (until_ns <= thread->accounted_ns)
		return;
	wall = until_ns - thread->accounted_ns;
	thread->accounted_ns = until_ns;
	if (thread->state == PYRO_SCHED_BLOCKED) {
		thread->ledger.blocked_ns += wall;
	} else {
		thread->ledger.ready_ns += wall;
		thread->ready_seen += wall;
	}
}

/* A thread that was seen unchanged at some moments: they become one sample, up to the last. */
void pyro_credit_unchanged(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   struct pyro_probe_thread *thread, uint64_t moment)
{
	const uint64_t looks = moment - thread->seen;

	if (!looks)
		return;
	thread->state = thread->since;
	count_still(thread, probe->last_tick_ns);
	pyro_credit_seen(probe, shared, thread, probe->last_tick_ns, (uint32_t)looks, true);
	thread->seen = moment;
}

/* Records that came late show more running than was known when the time was shared out: as much of
 * it as still can takes the place of waiting. */
static void count_late_run(struct pyro_probe_thread *thread, uint64_t now_ns)
{
	uint64_t late;

	if (!thread->kernel)
		return;
	late = pyro_sched_run_ns(thread->kernel, now_ns);
	late = late > thread->run_seen ? late - thread->run_seen : 0;
	if (late > thread->ledger.blocked_ns)
		late = thread->ledger.blocked_ns;
	thread->ledger.blocked_ns -= late;
	thread->ledger.running_ns += late;
	thread->run_seen += late;
}

void pyro_credit_end(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread, uint64_t now_ns)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_THREAD_END, .process = probe->number};

	pyro_credit_unchanged(probe, shared, thread, probe->moment);
	/* Killed, the main thread may be gone before the others: what they did since counts. */
	if (now_ns < thread->accounted_ns)
		now_ns = thread->accounted_ns;
	pyro_credit_count(thread, shared, now_ns);
	count_late_run(thread, now_ns);
	close_ledger(probe, shared, thread);
	message.u.thread.thread = thread->number;
	message.u.thread.tid = thread->tid;
	message.u.thread.at_ns = now_ns;
	if (thread->kernel) {
		message.u.thread.exact = true;
		message.u.thread.run_ns = thread->run_seen - thread->run_start;
		thread->kernel->owner = NULL;
		/* It may leave Python some time before it ends, and come back. */
		thread->kernel->credited_ns = thread->run_seen;
		/* After exec the thread goes on under another program. */
		if (thread->kernel->exited)
			pyro_sched_forget(shared->sched, thread->tid);
		thread->kernel = NULL;
	}
	(void)pyro_probe_put(shared, &message, NULL, 0);
}

/* Threads that were never seen in Python: too short-lived, or other libraries' workers. What they
 * ran goes to a line of its own; how they waited is nobody's concern. */
void pyro_credit_unseen(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	static const char name[] = "other threads";
	struct pyro_message message = {.process = probe->number};

	if (!probe->unseen_ns || !probe->announced)
		return;
	if (probe->unseen_thread == UINT32_MAX) {
		message.kind = PYRO_MESSAGE_THREAD;
		message.u.thread.thread = shared->next_thread;
		message.u.thread.at_ns = now_ns;
		if (!pyro_probe_put(shared, &message, name, strlen(name)))
			return;
		probe->unseen_thread = shared->next_thread++;
	}
	message = (struct pyro_message){.kind = PYRO_MESSAGE_SAMPLE, .process = probe->number};
	message.u.sample.at_ns = now_ns;
	message.u.sample.thread = probe->unseen_thread;
	message.u.sample.stack = PYRO_NO_STACK;
	message.u.sample.wall_ns = probe->unseen_ns;
	message.u.sample.cpu_ns = probe->unseen_ns;
	message.u.sample.object = PYRO_NO_OBJECT;
	message.u.sample.on_cpu = true;
	message.u.sample.proof = PYRO_SAMPLE_STILL;
	if (pyro_probe_put(shared, &message, NULL, 0))
		probe->unseen_ns = 0;
}

void pyro_probe_thread_ended(struct pyro_probe *probe, struct pyro_probe_shared *shared, int tid)
{
	struct pyro_sched_thread *kernel;
	uint64_t run_ns;

	probe->look_due = true;
	if (pyro_roster_find(probe, tid))
		return; /* dropped at the next look */
	kernel = pyro_sched_thread(shared->sched, probe->pid, tid);
	if (!kernel)
		return;
	run_ns = pyro_sched_run_ns(kernel, kernel->exit_ns);
	if (kernel->begin_ns >= probe->start_ns && run_ns > kernel->credited_ns)
		probe->unseen_ns += run_ns - kernel->credited_ns;
	pyro_sched_forget(shared->sched, tid);
}

void pyro_probe_flush(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	pyro_credit_unseen(probe, shared, now_ns);
	pyro_async_flush(probe, shared, now_ns);
	for (size_t i = 0; i < probe->thread_count; i++) {
		struct pyro_probe_thread *thread = probe->threads[i];

		if (now_ns < thread->settled_ns + HOLD_NS)
			continue;
		pyro_credit_unchanged(probe, shared, thread, probe->moment);
		settle(probe, shared, thread);
	}
}
