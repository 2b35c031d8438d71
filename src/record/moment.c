/* SPDX-License-Identifier: Apache-2.0 */
#include "record/moment.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/map.h"
#include "cpython/locate.h"
#include "record/locals.h"
#include "record/moment_native.h"
#include "record/moment_parts.h"
#include "sample/freeze.h"
#include "sample/prompt.h"
#include "target/permission.h"
#include "target/process.h"
#include "target/wait.h"

/* The set of threads changes while it is looked at. */
#define MAX_LOOKS 20
/* Threads of which one that runs is looked for at first. */
#define MAX_GLANCES 32
#define LOOK_NS     (1 * PYRO_NS_PER_MS)
/* A program that is just starting. */
#define MAX_STARTS 50
#define START_NS   (10 * PYRO_NS_PER_MS)
/* Waiting for less is no news, and not known that well. */
#define LEAST_WAIT_NS (100 * PYRO_NS_PER_MS)
#define MAX_TEXT      65536

/* What taking one moment needs. */
struct taking {
	int pid;
	struct pyro_reader *reader;
	struct pyro_space space;
	struct pyro_python *python;
	struct pyro_python_origin origin;
	struct pyro_seat seat;
	int home; /* the processor that it was on before it took a seat */
	struct pyro_freeze freeze;
	struct pyro_raw_stack *stack;
	const struct pyro_look *look;
	struct pyro_map states; /* the kernel's id, as the process has it, to a place in the look */
	struct pyro_map names;  /* pthread_t to a name */
	struct pyro_map tids;   /* thread state to the kernel's id */
	struct pyro_map clocks; /* processor to how far its clock is behind ours */
	bool own_pids;          /* ids in the process are not ours */
	struct pyro_buf text;
	struct pyro_moment *moment;
	struct pyro_locals *locals;        /* NULL: variables are not asked for */
	struct pyro_moment_native *native; /* NULL: machine code is not */
};

static void no_news(void *context, const struct pyro_sched_news *news)
{
	(void)context;
	(void)news;
}

static enum pyro_rc taking_init(struct taking *taking, int pid, struct pyro_err *err)
{
	*taking = (struct taking){.pid = pid};
	pyro_seat_init(&taking->seat);
	pyro_map_init(&taking->states, PYRO_MAX_THREADS);
	pyro_map_init(&taking->names, PYRO_MAX_THREADS);
	pyro_map_init(&taking->tids, PYRO_MAX_THREADS);
	pyro_map_init(&taking->clocks, CPU_SETSIZE);
	pyro_buf_init(&taking->text, MAX_TEXT);
	taking->freeze.method = PYRO_PROOF_BY_PROC;
	taking->freeze.seat = &taking->seat;
	taking->stack = calloc(1, sizeof(*taking->stack));
	taking->freeze.scratch = calloc(1, sizeof(*taking->freeze.scratch));
	if (!taking->stack || !taking->freeze.scratch)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	return pyro_moment_create(&taking->moment, err);
}

static void taking_deinit(struct taking *taking)
{
	pyro_moment_native_destroy(taking->native);
	pyro_seat_free(&taking->seat);
	pyro_sched_destroy(taking->freeze.sched);
	free(taking->freeze.scratch);
	free(taking->stack);
	pyro_locals_destroy(taking->locals);
	pyro_python_destroy(taking->python);
	pyro_reader_destroy(taking->reader);
	pyro_map_deinit(&taking->states);
	pyro_map_deinit(&taking->names);
	pyro_map_deinit(&taking->tids);
	pyro_map_deinit(&taking->clocks);
	pyro_buf_deinit(&taking->text);
	pyro_moment_destroy(taking->moment);
}

/* A program that is just starting is given a moment. */
static enum pyro_rc find_python(struct taking *taking, struct pyro_err *err)
{
	enum pyro_rc rc = PYRO_RC_NOTREADY;

	for (int tries = 0; tries < MAX_STARTS && rc == PYRO_RC_NOTREADY; tries++) {
		if (tries)
			pyro_clock_sleep_until(pyro_clock_now() + START_NS);
		rc = pyro_python_locate(taking->pid, taking->reader, &taking->origin, err);
		if (!rc)
			rc = pyro_python_create(taking->reader, &taking->origin, &taking->python,
						err);
	}
	return rc;
}

