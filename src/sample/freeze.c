/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/freeze.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sample/stop.h"

#define MAX_TRIES 12
/* A read by interrupt that has come up short is worth another try. */
#define MAX_SHORT 2
/* Where they come up short all the same, up to 2^this - 1 stacks are read otherwise before the next
 * one is tried. */
#define MAX_UNFIT 5
/* A thread frozen between two stores to its frames is let go on for this long, and each time for
 * twice as long as before. Switching to it and back can take 20 us: in that time it may get
 * nowhere. */
#define LET_GO_NS  40000
#define MAX_LET_GO 3
/* Without any proof, what seldom changes is looked at once in this while. */
#define TRUST_NS PYRO_NS_PER_MS

/* One read of GIL, thread state and stack, without any proof. */
static enum pyro_rc read_once(struct pyro_python *python, size_t index,
			      struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	enum pyro_rc rc = pyro_python_thread(python, index, &view->gil, &view->thread);

	if (rc)
		return rc == PYRO_RC_TORN ? PYRO_RC_NOTREADY : rc;
	return pyro_python_stack(python, &view->thread, stack);
}

/* Only the GIL's last holder can change its own frames: with neither it nor the count of changes
 * different, every other thread stood still, on whatever processor it ran. */
static bool is_last_holder(const struct pyro_python *python, size_t index,
			   const struct pyro_freeze_view *view)
{
	return !view->gil.addr || pyro_python_may_be(python, index, view->gil.last_holder);
}

static bool same_gil(struct pyro_python *python, const struct pyro_freeze_view *view)
{
	struct pyro_gil after;

	return pyro_python_gil(python, view->thread.gil, &after) == PYRO_RC_OK &&
	       after.last_holder == view->gil.last_holder &&
	       after.switch_number == view->gil.switch_number;
}

static bool runs_elsewhere(const struct pyro_freeze *freeze, const struct pyro_sched_thread *kernel)
{
	return kernel->state == PYRO_SCHED_RUNNING && kernel->cpu != freeze->seat->cpu;
}

/* What an earlier try took is of another moment. */
static void forget_snapshot(const struct pyro_freeze *freeze)
{
	if (freeze->snapshot)
		freeze->snapshot->kind = PYRO_SNAPSHOT_EMPTY;
}

/* Reads while the kernel's account is watched. */
static enum pyro_rc read_watched(struct pyro_freeze *freeze, struct pyro_python *python,
				 size_t index, struct pyro_sched_thread *kernel,
				 struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	const enum pyro_sample_proof frozen =
		freeze->method == PYRO_PROOF_BY_PROC ? PYRO_SAMPLE_PROC : PYRO_SAMPLE_SWITCH;
	const bool running = runs_elsewhere(freeze, kernel);
	enum pyro_rc rc;

	view->slices = kernel->slices;
	view->state = kernel->state;
	rc = read_once(python, index, stack, view);
	forget_snapshot(freeze);
	if (freeze->native && kernel->state == PYRO_SCHED_BLOCKED)
		pyro_snapshot_take_waiting(freeze->snapshot, kernel->pid, kernel->tid,
					   pyro_python_reader(python));
	if (running) {
		bool still = !rc && !is_last_holder(python, index, view) && same_gil(python, view);

		pyro_python_settle(python, still);
		view->slices = UINT64_MAX;
		view->proof = PYRO_SAMPLE_STILL;
		return rc ? rc : still ? PYRO_RC_OK : PYRO_RC_TORN;
	}
	if (pyro_sched_has_run(freeze->sched, kernel, view->slices)) {
		pyro_python_settle(python, false);
		return rc == PYRO_RC_GONE ? rc : PYRO_RC_TORN;
	}
	pyro_python_settle(python, !rc);
	view->proof = kernel->state == PYRO_SCHED_BLOCKED ? PYRO_SAMPLE_STILL : frozen;
	return rc;
}

/* Interrupts the thread for one read, which brings the whole stack. UNSUPPORTED: it did not, as
 * where that is very deep. */
