/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/probe.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "cpython/locate.h"
#include "target/process.h"
#include "target/thread.h"

/* New threads are told of by the kernel; this is for the rest, e.g. a thread that was there before
 * and enters Python for the first time. */
#define LOOK_EVERY_NS (100 * PYRO_NS_PER_MS)
/* Without news from the kernel, threads are found by looking only. */
#define LOOK_POLL_NS (10 * PYRO_NS_PER_MS)
/* A thread's own id appears in its state only once it runs. */
#define LOOK_BURST_NS  (2 * PYRO_NS_PER_MS)
#define NAMES_AFTER_NS (20 * PYRO_NS_PER_MS)
/* A thread that does nothing is accounted for at least this often. */
#define FLUSH_EVERY_NS PYRO_NS_PER_S
/* A thread this young has done nothing but start. */
#define NEW_THREAD_NS (100 * PYRO_NS_PER_MS)
#define MAX_STACKS    (1u << 22)
#define MAX_CODES     (1u << 22)
#define NO_STACK      UINT32_MAX

void pyro_probe_init(struct pyro_probe *probe, int pid, int parent, uint32_t number,
		     uint64_t start_ns, double hz_max, double budget)
{
	*probe = (struct pyro_probe){
		.pid = pid,
		.parent = parent,
		.number = number,
		.state = PYRO_PROBE_SEEKING,
		.start_ns = start_ns,
		.look_due = true,
		.names_ns = UINT64_MAX,
	};
	pyro_rate_init(&probe->rate, hz_max, budget, pyro_clock_now(),
		       pyro_hash_pair((uint64_t)pid, start_ns));
	pyro_map_init(&probe->stacks, MAX_STACKS);
	pyro_map_init(&probe->codes, MAX_CODES);
	pyro_buf_init(&probe->command, PYRO_MAX_PATH);
}

static bool put(struct pyro_probe_shared *shared, struct pyro_message *message, const void *tail,
		size_t tail_size)
{
	if (pyro_queue_put(shared->queue, message, sizeof(*message), tail, tail_size))
		return true;
	shared->queue_lost++;
	return false;
}

static void announce(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_PROCESS, .process = probe->number};

	if (probe->announced)
		return;
	message.u.process_info.pid = probe->pid;
	message.u.process_info.parent = probe->parent;
	message.u.process_info.at_ns = probe->start_ns;
	message.u.process_info.version = probe->origin.version;
	message.u.process_info.free_threaded = probe->origin.free_threaded;
	message.u.process_info.version_text = pyro_python_origin(probe->python)->version_text;
	probe->announced = put(shared, &message, probe->command.data, probe->command.size);
}

void pyro_probe_inherit(struct pyro_probe *probe, const struct pyro_python_origin *origin,
			struct pyro_probe_shared *shared)
{
	enum pyro_rc rc;

	probe->origin = *origin;
	if (!probe->reader && pyro_live_reader_create(probe->pid, &probe->reader, &probe->trouble))
		return;
	rc = pyro_python_create(probe->reader, &probe->origin, &probe->python, &probe->trouble);
	if (rc) {
		if (rc == PYRO_RC_UNSUPPORTED || rc == PYRO_RC_PERM)
			probe->state = PYRO_PROBE_FOREIGN;
		return;
	}
	/* Now: a process of ten milliseconds is gone when somebody asks for it. */
	if (pyro_process_command(probe->pid, &probe->command, NULL))
		pyro_buf_reset(&probe->command);
	probe->state = PYRO_PROBE_READING;
	probe->found_ns = pyro_clock_now();
	probe->look_due = true;
}

void pyro_probe_seek(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_python_origin origin;
	enum pyro_rc rc;

	probe->tries++;
	if (!probe->reader && pyro_live_reader_create(probe->pid, &probe->reader, &probe->trouble))
		return;
	rc = pyro_python_locate(probe->pid, probe->reader, &origin, &probe->trouble);
	switch (rc) {
	case PYRO_RC_OK:
		pyro_probe_inherit(probe, &origin, shared);
		break;
	case PYRO_RC_UNSUPPORTED:
	case PYRO_RC_PERM:
		probe->state = PYRO_PROBE_FOREIGN;
		break;
	default:
		/* A program that is not Python now may load one later, or still be loading. */
		break;
	}
}

