/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of a probe: those that the interpreter knows, matched with those that the kernel
 * knows. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sample/probe_parts.h"
#include "target/process.h"

/* New threads are told of by the kernel; this is for the rest, e.g. a thread that was there before
 * and enters Python for the first time. */
#define LOOK_EVERY_NS (100 * PYRO_NS_PER_MS)
/* A look at many threads costs more, and is worth no more. */
#define LOOK_EVERY_THREAD_NS (2 * PYRO_NS_PER_MS)
/* Without news from the kernel, threads are found by looking only. */
#define LOOK_POLL_NS (10 * PYRO_NS_PER_MS)
/* A thread's own id appears in its state only once it runs. */
#define LOOK_BURST_NS  (2 * PYRO_NS_PER_MS)
#define NAMES_AFTER_NS (20 * PYRO_NS_PER_MS)
/* A thread this young has done nothing but start. */
#define NEW_THREAD_NS (100 * PYRO_NS_PER_MS)

struct pyro_probe_thread *pyro_roster_find(struct pyro_probe *probe, int tid)
{
	for (size_t i = 0; i < probe->thread_count; i++) {
		if (probe->threads[i]->tid == tid)
			return probe->threads[i];
	}
	return NULL;
}

void pyro_roster_bind(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      struct pyro_probe_thread *thread)
{
	thread->kernel = pyro_sched_thread(shared->sched, probe->pid, thread->tid);
	if (thread->kernel)
		thread->kernel->owner = thread;
}

void pyro_roster_wake(struct pyro_probe_thread *thread)
{
	if (!thread->awake)
		thread->probe->awake[thread->probe->awake_count++] = thread;
	thread->awake = true;
}

void pyro_roster_close(struct pyro_probe_thread *thread, struct pyro_probe_shared *shared)
{
	if (thread->syscall_fd < 0)
		return;
	close(thread->syscall_fd);
	thread->syscall_fd = -1;
	shared->files--;
}

/* Frees a thread that is in no list but that of those awake. */
static void free_thread(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			struct pyro_probe_thread *thread)
{
	for (size_t i = 0; thread->awake && i < probe->awake_count; i++) {
		if (probe->awake[i] == thread) {
			probe->awake[i] = probe->awake[--probe->awake_count];
			break;
		}
	}
	pyro_roster_close(thread, shared);
	pyro_pointer_close(&thread->pointer);
	pyro_waits_forget(probe, thread);
	free(thread);
}

void pyro_roster_clear(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	for (size_t i = 0; i < probe->thread_count; i++) {
		pyro_roster_close(probe->threads[i], shared);
		pyro_pointer_close(&probe->threads[i]->pointer);
		free(probe->threads[i]);
	}
	free(probe->threads);
	free(probe->awake);
	probe->threads = probe->awake = NULL;
	probe->thread_count = probe->thread_capacity = probe->awake_count = 0;
	probe->unnamed_count = 0;
}

/* Room for one thread more, in both lists. */
static bool reserve(struct pyro_probe *probe)
{
	const size_t capacity = probe->thread_capacity ? probe->thread_capacity * 2 : 8;
	struct pyro_probe_thread **list;

	if (probe->thread_count < probe->thread_capacity)
		return true;
	list = reallocarray(probe->threads, capacity, sizeof(struct pyro_probe_thread *));
	if (!list)
		return false;
	probe->threads = list;
	list = reallocarray(probe->awake, capacity, sizeof(struct pyro_probe_thread *));
	if (!list)
		return false;
	probe->awake = list;
	probe->thread_capacity = capacity;
	return true;
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
	if (thread->main || kernel->credited_ns || now_ns - begin_ns > NEW_THREAD_NS)
		begin_ns = 0;
	if (begin_ns && begin_ns < now_ns) {
		thread->accounted_ns = begin_ns;
		return;
	}
	thread->run_start = pyro_sched_run_ns(kernel, now_ns);
	thread->run_seen = thread->run_start;
	thread->ready_seen = pyro_credit_ready_ns(kernel, now_ns);
}

