/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/task_reader.h"

#include <stdlib.h>
#include <string.h>

#define READINGS 4 /* until two agree */

enum pyro_rc pyro_tasks_create(struct pyro_python *python, uint64_t published,
			       struct pyro_tasks **ret_tasks, struct pyro_err *err)
{
	const struct pyro_layout *l = &python->layout;
	const struct pyro_task_layout *row = pyro_task_layout_row(l);
	struct pyro_tasks *tasks;
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_tasks = NULL;
	if (!row && l->minor < 14)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "asyncio tasks of a CPython %s without a GIL cannot be read",
				    python->origin.version_text);
	tasks = calloc(1, sizeof(*tasks));
	if (!tasks)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	tasks->python = python;
	pyro_tasks_set_reach(tasks, 0, PYRO_MAX_TASKS, READINGS);
	pyro_task_list_init(&tasks->list);
	pyro_map_init(&tasks->by_addr, PYRO_MAX_TASKS);
	pyro_map_init(&tasks->marks, PYRO_MAX_TASKS);
	if (row)
		tasks->layout = *row;
	else if (published)
		rc = pyro_task_layout_read(python->reader, l, published, &tasks->layout, err);
	tasks->chain.room = PYRO_MAX_STACK_DEPTH;
	tasks->chain.places = calloc(tasks->chain.room, sizeof(*tasks->chain.places));
	if (rc == PYRO_RC_OK) {
		rc = pyro_objects_init(&tasks->objects, python->reader, l);
		if (rc != PYRO_RC_OK || !tasks->chain.places)
			rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	if (rc != PYRO_RC_OK) {
		pyro_tasks_destroy(tasks);
		return rc;
	}
	*ret_tasks = tasks;
	return PYRO_RC_OK;
}

void pyro_tasks_set_reach(struct pyro_tasks *tasks, uint64_t from, size_t most, int readings)
{
	tasks->from = from;
	tasks->most = most;
	tasks->readings = readings;
}

void pyro_tasks_destroy(struct pyro_tasks *tasks)
{
	if (!tasks)
		return;
	pyro_objects_deinit(&tasks->objects);
	pyro_task_list_deinit(&tasks->list);
	pyro_map_deinit(&tasks->by_addr);
	pyro_map_deinit(&tasks->marks);
	free(tasks->chain.places);
	free(tasks->tasks);
	free(tasks->insides);
	pyro_frame_list_deinit(&tasks->frames);
	free(tasks->edges);
	free(tasks->awaited);
	free(tasks);
}

static enum pyro_rc reserve_task(struct pyro_tasks *tasks)
{
	const size_t capacity = tasks->capacity ? tasks->capacity * 2 : 256;
	struct pyro_task_inside *insides;
	struct pyro_task *shown;

	if (tasks->count < tasks->capacity)
		return PYRO_RC_OK;
	shown = realloc(tasks->tasks, capacity * sizeof(*shown));
	if (!shown)
		return PYRO_RC_NOMEM;
	tasks->tasks = shown;
	insides = realloc(tasks->insides, capacity * sizeof(*insides));
	if (!insides)
		return PYRO_RC_NOMEM;
	tasks->insides = insides;
	tasks->capacity = capacity;
	return PYRO_RC_OK;
}

static uint64_t mark_of(const struct pyro_tasks *tasks, const struct pyro_task *task,
			const struct pyro_task_inside *inside)
{
	uint64_t mark = pyro_hash_pair(inside->waiter, task->state);

	for (uint32_t i = 0; i < task->frame_count; i++) {
		const struct pyro_raw_place *place = &tasks->frames.places[task->first_frame + i];

		mark = pyro_hash_pair(mark, pyro_hash_pair(place->frame, place->instr));
	}
	return mark;
}

