/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cpython/task_reader.h"

#define MAX_EDGES   (4 * PYRO_MAX_TASKS)
#define MAX_FUTURES 16 /* futures that stand between a task and the one that awaits it */
#define MAX_MEMBERS 65536
#define DEPTH       4 /* frames from the leaf that tell whom a task awaits */

/* Functions of the standard library whose first local leads to the tasks that are awaited: it is
 * one, a set or a list of them, or has such an attribute. */
static const struct {
	const char *file, *name, *attribute;
} awaits[] = {
	{"asyncio/tasks.py", "_wait", NULL},
	{"asyncio/tasks.py", "wait_for", NULL}, /* to 3.11 */
	{"asyncio/taskgroups.py", "__aexit__", "_tasks"},
	{"asyncio/taskgroups.py", "_aexit", "_tasks"},
};

/* The tasks at one end of the edges that are being made. */
struct joining {
	struct pyro_tasks *tasks;
	uint32_t self;
	bool awaited; /**< what is met awaits @self; else it is awaited by that */
	int depth;    /**< of futures */
};

static enum pyro_rc add_edge(struct pyro_tasks *tasks, uint32_t from, uint32_t to)
{
	if (tasks->edge_count == MAX_EDGES) {
		tasks->truncated = true;
		return PYRO_RC_OK;
	}
	if (tasks->edge_count == tasks->edge_capacity) {
		const size_t capacity = tasks->edge_capacity ? tasks->edge_capacity * 2 : 256;
		struct pyro_task_edge *edges = realloc(tasks->edges, capacity * sizeof(*edges));

		if (!edges)
			return PYRO_RC_NOMEM;
		tasks->edges = edges;
		tasks->edge_capacity = capacity;
	}
	tasks->edges[tasks->edge_count++] = (struct pyro_task_edge){from, to};
	return PYRO_RC_OK;
}

static enum pyro_rc join_awaiters(struct joining *joining, uint64_t future);

/* Joins with @member if it is a task, or with those that a future of many stands for. */
static enum pyro_rc join_member(void *context, uint64_t member)
{
	struct joining *joining = context;
	struct pyro_tasks *tasks = joining->tasks;
	uint64_t other, children;
	enum pyro_kind kind;
	enum pyro_rc rc;

	if (pyro_map_get(&tasks->by_addr, member, &other))
		return joining->awaited ? add_edge(tasks, (uint32_t)other, joining->self)
					: add_edge(tasks, joining->self, (uint32_t)other);
	kind = pyro_objects_kind(&tasks->objects, member);
	if (joining->depth == MAX_FUTURES ||
	    (kind != PYRO_KIND_GATHER && (kind != PYRO_KIND_FUTURE || !joining->awaited)))
		return PYRO_RC_OK;
	joining->depth++;
	if (joining->awaited) {
		rc = join_awaiters(joining, member);
	} else {
		rc = pyro_attribute_read(tasks->python, member, "_children", &children);
		if (rc == PYRO_RC_OK)
			rc = pyro_objects_members(&tasks->objects, children, MAX_MEMBERS,
						  join_member, joining);
	}
	joining->depth--;
	return rc == PYRO_RC_FAULT || rc == PYRO_RC_NOTFOUND ? PYRO_RC_OK : rc;
}

/* 3.14 on: futures say who awaits them. */
static enum pyro_rc join_awaiters(struct joining *joining, uint64_t future)
{
	struct pyro_tasks *tasks = joining->tasks;
	const struct pyro_task_layout *layout = &tasks->layout;
	struct pyro_bytes bytes;
	uint64_t awaiter;
	bool many;
	enum pyro_rc rc;

