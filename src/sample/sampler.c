/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/sampler.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "sample/processes.h"
#include "sample/prompt.h"
#include "target/process.h"

#define FLUSH_EVERY_NS (100 * PYRO_NS_PER_MS)
#define SWEEP_EVERY_NS (5 * PYRO_NS_PER_MS)
/* An interpreter starts within 20 ms; other programs load one late or never. */
#define SEEK_QUICK_NS (1 * PYRO_NS_PER_MS)
#define SEEK_QUICK    60
#define SEEK_PATIENT  500
#define SEEK_SLOW_NS  (100 * PYRO_NS_PER_MS)
/* Below this a sleep takes longer than the wait. */
#define SPIN_NS 30000
/* The GIL changes hands every 5 ms where it is wanted: what holds for one look may for the next. */
#define FORESEEN_HZ 400.0
/* Up to here most of the time is slept. */
#define SLEEPS_HZ_MAX 20000.0
/* Each of the first looks is measured, then some together, as many as come within a time. */
#define COST_FIRST    100
#define COST_EVERY    8
#define COST_WITHIN_S 0.02

/* Processes offered between two looks. */
#define MAX_OFFERED 1024

struct pyro_sampler {
	struct pyro_sampler_options options;
	struct pyro_probe_shared shared;
	struct pyro_processes processes;
	uint64_t flush_ns;
	uint64_t sweep_ns;
	uint64_t taken;
	uint64_t cost_ns;    /* our processor time when it was last asked for; 0: begin anew */
	uint32_t cost_looks; /* since then */
	struct pyro_prompt prompt;
	struct pyro_async_counts async;

	pthread_t thread;
	bool started;
	atomic_bool stop;
	atomic_bool idle;
	pthread_mutex_t lock; /* for what follows, which the recorder looks at now and then */
	struct pyro_sampler_counts counts;
	int offered[MAX_OFFERED]; /* processes to look at too */
	size_t offered_count;
	atomic_bool any_offered;
};

static const char *const method_names[] = {"auto", "interrupt", "switch", "proc",
					   "stop", "reread",    "none"};

const char *pyro_proof_method_name(enum pyro_proof_method method)
{
	return (unsigned int)method < PYRO_COUNT(method_names) ? method_names[method] : "unknown";
}

/* ---- making ---- */

static enum pyro_rc choose_source(struct pyro_sampler *sampler, struct pyro_err *err)
{
	struct pyro_freeze *freeze = &sampler->shared.freeze;
	bool registers = false;
	enum pyro_rc rc;

	freeze->method = sampler->options.proof;
	freeze->native = sampler->options.native;
	if (freeze->method <= PYRO_PROOF_BY_INTERRUPT) {
		rc = pyro_interrupt_create(true, &freeze->interrupt, err);
		if (rc && freeze->method == PYRO_PROOF_BY_INTERRUPT)
			return rc;
		registers = !rc &&
			    pyro_interrupt_want_native(freeze->interrupt,
						       freeze->native ? PYRO_INTERRUPT_STACK : 0);
		freeze->blind = freeze->native && !registers;
		sampler->shared.timed.unfit = freeze->blind;
	}
	if (freeze->method != PYRO_PROOF_BY_PROC) {
		/* Switch records give exact times and news of processes under every method. */
		rc = pyro_sched_create(PYRO_SCHED_RINGS, pyro_processes_on_news,
				       &sampler->processes, &sampler->shared.sched, err);
		if (!rc) {
			if (freeze->method == PYRO_PROOF_AUTO)
				freeze->method = freeze->interrupt ? PYRO_PROOF_BY_INTERRUPT
								   : PYRO_PROOF_BY_SWITCH;
			return PYRO_RC_OK;
		}
		if (freeze->method == PYRO_PROOF_BY_INTERRUPT ||
		    freeze->method == PYRO_PROOF_BY_SWITCH)
			return rc;
	}
	if (freeze->method == PYRO_PROOF_AUTO)
		freeze->method = PYRO_PROOF_BY_PROC;
	return pyro_sched_create(PYRO_SCHED_PROC, pyro_processes_on_news, &sampler->processes,
				 &sampler->shared.sched, err);
}