/* The frames of a task, leaf first. */
static enum pyro_rc add_frames(struct pyro_tasks *tasks, struct pyro_task *task)
{
	const struct pyro_await_chain *chain = &tasks->chain;
	const struct pyro_look *look = &tasks->python->look;
	enum pyro_rc rc = PYRO_RC_OK;
	uint64_t thread;
	bool found = true;
	size_t count = chain->count;

	task->partial = chain->partial;
	if (count > 0 && chain->executing) {
		found = pyro_map_get(&tasks->list.threads, task->loop, &thread) &&
			thread < look->thread_count;
		if (found)
			rc = pyro_frame_list_walk_thread(&tasks->frames, tasks->python,
							 &tasks->objects, &look->threads[thread],
							 chain->places[0].frame, &found);
		if (rc == PYRO_RC_OK && found)
			return PYRO_RC_OK;
		if (rc != PYRO_RC_OK && rc != PYRO_RC_FAULT)
			return rc;
		/* It went on meanwhile. */
		tasks->frames.count = task->first_frame;
		task->partial = true;
		rc = PYRO_RC_OK;
	}
	while (rc == PYRO_RC_OK && count > 0)
		rc = pyro_frame_list_add(&tasks->frames, &chain->places[--count]);
	return rc;
}

static enum pyro_rc decode(struct pyro_tasks *tasks, uint32_t item)
{
	const struct pyro_task_item *known = &tasks->list.items[item];
	struct pyro_objects *objects = &tasks->objects;
	struct pyro_task_object object;
	struct pyro_task_inside *inside;
	struct pyro_task *task;
	uint64_t thread, loop;
	bool current;
	enum pyro_rc rc = reserve_task(tasks);

	if (rc == PYRO_RC_OK)
		rc = pyro_task_object_read(tasks->python, objects, &tasks->layout, known->addr,
					   &object);
	if (rc != PYRO_RC_OK || !object.pending)
		return rc;
	inside = &tasks->insides[tasks->count];
	task = &tasks->tasks[tasks->count];
	*inside = (struct pyro_task_inside){.waiter = object.waiter, .item = item};
	*task = (struct pyro_task){
		.addr = known->addr,
		.loop = object.loop,
		.interp_id = known->interp_id,
		.first_frame = (uint32_t)tasks->frames.count,
	};
	if (pyro_map_get(&tasks->list.threads, task->loop, &thread) &&
	    thread < tasks->python->look.thread_count)
		task->thread = tasks->python->threads[tasks->python->threads[thread].host].addr;
	rc = pyro_task_name_read(tasks->python, objects, object.name, &inside->name);
	if (rc == PYRO_RC_OK)
		rc = pyro_await_chain_follow(objects, object.coro, &tasks->chain);
	if (rc == PYRO_RC_OK && tasks->chain.count > 0)
		task->root = tasks->chain.places[0].frame;
	if (rc == PYRO_RC_OK)
		rc = add_frames(tasks, task);
	if (rc != PYRO_RC_OK) {
		tasks->frames.count = task->first_frame;
		return rc;
	}
	task->frame_count = (uint32_t)tasks->frames.count - task->first_frame;
	inside->target = tasks->chain.target != object.coro ? tasks->chain.target : 0;
	current = pyro_map_get(&tasks->list.current, task->addr, &loop);
	if (current || tasks->chain.executing)
		task->state = PYRO_TASK_RUNNING;
	else if (object.waiter == 0 || pyro_future_is_done(objects, &tasks->layout, object.waiter))
		task->state = PYRO_TASK_READY;
	else
		task->state = PYRO_TASK_WAITING;
	inside->mark = mark_of(tasks, task, inside);
	tasks->count++;
	return PYRO_RC_OK;
}

/* The part of the list that is in reach. Behind those that stand by their addresses are some that
 * run, which always are. */
struct reach {
	size_t first, end, rest;
};

static struct reach reach_of(const struct pyro_tasks *tasks)
{
	const struct pyro_task_item *items = tasks->list.items;
	struct reach reach = {.rest = tasks->ordered};