	rc = pyro_objects_get(&tasks->objects, future + layout->fu_awaited_by, 16, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	awaiter = pyro_bytes_u64(bytes, 0);
	many = pyro_bytes_u8(bytes, layout->fu_awaited_by_set - layout->fu_awaited_by) == 1;
	if (awaiter == 0)
		return PYRO_RC_OK;
	return many ? pyro_objects_members(&tasks->objects, awaiter, MAX_MEMBERS, join_member,
					   joining)
		    : join_member(joining, awaiter);
}

/* What the frames near the leaf hold. */
static enum pyro_rc join_by_frames(struct joining *joining, const struct pyro_task *task)
{
	struct pyro_tasks *tasks = joining->tasks;

	for (uint32_t i = 0; i < DEPTH; i++) {
		for (size_t a = 0; a < PYRO_COUNT(awaits); a++) {
			enum pyro_kind kind;
			uint64_t held;
			enum pyro_rc rc;

			if (!pyro_tasks_frame_is(tasks, task, i, awaits[a].file, awaits[a].name))
				continue;
			rc = pyro_place_local(&tasks->objects,
					      tasks->frames.places[task->first_frame + i].frame,
					      &held);
			if (rc == PYRO_RC_OK && awaits[a].attribute)
				rc = pyro_attribute_read(tasks->python, held, awaits[a].attribute,
							 &held);
			if (rc != PYRO_RC_OK)
				return rc;
			kind = pyro_objects_kind(&tasks->objects, held);
			return kind == PYRO_KIND_SET || kind == PYRO_KIND_LIST
				       ? pyro_objects_members(&tasks->objects, held, MAX_MEMBERS,
							      join_member, joining)
				       : join_member(joining, held);
		}
	}
	return PYRO_RC_OK;
}

static int by_ends(const void *a, const void *b)
{
	const struct pyro_task_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Gives each task its part of the edges, each but once. */
static enum pyro_rc spread(struct pyro_tasks *tasks)
{
	const size_t count = tasks->edge_count;

	free(tasks->awaited);
	tasks->awaited = calloc(count ? count : 1, sizeof(*tasks->awaited));
	if (!tasks->awaited)
		return PYRO_RC_NOMEM;
	if (count > 0)
		qsort(tasks->edges, count, sizeof(*tasks->edges), by_ends);
	tasks->edge_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct pyro_task_edge edge = tasks->edges[i];
		struct pyro_task *task = &tasks->tasks[edge.from];

		if (i > 0 && by_ends(&tasks->edges[i - 1], &tasks->edges[i]) == 0)
			continue;
		if (task->awaited_count == 0)
			task->first_awaited = (uint32_t)tasks->edge_count;
		task->awaited_count++;
		tasks->tasks[edge.to].awaiter_count++;
		tasks->awaited[tasks->edge_count++] = edge.to;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_tasks_join(struct pyro_tasks *tasks)
{
	const bool published = tasks->layout.fu_awaited_by != PYRO_ABSENT;
	enum pyro_rc rc = PYRO_RC_OK;

	tasks->edge_count = 0;
	pyro_map_clear(&tasks->by_addr);
	for (size_t i = 0; rc == PYRO_RC_OK && i < tasks->count; i++)
		rc = pyro_map_put(&tasks->by_addr, tasks->tasks[i].addr, i);
	for (size_t i = 0; rc == PYRO_RC_OK && i < tasks->count; i++) {
		const struct pyro_task *task = &tasks->tasks[i];
		const struct pyro_task_inside *inside = &tasks->insides[i];
		struct joining joining = {.tasks = tasks, .self = (uint32_t)i};

		if (task->state == PYRO_TASK_WAITING) {
			rc = join_member(&joining,
					 inside->waiter ? inside->waiter : inside->target);
			if (rc == PYRO_RC_OK && !published)
				rc = join_by_frames(&joining, task);
		}
		if (rc == PYRO_RC_OK && published &&
		    pyro_objects_kind(&tasks->objects, task->addr) == PYRO_KIND_TASK) {
			joining.awaited = true;
			rc = join_awaiters(&joining, task->addr);
		}
		if (rc == PYRO_RC_FAULT || rc == PYRO_RC_NOTFOUND)
			rc = PYRO_RC_OK;
	}
	return rc == PYRO_RC_OK ? spread(tasks) : rc;
}
