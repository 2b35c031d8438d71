/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/sched.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/map.h"
#include "sample/rings.h"
#include "target/process.h"
#include "target/thread.h"

#define MAX_KERNEL_THREADS (PYRO_MAX_THREADS * 4ull)

struct entry {
	struct pyro_sched_thread thread; /* first: callers hold pointers to it */
	uint64_t last_ns;                /* time of the newest record seen */
	int64_t balance;                 /* sum of out times minus sum of in times, see account() */
	uint32_t ins;
	uint32_t outs;
	bool assumed; /* running by /proc, which also calls so who merely could run */
	struct pyro_thread_stat stat; /* PYRO_SCHED_PROC: its open files */
	bool open;
	bool moved; /* it is in the list of those */
	struct entry *next_moved;
};

struct pyro_sched {
	enum pyro_sched_source source;
	struct pyro_rings *rings;
	struct pyro_map by_tid; /* to struct entry pointers */
	struct entry *moved;
	void (*news)(void *context, const struct pyro_sched_news *news);
	void *context;
	uint64_t lost;
};

enum pyro_rc pyro_sched_create(enum pyro_sched_source source,
			       void (*news)(void *context, const struct pyro_sched_news *news),
			       void *context, struct pyro_sched **ret_sched, struct pyro_err *err)
{
	struct pyro_sched *sched = calloc(1, sizeof(*sched));

	if (!sched)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	sched->source = source;
	sched->news = news;
	sched->context = context;
	pyro_map_init(&sched->by_tid, MAX_KERNEL_THREADS);
	if (source == PYRO_SCHED_RINGS) {
		enum pyro_rc rc = pyro_rings_create(&sched->rings, err);

		if (rc) {
			free(sched);
			return rc;
		}
	}
	*ret_sched = sched;
	return PYRO_RC_OK;
}

static void entry_destroy(struct entry *entry)
{
	if (entry->open)
		pyro_thread_stat_close(&entry->stat);
	free(entry);
}

void pyro_sched_destroy(struct pyro_sched *sched)
{
	uint64_t key, value;
	size_t at = 0;

	if (!sched)
		return;
	while (pyro_map_next(&sched->by_tid, &at, &key, &value))
		entry_destroy((struct entry *)(uintptr_t)value);
	pyro_map_deinit(&sched->by_tid);
	pyro_rings_destroy(sched->rings);
	free(sched);
}

enum pyro_sched_source pyro_sched_source(const struct pyro_sched *sched)
{
	return sched->source;
}

static struct entry *entry_find(struct pyro_sched *sched, int tid)
{
	uint64_t value;

	if (!pyro_map_get(&sched->by_tid, (uint32_t)tid, &value))
		return NULL;
	return (struct entry *)(uintptr_t)value;
}

static struct entry *entry_get(struct pyro_sched *sched, int pid, int tid)
{
	struct entry *entry = entry_find(sched, tid);

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->thread = (struct pyro_sched_thread){.pid = pid, .tid = tid, .cpu = -1};
	if (pyro_map_put(&sched->by_tid, (uint32_t)tid, (uintptr_t)entry)) {
		free(entry);
		return NULL;
	}
	return entry;
}

/* The kernel gave the id to another thread. */
static void entry_reset(struct entry *entry, const struct pyro_ring_event *event)
{
	*entry = (struct entry){
		.thread = {.pid = event->pid,
			   .tid = event->tid,
			   .cpu = -1,
			   .owner = entry->thread.owner},
		.moved = entry->moved,
		.next_moved = entry->next_moved,
	};
}

static void set_moved(struct pyro_sched *sched, struct entry *entry)
{
	if (entry->moved)
		return;
	entry->moved = true;
	entry->next_moved = sched->moved;
	sched->moved = entry;
}

struct pyro_sched_thread *pyro_sched_next_moved(struct pyro_sched *sched)
{
	struct entry *entry = sched->moved;

	if (!entry)
		return NULL;
	sched->moved = entry->next_moved;
	entry->moved = false;
	return &entry->thread;
}