int pyro_probe_cpu(const struct pyro_probe *probe)
{
	int cpu = -1;

	for (size_t i = 0; i < probe->thread_count; i++) {
		const struct pyro_probe_thread *thread = &probe->threads[i];

		if (!thread->kernel || thread->index == SIZE_MAX ||
		    thread->kernel->state == PYRO_SCHED_BLOCKED)
			continue;
		if (thread->holds_gil)
			return thread->kernel->cpu;
		if (cpu < 0)
			cpu = thread->kernel->cpu;
	}
	return cpu;
}

/* ---- the set of threads ---- */

static struct pyro_probe_thread *find_thread(struct pyro_probe *probe, int tid)
{
	for (size_t i = 0; i < probe->thread_count; i++) {
		if (probe->threads[i].tid == tid)
			return &probe->threads[i];
	}
	return NULL;
}

static uint64_t ready_ns(const struct pyro_sched_thread *kernel, uint64_t now_ns)
{
	if (kernel->state == PYRO_SCHED_READY && kernel->out_ns && now_ns > kernel->out_ns)
		return kernel->ready_ns + (now_ns - kernel->out_ns);
	return kernel->ready_ns;
}

/* Sets the moment from which a new thread's time counts: a thread that we saw begin, and the main
 * thread of a program that we saw begin, are ours from their first moment. A thread that lived long
 * before it came to Python did something else until then. */
static void count_from(const struct pyro_probe *probe, struct pyro_probe_thread *thread,
		       uint64_t now_ns)
{
	const struct pyro_sched_thread *kernel = thread->kernel;
	uint64_t begin_ns = kernel->begin_ns;

	if (thread->main && probe->born) {
		thread->accounted_ns = probe->start_ns;
		thread->run_start = probe->start_run_ns;
		thread->run_seen = probe->start_run_ns;
		return;
	}
	if (thread->main || now_ns - begin_ns > NEW_THREAD_NS)
		begin_ns = 0;
	if (begin_ns && begin_ns < now_ns) {
		thread->accounted_ns = begin_ns;
		return;
	}
	thread->run_start = pyro_sched_run_ns(kernel, now_ns);
	thread->run_seen = thread->run_start;
	thread->ready_seen = ready_ns(kernel, now_ns);
}

static struct pyro_probe_thread *
add_thread(struct pyro_probe *probe, struct pyro_probe_shared *shared, int tid, uint64_t now_ns)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_THREAD, .process = probe->number};
	struct pyro_probe_thread *thread;

	/* Only now: a fork that goes on to execute something else is not worth a process. */
	announce(probe, shared);
	if (!probe->announced)
		return NULL;
	if (probe->thread_count == probe->thread_capacity) {
		size_t capacity = probe->thread_capacity ? probe->thread_capacity * 2 : 8;
		struct pyro_probe_thread *threads =
			reallocarray(probe->threads, capacity, sizeof(*threads));

		if (!threads)
			return NULL;
		probe->threads = threads;
		probe->thread_capacity = capacity;
	}
	thread = &probe->threads[probe->thread_count];
	*thread = (struct pyro_probe_thread){
		.number = shared->next_thread,
		.tid = tid,
		.main = tid == probe->pid,
		.slices = UINT64_MAX,
		.stack = NO_STACK,
		.active_stack = NO_STACK,
		.proof = PYRO_SAMPLE_STILL,
		.accounted_ns = now_ns,
		.kernel = pyro_sched_thread(shared->sched, probe->pid, tid),
	};
	if (thread->kernel && pyro_sched_refresh(shared->sched, thread->kernel) == PYRO_RC_OK)
		count_from(probe, thread, now_ns);
	message.u.thread.thread = thread->number;
	message.u.thread.tid = tid;
	message.u.thread.main = thread->main;
	message.u.thread.at_ns = thread->accounted_ns;
	pyro_thread_comm(probe->pid, tid, message.u.thread.name, sizeof(message.u.thread.name));
	if (!put(shared, &message, NULL, 0))
		return NULL; /* tried again at the next look */
	shared->next_thread++;
	probe->thread_count++;
	return thread;
}

