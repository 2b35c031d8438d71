/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the tasks of a process: where those are that run on no thread. */
#include "sample/async.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cpython/locate.h"
#include "sample/async_parts.h"
#include "sample/stop.h"

/* From this version on asyncio publishes where it keeps what. */
#define FIRST_PUBLISHED 0x030e0000u
/* Between looks: at the least, where there is no task, and where tasks cannot be read. */
#define PAUSE_NS      (20 * PYRO_NS_PER_MS)
#define PAUSE_LIVE_NS (50 * PYRO_NS_PER_MS) /* enough for people who watch */
#define PAUSE_NONE_NS (500 * PYRO_NS_PER_MS)
#define PAUSE_NEVER   UINT64_MAX
/* The share of a processor that looks take, and of the program's time that they hold it. */
#define COST_SHARE 80
/* As long as not every task was seen once, they take more. */
#define COST_FIRST 20
#define HELD_SHARE 200
/* What looks cost, on the average of about so many: if each were followed by a pause of its own
 * length, those that found the loop busy would stand for more time than the others. */
#define COSTS 16
/* Tasks of one look; of one that holds a thread for it, which is over in a millisecond. Where
 * threads do not stand still for so many, for fewer. */
#define MOST_TASKS  4096
#define MOST_HELD   128
#define LEAST_TASKS 32
#define TRIES       3
/* After so many looks without a change, tasks are read all the same: a new loop shows in none of
 * the threads that are watched. */
#define UNCHANGED 16

/* ---- making ---- */

static void init_maps(struct pyro_async *async)
{
	pyro_map_init(&async->by_addr, PYRO_MAX_TASKS);
	pyro_map_init(&async->by_root, PYRO_MAX_TASKS);
	pyro_map_init(&async->group_by_key, PYRO_MAX_TASKS);
	pyro_map_init(&async->names, PYRO_MAX_TASKS);
	pyro_map_init(&async->sum_by_key, PYRO_ASYNC_SUMS);
}

void pyro_async_destroy(struct pyro_async *async)
{
	if (!async)
		return;
	pyro_tasks_destroy(async->tasks);
	pyro_map_deinit(&async->by_addr);
	pyro_map_deinit(&async->by_root);
	pyro_map_deinit(&async->group_by_key);
	pyro_map_deinit(&async->names);
	pyro_map_deinit(&async->sum_by_key);
	for (size_t i = 0; i < async->top; i++)
		free(async->items[i].each.name);
	free(async->items);
	free(async->free);
	free(async->groups);
	free(async->pending);
	free(async);
}

static struct pyro_async *create(void)
{
	struct pyro_async *async = calloc(1, sizeof(*async));

	if (!async)
		return NULL;
	init_maps(async);
	async->pause_ns = PAUSE_NS;
	async->none = true;
	async->most = MOST_HELD;
	async->pending = calloc(PYRO_ASYNC_PENDING, sizeof(*async->pending));
	if (async->pending)
		return async;
	pyro_async_destroy(async);
	return NULL;
}

/* The reader of tasks; none as long as asyncio was not loaded. */
static enum pyro_rc open_tasks(struct pyro_probe *probe)
{
	struct pyro_async *async = probe->async;
	enum pyro_rc rc = PYRO_RC_OK;

	if (async->tasks)
		return PYRO_RC_OK;
	if (probe->origin.version >= FIRST_PUBLISHED)
		rc = pyro_python_locate_asyncio(probe->pid, probe->reader, &async->published, NULL);
	return rc ? rc : pyro_tasks_create(probe->python, async->published, &async->tasks, NULL);
}

/* ---- a stack's task ---- */

uint32_t pyro_async_root(const struct pyro_probe *probe, const struct pyro_probe_shared *shared)
{
	if (!shared->async)
		return PYRO_NO_ROOT;
	for (size_t i = shared->stack->count; i-- > 0;) {
		const struct pyro_code *code =
			pyro_python_code(probe->python, shared->stack->frames[i].code);

		if (code && code->coroutine)
			return (uint32_t)i;
	}
	return PYRO_NO_ROOT;
}