static struct pyro_probe_thread *
add_thread(struct pyro_probe *probe, struct pyro_probe_shared *shared, int tid, uint64_t now_ns)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_THREAD, .process = probe->number};
	struct pyro_probe_thread *thread;
	char name[64] = "";

	/* Only now: a fork that goes on to execute something else is not worth a process. */
	pyro_probe_announce(probe, shared);
	if (!probe->announced)
		return NULL;
	thread = reserve(probe) ? malloc(sizeof(*thread)) : NULL;
	if (!thread)
		return NULL;
	*thread = (struct pyro_probe_thread){
		.number = shared->next_thread,
		.tid = tid,
		.main = tid == probe->pid,
		.slices = UINT64_MAX,
		.stack = PYRO_NO_STACK,
		.object = PYRO_NO_OBJECT,
		.active = {.stack = PYRO_NO_STACK, .object = PYRO_NO_OBJECT},
		.proof = PYRO_SAMPLE_STILL,
		.syscall_fd = -1,
		.accounted_ns = now_ns,
		.seen = probe->moment,
		.probe = probe,
	};
	pyro_roster_bind(probe, shared, thread);
	if (thread->kernel && pyro_sched_refresh(shared->sched, thread->kernel) == PYRO_RC_OK)
		count_from(probe, thread, now_ns);
	if (thread->run_start)
		pyro_parts_begin(thread);
	message.u.thread.thread = thread->number;
	message.u.thread.tid = tid;
	message.u.thread.main = thread->main;
	message.u.thread.at_ns = thread->accounted_ns;
	pyro_thread_comm(probe->pid, tid, name, sizeof(name));
	if (!pyro_probe_put(shared, &message, name, strlen(name))) {
		if (thread->kernel)
			thread->kernel->owner = NULL;
		free(thread);
		return NULL; /* tried again at the next look */
	}
	shared->next_thread++;
	probe->threads[probe->thread_count++] = thread;
	pyro_roster_wake(thread);
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
		struct pyro_probe_thread *thread = probe->threads[i];

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
		probe->threads[i]->index = SIZE_MAX;
	for (size_t i = 0; i < look->thread_count; i++) {
		const struct pyro_thread *seen = &look->threads[i];
		struct pyro_probe_thread *thread;

		if (seen->host != i) {
			/* In another interpreter; in the same one, it is of a thread that has not
			 * begun, see below. */
			probe->unmatched |= look->threads[seen->host].interp == seen->interp;
			continue;
		}
		thread = find_state(probe, seen);
		if (!thread) {
			const int tid = host_tid(probe, seen);

			if (!tid) { /* its thread has not begun, or it is a fork's leftover */
				probe->unmatched = true;
				continue;
			}
			thread = pyro_roster_find(probe, tid);
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
		if (thread->addr != seen->addr)
			thread->gil.addr = 0; /* what was read is not of this state */
		thread->addr = seen->addr;
		thread->native_id = seen->native_id;
		thread->index = i;
		if (!thread->kernel)
			pyro_roster_bind(probe, shared, thread);
	}
	/* Whatever gained or lost its state. */
	for (size_t i = 0; i < probe->thread_count; i++)
		pyro_roster_wake(probe->threads[i]);
	probe->generation = look->generation;
	if (fresh)
		probe->names_ns = now_ns + NAMES_AFTER_NS;
}

static void drop_ended_threads(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			       uint64_t now_ns)
{
	for (size_t i = 0; i < probe->thread_count;) {
		struct pyro_probe_thread *thread = probe->threads[i];

		if (thread->kernel && !thread->kernel->exited) {
			i++;
			continue;
		}
		if (!thread->kernel && !pyro_thread_gone(probe->pid, thread->tid)) {
			i++;
			continue;
		}
		pyro_credit_end(probe, shared, thread,
				thread->kernel && thread->kernel->exit_ns ? thread->kernel->exit_ns
									  : now_ns);
		probe->threads[i] = probe->threads[--probe->thread_count];
		free_thread(probe, shared, thread);
	}
}

enum pyro_rc pyro_roster_look(struct pyro_probe *probe, struct pyro_probe_shared *shared,
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
	probe->look_ns =
		now_ns +
		(polled ? LOOK_POLL_NS : LOOK_EVERY_NS + look->thread_count * LOOK_EVERY_THREAD_NS);
	if (probe->burst) {
		probe->burst--;
		probe->look_ns = now_ns + LOOK_BURST_NS;
	}
	probe->nested = look->nested;
	if (probe->nested)
		probe->look_ns = now_ns;
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

			if (naming->probe->threads[j]->index != i)
				continue;
			message.u.thread.thread = naming->probe->threads[j]->number;
			(void)pyro_probe_put(naming->shared, &message, name, strlen(name));
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
	else
		probe->look_due = true; /* the threads are not numbered as they were */
}
