/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/probe.h"

#include "base/clock.h"
#include "cpython/locate.h"
#include "sample/probe_parts.h"
#include "target/process.h"

/* Known at a time. Machine code gives each instruction that was met at work a stack of its own:
 * some thousands in a minute. The recorder joins those of one line. */
#define MAX_STACKS (1u << 20)
#define MAX_CODES  (1u << 22)
/* Beyond this they are read again each time. */
#define MAX_INSTRUCTIONS (1u << 18)
/* Locks and connections come and go: what is new beyond this has no name. */
#define MAX_OBJECTS (1u << 16)
/* Looking at the files of a program that hardly lives takes longer than that does. */
#define SHORT_LIFE_NS (200 * PYRO_NS_PER_MS)
/* A look that comes later than twice this was kept from its processor by others. */
#define MAX_WAKING_NS 20000

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
		.unseen_thread = UINT32_MAX,
	};
	pyro_rate_init(&probe->rate, hz_max, budget, pyro_clock_now(),
		       pyro_hash_pair((uint64_t)pid, start_ns));
	pyro_map_init(&probe->stacks, MAX_STACKS);
	pyro_map_init(&probe->codes, MAX_CODES);
	pyro_map_init(&probe->natives, MAX_CODES);
	pyro_map_init(&probe->calls, MAX_INSTRUCTIONS);
	pyro_map_init(&probe->told, MAX_STACKS);
	pyro_map_init(&probe->objects, MAX_OBJECTS);
	pyro_map_init(&probe->habits, MAX_STACKS);
	pyro_buf_init(&probe->command, PYRO_MAX_PATH);
}

bool pyro_probe_put(struct pyro_probe_shared *shared, struct pyro_message *message,
		    const void *tail, size_t tail_size)
{
	if (pyro_queue_put(shared->queue, message, sizeof(*message), tail, tail_size))
		return true;
	shared->queue_lost++;
	return false;
}

void pyro_probe_announce(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_message message = {.kind = PYRO_MESSAGE_PROCESS, .process = probe->number};

	if (probe->announced)
		return;
	message.u.process_info.pid = probe->pid;
	message.u.process_info.parent = probe->parent;
	message.u.process_info.at_ns = probe->start_ns;
	message.u.process_info.version = probe->origin.version;
	message.u.process_info.free_threaded = probe->origin.free_threaded;
	message.u.process_info.native = shared->freeze.native;
	message.u.process_info.version_text = pyro_python_origin(probe->python)->version_text;
	probe->announced =
		pyro_probe_put(shared, &message, probe->command.data, probe->command.size);
}

static enum pyro_rc open_reader(struct pyro_probe *probe, const struct pyro_probe_shared *shared)
{
	enum pyro_rc rc = pyro_live_reader_create(probe->pid, &probe->reader, &probe->trouble);

	if (rc || !shared->freeze.interrupt)
		return rc;
	rc = pyro_interrupt_reader_create(shared->freeze.interrupt, probe->reader, &probe->reader);
	if (rc)
		probe->reader = NULL;
	return rc;
}

void pyro_probe_inherit(struct pyro_probe *probe, const struct pyro_python_origin *origin,
			struct pyro_probe_shared *shared)
{
	/* Whatever it executes from now on is not what is found. */
	const uint64_t begin_ns = pyro_clock_now();
	enum pyro_rc rc;

	probe->origin = *origin;
	if (!probe->reader && open_reader(probe, shared))
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
	if (shared->freeze.native)
		(void)pyro_stacks_has_native(probe);
	probe->state = PYRO_PROBE_READING;
	probe->found_ns = begin_ns;
	probe->look_due = true;
}

