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

static enum pyro_rc keep_tasks(struct pyro_moment *moment, const struct pyro_python *python,
			       const struct pyro_map *tids, const struct pyro_tasks_view *view)
{
	static const enum pyro_moment_task_state states[] = {
		[PYRO_TASK_RUNNING] = PYRO_MOMENT_TASK_RUNNING,
		[PYRO_TASK_READY] = PYRO_MOMENT_TASK_READY,
		[PYRO_TASK_WAITING] = PYRO_MOMENT_TASK_WAITING,
	};
	struct pyro_moment_tasks *tasks = &moment->tasks;
	enum pyro_rc rc = reserve(moment, tasks, view->count, view->awaited_count);

	for (size_t i = 0; i < view->count && !rc; i++) {
		const struct pyro_task *from = &view->tasks[i];
		struct pyro_moment_task *to = &tasks->tasks[i];

		*to = (struct pyro_moment_task){
			.name = pyro_moment_text(moment, from->name),
			.tid = tid_of(tids, from->thread),
			.interpreter = from->interp_id,
			.state = states[from->state],
			.wait = pyro_task_wait_name(from->wait),
			.wait_text = pyro_task_wait_text(from->wait),
			.type = pyro_moment_text(moment, from->wait_type),
			.object = address_text(moment, from->wait_object),
			.first_awaited = from->first_awaited,
			.awaited_count = from->awaited_count,
			.awaiter_count = from->awaiter_count,
			.partial = from->partial,
			.moving = from->moving,
		};
		rc = pyro_moment_add_stack(moment, python, view->frames + from->first_frame,
					   from->frame_count, &to->stack);
	}
	if (rc)
		return rc;
	if (view->awaited_count)
		memcpy(tasks->awaited, view->awaited,
		       view->awaited_count * sizeof(*tasks->awaited));
	tasks->count = view->count;
	tasks->awaited_count = view->awaited_count;
	tasks->unread = view->unread;
	tasks->incomplete = view->truncated || view->torn;
	return PYRO_RC_OK;
}

static enum pyro_rc take_tasks(struct pyro_moment *moment, struct pyro_reader *reader,
			       struct pyro_python *python, const struct pyro_map *tids)
{
	struct pyro_tasks_view view;
	struct pyro_tasks *tasks = NULL;
	struct pyro_err err = {0};
	uint64_t published = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	if (pyro_python_origin(python)->version >= FIRST_PUBLISHED)
		rc = pyro_python_locate_asyncio(moment->pid, reader, &published, &err);
	if (rc == PYRO_RC_NOTFOUND)
		return PYRO_RC_OK;
	if (!rc)
		rc = pyro_tasks_create(python, published, &tasks, &err);
	if (!rc)
		rc = pyro_tasks_read(tasks, &view, &err);
	rc = rc ? say(moment, &moment->tasks, rc, &err) : keep_tasks(moment, python, tids, &view);
	pyro_tasks_destroy(tasks);
	return rc;
}

static enum pyro_rc keep_greenlets(struct pyro_moment *moment, const struct pyro_python *python,
				   const struct pyro_map *tids,
				   const struct pyro_greenlets_view *view)
{
	static const enum pyro_moment_task_state states[] = {
		[PYRO_GREENLET_RUNNING] = PYRO_MOMENT_TASK_RUNNING,
		[PYRO_GREENLET_SUSPENDED] = PYRO_MOMENT_TASK_WAITING,
		[PYRO_GREENLET_NOT_STARTED] = PYRO_MOMENT_TASK_READY,
	};
	struct pyro_moment_tasks *greenlets = &moment->greenlets;
	enum pyro_rc rc = reserve(moment, greenlets, view->count, 0);

	for (size_t i = 0; i < view->count && !rc; i++) {
		const struct pyro_greenlet *from = &view->greenlets[i];
		struct pyro_moment_task *to = &greenlets->tasks[i];

		*to = (struct pyro_moment_task){
			.name = pyro_moment_text(moment, from->type),
			.tid = tid_of(tids, from->thread),
			.interpreter = from->interp_id,
			.state = states[from->state],
			.wait = "",
			.wait_text = "",
			.type = "",
			.object = address_text(moment, from->addr),
			.partial = from->partial,
			.moving = from->moving,
		};
		rc = pyro_moment_add_stack(moment, python, view->frames + from->first_frame,
					   from->frame_count, &to->stack);
	}
	if (rc)
		return rc;
	greenlets->count = view->count;
	greenlets->unread = view->unread;
	greenlets->incomplete = view->truncated || view->torn;
	return PYRO_RC_OK;
}

static enum pyro_rc take_greenlets(struct pyro_moment *moment, struct pyro_python *python,
				   const struct pyro_map *tids)
{
	struct pyro_greenlets_view view;
	struct pyro_greenlets *greenlets = NULL;
	struct pyro_err err = {0};
	enum pyro_rc rc = pyro_greenlets_create(python, &greenlets, &err);

	if (!rc)
		rc = pyro_greenlets_read(greenlets, &view, &err);
	rc = rc ? say(moment, &moment->greenlets, rc, &err)
		: keep_greenlets(moment, python, tids, &view);
	pyro_greenlets_destroy(greenlets);
	return rc;
}

enum pyro_rc pyro_moment_take_async(struct pyro_moment *moment, struct pyro_reader *reader,
				    struct pyro_python *python, const struct pyro_map *tids,
				    struct pyro_err *err)
{
	enum pyro_rc rc = take_tasks(moment, reader, python, tids);

	if (!rc)
		rc = take_greenlets(moment, python, tids);
	moment->async = true;
	if (rc == PYRO_RC_GONE)
		return pyro_err_set(err, rc, "process %d has ended", moment->pid);
	return rc ? pyro_err_set(err, rc, "cannot read the tasks of process %d", moment->pid)
		  : PYRO_RC_OK;
}