/* Which of the tasks that looks have found is on the stack of @thread. False: none of them. */
static bool find_marked(struct pyro_async *async, struct pyro_probe_thread *thread)
{
	struct pyro_task_mark *mark = &thread->mark;
	const struct pyro_async_task *task;
	uint64_t at;

	if (!pyro_map_get(&async->by_root, thread->root, &at))
		return false;
	task = &async->items[at];
	if (task->code != thread->root_code || async->groups[task->group].thread != thread->number)
		return true;
	mark->group = task->group + 1;
	mark->task = (uint32_t)at;
	mark->task_serial = task->serial;
	if (task->parent == PYRO_NO_TASK)
		return true;
	mark->parent = task->parent;
	mark->parent_serial = task->parent_serial;
	mark->prefix = async->items[task->parent].now.stack;
	return true;
}

void pyro_async_mark(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_probe_thread *thread)
{
	const uint32_t root = pyro_async_root(probe, shared);
	struct pyro_task_mark *mark = &thread->mark;
	struct pyro_async *async;

	*mark = (struct pyro_task_mark){
		.task = PYRO_NO_TASK, .parent = PYRO_NO_TASK, .prefix = PYRO_NO_STACK};
	if (root == PYRO_NO_ROOT || thread->stack == PYRO_NO_STACK)
		return;
	if (!probe->async)
		probe->async = create();
	async = probe->async;
	if (!async)
		return;
	thread->root = pyro_python_frame_addr(probe->python, root);
	thread->root_code = shared->stack->frames[root].code;
	mark->common = mark->group =
		pyro_async_group(probe, shared, thread->number, thread->root_code, "") + 1;
	if (find_marked(async, thread))
		return;
	async->sound = false;
	/* The first of all: looks had become rare, and their pauses say nothing of it. */
	if (async->none && async->due_ns != PAUSE_NEVER) {
		async->none = false;
		async->due_ns = 0;
		async->look_ns = pyro_clock_now();
	}
}

/* ---- proof ---- */

/* How a thread stood when a look began. */
struct stand {
	struct pyro_probe_thread *thread;
	uint64_t slices;
	bool running; /* on a processor that is not ours */
	bool shares;  /* the GIL that was looked at */
};

/* What is known of the threads that run loops, before and after a look. */
struct stands {
	struct stand items[PYRO_ASYNC_LOOPS];
	size_t count;
	struct pyro_gil gil;
	bool has_gil;
};

static bool is_loop(const struct pyro_async *async, uint64_t addr)
{
	for (size_t i = 0; i < async->loop_count; i++) {
		if (async->loops[i] == addr)
			return true;
	}
	return false;
}

static void note_loop(struct pyro_async *async, uint64_t addr)
{
	if (is_loop(async, addr))
		return;
	if (async->loop_count == PYRO_COUNT(async->loops))
		async->loop_count = 0;
	async->loops[async->loop_count++] = addr;
}

static void stand_up(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct stands *stands)
{
	struct pyro_async *async = probe->async;

	*stands = (struct stands){.count = 0};
	for (size_t i = 0; i < probe->thread_count && stands->count < PYRO_COUNT(stands->items);
	     i++) {
		struct pyro_probe_thread *thread = probe->threads[i];
		struct stand *stand = &stands->items[stands->count];

		if (!thread->kernel || thread->index == SIZE_MAX || !is_loop(async, thread->addr) ||
		    pyro_sched_refresh(shared->sched, thread->kernel))
			continue;
		stand->thread = thread;
		stand->slices = thread->kernel->slices;
		stand->running = thread->kernel->state == PYRO_SCHED_RUNNING &&
				 thread->kernel->cpu != shared->seat.cpu;
		stand->shares = thread->gil_index == stands->items[0].thread->gil_index;
		stands->count++;
	}
	if (stands->count)
		stands->has_gil = pyro_python_gil(probe->python, stands->items[0].thread->gil_index,
						  &stands->gil) == PYRO_RC_OK &&
				  stands->gil.addr;
}