void pyro_sched_forget(struct pyro_sched *sched, int tid)
{
	struct entry *entry = entry_find(sched, tid);

	if (!entry)
		return;
	for (struct entry **at = &sched->moved; entry->moved && *at; at = &(*at)->next_moved) {
		if (*at == entry) {
			*at = entry->next_moved;
			break;
		}
	}
	pyro_map_remove(&sched->by_tid, (uint32_t)tid);
	entry_destroy(entry);
}

/* Rings of several processors are drained one after the other, so the records of a thread that
 * moved may come out of order. Run time is the sum of the outs minus that of the ins, which does
 * not mind; the state is that of the newest record. */
static void account(struct entry *entry, const struct pyro_ring_event *event)
{
	const bool in = event->kind == PYRO_RING_IN;
	struct pyro_sched_thread *thread = &entry->thread;

	/* It gets its processor only now: it was ready, not running. */
	if (in && entry->assumed) {
		entry->ins = entry->outs;
		entry->balance = (int64_t)thread->run_ns;
	}
	entry->assumed = false;
	if (in) {
		entry->ins++;
		entry->balance -= (int64_t)event->at_ns;
		thread->slices++;
		if (event->at_ns > thread->in_ns)
			thread->in_ns = event->at_ns;
		if (thread->preempted && event->at_ns > thread->out_ns && thread->out_ns)
			thread->ready_ns += event->at_ns - thread->out_ns;
	} else if (entry->ins || entry->outs) {
		entry->outs++;
		entry->balance += (int64_t)event->at_ns;
	} /* else it ran already when its event was opened: since when is not known */
	if (event->at_ns >= entry->last_ns) {
		thread->stale = false;
		entry->last_ns = event->at_ns;
		thread->cpu = event->cpu;
		if (in) {
			thread->state = PYRO_SCHED_RUNNING;
		} else {
			thread->state = event->preempted ? PYRO_SCHED_READY : PYRO_SCHED_BLOCKED;
			thread->out_ns = event->at_ns;
			thread->preempted = event->preempted;
			if (!event->preempted)
				thread->slept_ns = event->at_ns;
		}
	}
	/* Only when both sides are complete does the difference mean anything. */
	if (entry->ins == entry->outs && entry->balance > (int64_t)thread->run_ns)
		thread->run_ns = (uint64_t)entry->balance;
}

void pyro_sched_seen_running(struct pyro_sched *sched, struct pyro_sched_thread *thread)
{
	struct entry *entry = (struct entry *)thread;

	if (!entry->assumed)
		return;
	/* If it got its processor only since, there is a record of that. */
	pyro_sched_update(sched);
	entry->assumed = false;
}

uint64_t pyro_sched_run_ns(const struct pyro_sched_thread *thread, uint64_t now_ns)
{
	const struct entry *entry = (const struct entry *)thread;
	int64_t run;

	if (entry->open || entry->assumed || entry->ins != entry->outs + 1)
		return thread->run_ns;
	run = entry->balance + (int64_t)now_ns;
	return run > (int64_t)thread->run_ns ? (uint64_t)run : thread->run_ns;
}

static void mark_stale(struct pyro_sched *sched)
{
	uint64_t key, value;
	size_t at = 0;

	while (pyro_map_next(&sched->by_tid, &at, &key, &value)) {
		struct entry *entry = (struct entry *)(uintptr_t)value;

		entry->thread.stale = true;
		set_moved(sched, entry);
	}
}

static void tell(struct pyro_sched *sched, enum pyro_sched_news_kind kind,
		 const struct pyro_ring_event *event)
{
	const struct pyro_sched_news news = {
		.kind = kind,
		.pid = event->pid,
		.tid = event->tid,
		.parent = event->parent,
		.at_ns = event->at_ns,
	};

	if (sched->news)
		sched->news(sched->context, &news);
}