static enum pyro_rc read_interrupted(struct pyro_freeze *freeze, struct pyro_python *python,
				     size_t index, struct pyro_sched_thread *kernel,
				     struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	enum pyro_rc rc;
	uint64_t held_ns;
	bool hit;

	view->slices = UINT64_MAX; /* it goes on */
	view->state = kernel->state;
	view->proof = PYRO_SAMPLE_INTERRUPT;
	pyro_interrupt_aim(freeze->interrupt, kernel->cpu, kernel->tid);
	rc = read_once(python, index, stack, view);
	if (freeze->snapshot)
		pyro_snapshot_take_interrupted(freeze->snapshot, freeze->interrupt);
	hit = pyro_interrupt_lower(freeze->interrupt, &held_ns);
	freeze->held_ns += held_ns;
	pyro_python_settle(python, !rc && hit);
	if (!hit)
		return PYRO_RC_TORN;
	pyro_sched_seen_running(freeze->sched, kernel);
	if (rc == PYRO_RC_SHORT)
		return PYRO_RC_UNSUPPORTED;
	freeze->unfit = 0;
	return rc;
}

/* Reads by interrupt do not get this stack. */
static void give_up_interrupts(struct pyro_freeze *freeze)
{
	if (freeze->unfit < MAX_UNFIT)
		freeze->unfit++;
	freeze->skip = (1u << freeze->unfit) - 1;
}

/* Freeze by preemption: be where the thread is, and see that it did not run. Or interrupt it there,
 * by a method that can. */
static enum pyro_rc read_frozen(struct pyro_freeze *freeze, struct pyro_python *python,
				size_t index, struct pyro_sched_thread *kernel, bool holder,
				struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	int interrupts = freeze->method == PYRO_PROOF_BY_INTERRUPT && !freeze->skip ? MAX_SHORT : 0;
	enum pyro_rc rc = PYRO_RC_TORN;
	bool moved = false;

	if (holder && freeze->skip)
		freeze->skip--;
	for (int try = 0; try < MAX_TRIES && rc == PYRO_RC_TORN; try++) {
		/* The caller has just refreshed it for the first try. */
		if ((try || moved) && pyro_sched_refresh(freeze->sched, kernel))
			return PYRO_RC_GONE;
		moved = false;
		if ((holder || freeze->native) && interrupts && runs_elsewhere(freeze, kernel)) {
			rc = read_interrupted(freeze, python, index, kernel, stack, view);
			if (rc == PYRO_RC_UNSUPPORTED) {
				rc = PYRO_RC_TORN;
				if (--interrupts == 0)
					give_up_interrupts(freeze);
				/* Its registers are to be had by a stop, but not in front of it. */
				if (!interrupts && freeze->native && !freeze->no_stop)
					return PYRO_RC_UNSUPPORTED;
			}
			freeze->torn += rc == PYRO_RC_TORN;
			continue;
		}
		if (holder && runs_elsewhere(freeze, kernel)) {
			if (!pyro_seat_take(freeze->seat, kernel->cpu))
				return PYRO_RC_UNSUPPORTED;
			moved = true;
			continue; /* see where it is now that we sit there */
		}
		rc = read_watched(freeze, python, index, kernel, stack, view);
		if (rc == PYRO_RC_TORN) {
			freeze->torn++;
			holder = true;
		}
	}
	return rc;
}

static enum pyro_rc stop(struct pyro_freeze *freeze, int tid)
{
	enum pyro_rc rc = pyro_stop_thread(tid);

	/* Until then it ran on, or waited for a processor as it would have without us. */
	if (!rc)
		freeze->stopped_ns -= pyro_clock_now();
	return rc;
}

static void let_go(struct pyro_freeze *freeze, int tid)
{
	pyro_stop_release(tid);
	freeze->stopped_ns += pyro_clock_now();
	freeze->stops++;
}

static enum pyro_rc read_stopped(struct pyro_freeze *freeze, struct pyro_python *python,
				 size_t index, struct pyro_sched_thread *kernel,
				 struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	enum pyro_rc rc = stop(freeze, kernel->tid);

	if (rc)
		return rc;
	rc = read_once(python, index, stack, view);
	if (freeze->snapshot)
		pyro_snapshot_take_stopped(freeze->snapshot, kernel->tid,
					   pyro_python_reader(python));
	let_go(freeze, kernel->tid);
	pyro_python_settle(python, !rc);
	view->proof = PYRO_SAMPLE_STOP;
	view->slices = UINT64_MAX;
	return rc;
}