/* Goes to another processor than the one that the process is seen to run on: most of what follows
 * is nothing to hold it up for. */
static void keep_away(struct taking *taking)
{
	struct pyro_tids tids PYRO_CLEANUP(pyro_tids_deinit) = {NULL, 0, false};
	struct pyro_thread_now now = {.state = 0};

	if (pyro_process_tids(taking->pid, &tids, NULL))
		return;
	for (size_t i = 0; i < tids.count && i < MAX_GLANCES && now.state != 'R'; i++) {
		struct pyro_thread_stat stat;

		if (pyro_thread_stat_open(taking->pid, tids.items[i], &stat, NULL))
			continue;
		if (pyro_thread_stat_read(&stat, &now))
			now.state = 0;
		pyro_thread_stat_close(&stat);
	}
	if (now.state == 'R')
		pyro_seat_leave(&taking->seat, now.cpu);
}

static enum pyro_rc open_process(struct taking *taking, const struct pyro_moment_options *options,
				 struct pyro_err *err)
{
	enum pyro_rc rc = pyro_live_reader_create(taking->pid, &taking->reader, err);

	taking->space = pyro_space_live(taking->pid, taking->reader);
	keep_away(taking);
	if (!rc)
		rc = find_python(taking, err);
	if (!rc)
		rc = pyro_sched_create(PYRO_SCHED_PROC, no_news, NULL, &taking->freeze.sched, err);
	if (!rc && options->locals) {
		rc = pyro_locals_create(taking->python, &taking->locals);
		if (rc)
			return pyro_err_set(err, rc, "out of memory");
	}
	if (!rc && options->native)
		rc = pyro_moment_native_create(&taking->space, taking->moment, &taking->native,
					       err);
	taking->freeze.snapshot = pyro_moment_native_snapshot(taking->native);
	taking->freeze.native = taking->native;
	taking->freeze.no_stop = options->no_stop;
	return rc == PYRO_RC_PERM ? pyro_process_explain_permission(taking->pid, "dump", err) : rc;
}

/* Who is there, according to the interpreter. */
static enum pyro_rc look(struct taking *taking, struct pyro_err *err)
{
	enum pyro_rc rc = PYRO_RC_TORN;

	for (int tries = 0; tries < MAX_LOOKS && rc == PYRO_RC_TORN; tries++) {
		if (tries)
			pyro_clock_sleep_until(pyro_clock_now() + LOOK_NS);
		rc = pyro_python_look(taking->python, &taking->look);
	}
	if (rc == PYRO_RC_GONE)
		return pyro_err_set(err, rc, "process %d has ended", taking->pid);
	if (rc)
		return pyro_err_set(err, PYRO_RC_NOTREADY,
				    "process %d: the threads of its interpreter cannot be read; it "
				    "is just starting or ending. Try: once more",
				    taking->pid);
	pyro_map_clear(&taking->states);
	for (size_t i = 0; i < taking->look->thread_count && !rc; i++) {
		const struct pyro_thread *state = &taking->look->threads[i];

		if (state->native_id && state->host == i)
			rc = pyro_map_put(&taking->states, state->native_id, i);
	}
	return rc ? pyro_err_set(err, rc, "out of memory") : PYRO_RC_OK;
}

/* Where the state of thread @tid is in the look; SIZE_MAX: it has none. */
static size_t state_of(const struct taking *taking, int tid)
{
	uint64_t index;
	int own_tid = tid;

	if (taking->own_pids && pyro_thread_ns_tid(taking->pid, tid, &own_tid, NULL) != PYRO_RC_OK)
		return SIZE_MAX;
	return pyro_map_get(&taking->states, (uint64_t)own_tid, &index) ? index : SIZE_MAX;
}