static int host_tid(const struct pyro_probe *probe, const struct pyro_thread *seen)
{
	int tid;

	if (!seen->native_id || seen->native_id > INT32_MAX)
		return 0;
	if (pyro_process_tid_from_ns(probe->pid, (int)seen->native_id, &tid, NULL))
		return 0;
	return tid;
}

/* The thread of a state that was matched before: most of them, at every look. */
static struct pyro_probe_thread *find_state(struct pyro_probe *probe,
					    const struct pyro_thread *seen)
{
	for (size_t i = 0; i < probe->thread_count; i++) {
		struct pyro_probe_thread *thread = &probe->threads[i];

		if (thread->addr == seen->addr && thread->native_id == seen->native_id &&
		    thread->index == SIZE_MAX && thread->kernel && !thread->kernel->exited)
			return thread;
	}
	return NULL;
}

/* Matches the threads that the interpreter knows with those that the kernel knows. */
static void match_threads(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  const struct pyro_look *look, uint64_t now_ns)
{
	bool fresh = false;

	probe->unmatched = false;
	for (size_t i = 0; i < probe->thread_count; i++)
		probe->threads[i].index = SIZE_MAX;
	for (size_t i = 0; i < look->thread_count; i++) {
		const struct pyro_thread *seen = &look->threads[i];
		struct pyro_probe_thread *thread = find_state(probe, seen);

		if (!thread) {
			const int tid = host_tid(probe, seen);

			if (!tid) { /* its thread has not begun, or it is a fork's leftover */
				probe->unmatched = true;
				continue;
			}
			thread = find_thread(probe, tid);
			if (!thread) {
				thread = add_thread(probe, shared, tid, now_ns);
				fresh = true;
			}
		}
		if (!thread)
			continue;
		/* Until 3.11 a new thread's state bears its creator's id until the thread runs. New
		 * states come first in the list, so the later one is the creator's own. */
		if (thread->index != SIZE_MAX)
			probe->unmatched = true;
		thread->addr = seen->addr;
		thread->native_id = seen->native_id;
		thread->index = i;
		if (!thread->kernel)
			thread->kernel = pyro_sched_thread(shared->sched, probe->pid, thread->tid);
	}
	probe->generation = look->generation;
	if (fresh)
		probe->names_ns = now_ns + NAMES_AFTER_NS;
}

static void end_thread(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		       struct pyro_probe_thread *thread, uint64_t now_ns);

static void drop_ended_threads(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			       uint64_t now_ns)
{
	for (size_t i = 0; i < probe->thread_count;) {
		struct pyro_probe_thread *thread = &probe->threads[i];

		if (thread->kernel && !thread->kernel->exited) {
			i++;
			continue;
		}
		if (!thread->kernel && !pyro_thread_gone(probe->pid, thread->tid)) {
			i++;
			continue;
		}
		end_thread(probe, shared, thread,
			   thread->kernel && thread->kernel->exit_ns ? thread->kernel->exit_ns
								     : now_ns);
		*thread = probe->threads[--probe->thread_count];
	}
}

static enum pyro_rc look_around(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				uint64_t now_ns)
{
	const bool polled = pyro_sched_source(shared->sched) == PYRO_SCHED_PROC;
	const struct pyro_look *look;
	enum pyro_rc rc = pyro_python_look(probe->python, &look);

	if (rc)
		return rc;
	if (look->generation != probe->generation || look->changed || probe->look_due ||
	    probe->unmatched)
		match_threads(probe, shared, look, now_ns);
	probe->look_due = false;
	probe->look_ns = now_ns + (polled ? LOOK_POLL_NS : LOOK_EVERY_NS);
	if (probe->burst) {
		probe->burst--;
		probe->look_ns = now_ns + LOOK_BURST_NS;
	}
	drop_ended_threads(probe, shared, now_ns);
	return PYRO_RC_OK;
}

struct naming {
	struct pyro_probe *probe;
	struct pyro_probe_shared *shared;
	const struct pyro_look *look;
};

