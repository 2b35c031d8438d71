/* SPDX-License-Identifier: Apache-2.0 */
/* One moment of sampling: which threads are read, and what is said of each. */
#include "base/clock.h"
#include "sample/probe_parts.h"

static bool is_unchanged(const struct pyro_probe_thread *thread)
{
	return thread->kernel && thread->kernel->slices == thread->slices &&
	       thread->kernel->state != PYRO_SCHED_RUNNING && !thread->kernel->stale;
}

/* Who left its processor only after the moment had come was running, whether we preempted it or it
 * went to sleep before we were there; whom others kept from a processor by then was not. Where we
 * wait on the thread's own processor, the first microseconds after a sleep are hardly ever seen, as
 * the timer that wakes us brings an idle processor up for the sleeper as well. Without the last
 * ones before the next sleep, naps would have a third of the processor time that they cost. From
 * elsewhere the first are seen, and who got its processor only after the moment was not running. */
static enum pyro_sched_state state_at(const struct pyro_sched_thread *kernel,
				      enum pyro_sched_state state, uint64_t moment_ns, bool distant)
{
	const bool came_after = distant && kernel->in_ns > moment_ns;

	if (state == PYRO_SCHED_RUNNING && came_after && kernel->out_ns < moment_ns)
		return kernel->preempted ? PYRO_SCHED_READY : PYRO_SCHED_BLOCKED;
	if (state != PYRO_SCHED_RUNNING && came_after)
		return state;
	return kernel->out_ns >= moment_ns ? PYRO_SCHED_RUNNING : state;
}

/* What a read of the thread showed, beside the times. */
static void take_in(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		    struct pyro_probe_thread *thread, const struct pyro_freeze_view *view,
		    uint64_t moment_ns)
{
	const bool running =
		view->state != PYRO_SCHED_BLOCKED || thread->kernel->out_ns >= moment_ns;

	thread->stack = pyro_stacks_number(probe, shared);
	thread->part = pyro_parts_of(probe, shared, running);
	pyro_async_mark(probe, shared, thread);
	thread->truncated = shared->stack->truncated;
	thread->partial = shared->stack->partial;
	thread->holds_gil = view->thread.attached;
}

/* The registers of a thread in front of which we sit are not to be had, but its clock may tell. */
static void point(struct pyro_probe_shared *shared, struct pyro_probe_thread *thread)
{
	struct pyro_snapshot *snapshot = shared->freeze.snapshot;
	uint64_t pc = 0;
	const enum pyro_pointer_is is = pyro_pointer_get(&thread->pointer, thread->kernel, &pc);

	if (is == PYRO_POINTER_UNKNOWN || !snapshot || snapshot->kind != PYRO_SNAPSHOT_EMPTY)
		return;
	snapshot->kind = PYRO_SNAPSHOT_AT;
	snapshot->in_kernel = is == PYRO_POINTER_IN_CALL;
	snapshot->pc = pc;
}

/* What was learned of the thread becomes its sample. */
static void conclude(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread, const struct pyro_freeze_view *view,
		     uint64_t moment_ns, bool waited)
{
	const uint64_t now_ns = pyro_clock_now();
	/* It has only woken since it was seen to wait for the GIL: until then it did. */
	const bool woke = thread->waited_gil && view->state != PYRO_SCHED_BLOCKED &&
			  thread->kernel->slices == thread->slices + 1;

	pyro_credit_count(thread, shared, now_ns);
	thread->slices = view->slices;
	thread->proof = (uint8_t)view->proof;
	thread->state = state_at(thread->kernel, view->state, moment_ns, shared->distant);
	thread->since = view->state == PYRO_SCHED_BLOCKED ? PYRO_SCHED_BLOCKED : PYRO_SCHED_READY;
	pyro_waits_find(probe, shared, thread, &view->gil, waited || woke);
	thread->waited_gil = waited || (thread->reason == PYRO_SAMPLE_WAITS_GIL && !woke);
	thread->gil = view->gil;
	pyro_credit_seen(probe, shared, thread, now_ns, 1, false);
}

/* The GIL at some time when the thread's stack was as it is: when it was last read, or in the last
 * moment, if the thread has got a processor only once since, and only after that. */
static const struct pyro_gil *gil_before(const struct pyro_probe_thread *thread)
{
	const struct pyro_probe *probe = thread->probe;
	const struct pyro_sched_thread *kernel = thread->kernel;

	return kernel->slices == thread->slices + 1 && kernel->in_ns > probe->gil_ns &&
			       probe->gil.addr == thread->gil.addr
		       ? &probe->gil
		       : &thread->gil;
}

static bool may_have_held(const struct pyro_probe_thread *thread, const struct pyro_gil *gil)
{
	return pyro_python_may_be(thread->probe->python, thread->index, gil->last_holder);
}

/* True if the thread cannot have held the GIL since it was last read, at @gil now: without it, no
 * frame of its own changes, however often it woke. Each taking by another thread than the last
 * counts, right after it is signed: one that is counted went from the one holder to the other. */