	while (reach.first < reach.rest && items[reach.first].addr < tasks->from)
		reach.first++;
	reach.end = tasks->most < reach.rest - reach.first ? reach.first + tasks->most : reach.rest;
	return reach;
}

static size_t next_in(const struct reach *reach, size_t at)
{
	return at + 1 == reach->end ? reach->rest : at + 1;
}

/* All tasks in reach, once. *ret_same: they are what they were the time before. */
static enum pyro_rc decode_all(struct pyro_tasks *tasks, bool *ret_same)
{
	struct pyro_objects *objects = &tasks->objects;
	const size_t listed = tasks->list.count;
	const struct reach reach = reach_of(tasks);
	const size_t begin = reach.first < reach.end ? reach.first : reach.rest;
	enum pyro_rc rc;

	tasks->count = 0;
	tasks->reached = reach.end - reach.first + listed - reach.rest;
	tasks->next = reach.end < reach.rest ? tasks->list.items[reach.end].addr : 0;
	tasks->frames.count = 0;
	tasks->unread = 0;
	tasks->truncated = tasks->list.truncated;
	*ret_same = true;
	pyro_objects_forget(objects);
	for (size_t i = begin; i < listed; i = next_in(&reach, i))
		pyro_objects_plan(objects, tasks->list.items[i].addr, tasks->layout.size);
	rc = pyro_objects_fetch(objects);
	for (size_t i = begin; rc == PYRO_RC_OK && i < listed; i = next_in(&reach, i)) {
		const size_t count = tasks->count;
		uint64_t mark;

		rc = decode(tasks, (uint32_t)i);
		if (rc == PYRO_RC_OK && tasks->count > count) {
			struct pyro_task *task = &tasks->tasks[count];
			const uint64_t now = tasks->insides[count].mark;

			task->moving =
				!pyro_map_get(&tasks->marks, task->addr, &mark) || mark != now;
			if (task->moving)
				*ret_same = false;
			rc = pyro_map_put(&tasks->marks, task->addr, now);
		} else if (rc == PYRO_RC_LIMIT) {
			tasks->truncated = true;
			rc = PYRO_RC_OK;
		} else if (rc == PYRO_RC_UNSUPPORTED) {
			return rc;
		} else if (rc == PYRO_RC_FAULT || rc == PYRO_RC_TORN) {
			tasks->unread++;
			rc = PYRO_RC_OK;
		} else if (rc == PYRO_RC_NOTFOUND) {
			rc = PYRO_RC_OK; /* it has ended, and something else lies there */
		}
	}
	return rc;
}