static bool may_have_gil(const struct stands *stands, const struct stand *stand)
{
	return pyro_python_may_be(stand->thread->probe->python, stand->thread->index,
				  stands->gil.last_holder);
}

/* The thread that must be held for a look; NULL: none. */
static struct pyro_probe_thread *to_hold(const struct stands *stands)
{
	for (size_t i = 0; i < stands->count; i++) {
		const struct stand *stand = &stands->items[i];

		if (stand->running &&
		    (!stands->has_gil || !stand->shares || may_have_gil(stands, stand)))
			return stand->thread;
	}
	return NULL;
}

static bool stood_still(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			const struct stands *stands)
{
	struct pyro_gil after;
	const bool same_gil = stands->has_gil &&
			      pyro_python_gil(probe->python, stands->items[0].thread->gil_index,
					      &after) == PYRO_RC_OK &&
			      after.last_holder == stands->gil.last_holder &&
			      after.switch_number == stands->gil.switch_number;

	for (size_t i = 0; i < stands->count; i++) {
		const struct stand *stand = &stands->items[i];

		if (same_gil && stand->shares && !may_have_gil(stands, stand))
			continue;
		if (stand->running ||
		    pyro_sched_has_run(shared->sched, stand->thread->kernel, stand->slices))
			return false;
	}
	return true;
}

/* Every loop whose tasks were read is one that was watched. Those that run in no thread at present
 * are taken to be the main thread's. */
static bool watched_all(const struct pyro_probe *probe, const struct pyro_tasks_view *view)
{
	struct pyro_async *async = probe->async;
	uint64_t main = 0;
	bool all = true;

	for (size_t i = 0; i < probe->thread_count; i++) {
		if (probe->threads[i]->main && probe->threads[i]->index != SIZE_MAX)
			main = probe->threads[i]->addr;
	}
	for (size_t i = 0; i < view->count; i++) {
		const uint64_t thread = view->tasks[i].thread ? view->tasks[i].thread : main;

		if (!thread || is_loop(async, thread))
			continue;
		note_loop(async, thread);
		all = false;
	}
	return all;
}

static uint64_t slices_of(const struct stands *stands)
{
	uint64_t slices = 0;

	for (size_t i = 0; i < stands->count; i++)
		slices += stands->items[i].slices;
	return slices;
}

/* The method that claims no proof has none. */
static bool wants_proof(const struct pyro_probe_shared *shared)
{
	return shared->freeze.method < PYRO_PROOF_BY_REREAD;
}

/* Holds @thread: by taking its processor, or by stopping it. */
static bool hold(struct pyro_probe_shared *shared, struct pyro_probe_thread *thread,
		 bool *ret_stopped)
{
	*ret_stopped = false;
	if (shared->freeze.method <= PYRO_PROOF_BY_PROC)
		return pyro_seat_take(&shared->seat, thread->kernel->cpu);
	*ret_stopped = pyro_stop_thread(thread->tid) == PYRO_RC_OK;
	return *ret_stopped;
}

static void let_go(struct pyro_probe_shared *shared, const struct pyro_probe_thread *held,
		   bool stopped, uint64_t begin_ns)
{
	if (stopped)
		pyro_stop_release(held->tid);
	else
		pyro_seat_leave(&shared->seat, shared->seat.cpu);
	shared->held_ns += pyro_clock_now() - begin_ns;
}

/* One try to read tasks. Errors: TORN (the threads did not stand still), and others. */
static enum pyro_rc try_read(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			     struct pyro_tasks_view *view, struct stands *stands, uint64_t *held_ns)
{
	struct pyro_async *async = probe->async;
	struct pyro_probe_thread *held = NULL;
	uint64_t begin_ns = 0;
	bool stopped = false, still = true;
	enum pyro_rc rc = pyro_tasks_list(async->tasks);