/* How far the clock of @cpu is behind ours: a thread that has just come there has its time. */
static bool clock_of(struct taking *taking, int cpu, uint64_t *ret_behind)
{
	uint64_t there_ns;

	if (pyro_map_get(&taking->clocks, (uint64_t)cpu, ret_behind))
		return true;
	if (!pyro_seat_take(&taking->seat, cpu))
		return false;
	if (pyro_thread_last_ran(getpid(), gettid(), &there_ns) != PYRO_RC_OK)
		return false;
	*ret_behind = pyro_clock_now() - there_ns;
	return pyro_map_put(&taking->clocks, (uint64_t)cpu, *ret_behind) == PYRO_RC_OK;
}

/* For how long a thread has not run; 0: not known, or not long. */
static uint64_t rest_of(struct taking *taking, int tid, int cpu)
{
	uint64_t ran_ns, behind_ns, rest_ns;

	if (cpu < 0 || pyro_thread_last_ran(taking->pid, tid, &ran_ns) != PYRO_RC_OK ||
	    !clock_of(taking, cpu, &behind_ns))
		return 0;
	rest_ns = pyro_clock_now() - behind_ns - ran_ns;
	return rest_ns >= LEAST_WAIT_NS && rest_ns < INT64_MAX ? rest_ns : 0;
}

/* What the thread, which is off its processor, waits for. False if it may have run since its stack
 * was read. */
static bool find_wait(const struct taking *taking, struct pyro_sched_thread *kernel,
		      struct pyro_wait *wait)
{
	const uint64_t slices = kernel->slices;
	struct pyro_thread_syscall call = {.number = -2};
	int fd;

	*wait = (struct pyro_wait){.kind = PYRO_WAIT_OTHER, .fd = -1};
	if (pyro_thread_syscall_open(taking->pid, kernel->tid, &fd, NULL) == PYRO_RC_OK) {
		if (pyro_thread_syscall_read(fd, &call) == PYRO_RC_OK)
			pyro_wait_find(taking->pid, &call, taking->reader, wait);
		close(fd);
	}
	return !pyro_sched_has_run(taking->freeze.sched, kernel, slices);
}

static void say_wait(struct taking *taking, struct pyro_moment_thread *thread,
		     const struct pyro_gil *gil, const struct pyro_wait *wait, int cpu)
{
	thread->runs = wait->kind == PYRO_WAIT_RUNS;
	if (thread->runs)
		return;
	thread->wait_ns = rest_of(taking, thread->tid, cpu);
	thread->wait = pyro_wait_name(wait->kind);
	thread->wait_text = pyro_wait_text(wait->kind);
	/* Also while it changes hands. */
	if (wait->kind == PYRO_WAIT_LOCK && wait->addr && wait->addr >= gil->wait_low &&
	    wait->addr < gil->wait_high) {
		thread->wait = "gil";
		thread->wait_text = "the GIL";
		return;
	}
	pyro_buf_reset(&taking->text);
	pyro_wait_object(taking->pid, wait, &taking->text);
	if (taking->text.data && !taking->text.failed)
		thread->object = pyro_moment_text(taking->moment, taking->text.data);
}

/* A thread that is stopped must not wait until we have a processor again. Names come later. */
static int begin_read(const struct taking *taking)
{
	return taking->native && !taking->freeze.no_stop ? pyro_prompt_hurry() : -1;
}

/* Its stack, at a moment at which it stood still. */
static enum pyro_rc take_stack(struct taking *taking, size_t state,
			       struct pyro_sched_thread *kernel, struct pyro_moment_thread *thread,
			       struct pyro_freeze_view *view)
{
	const struct pyro_thread *known = &taking->look->threads[state];
	const struct pyro_gil *gil =
		known->gil < taking->look->gil_count ? &taking->look->gils[known->gil] : NULL;
	const bool holder =
		gil ? pyro_python_may_be(taking->python, state, gil->last_holder) : known->attached;
	const int policy = begin_read(taking);
	enum pyro_rc rc = pyro_freeze_read(&taking->freeze, taking->python, state, kernel, holder,
					   taking->stack, view);

	pyro_prompt_relax(policy);
	if (rc)
		return rc;
	thread->proved = view->proof < PYRO_SAMPLE_REREAD;
	thread->interpreter = view->thread.interp_id;
	thread->holds_gil = view->thread.attached;
	rc = pyro_moment_frames(taking->moment, taking->python, taking->native, taking->stack,
				thread);
	return rc ? rc : pyro_locals_take(taking->locals, taking->stack, taking->moment, thread);
}