/* What the kernel does is shown to those who may see it; all others do without. */
static void want_kernel(struct pyro_freeze *freeze)
{
	if (pyro_kernel_create(&freeze->snapshot->kernel, NULL) ||
	    freeze->method != PYRO_PROOF_BY_INTERRUPT || freeze->blind)
		return;
	if (pyro_kernel_load(freeze->snapshot->kernel, NULL) == PYRO_RC_OK)
		pyro_interrupt_want_kernel(freeze->interrupt, freeze->snapshot->kernel);
}

enum pyro_rc pyro_sampler_create(const struct pyro_sampler_options *options,
				 struct pyro_queue *queue, struct pyro_sampler **ret_sampler,
				 struct pyro_err *err)
{
	struct pyro_sampler *sampler = calloc(1, sizeof(*sampler));
	enum pyro_rc rc;

	if (!sampler)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	sampler->options = *options;
	sampler->shared.queue = queue;
	if (options->async)
		sampler->shared.async = &sampler->async;
	sampler->shared.each_task = options->async && options->each;
	pyro_processes_init(&sampler->processes, &sampler->options, &sampler->shared);
	sampler->shared.stack = calloc(1, sizeof(*sampler->shared.stack));
	sampler->shared.freeze.scratch = calloc(1, sizeof(*sampler->shared.freeze.scratch));
	sampler->shared.frames = calloc(PYRO_MAX_STACK_DEPTH, sizeof(*sampler->shared.frames));
	sampler->shared.freeze.snapshot = calloc(1, sizeof(*sampler->shared.freeze.snapshot));
	pthread_mutex_init(&sampler->lock, NULL);
	if (!sampler->shared.stack || !sampler->shared.freeze.scratch || !sampler->shared.frames ||
	    !sampler->shared.freeze.snapshot) {
		pyro_sampler_destroy(sampler);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	rc = choose_source(sampler, err);
	if (rc) {
		pyro_sampler_destroy(sampler);
		return rc;
	}
	if (sampler->options.native)
		want_kernel(&sampler->shared.freeze);
	sampler->shared.freeze.sched = sampler->shared.sched;
	sampler->shared.freeze.seat = &sampler->shared.seat;
	*ret_sampler = sampler;
	return PYRO_RC_OK;
}

void pyro_sampler_destroy(struct pyro_sampler *sampler)
{
	if (!sampler)
		return;
	pyro_processes_deinit(&sampler->processes);
	pyro_interrupt_destroy(sampler->shared.freeze.interrupt);
	pyro_sched_destroy(sampler->shared.sched);
	free(sampler->shared.stack);
	free(sampler->shared.freeze.scratch);
	if (sampler->shared.freeze.snapshot)
		pyro_kernel_destroy(sampler->shared.freeze.snapshot->kernel);
	free(sampler->shared.freeze.snapshot);
	free(sampler->shared.frames);
	pthread_mutex_destroy(&sampler->lock);
	free(sampler);
}

enum pyro_proof_method pyro_sampler_method(const struct pyro_sampler *sampler)
{
	return sampler->shared.freeze.method;
}

void pyro_sampler_release(void *owner)
{
	pyro_python_destroy(owner);
}

/* Where the choice is ours, /proc serves as well for a process that the kernel does not report on:
 * with more threads than there may be descriptors, or not allowed to be traced by its own user. */
static enum pyro_rc follow(struct pyro_sampler *sampler,
			   enum pyro_rc (*by)(struct pyro_sched *sched, int pid,
					      struct pyro_err *err),
			   int pid, struct pyro_err *err)
{
	struct pyro_probe_shared *shared = &sampler->shared;
	enum pyro_rc rc = by(shared->sched, pid, err);

	if (!rc || rc == PYRO_RC_GONE || sampler->options.proof != PYRO_PROOF_AUTO ||
	    pyro_sched_source(shared->sched) == PYRO_SCHED_PROC)
		return rc;
	pyro_sched_destroy(shared->sched);
	shared->sched = NULL;
	rc = pyro_sched_create(PYRO_SCHED_PROC, pyro_processes_on_news, &sampler->processes,
			       &shared->sched, err);
	shared->freeze.sched = shared->sched;
	shared->freeze.method = PYRO_PROOF_BY_PROC;
	return rc;
}

enum pyro_rc pyro_sampler_add_new(struct pyro_sampler *sampler, int pid, struct pyro_err *err)
{
	enum pyro_rc rc = follow(sampler, pyro_sched_follow_new, pid, err);
	struct pyro_probe *probe;

