/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cpython/task_reader.h"

#define DEPTH 3 /* frames from the leaf that tell what is waited for */

/* Functions of the standard library that wait, and for what. Those of one name in one file are told
 * apart by the type of self. */
static const struct {
	const char *file, *name, *self;
	enum pyro_task_wait wait;
} waits[] = {
	{"asyncio/tasks.py", "sleep", NULL, PYRO_TASK_WAIT_SLEEP},
	{"asyncio/tasks.py", "_wait", NULL, PYRO_TASK_WAIT_TASKS},
	{"asyncio/tasks.py", "_wait_for_one", NULL, PYRO_TASK_WAIT_TASKS},
	{"asyncio/tasks.py", "wait_for", NULL, PYRO_TASK_WAIT_TASK}, /* to 3.11 */
	{"asyncio/taskgroups.py", "__aexit__", NULL, PYRO_TASK_WAIT_TASKS},
	{"asyncio/taskgroups.py", "_aexit", NULL, PYRO_TASK_WAIT_TASKS},
	{"asyncio/locks.py", "acquire", "Lock", PYRO_TASK_WAIT_LOCK},
	{"asyncio/locks.py", "acquire", "Semaphore", PYRO_TASK_WAIT_SEMAPHORE},
	{"asyncio/locks.py", "acquire", "BoundedSemaphore", PYRO_TASK_WAIT_SEMAPHORE},
	{"asyncio/locks.py", "wait", "Event", PYRO_TASK_WAIT_EVENT},
	{"asyncio/locks.py", "wait", "Condition", PYRO_TASK_WAIT_CONDITION},
	{"asyncio/locks.py", "_wait", "Barrier", PYRO_TASK_WAIT_BARRIER},
	{"asyncio/locks.py", "_block", "Barrier", PYRO_TASK_WAIT_BARRIER},
	{"asyncio/queues.py", "get", NULL, PYRO_TASK_WAIT_QUEUE},
	{"asyncio/queues.py", "put", NULL, PYRO_TASK_WAIT_QUEUE},
	{"asyncio/queues.py", "join", NULL, PYRO_TASK_WAIT_QUEUE},
	{"asyncio/streams.py", "_wait_for_data", NULL, PYRO_TASK_WAIT_STREAM},
	{"asyncio/streams.py", "_drain_helper", NULL, PYRO_TASK_WAIT_STREAM},
	{"asyncio/streams.py", "wait_closed", NULL, PYRO_TASK_WAIT_STREAM},
	{"asyncio/selector_events.py", "sock_recv", NULL, PYRO_TASK_WAIT_SOCKET},
	{"asyncio/selector_events.py", "sock_recv_into", NULL, PYRO_TASK_WAIT_SOCKET},
	{"asyncio/selector_events.py", "sock_recvfrom", NULL, PYRO_TASK_WAIT_SOCKET},
	{"asyncio/selector_events.py", "sock_sendall", NULL, PYRO_TASK_WAIT_SOCKET},
	{"asyncio/selector_events.py", "sock_connect", NULL, PYRO_TASK_WAIT_SOCKET},
	{"asyncio/selector_events.py", "sock_accept", NULL, PYRO_TASK_WAIT_SOCKET},
	{"asyncio/base_events.py", "serve_forever", NULL, PYRO_TASK_WAIT_SERVER},
	{"asyncio/base_events.py", "getaddrinfo", NULL, PYRO_TASK_WAIT_THREAD},
	{"asyncio/threads.py", "to_thread", NULL, PYRO_TASK_WAIT_THREAD},
	{"asyncio/base_subprocess.py", "_wait", NULL, PYRO_TASK_WAIT_PROCESS},
};

static const struct {
	const char *name, *text;
} words[] = {
#define WORDS(name, word, text) {word, text},
	PYRO_TASK_WAITS(WORDS)
#undef WORDS
};

const char *pyro_task_wait_name(enum pyro_task_wait wait)
{
	return wait < PYRO_COUNT(words) ? words[wait].name : "";
}

const char *pyro_task_wait_text(enum pyro_task_wait wait)
{
	return wait < PYRO_COUNT(words) ? words[wait].text : "";
}

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

/* What the kind of an object says that is waited for as such. */
static enum pyro_task_wait wait_of(enum pyro_kind kind)
{
	switch (kind) {
	case PYRO_KIND_TASK:
		return PYRO_TASK_WAIT_TASK;
	case PYRO_KIND_GATHER:
		return PYRO_TASK_WAIT_TASKS;
	case PYRO_KIND_FUTURE:
		return PYRO_TASK_WAIT_FUTURE;
	default:
		return PYRO_TASK_WAIT_OBJECT;
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
	tasks->tasks[at].wait = wait_of(type->kind);
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
				task->wait = waits[w].wait;
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
				task->wait = waits[w].wait;
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

		task->wait = PYRO_TASK_WAIT_NOTHING;
		inside->type = PYRO_TASK_NONE;
		if (task->state != PYRO_TASK_WAITING)
			continue;
		task->wait = PYRO_TASK_WAIT_OBJECT;
		rc = set_object(tasks, i, object);
		if (rc == PYRO_RC_OK)
			rc = tell_by_frames(tasks, i);
	}
	return rc;
}