/* The machine code of a thread that is not in Python. */
static enum pyro_rc take_code(struct taking *taking, struct pyro_sched_thread *kernel,
			      struct pyro_moment_thread *thread)
{
	const int policy = begin_read(taking);

	pyro_freeze_snapshot(&taking->freeze, taking->reader, kernel);
	pyro_prompt_relax(policy);
	taking->stack->count = 0;
	taking->stack->truncated = taking->stack->partial = false;
	return pyro_moment_frames(taking->moment, taking->python, taking->native, taking->stack,
				  thread);
}

static const char *name_of(const struct taking *taking, int tid, size_t state)
{
	char comm[64] = "";
	const char *name =
		state != SIZE_MAX
			? pyro_moment_name(&taking->names, taking->look->threads[state].pthread)
			: NULL;

	if (name)
		return name;
	pyro_thread_comm(taking->pid, tid, comm, sizeof(comm));
	return pyro_moment_text(taking->moment, comm);
}

/* Goes back to where it did not hold up the thread, unless that has gone there: what is read of the
 * others is nothing to hold it up for. @kernel: NULL if the thread waits. */
static void go_home(struct taking *taking, struct pyro_sched_thread *kernel)
{
	if (taking->seat.cpu < 0)
		return;
	if (!kernel || pyro_sched_refresh(taking->freeze.sched, kernel) != PYRO_RC_OK ||
	    kernel->state == PYRO_SCHED_BLOCKED || kernel->cpu != taking->home)
		(void)pyro_seat_take(&taking->seat, taking->home);
	pyro_seat_free(&taking->seat);
}

/* Errors: NOMEM, LIMIT; GONE: it has ended. */
static enum pyro_rc take_thread(struct taking *taking, int tid, struct pyro_moment_thread *thread,
				struct pyro_err *err)
{
	struct pyro_sched_thread *kernel =
		pyro_sched_thread(taking->freeze.sched, taking->pid, tid);
	size_t state = state_of(taking, tid);
	struct pyro_freeze_view view = {.state = PYRO_SCHED_RUNNING};
	struct pyro_wait wait = {.kind = PYRO_WAIT_RUNS, .fd = -1};
	enum pyro_rc rc = PYRO_RC_GONE;
	int cpu = -1;

	taking->home = sched_getcpu();
	*thread = (struct pyro_moment_thread){
		.tid = tid,
		.main = tid == taking->pid,
		.python = state != SIZE_MAX,
		.wait = "",
		.wait_text = "",
		.object = "",
		.stack = PYRO_NONE,
		.runs = true,
	};
	for (int tries = 0; tries < MAX_LOOKS && kernel; tries++) {
		rc = pyro_sched_refresh(taking->freeze.sched, kernel);
		view.state = kernel->state;
		cpu = kernel->cpu;
		if (!rc && state != SIZE_MAX)
			rc = take_stack(taking, state, kernel, thread, &view);
		else if (!rc && taking->native)
			rc = take_code(taking, kernel, thread);
		/* What it waits for must be what it waits for in this stack. */
		if (rc != PYRO_RC_NOTREADY &&
		    (rc || view.state != PYRO_SCHED_BLOCKED || find_wait(taking, kernel, &wait)))
			break;
		if (rc != PYRO_RC_NOTREADY)
			continue;
		/* Threads came or went: it is elsewhere now. */
		rc = look(taking, err);
		if (rc)
			break;
		state = state_of(taking, tid);
		rc = PYRO_RC_NOTREADY;
	}
	go_home(taking, kernel);
	pyro_sched_forget(taking->freeze.sched, tid);
	if (rc == PYRO_RC_GONE || rc == PYRO_RC_NOMEM || rc == PYRO_RC_LIMIT)
		return rc;
	thread->unread = rc != PYRO_RC_OK;
	thread->name = name_of(taking, tid, state);
	if (state != SIZE_MAX) {
		rc = pyro_map_put(&taking->tids, taking->look->threads[state].addr, (uint64_t)tid);
		if (rc)
			return rc;
	}
	if (view.state == PYRO_SCHED_BLOCKED)
		say_wait(taking, thread, &view.gil, &wait, cpu);
	go_home(taking, NULL);
	return PYRO_RC_OK;
}

