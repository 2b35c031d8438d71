/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cpython/task_reader.h"

#define DEPTH 3 /* frames from the leaf that tell what is waited for */

/* Functions of the standard library that wait, and for what. Those of one name in one file are told
 * apart by the type of self. */
static const struct {
	const char *file, *name, *self, *word;
} waits[] = {
	{"asyncio/tasks.py", "sleep", NULL, "sleep"},
	{"asyncio/tasks.py", "_wait", NULL, "tasks"},
	{"asyncio/tasks.py", "_wait_for_one", NULL, "tasks"},
	{"asyncio/tasks.py", "wait_for", NULL, "task"}, /* to 3.11 */
	{"asyncio/taskgroups.py", "__aexit__", NULL, "tasks"},
	{"asyncio/taskgroups.py", "_aexit", NULL, "tasks"},
	{"asyncio/locks.py", "acquire", "Lock", "lock"},
	{"asyncio/locks.py", "acquire", "Semaphore", "semaphore"},
	{"asyncio/locks.py", "acquire", "BoundedSemaphore", "semaphore"},
	{"asyncio/locks.py", "wait", "Event", "event"},
	{"asyncio/locks.py", "wait", "Condition", "condition"},
	{"asyncio/locks.py", "_wait", "Barrier", "barrier"},
	{"asyncio/locks.py", "_block", "Barrier", "barrier"},
	{"asyncio/queues.py", "get", NULL, "queue"},
	{"asyncio/queues.py", "put", NULL, "queue"},
	{"asyncio/queues.py", "join", NULL, "queue"},
	{"asyncio/streams.py", "_wait_for_data", NULL, "stream"},
	{"asyncio/streams.py", "_drain_helper", NULL, "stream"},
	{"asyncio/streams.py", "wait_closed", NULL, "stream"},
	{"asyncio/selector_events.py", "sock_recv", NULL, "socket"},
	{"asyncio/selector_events.py", "sock_recv_into", NULL, "socket"},
	{"asyncio/selector_events.py", "sock_recvfrom", NULL, "socket"},
	{"asyncio/selector_events.py", "sock_sendall", NULL, "socket"},
	{"asyncio/selector_events.py", "sock_connect", NULL, "socket"},
	{"asyncio/selector_events.py", "sock_accept", NULL, "socket"},
	{"asyncio/base_events.py", "serve_forever", NULL, "server"},
	{"asyncio/base_events.py", "getaddrinfo", NULL, "thread"},
	{"asyncio/threads.py", "to_thread", NULL, "thread"},
	{"asyncio/base_subprocess.py", "_wait", NULL, "process"},
};

static bool ends_with(const char *text, const char *end)
{
	const size_t size = strlen(text), tail = strlen(end);

	return size > tail && text[size - tail - 1] == '/' && strcmp(text + size - tail, end) == 0;
}

bool pyro_tasks_frame_is(const struct pyro_tasks *tasks, const struct pyro_task *task, uint32_t at,
			 const char *file, const char *name)
{
	const struct pyro_code *code;

	if (at >= task->frame_count)
		return false;
	code = pyro_python_code(tasks->python, tasks->frames.frames[task->first_frame + at].code);
	return code && strcmp(code->name, name) == 0 && ends_with(code->file, file);
}

/* What a type's name says, of a object that is waited for as such. */
static const char *word_of(enum pyro_kind kind)
{
	switch (kind) {
	case PYRO_KIND_TASK:
		return "task";
	case PYRO_KIND_GATHER:
		return "tasks";
	case PYRO_KIND_FUTURE:
		return "future";
	default:
		return "object";
	}
}

/* Sets what @object is, if that can be told. */
static enum pyro_rc set_object(struct pyro_tasks *tasks, size_t at, uint64_t object)
{
	const struct pyro_type *type;
	enum pyro_rc rc = pyro_objects_type(&tasks->objects, object, &type);

	if (rc != PYRO_RC_OK)
		return rc == PYRO_RC_FAULT || rc == PYRO_RC_LIMIT ? PYRO_RC_OK : rc;
	tasks->tasks[at].wait_object = object;
	tasks->tasks[at].wait = word_of(type->kind);
	tasks->insides[at].type = type->name;
	return PYRO_RC_OK;
}

/* By what the frames near the leaf are. */
static enum pyro_rc tell_by_frames(struct pyro_tasks *tasks, size_t at)
{
	struct pyro_task *task = &tasks->tasks[at];
	uint64_t self;
	enum pyro_rc rc;

	for (uint32_t i = 0; i < DEPTH; i++) {
		for (size_t w = 0; w < PYRO_COUNT(waits); w++) {
			if (!pyro_tasks_frame_is(tasks, task, i, waits[w].file, waits[w].name))
				continue;
			if (!waits[w].self) {
				task->wait = waits[w].word;
				return PYRO_RC_OK;
			}
			rc = pyro_place_local(&tasks->objects,
					      tasks->frames.places[task->first_frame + i].frame,
					      &self);
			if (rc == PYRO_RC_OK && self != 0)
				rc = set_object(tasks, at, self);
			if (rc != PYRO_RC_OK)
				return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
			if (strcmp(pyro_objects_text(&tasks->objects, tasks->insides[at].type),
				   waits[w].self) == 0) {
				task->wait = waits[w].word;
				return PYRO_RC_OK;
			}
		}
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_tasks_tell_waits(struct pyro_tasks *tasks)
{
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; rc == PYRO_RC_OK && i < tasks->count; i++) {
		struct pyro_task *task = &tasks->tasks[i];
		struct pyro_task_inside *inside = &tasks->insides[i];
		const uint64_t object = inside->waiter ? inside->waiter : inside->target;

		task->wait = "";
		inside->type = PYRO_TASK_NONE;
		if (task->state != PYRO_TASK_WAITING)
			continue;
		task->wait = "object";
		rc = set_object(tasks, i, object);
		if (rc == PYRO_RC_OK)
			rc = tell_by_frames(tasks, i);
	}
	return rc;
}