static void on_name(void *context, uint64_t pthread, const char *name)
{
	const struct naming *naming = context;

	for (size_t i = 0; i < naming->look->thread_count; i++) {
		if (naming->look->threads[i].pthread != pthread)
			continue;
		for (size_t j = 0; j < naming->probe->thread_count; j++) {
			struct pyro_message message = {
				.kind = PYRO_MESSAGE_THREAD_NAME,
				.process = naming->probe->number,
			};

			if (naming->probe->threads[j].index != i)
				continue;
			message.u.thread.thread = naming->probe->threads[j].number;
			strncpy(message.u.thread.name, name, sizeof(message.u.thread.name) - 1);
			(void)put(naming->shared, &message, NULL, 0);
		}
	}
}

bool pyro_probe_names_due(const struct pyro_probe *probe, uint64_t now_ns)
{
	return now_ns >= probe->names_ns;
}

void pyro_probe_read_names(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct naming naming = {.probe = probe, .shared = shared};

	probe->names_ns = UINT64_MAX;
	if (!probe->python)
		return;
	if (pyro_python_look(probe->python, &naming.look) == PYRO_RC_OK &&
	    naming.look->generation == probe->generation)
		pyro_python_thread_names(probe->python, on_name, &naming);
}

/* ---- time ---- */

/* Moves the time up to @now_ns into the pools, by what the kernel says the thread did. */
static void account(struct pyro_probe_thread *thread, struct pyro_probe_shared *shared,
		    uint64_t now_ns)
{
	uint64_t wall, run, ready;

	if (now_ns <= thread->accounted_ns)
		return;
	wall = now_ns - thread->accounted_ns;
	thread->accounted_ns = now_ns;
	if (!thread->kernel) {
		thread->blocked_pool += wall;
		return;
	}
	const uint64_t run_total = pyro_sched_run_ns(thread->kernel, now_ns);
	const uint64_t ready_total = ready_ns(thread->kernel, now_ns);

	run = run_total > thread->run_seen ? run_total - thread->run_seen : 0;
	ready = ready_total > thread->ready_seen ? ready_total - thread->ready_seen : 0;
	/* What exceeds the interval by a rounding of clocks is kept for the next. */
	if (run > wall)
		run = wall;
	if (ready > wall - run)
		ready = wall - run;
	thread->run_seen += run;
	thread->ready_seen += ready;
	thread->run_pool += run;
	thread->ready_pool += ready;
	thread->blocked_pool += wall - run - ready;
	shared->target_ns += run;
}

static void emit(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		 struct pyro_probe_thread *thread, struct pyro_message *message)
{
	message->kind = PYRO_MESSAGE_SAMPLE;
	message->process = probe->number;
	message->u.sample.thread = thread->number;
	if (put(shared, message, NULL, 0))
		shared->samples += message->u.sample.looks;
}

/* The sample of what the thread was seen doing takes the time it spent doing such: a thread that
 * was seen running takes the running time, one that was seen waiting the waiting time. So neither
 * is credited with the other's, and the sums are the kernel's. */
static void emit_seen(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread, uint64_t at_ns, uint32_t looks, bool same)
{
	struct pyro_message message = {
		.u.sample =
			{
				.at_ns = at_ns,
				.stack = thread->stack,
				.looks = looks,
				.proof = same && thread->proof < PYRO_SAMPLE_REREAD
						 ? PYRO_SAMPLE_SAME
						 : thread->proof,
				.on_cpu = thread->state != PYRO_SCHED_BLOCKED,
				.holds_gil = thread->holds_gil,
				.waits_gil = thread->waits_gil,
				.truncated = thread->truncated,
				.partial = thread->partial,
			},
	};

	if (thread->state == PYRO_SCHED_BLOCKED) {
		message.u.sample.wall_ns = thread->blocked_pool;
		thread->blocked_pool = 0;
	} else {
		message.u.sample.wall_ns = thread->run_pool + thread->ready_pool;
		message.u.sample.cpu_ns = thread->run_pool;
		thread->run_pool = 0;
		thread->ready_pool = 0;
		thread->active_stack = thread->stack;
	}
	emit(probe, shared, thread, &message);
}