static bool same_stack(const struct pyro_raw_stack *a, const struct pyro_raw_stack *b)
{
	return a->count == b->count && a->truncated == b->truncated && a->partial == b->partial &&
	       memcmp(a->frames, b->frames, a->count * sizeof(a->frames[0])) == 0;
}

static enum pyro_rc read_twice(struct pyro_freeze *freeze, struct pyro_python *python, size_t index,
			       struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	struct pyro_raw_stack *other = freeze->scratch;
	enum pyro_rc rc = read_once(python, index, stack, view);

	pyro_python_settle(python, false);
	for (int try = 0; try < MAX_TRIES; try++) {
		enum pyro_rc again = read_once(python, index, other, view);
		const bool same = !rc && !again && same_stack(stack, other);

		pyro_python_settle(python, same);
		if (same || (again && again != PYRO_RC_TORN && again != PYRO_RC_FAULT)) {
			view->proof = PYRO_SAMPLE_REREAD;
			return again;
		}
		freeze->torn++;
		rc = again;
		memcpy(stack, other, sizeof(*stack));
	}
	return PYRO_RC_TORN;
}

/* Whom we keep from its processor ran, and will again as soon as we wait for it to stop. To stop
 * who waits for others could take as long as they like. */
static bool gave_way(const struct pyro_freeze *freeze, const struct pyro_sched_thread *kernel)
{
	return kernel->state == PYRO_SCHED_READY && freeze->moment_ns &&
	       kernel->out_ns >= freeze->moment_ns && kernel->cpu == sched_getcpu();
}

/* The registers of a thread that runs are to be had by an interrupt, or when it is stopped. */
static bool must_stop(const struct pyro_freeze *freeze, const struct pyro_sched_thread *kernel)
{
	if (!freeze->native || freeze->no_stop)
		return false;
	if (kernel->state != PYRO_SCHED_RUNNING)
		return gave_way(freeze, kernel);
	return freeze->method != PYRO_PROOF_BY_INTERRUPT || freeze->skip || freeze->blind ||
	       !runs_elsewhere(freeze, kernel);
}

/* One stack by the method of proof, of a thread that has just been refreshed. */
static enum pyro_rc read_by_method(struct pyro_freeze *freeze, struct pyro_python *python,
				   size_t index, struct pyro_sched_thread *kernel, bool holder,
				   struct pyro_raw_stack *stack, struct pyro_freeze_view *view)
{
	enum pyro_rc rc;

	forget_snapshot(freeze);
	switch (freeze->method) {
	case PYRO_PROOF_BY_INTERRUPT:
	case PYRO_PROOF_BY_SWITCH:
	case PYRO_PROOF_BY_PROC:
		rc = PYRO_RC_UNSUPPORTED;
		if (must_stop(freeze, kernel)) {
			rc = read_stopped(freeze, python, index, kernel, stack, view);
			freeze->skip -= freeze->skip > 0;
		}
		if (!rc || rc == PYRO_RC_GONE)
			return rc;
		rc = read_frozen(freeze, python, index, kernel, holder, stack, view);
		if (rc == PYRO_RC_UNSUPPORTED) /* its processor is out of our reach */
			rc = read_stopped(freeze, python, index, kernel, stack, view);
		return rc;
	case PYRO_PROOF_BY_STOP:
		return read_stopped(freeze, python, index, kernel, stack, view);
	case PYRO_PROOF_BY_REREAD:
		return read_twice(freeze, python, index, stack, view);
	default:
		pyro_python_trust(python, (uint32_t)(pyro_clock_now() / TRUST_NS) | 1);
		rc = read_once(python, index, stack, view);
		pyro_python_settle(python, !rc);
		view->proof = PYRO_SAMPLE_NONE;
		return rc;
	}
}

/* Reads a partial stack again after its thread went on. What is still so each time that it has run
 * is so, but nothing proves that such frames belong together. */
static enum pyro_rc read_later(struct pyro_freeze *freeze, struct pyro_python *python, size_t index,
			       struct pyro_sched_thread *kernel, struct pyro_raw_stack *stack,
			       struct pyro_freeze_view *view)
{
	bool ran = true;