static bool had_no_gil(const struct pyro_probe_thread *thread, const struct pyro_gil *gil)
{
	const struct pyro_gil *then = gil_before(thread);
	const uint64_t switches = gil->switch_number - then->switch_number;

	if (thread->index == SIZE_MAX || thread->partial)
		return false;
	if (!gil->addr || gil->addr != then->addr)
		return false;
	if (may_have_held(thread, then) || may_have_held(thread, gil))
		return false;
	return switches == (then->last_holder != gil->last_holder);
}

/* True if the thread has not run since the GIL was read. */
static bool rested_since(const struct pyro_probe_shared *shared,
			 const struct pyro_sched_thread *kernel)
{
	return pyro_sched_source(shared->sched) == PYRO_SCHED_RINGS && !kernel->stale &&
	       kernel->state != PYRO_SCHED_RUNNING && kernel->in_ns < shared->gil_ns &&
	       kernel->out_ns < shared->gil_ns;
}

/* The GIL counts as it is after the thread last ran, or after the kernel's account of it was looked
 * at, or while its holder is held by us: else the thread could have had it in between. */
static bool kept_off_gil(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			 const struct pyro_probe_thread *thread)
{
	if (!had_no_gil(thread, &shared->gil))
		return false;
	if (shared->gil_fixed || rested_since(shared, thread->kernel))
		return true;
	shared->gil_ns = pyro_clock_now();
	if (pyro_python_gil(probe->python, thread->gil_index, &shared->gil)) {
		shared->gil.addr = 0;
		return false;
	}
	return had_no_gil(thread, &shared->gil);
}

static void sample_unmoved(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   struct pyro_probe_thread *thread, uint64_t moment_ns)
{
	struct pyro_freeze_view view = {
		.gil = shared->gil,
		.proof = PYRO_SAMPLE_STILL,
		.state = thread->kernel->state,
		.slices = thread->kernel->state == PYRO_SCHED_RUNNING ? UINT64_MAX
								      : thread->kernel->slices,
	};

	/* It ran without the GIL, in what it was called for when its stack was read. */
	if (!shared->freeze.native)
		thread->part =
			(struct pyro_sample_part){PYRO_SAMPLE_IN_CALL, PYRO_SAMPLE_TOLD_PROC};
	conclude(probe, shared, thread, &view, moment_ns, thread->waited_gil);
}

static enum pyro_rc sample_read(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				struct pyro_probe_thread *thread, bool holder, uint64_t moment_ns)
{
	struct pyro_freeze_view view = {.slices = UINT64_MAX};
	const uint64_t moves = shared->seat.moves;
	const uint64_t begin_ns = pyro_clock_now();
	enum pyro_rc rc = PYRO_RC_OK;

	if (thread->index == SIZE_MAX) { /* before its first and after its last Python frame */
		shared->stack->count = 0;
		if (shared->freeze.snapshot)
			shared->freeze.snapshot->kind = PYRO_SNAPSHOT_EMPTY;
		view.state = thread->kernel->state;
		view.proof = PYRO_SAMPLE_STILL;
	} else {
		thread->gil.addr = 0;
		rc = pyro_freeze_read(&shared->freeze, probe->python, thread->index, thread->kernel,
				      holder, shared->stack, &view);
		shared->gil_fixed &=
			shared->seat.moves == moves && view.gil.addr == shared->gil.addr;
		if (rc)
			return rc;
		if (view.thread.addr != thread->addr)
			return PYRO_RC_NOTREADY; /* another thread has that number now */
		shared->gil = view.gil;
		shared->gil_ns = begin_ns;
		thread->gil_index = view.thread.gil;
	}
	point(shared, thread);
	take_in(probe, shared, thread, &view, moment_ns);
	shared->gil_fixed |= thread->holds_gil && view.gil.addr &&
			     thread->kernel->state != PYRO_SCHED_BLOCKED &&
			     thread->kernel->cpu == shared->seat.cpu;
	conclude(probe, shared, thread, &view, moment_ns, false);
	return PYRO_RC_OK;
}

/* Without a thread state, only the main thread is of interest: the program begins and ends there.
 */
static bool has_part(const struct pyro_probe_thread *thread)
{
	return thread->index != SIZE_MAX || thread->main;
}

/* A thread's turn: nothing is done for one that has not changed, whose moments count themselves. */
static enum pyro_rc sample(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   struct pyro_probe_thread *thread, bool holder, uint64_t moment_ns)
{
	enum pyro_rc rc = PYRO_RC_OK;
	bool there = thread->kernel && has_part(thread);