/* Time of a kind that was never seen at a moment of sampling: no look, but it counts. */
static void emit_rest(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread)
{
	if (thread->run_pool || thread->ready_pool) {
		struct pyro_message message = {
			.u.sample =
				{
					.at_ns = thread->accounted_ns,
					.stack = thread->active_stack != NO_STACK
							 ? thread->active_stack
							 : thread->stack,
					.wall_ns = thread->run_pool + thread->ready_pool,
					.cpu_ns = thread->run_pool,
					.proof = thread->proof,
					.on_cpu = true,
				},
		};

		emit(probe, shared, thread, &message);
		thread->run_pool = thread->ready_pool = 0;
	}
	if (thread->blocked_pool) {
		struct pyro_message message = {
			.u.sample =
				{
					.at_ns = thread->accounted_ns,
					.stack = thread->stack,
					.wall_ns = thread->blocked_pool,
					.proof = thread->proof,
				},
		};

		emit(probe, shared, thread, &message);
		thread->blocked_pool = 0;
	}
}

/* A thread that was seen unchanged at some moments: they become one sample, up to the last. */
static void emit_unchanged(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   struct pyro_probe_thread *thread)
{
	if (!thread->looks)
		return;
	account(thread, shared, probe->last_tick_ns);
	emit_seen(probe, shared, thread, probe->last_tick_ns, thread->looks, true);
	thread->looks = 0;
}

static void end_thread(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		       struct pyro_probe_thread *thread, uint64_t now_ns)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_THREAD_END, .process = probe->number};

	emit_unchanged(probe, shared, thread);
	/* Killed, the main thread may be gone before the others: what they did since counts. */
	if (now_ns < thread->accounted_ns)
		now_ns = thread->accounted_ns;
	account(thread, shared, now_ns);
	emit_rest(probe, shared, thread);
	message.u.thread.thread = thread->number;
	message.u.thread.tid = thread->tid;
	message.u.thread.at_ns = now_ns;
	if (thread->kernel) {
		message.u.thread.exact = true;
		message.u.thread.run_ns = pyro_sched_run_ns(thread->kernel, now_ns);
		message.u.thread.run_ns -= message.u.thread.run_ns > thread->run_start
						   ? thread->run_start
						   : message.u.thread.run_ns;
		/* After exec the thread goes on under another program. */
		if (thread->kernel->exited)
			pyro_sched_forget(shared->sched, thread->tid);
		thread->kernel = NULL;
	}
	(void)put(shared, &message, NULL, 0);
}

/* Threads that were never seen in Python: too short-lived, or other libraries' workers. What they
 * ran goes to a line of its own; how they waited is nobody's concern. */
static void emit_unseen(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	struct pyro_message message = {.process = probe->number};

	if (!probe->unseen_ns || !probe->announced)
		return;
	if (probe->unseen_thread == UINT32_MAX) {
		message.kind = PYRO_MESSAGE_THREAD;
		message.u.thread.thread = shared->next_thread;
		message.u.thread.at_ns = now_ns;
		strncpy(message.u.thread.name, "other threads", sizeof(message.u.thread.name) - 1);
		if (!put(shared, &message, NULL, 0))
			return;
		probe->unseen_thread = shared->next_thread++;
	}
	message = (struct pyro_message){.kind = PYRO_MESSAGE_SAMPLE, .process = probe->number};
	message.u.sample.at_ns = now_ns;
	message.u.sample.thread = probe->unseen_thread;
	message.u.sample.stack = NO_STACK;
	message.u.sample.wall_ns = probe->unseen_ns;
	message.u.sample.cpu_ns = probe->unseen_ns;
	message.u.sample.on_cpu = true;
	message.u.sample.proof = PYRO_SAMPLE_STILL;
	if (put(shared, &message, NULL, 0))
		probe->unseen_ns = 0;
}

void pyro_probe_thread_ended(struct pyro_probe *probe, struct pyro_probe_shared *shared, int tid)
{
	struct pyro_sched_thread *kernel;

	probe->look_due = true;
	if (find_thread(probe, tid))
		return; /* dropped at the next look */
	kernel = pyro_sched_thread(shared->sched, probe->pid, tid);
	if (!kernel)
		return;
	if (kernel->begin_ns >= probe->start_ns)
		probe->unseen_ns += pyro_sched_run_ns(kernel, kernel->exit_ns);
	pyro_sched_forget(shared->sched, tid);
}