	for (int times = 0; times < MAX_LET_GO; times++) {
		const struct timespec pause = {.tv_nsec = LET_GO_NS << times};
		const uint64_t slices = kernel->slices;
		enum pyro_rc rc;

		freeze->torn++;
		nanosleep(&pause, NULL);
		if (pyro_sched_refresh(freeze->sched, kernel))
			return PYRO_RC_GONE;
		ran &= kernel->slices != slices || kernel->state != PYRO_SCHED_READY;
		rc = read_by_method(freeze, python, index, kernel, true, stack, view);
		if (rc || !stack->partial)
			return rc;
	}
	view->proof = PYRO_SAMPLE_NONE;
	return ran ? PYRO_RC_OK : PYRO_RC_TORN;
}

enum pyro_rc pyro_freeze_read(struct pyro_freeze *freeze, struct pyro_python *python, size_t index,
			      struct pyro_sched_thread *kernel, bool holder,
			      struct pyro_raw_stack *stack, struct pyro_freeze_view *ret_view)
{
	enum pyro_rc rc;

	*ret_view = (struct pyro_freeze_view){.slices = UINT64_MAX};
	rc = read_by_method(freeze, python, index, kernel, holder, stack, ret_view);
	if (!rc && stack->partial && freeze->method != PYRO_PROOF_BY_NONE)
		rc = read_later(freeze, python, index, kernel, stack, ret_view);
	if (freeze->method > PYRO_PROOF_BY_PROC && pyro_sched_refresh(freeze->sched, kernel))
		return PYRO_RC_GONE;
	ret_view->state = kernel->state;
	if (rc == PYRO_RC_FAULT)
		freeze->faults++;
	return rc;
}

void pyro_freeze_snapshot(struct pyro_freeze *freeze, struct pyro_reader *reader,
			  struct pyro_sched_thread *kernel)
{
	forget_snapshot(freeze);
	if (!freeze->snapshot)
		return;
	if (kernel->state == PYRO_SCHED_BLOCKED) {
		const uint64_t slices = kernel->slices;

		pyro_snapshot_take_waiting(freeze->snapshot, kernel->pid, kernel->tid, reader);
		if (pyro_sched_has_run(freeze->sched, kernel, slices))
			forget_snapshot(freeze);
		return;
	}
	if (freeze->no_stop || stop(freeze, kernel->tid) != PYRO_RC_OK)
		return;
	pyro_snapshot_take_stopped(freeze->snapshot, kernel->tid, reader);
	let_go(freeze, kernel->tid);
}

enum pyro_rc pyro_freeze_order(struct pyro_freeze *freeze, struct pyro_python *python, size_t index)
{
	struct pyro_thread thread;
	struct pyro_gil gil;
	uint64_t held_ns;
	enum pyro_rc rc = pyro_interrupt_timer_order(freeze->interrupt);

	if (rc)
		return rc;
	rc = pyro_python_thread(python, index, &gil, &thread);
	(void)pyro_interrupt_lower(freeze->interrupt, &held_ns);
	/* Having said what it wants, it has got nothing. */
	return rc == PYRO_RC_TORN ? PYRO_RC_OK : rc;
}

enum pyro_rc pyro_freeze_take(struct pyro_freeze *freeze, struct pyro_python *python, size_t index,
			      struct pyro_raw_stack *stack, struct pyro_freeze_view *ret_view,
			      uint64_t *ret_at_ns)
{
	enum pyro_rc rc;
	uint64_t held_ns;
	bool hit;

	*ret_view = (struct pyro_freeze_view){
		.slices = UINT64_MAX, .state = PYRO_SCHED_RUNNING, .proof = PYRO_SAMPLE_INTERRUPT};
	if (!pyro_interrupt_timer_aim(freeze->interrupt, ret_at_ns))
		return PYRO_RC_NOTFOUND;
	rc = read_once(python, index, stack, ret_view);
	if (freeze->snapshot)
		pyro_snapshot_take_interrupted(freeze->snapshot, freeze->interrupt);
	hit = pyro_interrupt_lower(freeze->interrupt, &held_ns);
	freeze->held_ns += held_ns;
	pyro_python_settle(python, !rc && hit);
	if (!hit)
		return PYRO_RC_NOTREADY;
	if (!rc && !stack->partial)
		return PYRO_RC_OK;
	freeze->torn++;
	return rc == PYRO_RC_SHORT ? rc : PYRO_RC_TORN;
}
