/* SPDX-License-Identifier: Apache-2.0 */
/* Which tasks live, and where looks found them: each owes its life to the places where it was. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sample/async_parts.h"

/* Tasks that await each other, from one to the next. */
#define MAX_AWAITERS 64
/* For how long a sample may be on its way. */
#define LATE_NS (600 * PYRO_NS_PER_MS)

/* ---- tasks that live ---- */

static struct pyro_async_task *new_task(struct pyro_async *async, const struct pyro_task *from)
{
	struct pyro_async_task *task;
	uint32_t at;

	if (async->free_count) {
		at = async->free[--async->free_count];
	} else {
		if (async->top == async->capacity) {
			const size_t capacity = async->capacity ? async->capacity * 2 : 256;
			void *items, *frees;

			if (async->top >= PYRO_MAX_TASKS)
				return NULL;
			items = realloc(async->items, capacity * sizeof(*async->items));
			if (!items)
				return NULL;
			async->items = items;
			frees = realloc(async->free, capacity * sizeof(*async->free));
			if (!frees)
				return NULL;
			async->free = frees;
			async->capacity = capacity;
		}
		at = (uint32_t)async->top++;
	}
	task = &async->items[at];
	*task = (struct pyro_async_task){
		.addr = from->addr,
		.root = from->root,
		.serial = ++async->next_serial,
		.parent = PYRO_NO_TASK,
		.now.stack = PYRO_NO_STACK,
		.before.stack = PYRO_NO_STACK,
	};
	if (pyro_map_put(&async->by_addr, from->addr, at) ||
	    pyro_map_put(&async->by_root, from->root, at)) {
		pyro_map_remove(&async->by_addr, from->addr);
		task->addr = 0;
		async->free[async->free_count++] = at;
		return NULL;
	}
	return task;
}

static void give(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		 struct pyro_async_task *task, const struct pyro_async_place *place, uint64_t ns,
		 uint32_t looks)
{
	pyro_async_add_place(probe, shared, task->group, place, ns, looks);
	if (!place->ready || !ns)
		return;
	task->each.ready_ns += ns;
	task->each.changed = true;
}

void pyro_async_share_out(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  struct pyro_async_task *task, const struct pyro_async_place *after)
{
	const bool was = task->now.stack != PYRO_NO_STACK;
	const bool is = after && after->stack != PYRO_NO_STACK;
	uint64_t owed, half;

	if (task->owed_ns <= 0 || (!was && !is)) {
		if (is)
			give(probe, shared, task, after, 0, 1);
		return;
	}
	owed = (uint64_t)task->owed_ns;
	half = !is ? owed : was ? owed / 2 : 0;
	if (half)
		give(probe, shared, task, &task->now, half, 0);
	if (is)
		give(probe, shared, task, after, owed - half, 1);
	task->owed_ns = 0;
}

/* It ended somewhere since it was last seen: on the average, in the middle. */
static void end_task(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     struct pyro_async_task *task, uint64_t now_ns)
{
	struct pyro_async *async = probe->async;
	const uint64_t at = (uint64_t)(task - async->items);
	uint64_t found;

	task->owed_ns += (int64_t)((now_ns - task->seen_ns) / 2);
	pyro_async_share_out(probe, shared, task, NULL);
	task->ended_ns = now_ns;
	if (pyro_map_get(&async->by_addr, task->addr, &found) && found == at)
		pyro_map_remove(&async->by_addr, task->addr);
	if (pyro_map_get(&async->by_root, task->root, &found) && found == at)
		pyro_map_remove(&async->by_root, task->root);
}

void pyro_async_close(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	struct pyro_async *async = probe->async;

	for (size_t i = 0; i < async->top; i++) {
		struct pyro_async_task *task = &async->items[i];

		if (!task->addr || task->ended_ns)
			continue;
		if (now_ns > task->seen_ns)
			task->owed_ns += (int64_t)(now_ns - task->seen_ns);
		pyro_async_share_out(probe, shared, task, NULL);
	}
}

/* Whether the last look would have found it. */
static bool was_looked_for(const struct pyro_async_task *task, uint64_t from, uint64_t next)
{
	return task->addr >= from && (!next || task->addr < next);
}