void pyro_probe_flush(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	emit_unseen(probe, shared, now_ns);
	for (size_t i = 0; i < probe->thread_count; i++) {
		struct pyro_probe_thread *thread = &probe->threads[i];

		if (thread->looks && now_ns - thread->accounted_ns >= FLUSH_EVERY_NS)
			emit_unchanged(probe, shared, thread);
	}
}

/* ---- samples ---- */

static bool announce_codes(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   const struct pyro_raw_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const uint32_t id = stack->frames[i].code;
		struct pyro_message message = {.kind = PYRO_MESSAGE_CODE, .process = probe->number};
		const struct pyro_code *code;
		uint64_t known;

		if (pyro_map_get(&probe->codes, id, &known))
			continue;
		code = pyro_python_code(probe->python, id);
		if (!code)
			return false;
		message.u.code.code = id;
		message.u.code.first_line = code->first_line;
		message.u.code.qualname = code->qualname;
		message.u.code.file = code->file;
		if (!put(shared, &message, NULL, 0) || pyro_map_put(&probe->codes, id, 1))
			return false;
	}
	return true;
}

/* The number of a stack, which the recorder is told of when it is new; NO_STACK if it cannot be. */
static uint32_t number_stack(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			     struct pyro_raw_stack *stack)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_STACK, .process = probe->number};
	uint64_t hash, number;

	if (!stack->count)
		return NO_STACK;
	pyro_python_stack_lines(probe->python, stack);
	for (size_t i = 0; i < stack->count; i++) {
		shared->frames[i].code = stack->frames[i].code;
		shared->frames[i].line = stack->frames[i].line;
	}
	hash = pyro_hash_bytes(shared->frames, stack->count * sizeof(*shared->frames));
	if (pyro_map_get(&probe->stacks, hash, &number))
		return (uint32_t)number;
	if (!announce_codes(probe, shared, stack))
		return NO_STACK;
	message.u.stack.stack = probe->next_stack;
	message.u.stack.count = (uint32_t)stack->count;
	if (!put(shared, &message, shared->frames, stack->count * sizeof(*shared->frames)) ||
	    pyro_map_put(&probe->stacks, hash, probe->next_stack))
		return NO_STACK;
	return probe->next_stack++;
}

/* A thread that is blocked and asleep on the GIL's own condition waits for the GIL. */
static bool waits_for_gil(const struct pyro_probe *probe, const struct pyro_probe_thread *thread,
			  const struct pyro_gil *gil)
{
	struct pyro_thread_syscall call;

	if (thread->state != PYRO_SCHED_BLOCKED || thread->holds_gil || !gil->wait_high ||
	    probe->thread_count < 2)
		return false;
	if (pyro_thread_syscall(probe->pid, thread->tid, &call, NULL) || call.number != SYS_futex)
		return false;
	return call.args[0] >= gil->wait_low && call.args[0] < gil->wait_high;
}

static bool is_unchanged(const struct pyro_probe_thread *thread)
{
	return thread->kernel && thread->kernel->slices == thread->slices &&
	       thread->kernel->state != PYRO_SCHED_RUNNING && !thread->kernel->stale;
}

static enum pyro_rc sample_thread(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				  struct pyro_probe_thread *thread, bool holder)
{
	struct pyro_freeze_view view = {.slices = UINT64_MAX};
	enum pyro_rc rc = PYRO_RC_OK;
	uint64_t now_ns;

