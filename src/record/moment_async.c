/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cpython/greenlets.h"
#include "cpython/locate.h"
#include "cpython/tasks.h"
#include "record/moment_parts.h"

/* From this version on asyncio publishes where it keeps what. */
#define FIRST_PUBLISHED 0x030e0000u

static int tid_of(const struct pyro_map *tids, uint64_t thread)
{
	uint64_t tid;

	return thread && pyro_map_get(tids, thread, &tid) ? (int)tid : 0;
}

/* What is wrong with tasks or greenlets is said in their place: the threads are there all the same.
 */
static enum pyro_rc say(struct pyro_moment *moment, struct pyro_moment_tasks *tasks,
			enum pyro_rc rc, const struct pyro_err *err)
{
	if (rc == PYRO_RC_GONE || rc == PYRO_RC_PERM || rc == PYRO_RC_NOMEM)
		return rc;
	tasks->error = pyro_moment_text(moment, err->message);
	return PYRO_RC_OK;
}

static enum pyro_rc reserve(struct pyro_moment *moment, struct pyro_moment_tasks *tasks,
			    size_t count, size_t awaited)
{
	tasks->tasks = pyro_arena_alloc(&moment->arena, (count + 1) * sizeof(*tasks->tasks));
	tasks->awaited = pyro_arena_alloc(&moment->arena, (awaited + 1) * sizeof(*tasks->awaited));
	return tasks->tasks && tasks->awaited ? PYRO_RC_OK : PYRO_RC_NOMEM;
}

static const char *address_text(struct pyro_moment *moment, uint64_t addr)
{
	char text[24];

	if (!addr)
		return "";
	snprintf(text, sizeof(text), "0x%" PRIx64, addr);
	return pyro_moment_text(moment, text);
}

/* One of what was read. Its texts, its thread, its object and its frames are not the moment's yet.
 */
struct item {
	struct pyro_moment_task task;
	uint64_t thread;
	uint64_t object;
	uint32_t first_frame;
	uint32_t frame_count;
};

/* All of it. */
struct items {
	void (*get)(const void *view, size_t at, struct item *ret_item);
	const void *view;
	size_t count;
	const struct pyro_raw_frame *frames;
	const uint32_t *awaited;
	size_t awaited_count;
	size_t unread;
	bool incomplete;
};

static void get_task(const void *view, size_t at, struct item *ret_item)
{
	static const enum pyro_moment_task_state states[] = {
		[PYRO_TASK_RUNNING] = PYRO_MOMENT_TASK_RUNNING,
		[PYRO_TASK_READY] = PYRO_MOMENT_TASK_READY,
		[PYRO_TASK_WAITING] = PYRO_MOMENT_TASK_WAITING,
	};
	const struct pyro_task *from = &((const struct pyro_tasks_view *)view)->tasks[at];

	*ret_item = (struct item){
		.task = {.name = from->name,
			 .interpreter = from->interp_id,
			 .state = states[from->state],
			 .wait = pyro_task_wait_name(from->wait),
			 .wait_text = pyro_task_wait_text(from->wait),
			 .type = from->wait_type,
			 .first_awaited = from->first_awaited,
			 .awaited_count = from->awaited_count,
			 .awaiter_count = from->awaiter_count,
			 .partial = from->partial,
			 .moving = from->moving},
		.thread = from->thread,
		.object = from->wait_object,
		.first_frame = from->first_frame,
		.frame_count = from->frame_count,
	};
}

static void get_greenlet(const void *view, size_t at, struct item *ret_item)
{
	static const enum pyro_moment_task_state states[] = {
		[PYRO_GREENLET_RUNNING] = PYRO_MOMENT_TASK_RUNNING,
		[PYRO_GREENLET_SUSPENDED] = PYRO_MOMENT_TASK_WAITING,
		[PYRO_GREENLET_NOT_STARTED] = PYRO_MOMENT_TASK_READY,
	};
	const struct pyro_greenlet *from =
		&((const struct pyro_greenlets_view *)view)->greenlets[at];

	*ret_item = (struct item){
		.task = {.name = from->type,
			 .interpreter = from->interp_id,
			 .state = states[from->state],
			 .wait = "",
			 .wait_text = "",
			 .type = "",
			 .partial = from->partial,
			 .moving = from->moving},
		.thread = from->thread,
		.object = from->addr,
		.first_frame = from->first_frame,
		.frame_count = from->frame_count,
	};
}