	if (rc)
		return rc;
	probe = pyro_processes_add(&sampler->processes, pid, 0, pyro_clock_now());
	if (!probe)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	probe->born = true;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_sampler_add_running(struct pyro_sampler *sampler, int pid, struct pyro_err *err)
{
	struct pyro_probe *probe =
		pyro_processes_add(&sampler->processes, pid, 0, pyro_clock_now());
	enum pyro_rc rc;

	if (!probe)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	rc = follow(sampler, pyro_sched_follow_running, pid, err);
	if (rc)
		return rc;
	pyro_probe_seek(probe, &sampler->shared);
	/* One that has only just been started is worth waiting for. */
	for (int i = 0; i < SEEK_PATIENT && probe->state == PYRO_PROBE_SEEKING &&
			probe->trouble.rc == PYRO_RC_NOTREADY && !pyro_process_gone(pid);
	     i++) {
		pyro_clock_sleep_until(pyro_clock_now() + SEEK_QUICK_NS);
		pyro_probe_seek(probe, &sampler->shared);
	}
	if (probe->state == PYRO_PROBE_READING)
		return PYRO_RC_OK;
	if (err)
		*err = probe->trouble;
	return probe->trouble.rc ? probe->trouble.rc : PYRO_RC_NOTPYTHON;
}

/* ---- the loop ---- */

static uint64_t next_ns(const struct pyro_probe *probe)
{
	switch (probe->state) {
	case PYRO_PROBE_READING:
		return probe->rate.due_ns;
	case PYRO_PROBE_SEEKING:
	case PYRO_PROBE_FOREIGN:
		return probe->seek_ns;
	default:
		return UINT64_MAX;
	}
}

static struct pyro_probe *earliest(const struct pyro_sampler *sampler)
{
	struct pyro_probe *first = NULL;