	if (rc)
		return rc;
	stand_up(probe, shared, stands);
	if (wants_proof(shared) && (held = to_hold(stands))) {
		begin_ns = pyro_clock_now();
		if (!hold(shared, held, &stopped))
			return PYRO_RC_UNSUPPORTED;
		stand_up(probe, shared, stands); /* it may have gone elsewhere */
		if (stopped) {
			for (size_t i = 0; i < stands->count; i++)
				stands->items[i].running &= stands->items[i].thread != held;
		}
	}
	pyro_tasks_set_reach(async->tasks, async->next, held ? MOST_HELD : async->most,
			     wants_proof(shared) ? 1 : 4);
	rc = pyro_tasks_read(async->tasks, view, NULL);
	if (wants_proof(shared))
		still = stopped || stood_still(probe, shared, stands);
	if (held) {
		let_go(shared, held, stopped, begin_ns);
		*held_ns += pyro_clock_now() - begin_ns;
	}
	/* What was not watched is not known to have stood still. */
	if (!rc && !watched_all(probe, view) && wants_proof(shared))
		return PYRO_RC_TORN;
	if (!rc && !still && !held && async->most > LEAST_TASKS)
		async->most /= 2;
	return !rc && !still ? PYRO_RC_TORN : rc;
}

/* All is as it was when the threads that run loops have not run since. */
static bool is_unchanged(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const struct pyro_async *async = probe->async;
	struct stands stands;

	if (!async->sound || !async->look_ns || async->unchanged >= UNCHANGED)
		return false;
	stand_up(probe, shared, &stands);
	for (size_t i = 0; i < stands.count; i++) {
		if (stands.items[i].running)
			return false;
	}
	return stands.count && slices_of(&stands) == async->run_slices;
}

static void look_unchanged(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			   uint64_t now_ns)
{
	struct pyro_async *async = probe->async;

	for (size_t i = 0; i < async->top; i++) {
		struct pyro_async_task *task = &async->items[i];

		if (!task->addr || task->ended_ns)
			continue;
		task->owed_ns += (int64_t)(now_ns - task->seen_ns);
		task->seen_ns = task->now.to_ns = now_ns;
		pyro_async_share_out(probe, shared, task, &task->now);
	}
	async->look_ns = now_ns;
	async->unchanged++;
}

/* Threads that stood still ever since their stacks were read, and on these are tasks that only this
 * look has found: they may never be read again, as long as they stay so. */
static void mark_still(struct pyro_async *async, const struct stands *stands)
{
	for (size_t i = 0; i < stands->count; i++) {
		struct pyro_probe_thread *thread = stands->items[i].thread;

		if (thread->mark.group && thread->mark.task == PYRO_NO_TASK &&
		    !stands->items[i].running && stands->items[i].slices == thread->slices)
			(void)find_marked(async, thread);
	}
}

/* Until the end of the list is reached the first time. */
static void count_unseen(struct pyro_async *async, const struct pyro_tasks_view *view)
{
	const bool all = async->all_seen || view->next == 0;

	async->come_to += view->reached;
	async->unseen = all || view->listed < async->come_to ? 0 : view->listed - async->come_to;
}

static enum pyro_rc look_anew(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			      uint64_t *held_ns)
{
	struct pyro_async *async = probe->async;
	struct pyro_tasks_view view;
	struct stands stands;
	uint64_t begin_ns = 0;
	enum pyro_rc rc = PYRO_RC_TORN;