static enum pyro_rc keep(struct pyro_moment *moment, const struct pyro_python *python,
			 const struct pyro_map *tids, const struct items *items,
			 struct pyro_moment_tasks *tasks)
{
	enum pyro_rc rc = reserve(moment, tasks, items->count, items->awaited_count);

	for (size_t i = 0; i < items->count && !rc; i++) {
		struct pyro_moment_task *task = &tasks->tasks[i];
		struct item item;

		items->get(items->view, i, &item);
		*task = item.task;
		task->name = pyro_moment_text(moment, task->name);
		task->type = pyro_moment_text(moment, task->type);
		task->tid = tid_of(tids, item.thread);
		task->object = address_text(moment, item.object);
		rc = pyro_moment_add_stack(moment, python, items->frames + item.first_frame,
					   item.frame_count, &task->stack);
	}
	if (rc)
		return rc;
	if (items->awaited_count)
		memcpy(tasks->awaited, items->awaited,
		       items->awaited_count * sizeof(*tasks->awaited));
	tasks->count = items->count;
	tasks->awaited_count = items->awaited_count;
	tasks->unread = items->unread;
	tasks->incomplete = items->incomplete;
	return PYRO_RC_OK;
}

static enum pyro_rc locate_asyncio(const struct pyro_space *space, uint64_t *ret_published,
				   struct pyro_err *err)
{
	return space->core
		       ? pyro_python_locate_asyncio_core(space->core, space->places, ret_published,
							 err)
		       : pyro_python_locate_asyncio(space->pid, space->reader, ret_published, err);
}

static enum pyro_rc take_tasks(struct pyro_moment *moment, const struct pyro_space *space,
			       struct pyro_python *python, const struct pyro_map *tids)
{
	struct pyro_tasks_view view;
	struct pyro_tasks *tasks = NULL;
	struct pyro_err err = {0};
	struct items items;
	uint64_t published = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	if (pyro_python_origin(python)->version >= FIRST_PUBLISHED)
		rc = locate_asyncio(space, &published, &err);
	if (rc == PYRO_RC_NOTFOUND)
		return PYRO_RC_OK;
	if (!rc)
		rc = pyro_tasks_create(python, published, &tasks, &err);
	if (!rc)
		rc = pyro_tasks_read(tasks, &view, &err);
	if (!rc)
		items = (struct items){
			.get = get_task,
			.view = &view,
			.count = view.count,
			.frames = view.frames,
			.awaited = view.awaited,
			.awaited_count = view.awaited_count,
			.unread = view.unread,
			.incomplete = view.truncated || view.torn,
		};
	rc = rc ? say(moment, &moment->tasks, rc, &err)
		: keep(moment, python, tids, &items, &moment->tasks);
	pyro_tasks_destroy(tasks);
	return rc;
}

static enum pyro_rc take_greenlets(struct pyro_moment *moment, struct pyro_python *python,
				   const struct pyro_map *tids)
{
	struct pyro_greenlets_view view;
	struct pyro_greenlets *greenlets = NULL;
	struct pyro_err err = {0};
	struct items items;
	enum pyro_rc rc = pyro_greenlets_create(python, &greenlets, &err);

	if (!rc)
		rc = pyro_greenlets_read(greenlets, &view, &err);
	if (!rc)
		items = (struct items){
			.get = get_greenlet,
			.view = &view,
			.count = view.count,
			.frames = view.frames,
			.unread = view.unread,
			.incomplete = view.truncated || view.torn,
		};
	rc = rc ? say(moment, &moment->greenlets, rc, &err)
		: keep(moment, python, tids, &items, &moment->greenlets);
	pyro_greenlets_destroy(greenlets);
	return rc;
}

enum pyro_rc pyro_moment_take_async(struct pyro_moment *moment, const struct pyro_space *space,
				    struct pyro_python *python, const struct pyro_map *tids,
				    struct pyro_err *err)
{
	enum pyro_rc rc = take_tasks(moment, space, python, tids);

	if (!rc)
		rc = take_greenlets(moment, python, tids);
	moment->async = true;
	if (rc == PYRO_RC_GONE)
		return pyro_err_set(err, rc, "process %d has ended", moment->pid);
	return rc ? pyro_err_set(err, rc, "cannot read the tasks of process %d", moment->pid)
		  : PYRO_RC_OK;
}