static void on_record(void *context, const struct pyro_ring_event *event)
{
	struct pyro_sched *sched = context;
	struct entry *entry;

	switch (event->kind) {
	case PYRO_RING_IN:
	case PYRO_RING_OUT:
		entry = entry_get(sched, event->pid, event->tid);
		if (entry) {
			account(entry, event);
			set_moved(sched, entry);
		}
		break;
	case PYRO_RING_AT:
		entry = entry_find(sched, event->tid);
		if (entry && event->at_ns > entry->thread.at_ns) {
			entry->thread.at_ns = event->at_ns;
			entry->thread.pc = event->pc;
		}
		break;
	case PYRO_RING_FORK:
		entry = entry_get(sched, event->pid, event->tid);
		if (entry && entry->thread.exited)
			entry_reset(entry, event);
		if (entry)
			entry->thread.begin_ns = event->at_ns;
		if (event->pid != event->parent)
			tell(sched, PYRO_SCHED_PROCESS_FORKED, event);
		else
			tell(sched, PYRO_SCHED_THREAD_BEGAN, event);
		break;
	case PYRO_RING_EXIT:
		entry = entry_find(sched, event->tid);
		if (entry) {
			/* Its records end before its last switch. */
			if (entry->ins > entry->outs)
				account(entry, event);
			entry->thread.exited = true;
			entry->thread.exit_ns = event->at_ns;
			set_moved(sched, entry);
		}
		tell(sched, PYRO_SCHED_THREAD_ENDED, event);
		break;
	case PYRO_RING_EXEC:
		tell(sched, PYRO_SCHED_PROCESS_EXEC, event);
		break;
	case PYRO_RING_LOST:
		sched->lost += event->lost;
		mark_stale(sched);
		break;
	}
}

void pyro_sched_update(struct pyro_sched *sched)
{
	if (sched->rings && !pyro_rings_quiet(sched->rings))
		pyro_rings_drain(sched->rings, on_record, sched);
}

/* What /proc says, for a thread whose records do not tell: it ran already when its event was
 * opened, or records were lost. */
static void assume_state(struct entry *entry)
{
	struct pyro_sched_thread *thread = &entry->thread;
	struct pyro_thread_stat stat;
	struct pyro_thread_now now;

	if (pyro_thread_stat_open(thread->pid, thread->tid, &stat, NULL))
		return;
	if (!pyro_thread_stat_read(&stat, &now)) {
		const bool running = now.state == 'R';

		thread->run_ns = pyro_sched_run_ns(thread, pyro_clock_now());
		thread->cpu = now.cpu;
		thread->state = running ? PYRO_SCHED_RUNNING : PYRO_SCHED_BLOCKED;
		thread->slices++;
		thread->stale = false;
		entry->last_ns = pyro_clock_now();
		entry->assumed = running;
		entry->ins = running;
		entry->outs = 0;
		entry->balance = (int64_t)thread->run_ns - (running ? (int64_t)entry->last_ns : 0);
	}
	pyro_thread_stat_close(&stat);
}

enum pyro_rc pyro_sched_follow_new(struct pyro_sched *sched, int pid, struct pyro_err *err)
{
	if (!sched->rings)
		return PYRO_RC_OK;
	return pyro_rings_follow(sched->rings, pid, true, err);
}

static void assume_new(struct pyro_sched *sched, int pid, int tid)
{
	struct entry *entry = entry_get(sched, pid, tid);

	if (entry && !entry->ins && !entry->outs)
		assume_state(entry);
}

enum pyro_rc pyro_sched_follow_running(struct pyro_sched *sched, int pid, struct pyro_err *err)
{
	PYRO_AUTO_FREE int *followed = NULL;
	size_t count = 0;

	if (!sched->rings)
		return PYRO_RC_OK;
	/* Threads that begin while we list are found by listing until nothing is new; those begun
	 * by a thread followed already are reported by inheritance. */
	for (int round = 0; round < 10; round++) {
		struct pyro_tids tasks;
		bool fresh = false;
		enum pyro_rc rc = pyro_process_tids(pid, &tasks, err);

		if (rc)
			return rc;
		for (size_t i = 0; i < tasks.count && !rc; i++) {
			const int tid = tasks.items[i];
			size_t j = 0;

			while (j < count && followed[j] != tid)
				j++;
			if (j < count || entry_find(sched, tid))
				continue;
			fresh = true;
			rc = pyro_rings_follow(sched->rings, tid, true, err);
			if (rc == PYRO_RC_GONE)
				rc = PYRO_RC_OK;
			else if (!rc)
				assume_new(sched, pid, tid);
			int *more = reallocarray(followed, count + 1, sizeof(*more));

			if (!more && !rc)
				rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
			if (more) {
				followed = more;
				followed[count++] = tid;
			}
		}
		pyro_tids_deinit(&tasks);
		if (rc || !fresh)
			return rc;
	}
	return PYRO_RC_OK;
}