	for (size_t i = 0; i < sampler->processes.count; i++) {
		if (!first || next_ns(sampler->processes.items[i]) < next_ns(first))
			first = sampler->processes.items[i];
	}
	return first;
}

/* What we run on its processor, waking and going to sleep included, is what the thread that we sit
 * in front of loses; the time on the clock would also count who else wanted that processor. Our
 * processor time is a system call to ask for, so after the first looks, which differ most, some
 * looks are measured together. */
static void measure(struct pyro_sampler *sampler, struct pyro_probe *probe)
{
	const bool due = sampler->cost_looks >= COST_EVERY || probe->moment < COST_FIRST ||
			 sampler->cost_looks >= probe->rate.hz * COST_WITHIN_S;
	uint64_t cpu_ns, held_ns;

	if (!due)
		return;
	cpu_ns = pyro_clock_thread_cpu();
	held_ns = cpu_ns - sampler->cost_ns;
	if (sampler->cost_ns &&
	    (sampler->shared.left || pyro_probe_waiter_at(probe, sampler->shared.seat.cpu))) {
		sampler->shared.held_ns += held_ns;
		pyro_rate_spent(&probe->rate, sampler->cost_looks, held_ns);
	}
	sampler->cost_ns = cpu_ns;
	sampler->cost_looks = 0;
}

/* A look from elsewhere costs the target what its reads by interrupt held, unless we woke up in
 * front of it or had to go and sit down there. */
static void measure_distant(struct pyro_sampler *sampler, struct pyro_probe *probe,
			    uint64_t begin_ns)
{
	uint64_t held_ns = sampler->shared.freeze.held_ns;

	sampler->shared.freeze.held_ns = 0;
	if (sampler->shared.left)
		held_ns += sampler->shared.left_ns - begin_ns;
	else if (pyro_probe_waiter_at(probe, sched_getcpu()))
		held_ns = pyro_clock_now() - begin_ns;
	if (held_ns) {
		sampler->shared.held_ns += held_ns;
		pyro_rate_spent(&probe->rate, 1, held_ns);
	}
	sampler->cost_ns = 0;
	sampler->cost_looks = 0;
}

/* Woken where the target is, we go elsewhere and interrupt it from there: to look at it in front of
 * it would take it three times as long. It goes on before we get there. */
static void step_aside(struct pyro_sampler *sampler, const struct pyro_probe *probe,
		       uint64_t begin_ns)
{
	const int here = sched_getcpu();
	const struct pyro_sched_thread *waiter;

	if (sampler->shared.seat.allowed_count < 2)
		return;
	pyro_probe_wake(&sampler->shared);
	waiter = pyro_probe_waiter_at(probe, here);
	if (!waiter)
		return;
	pyro_seat_leave(&sampler->shared.seat, here);
	pyro_probe_wake(&sampler->shared);
	sampler->shared.freeze.held_ns +=
		(waiter->in_ns > begin_ns ? waiter->in_ns : pyro_clock_now()) - begin_ns;
}

/* Returns the time after the looks. */
static uint64_t tick(struct pyro_sampler *sampler, struct pyro_probe *probe)
{
	const bool distant = sampler->shared.seat.cpu < 0 &&
			     sampler->shared.freeze.method == PYRO_PROOF_BY_INTERRUPT;
	const uint64_t begin_ns = distant ? pyro_clock_now() : 0;
	const bool taken = pyro_timed_take(probe, &sampler->shared);
	uint64_t now_ns;

	if (taken) {
		sampler->cost_ns = 0; /* what is measured must not reach across them */
	} else {
		sampler->shared.distant = distant;
		if (distant) {
			pyro_prompt_woke(&sampler->prompt, begin_ns - probe->rate.due_ns);
			step_aside(sampler, probe, begin_ns);
		}
		pyro_probe_tick(probe, &sampler->shared);
		sampler->taken++;
		sampler->cost_looks++;
		if (distant)
			measure_distant(sampler, probe, begin_ns);
		else
			measure(sampler, probe);
	}
	now_ns = pyro_clock_now();
	if (!pyro_timed_next(probe, &sampler->shared))
		pyro_rate_next(&probe->rate, now_ns);
	else if (!taken)
		pyro_rate_taken(&probe->rate, 1, 0);
	return now_ns;
}

/* An interpreter that is starting is looked for every millisecond. A program that is none may load
 * one later; if it executes one, the kernel says so, or else it must be looked for more often. */
static uint64_t seek_pause(const struct pyro_sampler *sampler, const struct pyro_probe *probe)
{
	const bool told = pyro_sched_source(sampler->shared.sched) == PYRO_SCHED_RINGS;
	const unsigned int doublings = probe->tries < 7 ? probe->tries : 7;
	uint64_t pause_ns = SEEK_QUICK_NS << doublings;

	if (probe->state != PYRO_PROBE_SEEKING)
		return SEEK_SLOW_NS;
	if (probe->trouble.rc == PYRO_RC_NOTREADY && probe->tries < SEEK_PATIENT)
		return SEEK_QUICK_NS;
	if (!told && probe->tries < SEEK_QUICK)
		return SEEK_QUICK_NS;
	return pause_ns < SEEK_SLOW_NS ? pause_ns : SEEK_SLOW_NS;
}

/* Returns the time after it. */
static uint64_t seek(struct pyro_sampler *sampler, struct pyro_probe *probe, uint64_t now_ns)
{
	/* An exec that is not known yet would date the finding wrongly. */
	pyro_sched_update(sampler->shared.sched);
	if (sampler->processes.news_count)
		return pyro_clock_now();
	/* Looking for an interpreter reads files and tables: not at the expense of the target. */
	pyro_seat_leave(&sampler->shared.seat, sampler->shared.seat.cpu);
	sampler->cost_ns = 0;
	pyro_probe_seek(probe, &sampler->shared);
	/* One meanwhile must be known before what was found is announced. */
	pyro_sched_update(sampler->shared.sched);
	probe->seek_ns = now_ns + seek_pause(sampler, probe);
	now_ns = pyro_clock_now();
	if (probe->state == PYRO_PROBE_READING)
		probe->rate.due_ns = now_ns;
	return now_ns;
}

static void publish(struct pyro_sampler *sampler)
{
	struct pyro_sampler_counts counts = {
		.ticks_due = sampler->processes.due,
		.ticks_taken = sampler->taken + sampler->shared.timed.taken,
		.ticks_late = sampler->processes.late,
		.samples = sampler->shared.samples,
		.missed = sampler->shared.missed,
		.torn = sampler->shared.freeze.torn,
		.faults = sampler->shared.freeze.faults,
		.moves = sampler->shared.seat.moves,
		.held_ns = sampler->shared.held_ns,
		.target_ns = sampler->shared.target_ns,
		.lost_records = pyro_sched_lost(sampler->shared.sched),
		.queue_lost = sampler->shared.queue_lost,
		.code_reuse = sampler->shared.code_reuse,
		.reads = sampler->shared.reads,
		.merged = sampler->shared.merged,
		.cut = sampler->shared.cut,
		.unmerged = sampler->shared.unmerged,
		.kernel = sampler->shared.kernel,
		.kernel_unseen = sampler->shared.kernel_unseen,
		.async = sampler->async,
	};

	for (size_t i = 0; i < sampler->processes.count; i++) {
		struct pyro_python_counts python = {0};

		counts.ticks_due += sampler->processes.items[i]->rate.due;
		counts.ticks_late += sampler->processes.items[i]->rate.late;
		if (!sampler->processes.items[i]->python)
			continue;
		pyro_python_counts(sampler->processes.items[i]->python, &python);
		counts.code_reuse += python.codes_reused;
		counts.reads += python.reads;
	}
	pthread_mutex_lock(&sampler->lock);
	sampler->counts = counts;
	pthread_mutex_unlock(&sampler->lock);
}

bool pyro_sampler_offer(struct pyro_sampler *sampler, int pid)
{
	bool room;

	pthread_mutex_lock(&sampler->lock);
	room = sampler->offered_count < MAX_OFFERED;
	if (room)
		sampler->offered[sampler->offered_count++] = pid;
	pthread_mutex_unlock(&sampler->lock);
	atomic_store(&sampler->any_offered, true);
	return room;
}

static void take_offered(struct pyro_sampler *sampler, uint64_t now_ns)
{
	int offered[MAX_OFFERED];
	size_t count;

	if (!atomic_exchange(&sampler->any_offered, false))
		return;
	pthread_mutex_lock(&sampler->lock);
	count = sampler->offered_count;
	memcpy(offered, sampler->offered, count * sizeof(*offered));
	sampler->offered_count = 0;
	pthread_mutex_unlock(&sampler->lock);
	for (size_t i = 0; i < count; i++)
		pyro_processes_join(&sampler->processes, offered[i], now_ns);
}

/* Everything that can wait until no target is held up. */
static void housekeeping(struct pyro_sampler *sampler, uint64_t now_ns)
{
	pyro_processes_handle(&sampler->processes);
	pyro_processes_poll(&sampler->processes, now_ns);
	take_offered(sampler, now_ns);
	for (size_t i = 0; i < sampler->processes.count; i++) {
		if (pyro_probe_names_due(sampler->processes.items[i], now_ns)) {
			pyro_seat_leave(&sampler->shared.seat, sampler->shared.seat.cpu);
			sampler->cost_ns = 0;
			pyro_probe_read_names(sampler->processes.items[i], &sampler->shared);
		}
		if (pyro_async_due(sampler->processes.items[i], &sampler->shared, now_ns)) {
			pyro_seat_leave(&sampler->shared.seat, sampler->shared.seat.cpu);
			sampler->cost_ns = 0;
			pyro_async_look(sampler->processes.items[i], &sampler->shared);
		}
		if (pyro_probe_code_due(sampler->processes.items[i], &sampler->shared, now_ns)) {
			pyro_seat_leave(&sampler->shared.seat, sampler->shared.seat.cpu);
			sampler->cost_ns = 0;
			pyro_probe_open_code(sampler->processes.items[i]);
		}
		if (pyro_probe_name_objects(sampler->processes.items[i], &sampler->shared, now_ns))
			sampler->cost_ns = 0;
	}
	if (now_ns < sampler->flush_ns)
		return;
	sampler->flush_ns = now_ns + FLUSH_EVERY_NS;
	for (size_t i = 0; i < sampler->processes.count; i++)
		pyro_probe_flush(sampler->processes.items[i], &sampler->shared, now_ns);
	publish(sampler);
}

/* A thread that wakes, or comes from another processor, is to preempt at once; not one that
 * preempts nobody. One that spins asks for no priority: it would keep others from its processor,
 * the recorder first of all. */
static void begin_thread(struct pyro_sampler *sampler)
{
	const bool spins = sampler->options.hz_max > SLEEPS_HZ_MAX;

	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	prctl(PR_SET_NAME, "pyro-sampler", 0, 0, 0);
	pyro_prompt_init(&sampler->prompt,
			 !spins && sampler->shared.freeze.method <= PYRO_PROOF_BY_PROC, !spins);
	pyro_seat_init(&sampler->shared.seat);
}

/* Whether to wait for the next look on the target's own processor. Where reads are by interrupt we
 * need not, and the target loses a quarter of what it loses otherwise. */
static bool sits(const struct pyro_freeze *freeze)
{
	if (freeze->method != PYRO_PROOF_BY_INTERRUPT)
		return freeze->method <= PYRO_PROOF_BY_PROC;
	return freeze->skip > 0;
}

/* The place to wait for the next look. */
static void find_seat(struct pyro_sampler *sampler, const struct pyro_probe *probe, uint64_t now_ns)
{
	const bool stays = sits(&sampler->shared.freeze);
	/* Where several take turns nobody knows who will be there after a while: the kernel, which
	 * sees it then, is to find us an idle processor. */
	const bool foreseen = probe->rate.hz > FORESEEN_HZ || pyro_probe_is_alone(probe, now_ns);
	int cpu;

	pyro_prompt_set(&sampler->prompt, stays || foreseen);
	pyro_probe_wake(&sampler->shared);
	cpu = pyro_probe_cpu(probe);
	if (cpu < 0)
		return;
	if (!stays) {
		if (sampler->shared.freeze.method == PYRO_PROOF_BY_INTERRUPT && foreseen)
			pyro_seat_leave(&sampler->shared.seat, cpu);
		else
			pyro_seat_free(&sampler->shared.seat);
	} else if (!sampler->shared.left) {
		/* Having left, we are not in front of anybody: to go back now would interrupt the
		 * thread twice, and it may go elsewhere meanwhile. */
		pyro_seat_take(&sampler->shared.seat, cpu);
	}
}

static void *run(void *context)
{
	struct pyro_sampler *sampler = context;
	uint64_t now_ns = pyro_clock_now();

	begin_thread(sampler);
	while (!atomic_load(&sampler->stop)) {
		struct pyro_probe *probe = earliest(sampler);
		uint64_t due_ns = probe ? next_ns(probe) : now_ns + PYRO_NS_PER_MS;

		if (due_ns > now_ns + 20 * PYRO_NS_PER_MS)
			due_ns = now_ns + 20 * PYRO_NS_PER_MS; /* news and stop are to be seen */
		if (probe && probe->state == PYRO_PROBE_READING)
			find_seat(sampler, probe, now_ns);
		if (due_ns > now_ns + SPIN_NS) {
			if (probe && probe->state == PYRO_PROBE_READING && due_ns == next_ns(probe))
				pyro_probe_point(probe, &sampler->shared, due_ns);
			pyro_clock_sleep_until(due_ns);
			now_ns = pyro_clock_now();
		} else {
			while (now_ns < due_ns)
				now_ns = pyro_clock_now();
		}
		if (probe && now_ns >= next_ns(probe)) {
			now_ns = probe->state == PYRO_PROBE_READING ? tick(sampler, probe)
								    : seek(sampler, probe, now_ns);
		} else {
			pyro_sched_update(sampler->shared.sched);
			now_ns = pyro_clock_now();
		}
		housekeeping(sampler, now_ns);
		if (now_ns >= sampler->sweep_ns) {
			sampler->sweep_ns = now_ns + SWEEP_EVERY_NS;
			pyro_processes_sweep(&sampler->processes, now_ns);
		}
		atomic_store(&sampler->idle, sampler->processes.count == 0);
	}
	pyro_sched_update(sampler->shared.sched);
	pyro_processes_handle(&sampler->processes);
	for (size_t i = sampler->processes.count; i-- > 0;) {
		struct pyro_probe *probe = sampler->processes.items[i];

		pyro_processes_end(&sampler->processes, probe,
				   probe->exit_ns ? probe->exit_ns : pyro_clock_now());
	}
	publish(sampler);
	return NULL;
}

enum pyro_rc pyro_sampler_start(struct pyro_sampler *sampler, struct pyro_err *err)
{
	int errnum = pthread_create(&sampler->thread, NULL, run, sampler);