/* Ends those that were not found, and frees the places of those whose samples have come. */
static void sweep(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t from,
		  uint64_t next, uint64_t now_ns)
{
	struct pyro_async *async = probe->async;

	for (size_t i = 0; i < async->top; i++) {
		struct pyro_async_task *task = &async->items[i];

		if (!task->addr)
			continue;
		if (!task->ended_ns && task->round != async->round &&
		    was_looked_for(task, from, next))
			end_task(probe, shared, task, now_ns);
		if (task->ended_ns && now_ns > task->ended_ns + LATE_NS &&
		    pyro_async_each_end(task)) {
			task->addr = 0;
			async->free[async->free_count++] = (uint32_t)i;
		}
	}
}

/* ---- a look ---- */

/* A look while it is taken in. */
struct looking {
	struct pyro_probe *probe;
	struct pyro_probe_shared *shared;
	const struct pyro_tasks_view *view;
	uint32_t *parents; /* by task: who awaits it */
	uint64_t *marks;   /* by task: of its own frames and state */
	uint32_t *items;   /* by task: its place in pyro_async.items; PYRO_NO_TASK */
	uint64_t now_ns;
};

static struct pyro_probe_thread *thread_at(const struct pyro_probe *probe, uint64_t addr)
{
	for (size_t i = 0; addr && i < probe->thread_count; i++) {
		if (probe->threads[i]->addr == addr && probe->threads[i]->index != SIZE_MAX)
			return probe->threads[i];
	}
	return NULL;
}

/* The frames of a task and of those that await it go to `shared->frames`. */
static size_t list_frames(const struct looking *looking, uint32_t task)
{
	const struct pyro_tasks_view *view = looking->view;
	size_t count = 0;

	for (int hops = 0; task != PYRO_TASK_NONE && hops < MAX_AWAITERS; hops++) {
		const struct pyro_task *from = &view->tasks[task];

		for (uint32_t i = 0; i < from->frame_count && count < PYRO_MAX_STACK_DEPTH; i++) {
			const struct pyro_raw_frame *frame = &view->frames[from->first_frame + i];

			looking->shared->frames[count++] =
				(struct pyro_message_frame){frame->code, frame->line};
		}
		task = looking->parents[task];
	}
	return count;
}

/* The first of those that await it; one that is awaited twice is shown under one of them. Tasks
 * that are running await nobody, whatever is still noted in them. */
static void find_parents(struct looking *looking)
{
	const struct pyro_tasks_view *view = looking->view;

	for (size_t i = 0; i < view->count; i++)
		looking->parents[i] = PYRO_TASK_NONE;
	for (size_t i = 0; i < view->count; i++) {
		const struct pyro_task *task = &view->tasks[i];

		if (task->state != PYRO_TASK_WAITING)
			continue;
		for (uint32_t a = 0; a < task->awaited_count; a++) {
			const uint32_t child = view->awaited[task->first_awaited + a];

			if (looking->parents[child] == PYRO_TASK_NONE && child != i)
				looking->parents[child] = (uint32_t)i;
		}
	}
}

static void find_marks(struct looking *looking)
{
	const struct pyro_tasks_view *view = looking->view;

	for (size_t i = 0; i < view->count; i++) {
		const struct pyro_task *task = &view->tasks[i];
		uint64_t mark = pyro_hash_pair(task->state, task->wait);

		for (uint32_t f = 0; f < task->frame_count; f++) {
			const struct pyro_raw_frame *frame = &view->frames[task->first_frame + f];

			mark = pyro_hash_pair(mark,
					      (uint64_t)frame->code << 32 | (uint32_t)frame->line);
		}
		looking->marks[i] = mark;
	}
}

/* Of a task and of all who await it. */
static uint64_t whole_mark(const struct looking *looking, uint32_t task)
{
	uint64_t mark = 0;

	for (int hops = 0; task != PYRO_TASK_NONE && hops < MAX_AWAITERS; hops++) {
		mark = pyro_hash_pair(mark, looking->marks[task]);
		task = looking->parents[task];
	}
	return mark;
}