void pyro_probe_seek(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const uint64_t begin_ns = pyro_clock_now();
	struct pyro_python_origin origin;
	enum pyro_rc rc;

	probe->tries++;
	if (!probe->reader && open_reader(probe, shared))
		return;
	rc = pyro_python_locate(probe->pid, probe->reader, &origin, &probe->trouble);
	switch (rc) {
	case PYRO_RC_OK:
		pyro_probe_inherit(probe, &origin, shared);
		probe->found_ns = begin_ns;
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

void pyro_probe_wake(struct pyro_probe_shared *shared)
{
	struct pyro_sched_thread *kernel;

	pyro_sched_update(shared->sched);
	while ((kernel = pyro_sched_next_moved(shared->sched))) {
		if (kernel->owner)
			pyro_roster_wake(kernel->owner);
	}
}

int pyro_probe_cpu(const struct pyro_probe *probe)
{
	int cpu = -1;

	for (size_t i = 0; i < probe->awake_count; i++) {
		const struct pyro_probe_thread *thread = probe->awake[i];

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

bool pyro_probe_code_due(const struct pyro_probe *probe, const struct pyro_probe_shared *shared,
			 uint64_t now_ns)
{
	if (probe->state != PYRO_PROBE_READING || shared->freeze.method == PYRO_PROOF_BY_PROC)
		return false;
	if (probe->native)
		return pyro_native_is_asked(probe->native);
	return !probe->native_asked && now_ns - probe->found_ns >= SHORT_LIFE_NS;
}

void pyro_probe_open_code(struct pyro_probe *probe)
{
	if (probe->native)
		pyro_native_open(probe->native);
	else
		(void)pyro_stacks_has_native(probe);
}

void pyro_probe_point(const struct pyro_probe *probe, struct pyro_probe_shared *shared,
		      uint64_t due_ns)
{
	const int cpu = shared->seat.cpu;
	struct pyro_probe_thread *best = NULL;

	if (shared->freeze.method != PYRO_PROOF_BY_SWITCH || shared->freeze.native || cpu < 0 ||
	    !probe->native)
		return;
	pyro_sched_update(shared->sched);
	for (size_t i = 0; i < probe->awake_count; i++) {
		struct pyro_probe_thread *thread = probe->awake[i];

		if (thread->kernel && thread->kernel->cpu == cpu && !thread->kernel->stale &&
		    thread->kernel->state == PYRO_SCHED_READY && (!best || thread->holds_gil))
			best = thread;
	}
	if (best)
		pyro_pointer_set(&best->pointer, shared->sched, best->kernel, due_ns);
}

bool pyro_probe_is_alone(const struct pyro_probe *probe, uint64_t now_ns)
{
	return now_ns - probe->company_ns > PYRO_PROBE_CALM_NS;
}

const struct pyro_sched_thread *pyro_probe_waiter_at(const struct pyro_probe *probe, int cpu)
{
	for (size_t i = 0; i < probe->awake_count; i++) {
		const struct pyro_sched_thread *kernel = probe->awake[i]->kernel;

		if (kernel && kernel->state != PYRO_SCHED_BLOCKED && kernel->cpu == cpu)
			return kernel;
	}
	return NULL;
}

/* The moment that a look stands for. From elsewhere it takes 20 us more to see a thread than from
 * its own processor, and an interrupt never finds one while it is being switched to or away from.
 * Who left in between counts as seen running where it went to sleep, which makes up for that and
 * would make up for more if the moment were the one that was due: three threads that nap had 1.5
 * times the processor time that napping cost them, had 0.7 times with the moment at which we were
 * up, and have 1.1 times with the one between. */
static uint64_t moment_of(const struct pyro_probe_shared *shared, uint64_t due_ns, uint64_t now_ns)
{
	const uint64_t waking_ns = now_ns - due_ns;

	if (!shared->distant)
		return due_ns;
	return now_ns - (waking_ns / 2 < MAX_WAKING_NS ? waking_ns / 2 : MAX_WAKING_NS);
}

void pyro_probe_tick(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	uint64_t now_ns = pyro_clock_now();
	const uint64_t moment_ns = moment_of(shared, probe->rate.due_ns, now_ns);
	enum pyro_rc rc = PYRO_RC_OK;

	pyro_probe_wake(shared);
	if (probe->look_due || now_ns >= probe->look_ns || !probe->thread_count)
		rc = pyro_roster_look(probe, shared, now_ns);
	if (probe->awake_count > 1)
		probe->company_ns = now_ns;
	if (!rc)
		rc = pyro_samples_take(probe, shared, moment_ns);
	probe->last_tick_ns = pyro_clock_now();
	/* That it moves says nothing against it. */
	if (rc != PYRO_RC_TORN)
		probe->failures = rc ? probe->failures + 1 : 0;
	if (rc)
		probe->look_due = true;
}

static void free_maps(struct pyro_probe *probe)
{
	pyro_native_destroy(probe->native);
	probe->native = NULL;
	pyro_async_destroy(probe->async);
	probe->async = NULL;
	pyro_map_deinit(&probe->stacks);
	pyro_map_deinit(&probe->codes);
	pyro_map_deinit(&probe->natives);
	pyro_map_deinit(&probe->calls);
	pyro_map_deinit(&probe->told);
	pyro_map_deinit(&probe->objects);
	pyro_map_deinit(&probe->habits);
	pyro_buf_deinit(&probe->command);
}

void pyro_probe_deinit(struct pyro_probe *probe)
{
	if (probe->state != PYRO_PROBE_ENDED)
		free_maps(probe);
	pyro_python_destroy(probe->python);
	pyro_reader_destroy(probe->reader);
	free(probe->threads);
	free(probe->awake);
}

static void let_go(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	if (probe->state == PYRO_PROBE_ENDED)
		return;
	for (size_t i = 0; i < probe->thread_count; i++)
		pyro_credit_end(probe, shared, probe->threads[i], now_ns);
	pyro_credit_unseen(probe, shared, now_ns);
	pyro_async_end(probe, shared, now_ns);
	pyro_roster_clear(probe, shared);
	free_maps(probe);
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
	else if (!pyro_probe_put(shared, &message, NULL, 0))
		return false;
	probe->python = NULL;
	pyro_reader_destroy(probe->reader);
	probe->reader = NULL;
	return true;
}