	for (int i = 0; i < TRIES && rc == PYRO_RC_TORN; i++) {
		begin_ns = pyro_clock_now();
		rc = try_read(probe, shared, &view, &stands, held_ns);
	}
	/* Reading tasks looks at the threads too, which may be numbered anew. */
	if (rc || view.generation != probe->generation)
		probe->look_due = true;
	async->sound = false;
	async->unchanged = 0;
	if (rc) {
		shared->async->dropped += rc == PYRO_RC_TORN || rc == PYRO_RC_UNSUPPORTED;
		return rc;
	}
	shared->async->unread += view.unread;
	count_unseen(async, &view);
	shared->async->skipped += view.listed - view.reached;
	if (async->most < MOST_TASKS && view.reached >= async->most)
		async->most += async->most / 4;
	async->whole = view.reached == view.listed;
	pyro_async_take(probe, shared, &view, async->next, begin_ns);
	mark_still(async, &stands);
	/* By address, so that others may come and go meanwhile without any being passed over. */
	async->next = view.next;
	async->all_seen |= view.next == 0;
	async->look_ns = begin_ns;
	async->run_slices = slices_of(&stands);
	async->sound = async->whole && stands.count && !async->running && !view.unread;
	return view.count || view.listed ? PYRO_RC_OK : PYRO_RC_NOTFOUND;
}

bool pyro_async_due(const struct pyro_probe *probe, const struct pyro_probe_shared *shared,
		    uint64_t now_ns)
{
	return shared->async && probe->state == PYRO_PROBE_READING && probe->python &&
	       probe->thread_count && (!probe->async || now_ns >= probe->async->due_ns);
}

/* How long to wait for the next look. */
static uint64_t pause_after(const struct pyro_async *async, bool live, bool none)
{
	const uint64_t cost_ns =
		(uint64_t)(async->cost_ns * (async->all_seen ? COST_SHARE : COST_FIRST));
	/* Those who watch need few looks: a share of the time that threads run is enough, however
	 * little that is. */
	const uint64_t held_ns = (uint64_t)((live ? async->hold_ns : async->held_ns) * HELD_SHARE);
	uint64_t pause_ns = live && async->all_seen ? PAUSE_LIVE_NS : PAUSE_NS;

	if (none)
		pause_ns =
			async->pause_ns < PAUSE_NONE_NS / 2 ? async->pause_ns * 2 : PAUSE_NONE_NS;
	if (cost_ns > pause_ns)
		pause_ns = cost_ns;
	return held_ns > pause_ns ? held_ns : pause_ns;
}

void pyro_async_look(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const uint64_t cpu_ns = pyro_clock_thread_cpu(), now_ns = pyro_clock_now();
	struct pyro_async *async = probe->async;
	uint64_t held_ns = 0, pause_ns;
	enum pyro_rc rc;

	if (!async)
		async = probe->async = create();
	if (!async)
		return;
	rc = open_tasks(probe);
	if (!rc) {
		shared->async->looks++;
		if (is_unchanged(probe, shared))
			look_unchanged(probe, shared, now_ns);
		else
			rc = look_anew(probe, shared, &held_ns);
		pyro_async_settle(probe, shared, false);
	}
	if (async->costs < COSTS)
		async->costs++;
	async->cost_ns +=
		((double)(pyro_clock_thread_cpu() - cpu_ns) - async->cost_ns) / async->costs;
	async->held_ns += ((double)held_ns - async->held_ns) / async->costs;
	if (held_ns)
		async->hold_ns += ((double)held_ns - async->hold_ns) / async->costs;
	async->none = rc == PYRO_RC_NOTFOUND;
	pause_ns = pause_after(async, shared->each_task, async->none);
	/* Evenly spread over a stretch half as long as the pause, so that it keeps time with
	 * nothing in the program. */
	async->pause_ns = pause_ns;
	async->due_ns = pyro_clock_now() + pause_ns -
			pyro_hash_pair(cpu_ns, now_ns) % (pause_ns / 2 + 1) + pause_ns / 4;
	if (!async->tasks && rc && rc != PYRO_RC_NOTFOUND && rc != PYRO_RC_TORN)
		async->due_ns = PAUSE_NEVER; /* tasks of this Python cannot be read */
}