struct pyro_sched_thread *pyro_sched_thread(struct pyro_sched *sched, int pid, int tid)
{
	struct entry *entry = entry_find(sched, tid);

	if (sched->source == PYRO_SCHED_RINGS)
		return entry ? &entry->thread : NULL;
	if (!entry) {
		entry = entry_get(sched, pid, tid);
		if (!entry)
			return NULL;
		if (pyro_thread_stat_open(pid, tid, &entry->stat, NULL)) {
			pyro_sched_forget(sched, tid);
			return NULL;
		}
		entry->open = true;
	}
	return &entry->thread;
}

enum pyro_rc pyro_sched_refresh(struct pyro_sched *sched, struct pyro_sched_thread *thread)
{
	struct entry *entry = (struct entry *)thread;
	struct pyro_thread_sched times;
	struct pyro_thread_now now;
	enum pyro_rc rc;

	if (sched->source == PYRO_SCHED_RINGS) {
		pyro_sched_update(sched);
		if (thread->stale && !thread->exited)
			assume_state(entry);
		/* Off its processor with an odd record: one was lost, or is still on its way. */
		if (thread->state != PYRO_SCHED_RUNNING && entry->ins != entry->outs) {
			entry->outs = entry->ins;
			entry->balance = (int64_t)thread->run_ns;
		}
		return thread->exited ? PYRO_RC_GONE : PYRO_RC_OK;
	}
	/* The count of slices first: a thread that is seen off its processor (or on ours) after
	 * that, and has the same count at the end, did not run from here to there. */
	rc = pyro_thread_stat_sched(&entry->stat, &times);
	if (!rc)
		rc = pyro_thread_stat_read(&entry->stat, &now);
	if (rc) {
		thread->exited = rc == PYRO_RC_GONE;
		return rc;
	}
	thread->slices = times.slices;
	thread->run_ns = times.run_ns;
	thread->ready_ns = times.wait_ns;
	thread->cpu = now.cpu;
	if (now.state == 'Z' || now.state == 'X')
		thread->exited = true;
	thread->state = now.state == 'R' ? PYRO_SCHED_RUNNING : PYRO_SCHED_BLOCKED;
	return PYRO_RC_OK;
}

bool pyro_sched_has_run(struct pyro_sched *sched, struct pyro_sched_thread *thread, uint64_t slices)
{
	const struct entry *entry = (const struct entry *)thread;
	struct pyro_thread_sched times;

	if (sched->source == PYRO_SCHED_RINGS) {
		pyro_sched_update(sched);
		return thread->exited || thread->stale || thread->slices != slices;
	}
	return pyro_thread_stat_sched(&entry->stat, &times) || times.slices != slices;
}

enum pyro_rc pyro_sched_clock_open(struct pyro_sched *sched, const struct pyro_sched_thread *thread,
				   int *ret_fd)
{
	if (!sched->rings)
		return PYRO_RC_UNSUPPORTED;
	return pyro_rings_clock_open(sched->rings, thread->tid, thread->cpu, ret_fd);
}

enum pyro_rc pyro_sched_system_ns(const struct pyro_sched_thread *thread, uint64_t *ret_ns)
{
	const struct entry *entry = (const struct entry *)thread;
	const uint64_t tick_ns = PYRO_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
	struct pyro_thread_stat opened = {-1, -1};
	struct pyro_thread_now now;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!entry->open)
		rc = pyro_thread_stat_open(thread->pid, thread->tid, &opened, NULL);
	if (!rc)
		rc = pyro_thread_stat_read(entry->open ? &entry->stat : &opened, &now);
	pyro_thread_stat_close(&opened);
	if (!rc)
		*ret_ns = now.stime_ticks * tick_ns;
	return rc;
}

uint64_t pyro_sched_lost(const struct pyro_sched *sched)
{
	return sched->lost;
}