static int by_address(const void *a, const void *b)
{
	const struct pyro_task_item *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* From places to functions and lines. */
static enum pyro_rc resolve(struct pyro_tasks *tasks)
{
	enum pyro_rc rc = pyro_frame_list_resolve(&tasks->frames, tasks->python);
	size_t end = 0;

	for (size_t i = 0; i < tasks->count; i++) {
		struct pyro_task *task = &tasks->tasks[i];

		if (!pyro_frame_list_keep(&tasks->frames, tasks->python, &task->first_frame,
					  &task->frame_count, &end))
			task->partial = true;
	}
	tasks->frames.count = end;
	return rc;
}

static enum pyro_rc load_list(struct pyro_tasks *tasks, bool ordered)
{
	const struct pyro_look *look;
	enum pyro_rc rc;

	pyro_objects_forget(&tasks->objects);
	pyro_objects_renew(&tasks->objects);
	rc = pyro_python_look(tasks->python, &look);
	if (rc == PYRO_RC_OK)
		rc = pyro_task_list_load(tasks->python, &tasks->objects, &tasks->layout,
					 &tasks->list);
	if (rc == PYRO_RC_OK && ordered && tasks->list.count)
		qsort(tasks->list.items, tasks->list.count, sizeof(*tasks->list.items), by_address);
	tasks->ordered = tasks->list.count;
	return rc;
}

enum pyro_rc pyro_tasks_list(struct pyro_tasks *tasks)
{
	enum pyro_rc rc;

	if (tasks->layout.size == 0)
		return PYRO_RC_OK; /* asyncio was never loaded */
	rc = load_list(tasks, true);
	tasks->is_listed = rc == PYRO_RC_OK;
	return rc;
}

static enum pyro_rc read_all(struct pyro_tasks *tasks)
{
	const struct pyro_look *look;
	bool same = false;
	enum pyro_rc rc;

	if (tasks->is_listed) {
		pyro_objects_forget(&tasks->objects);
		rc = pyro_python_look(tasks->python, &look);
		if (rc == PYRO_RC_OK)
			rc = pyro_task_list_update(tasks->python, &tasks->objects, &tasks->layout,
						   &tasks->list);
	} else {
		/* A linked list has them in the order in which they were made, a set in none. */
		rc = load_list(tasks,
			       tasks->layout.node == PYRO_ABSENT || tasks->most < PYRO_MAX_TASKS);
	}
	tasks->is_listed = false;
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_map_clear(&tasks->marks);
	for (int i = 0; i < tasks->readings && rc == PYRO_RC_OK && !same; i++)
		rc = decode_all(tasks, &same);
	return rc;
}

enum pyro_rc pyro_tasks_read(struct pyro_tasks *tasks, struct pyro_tasks_view *ret_view,
			     struct pyro_err *err)
{
	struct pyro_python *python = tasks->python;
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_view = (struct pyro_tasks_view){0};
	if (tasks->layout.size == 0)
		return PYRO_RC_OK; /* asyncio was never loaded */
	pyro_python_settle(python, false);
	for (int i = 0; i < READINGS; i++) {
		rc = read_all(tasks);
		if (rc != PYRO_RC_TORN)
			break;
	}
	if (rc == PYRO_RC_UNSUPPORTED)
		return pyro_err_set(err, rc,
				    "the asyncio tasks of this CPython %s are not laid out as "
				    "those of others",
				    python->origin.version_text);
	if (rc == PYRO_RC_OK)
		rc = resolve(tasks);
	if (rc == PYRO_RC_OK)
		rc = pyro_tasks_tell_waits(tasks);
	if (rc == PYRO_RC_OK)
		rc = pyro_tasks_join(tasks);
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "cannot read the asyncio tasks");
	for (size_t i = 0; i < tasks->count; i++) {
		struct pyro_task *task = &tasks->tasks[i];

		task->name = pyro_objects_text(&tasks->objects, tasks->insides[i].name);
		task->wait_type =
			tasks->insides[i].type != PYRO_TASK_NONE
				? pyro_objects_text(&tasks->objects, tasks->insides[i].type)
				: "";
	}
	*ret_view = (struct pyro_tasks_view){
		.tasks = tasks->tasks,
		.count = tasks->count,
		.frames = tasks->frames.frames,
		.frame_count = tasks->frames.count,
		.awaited = tasks->awaited,
		.awaited_count = tasks->edge_count,
		.generation = python->look.generation,
		.listed = tasks->list.count,
		.reached = tasks->reached,
		.next = tasks->next,
		.unread = tasks->unread,
		.truncated = tasks->truncated,
		.torn = tasks->list.torn,
	};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_tasks_current(struct pyro_tasks *tasks, const struct pyro_thread *thread,
				uint64_t *ret_task)
{
	uint64_t loop;
	enum pyro_rc rc;

	*ret_task = 0;
	if (tasks->layout.size == 0)
		return PYRO_RC_OK;
	pyro_objects_forget(&tasks->objects);
	rc = pyro_task_loop_read(tasks->python, &tasks->objects, &tasks->layout, thread, &loop);
	if (rc == PYRO_RC_OK)
		rc = pyro_task_current_read(tasks->python, &tasks->objects, &tasks->layout,
					    &tasks->list, thread, loop, ret_task);
	return rc;
}