static enum pyro_rc take_threads(struct taking *taking, struct pyro_err *err)
{
	struct pyro_tids tids PYRO_CLEANUP(pyro_tids_deinit) = {NULL, 0, false};
	struct pyro_moment *moment = taking->moment;
	enum pyro_rc rc = pyro_process_tids(taking->pid, &tids, err);

	if (rc)
		return rc;
	pyro_moment_names(moment, taking->python, &taking->names);
	moment->threads =
		pyro_arena_alloc(&moment->arena, (tids.count + 1) * sizeof(*moment->threads));
	if (!moment->threads)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (size_t i = 0; i < tids.count; i++) {
		rc = take_thread(taking, tids.items[i], &moment->threads[moment->thread_count],
				 err);
		if (rc == PYRO_RC_NOMEM || rc == PYRO_RC_LIMIT)
			return pyro_err_set(err, rc, "out of memory");
		moment->thread_count += rc == PYRO_RC_OK;
	}
	if (moment->thread_count == 0)
		return pyro_err_set(err, PYRO_RC_GONE, "process %d has ended", taking->pid);
	pyro_moment_sort(moment);
	return PYRO_RC_OK;
}

static enum pyro_rc take_process(struct taking *taking, struct pyro_err *err)
{
	struct pyro_moment *moment = taking->moment;
	struct pyro_process_facts facts;
	struct timespec now;
	enum pyro_rc rc = pyro_process_facts(taking->pid, &facts, err);

	if (rc)
		return rc;
	clock_gettime(CLOCK_BOOTTIME, &now);
	taking->own_pids = facts.own_pids;
	moment->pid = taking->pid;
	moment->up_ns = (uint64_t)now.tv_sec * PYRO_NS_PER_S + (uint64_t)now.tv_nsec -
			facts.start_ticks * (PYRO_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
	pyro_buf_reset(&taking->text);
	if (pyro_process_command(taking->pid, &taking->text, NULL) == PYRO_RC_OK &&
	    taking->text.data)
		moment->command = pyro_moment_text(moment, taking->text.data);
	moment->version = pyro_moment_text(moment, taking->origin.version_text);
	moment->free_threaded = taking->origin.free_threaded;
	return PYRO_RC_OK;
}

/* Names of files are shown from where the program runs. */
static enum pyro_rc take_folder(struct taking *taking)
{
	char path[PYRO_MAX_PATH];

	if (pyro_process_cwd(taking->pid, path, sizeof(path), NULL) != PYRO_RC_OK)
		return PYRO_RC_OK;
	return pyro_profile_meta_set(taking->moment->profile, "cwd", path);
}

enum pyro_rc pyro_moment_take(int pid, const struct pyro_moment_options *options,
			      struct pyro_moment **ret_moment, struct pyro_err *err)
{
	struct taking taking PYRO_CLEANUP(taking_deinit);
	enum pyro_rc rc = taking_init(&taking, pid, err);

	if (!rc)
		rc = open_process(&taking, options, err);
	if (!rc)
		rc = take_process(&taking, err);
	if (!rc)
		rc = take_folder(&taking);
	if (!rc)
		rc = look(&taking, err);
	if (!rc)
		rc = take_threads(&taking, err);
	if (rc)
		return rc;
	taking.moment->collecting = taking.look->collecting;
	taking.moment->finalizing = taking.look->finalizing;
	taking.moment->stops = taking.freeze.stops;
	taking.moment->stopped_ns = taking.freeze.stopped_ns;
	rc = pyro_moment_native_say(taking.native);
	if (!rc && options->async)
		rc = pyro_moment_take_async(taking.moment, &taking.space, taking.python,
					    &taking.tids, err);
	if (rc)
		return rc;
	*ret_moment = PYRO_TAKE_POINTER(taking.moment);
	return PYRO_RC_OK;
}
