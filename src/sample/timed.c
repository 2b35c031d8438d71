/* SPDX-License-Identifier: Apache-2.0 */
/* Looks by a timer in the kernel: where one thread alone is awake and runs without a pause, it is
 * interrupted and read at its own processor, and we wake up for some looks together. That costs it
 * half of what any other way does, and us a third. For several threads it will not do, as the
 * others must be read in the same moment; and of a thread that sleeps it does not see the sleep. */
#include "base/clock.h"
#include "sample/probe_parts.h"

/* Looks taken in together: as many, or as come within a time, so that the end of its running is
 * not noticed late. */
#define BATCH    8
#define BATCH_NS (10 * PYRO_NS_PER_MS)
/* Of those that were of no use, so many are made up for in the next batch. */
#define MOST_OWED 6
/* Beyond this a look is due before the last one is worked off. */
#define HZ_MAX 20000.0

static uint32_t batch_of(const struct pyro_rate *rate)
{
	const double most = rate->hz * BATCH_NS / PYRO_NS_PER_S;

	return most >= BATCH ? BATCH : most > 1 ? (uint32_t)most : 1;
}

/* True if the thread runs and has done so since @since_ns. */
static bool runs_since(const struct pyro_probe_thread *thread, uint64_t since_ns)
{
	const struct pyro_sched_thread *kernel = thread->kernel;

	return kernel && !kernel->stale && !kernel->exited && kernel->state != PYRO_SCHED_BLOCKED &&
	       kernel->slept_ns < since_ns && thread->restless_ns < since_ns &&
	       thread->index != SIZE_MAX;
}

/* The only thread that is awake; NULL if there are more. */
static struct pyro_probe_thread *only_one(const struct pyro_probe *probe)
{
	return probe->awake_count == 1 ? probe->awake[0] : NULL;
}

static void end(struct pyro_probe_shared *shared)
{
	pyro_interrupt_timer_stop(shared->freeze.interrupt);
	shared->timed.probe = NULL;
}

/* Takes in what the timer has read of the thread, which @ran all the time. A reading that is of no
 * use, as where frames were being linked, is owed. False if a stack took more than the timer reads:
 * such a one would never be seen, so it must be looked at in another way. */
static bool take_all(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread, bool ran)
{
	struct pyro_timed *timed = &shared->timed;
	uint64_t taken = 0, failed = 0, cut = 0, late;
	enum pyro_rc rc;

	while ((rc = pyro_samples_take_timed(probe, shared, thread)) != PYRO_RC_NOTFOUND) {
		taken += !rc;
		failed += rc != PYRO_RC_OK;
		cut += rc == PYRO_RC_SHORT;
		if (rc == PYRO_RC_NOTREADY)
			timed->tid = 0; /* not that thread any more: this ends it */
	}
	late = pyro_interrupt_timer_dropped(shared->freeze.interrupt) - timed->dropped;
	timed->dropped += late;
	/* A kernel that finds our looks too dear leaves some out. */
	if (ran && taken + failed + late + 1 < timed->batch)
		late = timed->batch - taken - failed;
	if (taken + failed)
		pyro_rate_spent(&probe->rate, (uint32_t)(taken + failed), shared->freeze.held_ns);
	shared->held_ns += shared->freeze.held_ns;
	shared->freeze.held_ns = 0;
	/* The tick that follows makes one good. Where most are cut, the timer is of no use. */
	failed -= cut > 0;
	if (cut > timed->batch / 2)
		thread->restless_ns = pyro_clock_now();
	timed->owed = failed < MOST_OWED ? (uint32_t)failed : MOST_OWED;
	shared->missed += failed - timed->owed;
	timed->taken += taken + (failed - timed->owed);
	pyro_rate_taken(&probe->rate, taken + (failed - timed->owed), late);
	return !cut;
}

bool pyro_timed_take(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_timed *timed = &shared->timed;
	struct pyro_probe_thread *thread;
	bool over, whole = true;

	if (timed->probe != probe)
		return false;
	pyro_probe_wake(shared);
	thread = pyro_roster_find(probe, timed->tid);
	over = !thread || only_one(probe) != thread || probe->nested ||
	       !runs_since(thread, timed->begin_ns);
	if (over)
		end(shared);
	if (thread)
		whole = take_all(probe, shared, thread, !over);
	return whole && !over && !probe->look_due && pyro_clock_now() < probe->look_ns;
}

/* The time between two of the looks that are to come together next. */
static uint64_t next_period(struct pyro_probe *probe, struct pyro_timed *timed, uint64_t now_ns)
{
	const uint32_t batch = batch_of(&probe->rate);

	timed->batch = batch + timed->owed;
	return pyro_rate_batch(&probe->rate, now_ns, batch, timed->owed);
}

static bool begin(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		  const struct pyro_probe_thread *thread, uint64_t now_ns)
{
	struct pyro_freeze *freeze = &shared->freeze;
	struct pyro_timed *timed = &shared->timed;
	enum pyro_rc rc = pyro_freeze_order(freeze, probe->python, thread->index);

	timed->owed = 0;
	timed->dropped = 0;
	if (!rc)
		rc = pyro_interrupt_timer_start(freeze->interrupt, thread->tid,
						next_period(probe, timed, now_ns));
	timed->unfit = rc && rc != PYRO_RC_GONE && rc != PYRO_RC_NOTREADY;
	if (rc)
		return false;
	timed->probe = probe;
	timed->tid = thread->tid;
	timed->begin_ns = pyro_clock_now();
	return true;
}

/* Whether a timer may look at the probe, and at which thread; NULL: not. */
static const struct pyro_probe_thread *fit_for_timer(const struct pyro_probe *probe,
						     const struct pyro_probe_shared *shared,
						     uint64_t now_ns)
{
	const struct pyro_probe_thread *thread = only_one(probe);

	/* What is to be read of a thread that goes from one interpreter to another is not the same
	 * each time. */
	if (shared->timed.probe || shared->timed.unfit || probe->rate.hz > HZ_MAX ||
	    probe->state != PYRO_PROBE_READING || probe->nested)
		return NULL;
	if (!thread || !thread->holds_gil || !pyro_probe_is_alone(probe, now_ns) ||
	    now_ns - probe->found_ns < PYRO_PROBE_CALM_NS ||
	    !runs_since(thread, now_ns - PYRO_PROBE_CALM_NS))
		return NULL;
	return thread;
}

bool pyro_timed_next(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const struct pyro_probe_thread *thread;
	uint64_t now_ns;

	if (shared->freeze.method != PYRO_PROOF_BY_INTERRUPT)
		return false;
	now_ns = pyro_clock_now();
	if (shared->timed.probe == probe) {
		pyro_interrupt_timer_pace(shared->freeze.interrupt,
					  next_period(probe, &shared->timed, now_ns));
		return true;
	}
	thread = fit_for_timer(probe, shared, now_ns);
	return thread && begin(probe, shared, thread, now_ns);
}

void pyro_timed_end(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_probe_thread *thread;

	if (shared->timed.probe != probe)
		return;
	end(shared);
	thread = pyro_roster_find(probe, shared->timed.tid);
	if (thread)
		(void)take_all(probe, shared, thread, false);
}