	emit_unchanged(probe, shared, thread);
	if (thread->index == SIZE_MAX) { /* before its first and after its last Python frame */
		shared->stack->count = 0;
		view.state = thread->kernel->state;
		view.proof = PYRO_SAMPLE_STILL;
	} else {
		rc = pyro_freeze_read(&shared->freeze, probe->python, thread->index, thread->kernel,
				      holder, shared->stack, &view);
		if (rc)
			return rc;
	}
	now_ns = pyro_clock_now();
	account(thread, shared, now_ns);
	thread->slices = view.slices;
	thread->proof = (uint8_t)view.proof;
	thread->state = view.state;
	/* Whom we preempted ran; whom others keep from a processor since before waits for one,
	 * which is no wait of the program's own: both could run, and share that kind of time. */
	thread->stack = number_stack(probe, shared, shared->stack);
	thread->truncated = shared->stack->truncated;
	thread->partial = shared->stack->partial;
	thread->holds_gil = view.gil.addr ? view.gil.locked && view.gil.last_holder == thread->addr
					  : view.thread.attached;
	thread->waits_gil = waits_for_gil(probe, thread, &view.gil);
	emit_seen(probe, shared, thread, now_ns, 1, false);
	return PYRO_RC_OK;
}

/* Samples the threads that may have changed: first those that held the GIL, since for these the
 * sampler sits where it sits. */
static enum pyro_rc sample_changed(struct pyro_probe *probe, struct pyro_probe_shared *shared,
				   uint64_t due_ns)
{
	enum pyro_rc result = PYRO_RC_OK;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < probe->thread_count; i++) {
			struct pyro_probe_thread *thread = &probe->threads[i];
			enum pyro_rc rc;

			if (!thread->kernel)
				thread->kernel =
					pyro_sched_thread(shared->sched, probe->pid, thread->tid);
			if (!thread->kernel || thread->holds_gil != (pass == 0) ||
			    thread->sampled_ns == due_ns)
				continue;
			if (thread->index == SIZE_MAX && !thread->main)
				continue;
			if (pyro_sched_refresh(shared->sched, thread->kernel))
				continue;
			thread->sampled_ns = due_ns;
			if (is_unchanged(thread)) {
				thread->looks++;
				continue;
			}
			rc = sample_thread(probe, shared, thread, pass == 0);
			if (rc == PYRO_RC_GONE)
				continue;
			if (rc)
				shared->missed++;
			if (rc == PYRO_RC_NOTREADY)
				probe->look_due = true;
			else if (rc)
				result = rc;
		}
	}
	return result;
}

void pyro_probe_tick(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const uint64_t due_ns = probe->rate.due_ns;
	uint64_t now_ns = pyro_clock_now();
	enum pyro_rc rc = PYRO_RC_OK;

	pyro_sched_update(shared->sched);
	if (probe->look_due || now_ns >= probe->look_ns || !probe->thread_count)
		rc = look_around(probe, shared, now_ns);
	if (!rc)
		rc = sample_changed(probe, shared, due_ns);
	probe->last_tick_ns = pyro_clock_now();
	probe->failures = rc ? probe->failures + 1 : 0;
	if (rc)
		probe->look_due = true;
}

static void let_go(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	if (probe->state == PYRO_PROBE_ENDED)
		return;
	for (size_t i = 0; i < probe->thread_count; i++)
		end_thread(probe, shared, &probe->threads[i], now_ns);
	emit_unseen(probe, shared, now_ns);
	free(probe->threads);
	probe->threads = NULL;
	probe->thread_count = probe->thread_capacity = 0;
	pyro_map_deinit(&probe->stacks);
	pyro_map_deinit(&probe->codes);
	pyro_buf_deinit(&probe->command);
	if (probe->python) {
		struct pyro_python_counts counts;

		pyro_python_counts(probe->python, &counts);
		shared->code_reuse += counts.codes_reused;
		shared->reads += counts.reads;
	}
	probe->state = PYRO_PROBE_ENDED;
}

bool pyro_probe_end(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_PROCESS_END, .process = probe->number};

	let_go(probe, shared, now_ns);
	message.u.process_info.pid = probe->pid;
	message.u.process_info.at_ns = now_ns;
	message.u.process_info.owner = probe->python;
	/* Messages on their way point into it: it goes behind them, or stays. */
	if (!probe->announced)
		pyro_python_destroy(probe->python);
	else if (!put(shared, &message, NULL, 0))
		return false;
	probe->python = NULL;
	pyro_reader_destroy(probe->reader);
	probe->reader = NULL;
	return true;
}