/* The task in the list of those that live, made if it is new or another than the one there. */
static struct pyro_async_task *find_task(const struct looking *looking, uint32_t index,
					 bool *ret_new)
{
	struct pyro_probe *probe = looking->probe;
	struct pyro_async *async = probe->async;
	const struct pyro_task *from = &looking->view->tasks[index];
	const struct pyro_raw_frame *root =
		&looking->view->frames[from->first_frame + from->frame_count - 1];
	const uint64_t name = pyro_hash_bytes(from->name, strlen(from->name));
	const struct pyro_probe_thread *thread = thread_at(probe, from->thread);
	struct pyro_async_task *task = NULL;
	uint32_t group;
	uint64_t at;

	*ret_new = false;
	if (pyro_map_get(&async->by_addr, from->addr, &at)) {
		task = &async->items[at];
		if (task->root == from->root && task->code == root->code && task->name == name)
			return task;
		end_task(probe, looking->shared, task, looking->now_ns);
	}
	group = pyro_async_group(probe, looking->shared, thread ? thread->number : UINT32_MAX,
				 root->code, from->name);
	task = group == UINT32_MAX ? NULL : new_task(async, from);
	if (!task)
		return NULL;
	*ret_new = true;
	task->code = root->code;
	task->name = name;
	task->group = group;
	task->seen_ns = async->look_ns ? looking->now_ns - (looking->now_ns - async->look_ns) / 2
				       : looking->now_ns;
	async->groups[group].began++;
	if (looking->shared->each_task)
		pyro_async_each_begin(async, task, from->name);
	return task;
}

static void note_place(const struct looking *looking, uint32_t index, struct pyro_async_task *task)
{
	struct pyro_probe *probe = looking->probe;
	const struct pyro_task *from = &looking->view->tasks[index];
	const uint64_t mark = whole_mark(looking, index);
	const uint32_t parent = looking->parents[index];
	struct pyro_async_place place = {
		.stack = PYRO_NO_STACK,
		.wait = (uint8_t)from->wait,
		.ready = from->state == PYRO_TASK_READY,
		.from_ns = looking->now_ns,
		.to_ns = looking->now_ns,
	};
	const bool same = task->mark == mark && task->now.from_ns;

	if (same) {
		place = task->now;
		place.to_ns = looking->now_ns;
	} else if (from->state != PYRO_TASK_RUNNING) {
		place.stack = pyro_stacks_number_frames(probe, looking->shared,
							list_frames(looking, index), PYRO_NO_ROOT);
	}
	task->owed_ns += (int64_t)(looking->now_ns - task->seen_ns);
	pyro_async_share_out(probe, looking->shared, task, &place);
	if (!same)
		task->before = task->now;
	task->now = place;
	task->mark = mark;
	pyro_async_each_found(task, from, looking->marks[index], task->seen_ns, looking->now_ns);
	task->seen_ns = looking->now_ns;
	task->round = probe->async->round;
	task->parent = parent == PYRO_TASK_NONE ? PYRO_NO_TASK : looking->items[parent];
	if (task->parent != PYRO_NO_TASK)
		task->parent_serial = probe->async->items[task->parent].serial;
}

static void take_tasks(struct looking *looking)
{
	const struct pyro_tasks_view *view = looking->view;
	struct pyro_async *async = looking->probe->async;

	find_parents(looking);
	find_marks(looking);
	for (uint32_t i = 0; i < view->count; i++) {
		bool is_new;
		struct pyro_async_task *task;

		looking->items[i] = PYRO_NO_TASK;
		if (!view->tasks[i].frame_count || !view->tasks[i].root)
			continue;
		task = find_task(looking, i, &is_new);
		if (task)
			looking->items[i] = (uint32_t)(task - async->items);
	}
	async->running = false;
	for (uint32_t i = 0; i < view->count; i++) {
		async->running |= view->tasks[i].state == PYRO_TASK_RUNNING;
		if (looking->items[i] != PYRO_NO_TASK)
			note_place(looking, i, &async->items[looking->items[i]]);
	}
}

void pyro_async_take(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		     const struct pyro_tasks_view *view, uint64_t from, uint64_t now_ns)
{
	struct pyro_async *async = probe->async;
	struct looking looking = {.probe = probe, .shared = shared, .view = view, .now_ns = now_ns};

	looking.parents = calloc(view->count + 1, sizeof(*looking.parents));
	looking.marks = calloc(view->count + 1, sizeof(*looking.marks));
	looking.items = calloc(view->count + 1, sizeof(*looking.items));
	async->round++;
	if (looking.parents && looking.marks && looking.items) {
		take_tasks(&looking);
		sweep(probe, shared, from, view->next, now_ns);
	}
	free(looking.parents);
	free(looking.marks);
	free(looking.items);
}
