/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/sampler.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"
#include "sample/probe.h"
#include "sample/prompt.h"
#include "target/process.h"

#define MAX_NEWS 4096
/* Where the kernel sends no news of processes: how often we ask. */
#define POLL_EVERY_NS  (10 * PYRO_NS_PER_MS)
#define FLUSH_EVERY_NS (100 * PYRO_NS_PER_MS)
/* Where it does, how often we ask nevertheless. */
#define GONE_EVERY_NS (100 * PYRO_NS_PER_MS)
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
/* Reads that fail this often in a row: the program is another one, or has torn its interpreter
 * down. */
#define MAX_FAILURES 20
/* Each of the first looks is measured, then some together, as many as come within a time. */
#define COST_FIRST    100
#define COST_EVERY    8
#define COST_WITHIN_S 0.02

struct pyro_sampler {
	struct pyro_sampler_options options;
	struct pyro_probe_shared shared;
	struct pyro_probe **probes;
	size_t count;
	size_t capacity;
	uint32_t next_process;
	struct pyro_sched_news news[MAX_NEWS];
	size_t news_count;
	bool news_lost;
	uint64_t poll_ns;
	uint64_t flush_ns;
	uint64_t sweep_ns;
	uint64_t due, taken, late;
	uint64_t cost_ns;    /* our processor time when it was last asked for; 0: begin anew */
	uint32_t cost_looks; /* since then */
	struct pyro_prompt prompt;
	struct pyro_err trouble;

	pthread_t thread;
	bool started;
	atomic_bool stop;
	atomic_bool idle;
	pthread_mutex_t lock; /* for `counts`, which the recorder looks at now and then */
	struct pyro_sampler_counts counts;
};

static const char *const method_names[] = {"auto", "interrupt", "switch", "proc",
					   "stop", "reread",    "none"};

const char *pyro_proof_method_name(enum pyro_proof_method method)
{
	return (unsigned int)method < PYRO_COUNT(method_names) ? method_names[method] : "unknown";
}

static void on_news(void *context, const struct pyro_sched_news *news)
{
	struct pyro_sampler *sampler = context;

	if (sampler->news_count < MAX_NEWS)
		sampler->news[sampler->news_count++] = *news;
	else
		sampler->news_lost = true;
}

/* ---- making ---- */

static enum pyro_rc choose_source(struct pyro_sampler *sampler, struct pyro_err *err)
{
	struct pyro_freeze *freeze = &sampler->shared.freeze;
	enum pyro_rc rc;