	if (errnum)
		return pyro_err_set_errno(err, PYRO_RC_IO, errnum, "cannot start a thread");
	sampler->started = true;
	if (sampler->shared.freeze.method == PYRO_PROOF_BY_INTERRUPT)
		pyro_interrupt_timer_prepare(sampler->shared.freeze.interrupt);
	return PYRO_RC_OK;
}

bool pyro_sampler_stop(struct pyro_sampler *sampler, uint64_t timeout_ns)
{
	const uint64_t until_ns = pyro_clock_realtime() + timeout_ns;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / PYRO_NS_PER_S),
		.tv_nsec = (long)(until_ns % PYRO_NS_PER_S),
	};

	if (!sampler->started)
		return true;
	atomic_store(&sampler->stop, true);
	if (pthread_timedjoin_np(sampler->thread, NULL, &until) != 0)
		return false;
	sampler->started = false;
	return true;
}

void pyro_sampler_pause(struct pyro_sampler *sampler, bool pause)
{
	if (sampler->shared.freeze.interrupt)
		pyro_interrupt_timer_pause(sampler->shared.freeze.interrupt, pause);
}

bool pyro_sampler_idle(const struct pyro_sampler *sampler)
{
	return atomic_load(&sampler->idle);
}

void pyro_sampler_counts(const struct pyro_sampler *sampler, struct pyro_sampler_counts *ret_counts)
{
	struct pyro_sampler *mutable = (struct pyro_sampler *)sampler;

	pthread_mutex_lock(&mutable->lock);
	*ret_counts = sampler->counts;
	pthread_mutex_unlock(&mutable->lock);
}

const struct pyro_err *pyro_sampler_trouble(const struct pyro_sampler *sampler)
{
	return &sampler->processes.trouble;
}