	there = there && !pyro_sched_refresh(shared->sched, thread->kernel);
	if (there && is_unchanged(thread))
		return PYRO_RC_OK;
	pyro_credit_unchanged(probe, shared, thread, probe->moment - 1);
	thread->seen = probe->moment; /* also if it cannot be read */
	if (!there)
		return PYRO_RC_OK;
	/* Without the GIL it does move in its machine code. */
	if (!shared->freeze.native && kept_off_gil(probe, shared, thread)) {
		sample_unmoved(probe, shared, thread, moment_ns);
		return PYRO_RC_OK;
	}
	rc = sample_read(probe, shared, thread, holder, moment_ns);
	if (rc && rc != PYRO_RC_GONE)
		shared->missed++;
	if (rc == PYRO_RC_NOTREADY)
		probe->look_due = true;
	return rc == PYRO_RC_GONE || rc == PYRO_RC_NOTREADY ? PYRO_RC_OK : rc;
}

/* First those that held the GIL, since for these the sampler sits where it sits; then whoever has
 * it now, before it is gone again; then the others. */
static bool is_turn(const struct pyro_probe_thread *thread, const struct pyro_gil *gil, int pass)
{
	switch (pass) {
	case 0:
		return thread->holds_gil;
	case 1:
		return gil->addr && may_have_held(thread, gil);
	default:
		return true;
	}
}

/* Those that sleep on as they were seen need no turn until there is a record of them. */
static void let_sleep(struct pyro_probe *probe)
{
	size_t kept = 0;

	for (size_t i = 0; i < probe->awake_count; i++) {
		struct pyro_probe_thread *thread = probe->awake[i];

		thread->awake = !has_part(thread) || !is_unchanged(thread) ||
				thread->kernel->state != PYRO_SCHED_BLOCKED;
		if (thread->awake)
			probe->awake[kept++] = thread;
	}
	probe->awake_count = kept;
}

/* Whom we sit in front of is done with, and what is left to read takes longer than to get up. */
static bool should_leave(const struct pyro_probe *probe, const struct pyro_probe_shared *shared)
{
	for (size_t i = 0; i < probe->awake_count; i++) {
		const struct pyro_probe_thread *thread = probe->awake[i];

		if (thread->visited != probe->moment && thread->kernel &&
		    thread->index != SIZE_MAX && !is_unchanged(thread) &&
		    !had_no_gil(thread, &shared->gil))
			return true;
	}
	return false;
}

/* Samples the threads that may have changed. */
enum pyro_rc pyro_samples_take(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			       uint64_t moment_ns)
{
	enum pyro_rc result = PYRO_RC_OK;

	probe->moment++;
	shared->freeze.moment_ns = moment_ns;
	shared->left = false;
	shared->gil_fixed = false;
	shared->gil.addr = 0; /* that of another process, or of a moment ago */
	for (int pass = 0; pass < 3; pass++) {
		if (pass == 2 && shared->gil.addr && shared->seat.cpu >= 0 &&
		    should_leave(probe, shared)) {
			pyro_seat_leave(&shared->seat, shared->seat.cpu);
			shared->left = true;
			shared->left_ns = pyro_clock_now();
			shared->gil_fixed = false;
		}
		for (size_t i = 0; i < probe->awake_count; i++) {
			struct pyro_probe_thread *thread = probe->awake[i];
			enum pyro_rc rc;

			if (thread->visited == probe->moment ||
			    !is_turn(thread, &shared->gil, pass))
				continue;
			thread->visited = probe->moment;
			if (!thread->kernel)
				pyro_roster_bind(probe, shared, thread);
			rc = sample(probe, shared, thread, pass < 2, moment_ns);
			if (rc)
				result = rc;
		}
	}
	if (shared->gil.addr) {
		probe->gil = shared->gil;
		probe->gil_ns = pyro_clock_now();
	}
	if (pyro_sched_source(shared->sched) == PYRO_SCHED_RINGS)
		let_sleep(probe);
	return result;
}

enum pyro_rc pyro_samples_take_timed(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				     struct pyro_probe_thread *thread)
{
	struct pyro_freeze_view view;
	uint64_t at_ns;
	enum pyro_rc rc = pyro_freeze_take(&shared->freeze, probe->python, thread->index,
					   shared->stack, &view, &at_ns);

	if (rc)
		return rc;
	if (view.thread.addr != thread->addr)
		return PYRO_RC_NOTREADY;
	pyro_credit_unchanged(probe, shared, thread, probe->moment);
	thread->seen = thread->visited = ++probe->moment;
	thread->gil_index = view.thread.gil;
	take_in(probe, shared, thread, &view, at_ns);
	pyro_credit_count(thread, shared, at_ns);
	thread->slices = view.slices;
	thread->proof = (uint8_t)view.proof;
	thread->state = view.state;
	thread->since = PYRO_SCHED_READY;
	thread->reason = PYRO_SAMPLE_RUNS;
	thread->waited_gil = false;
	thread->gil = probe->gil = view.gil;
	probe->gil_ns = probe->last_tick_ns = at_ns;
	pyro_credit_seen(probe, shared, thread, at_ns, 1, false);
	return PYRO_RC_OK;
}