	freeze->method = sampler->options.proof;
	if (freeze->method <= PYRO_PROOF_BY_INTERRUPT) {
		rc = pyro_interrupt_create(&freeze->interrupt, err);
		if (rc && freeze->method == PYRO_PROOF_BY_INTERRUPT)
			return rc;
	}
	if (freeze->method != PYRO_PROOF_BY_PROC) {
		/* Switch records give exact times and news of processes under every method. */
		rc = pyro_sched_create(PYRO_SCHED_RINGS, on_news, sampler, &sampler->shared.sched,
				       err);
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
	return pyro_sched_create(PYRO_SCHED_PROC, on_news, sampler, &sampler->shared.sched, err);
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
	sampler->shared.stack = calloc(1, sizeof(*sampler->shared.stack));
	sampler->shared.freeze.scratch = calloc(1, sizeof(*sampler->shared.freeze.scratch));
	sampler->shared.frames = calloc(PYRO_MAX_STACK_DEPTH, sizeof(*sampler->shared.frames));
	pthread_mutex_init(&sampler->lock, NULL);
	if (!sampler->shared.stack || !sampler->shared.freeze.scratch || !sampler->shared.frames) {
		pyro_sampler_destroy(sampler);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	rc = choose_source(sampler, err);
	if (rc) {
		pyro_sampler_destroy(sampler);
		return rc;
	}
	sampler->shared.freeze.sched = sampler->shared.sched;
	sampler->shared.freeze.seat = &sampler->shared.seat;
	*ret_sampler = sampler;
	return PYRO_RC_OK;
}

static void probe_destroy(struct pyro_probe *probe)
{
	pyro_python_destroy(probe->python);
	pyro_reader_destroy(probe->reader);
	pyro_map_deinit(&probe->stacks);
	pyro_map_deinit(&probe->codes);
	pyro_buf_deinit(&probe->command);
	free(probe->threads);
	free(probe);
}

void pyro_sampler_destroy(struct pyro_sampler *sampler)
{
	if (!sampler)
		return;
	for (size_t i = 0; i < sampler->count; i++)
		probe_destroy(sampler->probes[i]);
	free(sampler->probes);
	pyro_interrupt_destroy(sampler->shared.freeze.interrupt);
	pyro_sched_destroy(sampler->shared.sched);
	free(sampler->shared.stack);
	free(sampler->shared.freeze.scratch);
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

static struct pyro_probe *find_probe(struct pyro_sampler *sampler, int pid)
{
	for (size_t i = 0; i < sampler->count; i++) {
		if (sampler->probes[i]->pid == pid && sampler->probes[i]->state != PYRO_PROBE_ENDED)
			return sampler->probes[i];
	}
	return NULL;
}

static struct pyro_probe *add_probe(struct pyro_sampler *sampler, int pid, int parent,
				    uint64_t start_ns)
{
	struct pyro_probe *probe;

	if (sampler->count >= PYRO_MAX_PROCESSES)
		return NULL;
	if (sampler->count == sampler->capacity) {
		size_t capacity = sampler->capacity ? sampler->capacity * 2 : 8;
		struct pyro_probe **probes =
			reallocarray(sampler->probes, capacity, sizeof(struct pyro_probe *));

		if (!probes)
			return NULL;
		sampler->probes = probes;
		sampler->capacity = capacity;
	}
	probe = malloc(sizeof(*probe));
	if (!probe)
		return NULL;
	pyro_probe_init(probe, pid, parent, sampler->next_process++, start_ns,
			sampler->options.hz_max, sampler->options.budget);
	sampler->probes[sampler->count++] = probe;
	return probe;
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
	rc = pyro_sched_create(PYRO_SCHED_PROC, on_news, sampler, &shared->sched, err);
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
	probe = add_probe(sampler, pid, 0, pyro_clock_now());
	if (!probe)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	probe->born = true;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_sampler_add_running(struct pyro_sampler *sampler, int pid, struct pyro_err *err)
{
	struct pyro_probe *probe = add_probe(sampler, pid, 0, pyro_clock_now());
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

/* ---- news of processes ---- */

static void end_probe(struct pyro_sampler *sampler, struct pyro_probe *probe, uint64_t now_ns)
{
	pyro_timed_end(probe, &sampler->shared);
	if (probe->trouble.rc && !probe->announced)
		sampler->trouble = probe->trouble;
	sampler->due += probe->rate.due;
	sampler->late += probe->rate.late;
	probe->rate.due = probe->rate.late = 0;
	if (!pyro_probe_end(probe, &sampler->shared, now_ns))
		return; /* stays in the list until the queue has room */
	for (size_t i = 0; i < sampler->count; i++) {
		if (sampler->probes[i] == probe)
			sampler->probes[i] = sampler->probes[--sampler->count];
	}
	probe_destroy(probe);
}

static void on_fork(struct pyro_sampler *sampler, int pid, int parent_pid, uint64_t at_ns)
{
	const int forked_by = parent_pid;
	const struct pyro_probe *parent = find_probe(sampler, parent_pid);
	struct pyro_probe *probe;
	struct pyro_python_origin origin;
	bool inherit;

	if (!sampler->options.children || find_probe(sampler, pid))
		return;
	/* A shell in between is no process of ours: its child is its parent's. */
	while (parent && !parent->announced && parent->parent) {
		parent_pid = parent->parent;
		parent = find_probe(sampler, parent_pid);
	}
	/* Found by asking, it may have executed something else already. */
	inherit = parent && parent->pid == forked_by && parent->state == PYRO_PROBE_READING &&
		  pyro_sched_source(sampler->shared.sched) == PYRO_SCHED_RINGS;
	if (inherit)
		origin = parent->origin;
	probe = add_probe(sampler, pid, parent_pid, at_ns);
	if (!probe)
		return;
	/* Without news from the kernel it was found some time after it began. */
	probe->born = pyro_sched_source(sampler->shared.sched) == PYRO_SCHED_RINGS;
	if (!inherit)
		return;
	pyro_probe_inherit(probe, &origin, &sampler->shared);
	/* That is what it was when it was forked, whatever it has executed since. */
	probe->found_ns = at_ns;
}

static void on_exec(struct pyro_sampler *sampler, int pid, uint64_t at_ns)
{
	struct pyro_probe *probe = find_probe(sampler, pid);
	const struct pyro_sched_thread *kernel;
	int parent;

	/* What was found after that is the new program already. */
	if (!probe || (probe->state == PYRO_PROBE_READING && at_ns <= probe->found_ns))
		return;
	if (probe->state == PYRO_PROBE_SEEKING && !probe->announced) {
		probe->seek_ns = 0;
		probe->tries = 0;
	} else {
		parent = probe->parent;
		end_probe(sampler, probe, at_ns);
		probe = add_probe(sampler, pid, parent, at_ns);
		if (!probe)
			return;
	}
	kernel = pyro_sched_thread(sampler->shared.sched, pid, pid);
	probe->start_ns = at_ns;
	probe->born = true;
	probe->start_run_ns = kernel ? pyro_sched_run_ns(kernel, at_ns) : 0;
}

static void handle_news(struct pyro_sampler *sampler)
{
	for (size_t i = 0; i < sampler->news_count; i++) {
		const struct pyro_sched_news *news = &sampler->news[i];
		struct pyro_probe *probe = find_probe(sampler, news->pid);

		switch (news->kind) {
		case PYRO_SCHED_PROCESS_FORKED:
			on_fork(sampler, news->pid, news->parent, news->at_ns);
			break;
		case PYRO_SCHED_PROCESS_EXEC:
			on_exec(sampler, news->pid, news->at_ns);
			break;
		case PYRO_SCHED_THREAD_BEGAN:
			if (probe) {
				probe->look_due = true;
				probe->burst = 8;
			}
			break;
		case PYRO_SCHED_THREAD_ENDED:
			if (!probe)
				pyro_sched_forget(sampler->shared.sched, news->tid);
			else if (news->tid == news->pid)
				probe->exit_ns = news->at_ns;
			else
				pyro_probe_thread_ended(probe, &sampler->shared, news->tid);
			break;
		}
	}
	sampler->news_count = 0;
}

static void poll_processes(struct pyro_sampler *sampler, uint64_t now_ns)
{
	if (now_ns < sampler->poll_ns)
		return;
	sampler->poll_ns = now_ns + POLL_EVERY_NS;
	if (pyro_sched_source(sampler->shared.sched) == PYRO_SCHED_RINGS && !sampler->news_lost)
		return;
	sampler->news_lost = false;
	for (size_t i = 0; i < sampler->count && sampler->options.children; i++) {
		struct pyro_tids children;
		const int pid = sampler->probes[i]->pid;

		if (sampler->probes[i]->state == PYRO_PROBE_ENDED ||
		    pyro_process_children(pid, &children, NULL))
			continue;
		for (size_t j = 0; j < children.count; j++) {
			struct pyro_process_facts facts;

			if (find_probe(sampler, children.items[j]) ||
			    pyro_process_facts(children.items[j], &facts, NULL) ||
			    facts.state == 'Z')
				continue;
			on_fork(sampler, children.items[j], pid, now_ns);
		}
		pyro_tids_deinit(&children);
	}
}

/* Asking costs as much as a look at a stack, and the kernel tells of most ends. */
static bool is_gone(const struct pyro_sampler *sampler, struct pyro_probe *probe, uint64_t now_ns)
{
	if (pyro_sched_source(sampler->shared.sched) == PYRO_SCHED_RINGS && !probe->exit_ns &&
	    !probe->failures && now_ns < probe->gone_ns)
		return false;
	probe->gone_ns = now_ns + GONE_EVERY_NS;
	return pyro_process_gone(probe->pid);
}

/* Probes whose process has ended, or whose memory is not that of their interpreter any more. */
static void sweep(struct pyro_sampler *sampler, uint64_t now_ns)
{
	for (size_t i = sampler->count; i-- > 0;) {
		struct pyro_probe *probe = sampler->probes[i];
		const int pid = probe->pid, parent = probe->parent;

		if (probe->state == PYRO_PROBE_ENDED) {
			end_probe(sampler, probe, now_ns);
		} else if (is_gone(sampler, probe, now_ns)) {
			end_probe(sampler, probe, probe->exit_ns ? probe->exit_ns : now_ns);
		} else if (probe->state == PYRO_PROBE_READING && !probe->exit_ns &&
			   probe->failures > MAX_FAILURES) {
			end_probe(sampler, probe, now_ns);
			add_probe(sampler, pid, parent, now_ns);
		}
	}
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

	for (size_t i = 0; i < sampler->count; i++) {
		if (!first || next_ns(sampler->probes[i]) < next_ns(first))
			first = sampler->probes[i];
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
	if (sampler->news_count)
		return pyro_clock_now();
	/* Looking for an interpreter reads files and tables: not at the expense of the target. */
	pyro_seat_leave(&sampler->shared.seat, sampler->shared.seat.cpu);
	sampler->cost_ns = 0;
	pyro_probe_seek(probe, &sampler->shared);
	probe->seek_ns = now_ns + seek_pause(sampler, probe);
	now_ns = pyro_clock_now();
	if (probe->state == PYRO_PROBE_READING)
		probe->rate.due_ns = now_ns;
	return now_ns;
}

static void publish(struct pyro_sampler *sampler)
{
	struct pyro_sampler_counts counts = {
		.ticks_due = sampler->due,
		.ticks_taken = sampler->taken + sampler->shared.timed.taken,
		.ticks_late = sampler->late,
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
	};

	for (size_t i = 0; i < sampler->count; i++) {
		struct pyro_python_counts python = {0};

		counts.ticks_due += sampler->probes[i]->rate.due;
		counts.ticks_late += sampler->probes[i]->rate.late;
		if (!sampler->probes[i]->python)
			continue;
		pyro_python_counts(sampler->probes[i]->python, &python);
		counts.code_reuse += python.codes_reused;
		counts.reads += python.reads;
	}
	pthread_mutex_lock(&sampler->lock);
	sampler->counts = counts;
	pthread_mutex_unlock(&sampler->lock);
}

/* Everything that can wait until no target is held up. */
static void housekeeping(struct pyro_sampler *sampler, uint64_t now_ns)
{
	handle_news(sampler);
	poll_processes(sampler, now_ns);
	for (size_t i = 0; i < sampler->count; i++) {
		if (pyro_probe_names_due(sampler->probes[i], now_ns)) {
			pyro_seat_leave(&sampler->shared.seat, sampler->shared.seat.cpu);
			sampler->cost_ns = 0;
			pyro_probe_read_names(sampler->probes[i], &sampler->shared);
		}
	}
	if (now_ns < sampler->flush_ns)
		return;
	sampler->flush_ns = now_ns + FLUSH_EVERY_NS;
	for (size_t i = 0; i < sampler->count; i++)
		pyro_probe_flush(sampler->probes[i], &sampler->shared, now_ns);
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
			sampler->sweep_ns = now_ns + 5 * PYRO_NS_PER_MS;
			sweep(sampler, now_ns);
		}
		atomic_store(&sampler->idle, sampler->count == 0);
	}
	pyro_sched_update(sampler->shared.sched);
	handle_news(sampler);
	for (size_t i = sampler->count; i-- > 0;) {
		struct pyro_probe *probe = sampler->probes[i];

		end_probe(sampler, probe, probe->exit_ns ? probe->exit_ns : pyro_clock_now());
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
	return &sampler->trouble;
}
