/* SPDX-License-Identifier: Apache-2.0 */
/* What every thread of a process does at one moment, for programs. */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "report/moment.h"
#include "report/moment_locals.h"

/* As in report/json.c: a member that goes, or means something else, changes it. */
#define JSON_VERSION 1

/* @locals of the first @count frames. */
static void add_frames(const struct pyro_profile *profile, uint32_t stack,
		       const struct pyro_moment_frame *locals, size_t count, struct pyro_buf *buf)
{
	const struct pyro_stack *node = pyro_profile_stack_get(profile, stack);
	size_t at = 0;

	pyro_json_open(buf, "frames", '[');
	for (; node; node = pyro_profile_stack_get(profile, node->parent)) {
		const struct pyro_frame *frame = pyro_profile_frame_get(profile, node->frame);
		const struct pyro_function *function =
			pyro_profile_function_get(profile, frame->function);

		pyro_json_open(buf, NULL, '{');
		pyro_json_text(buf, "name", pyro_profile_string_get(profile, function->name, NULL));
		pyro_json_text(buf, "file", pyro_profile_string_get(profile, function->file, NULL));
		pyro_json_signed(buf, "line", frame->line);
		pyro_json_signed(buf, "first_line", function->first_line);
		pyro_json_bool(buf, "native", function->kind != PYRO_FUNCTION_PYTHON);
		pyro_json_bool(buf, "kernel", function->kind == PYRO_FUNCTION_KERNEL);
		if (at < count && function->kind == PYRO_FUNCTION_PYTHON)
			pyro_moment_locals_json(&locals[at++], buf);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
}

static void add_wait(const struct pyro_moment_thread *thread, struct pyro_buf *buf)
{
	pyro_json_text(buf, "state", thread->runs ? "running" : "waiting");
	pyro_json_text(buf, "waits_for", thread->runs ? NULL : thread->wait);
	pyro_json_text(buf, "object", *thread->object ? thread->object : NULL);
	if (thread->wait_ns)
		pyro_json_number(buf, "waited_ns", thread->wait_ns);
	else
		pyro_json_text(buf, "waited_ns", NULL);
}

static void add_thread(const struct pyro_profile *profile, const struct pyro_moment_thread *thread,
		       struct pyro_buf *buf)
{
	pyro_json_line(buf);
	pyro_json_open(buf, NULL, '{');
	pyro_json_signed(buf, "tid", thread->tid);
	pyro_json_text(buf, "name", thread->name);
	pyro_json_bool(buf, "main", thread->main);
	pyro_json_bool(buf, "python", thread->python);
	pyro_json_number(buf, "interpreter", thread->interpreter);
	add_wait(thread, buf);
	pyro_json_bool(buf, "holds_gil", thread->holds_gil);
	pyro_json_bool(buf, "killed", thread->killed);
	pyro_json_bool(buf, "read", !thread->unread);
	pyro_json_bool(buf, "proved", thread->proved);
	pyro_json_bool(buf, "truncated", thread->truncated);
	pyro_json_bool(buf, "partial", thread->partial);
	add_frames(profile, thread->stack, thread->frames, thread->frame_count, buf);
	pyro_json_close(buf, '}');
}

static void add_task(const struct pyro_profile *profile, const struct pyro_moment_tasks *tasks,
		     size_t at, struct pyro_buf *buf)
{
	static const char *const states[] = {
		[PYRO_MOMENT_TASK_RUNNING] = "running",
		[PYRO_MOMENT_TASK_READY] = "ready",
		[PYRO_MOMENT_TASK_WAITING] = "waiting",
	};
	const struct pyro_moment_task *task = &tasks->tasks[at];

	pyro_json_line(buf);
	pyro_json_open(buf, NULL, '{');
	pyro_json_number(buf, "id", at);
	pyro_json_text(buf, "name", task->name);
	if (task->tid)
		pyro_json_signed(buf, "tid", task->tid);
	else
		pyro_json_text(buf, "tid", NULL);
	pyro_json_number(buf, "interpreter", task->interpreter);
	pyro_json_text(buf, "state", states[task->state]);
	pyro_json_text(buf, "waits_for", *task->wait ? task->wait : NULL);
	pyro_json_text(buf, "type", *task->type ? task->type : NULL);
	pyro_json_text(buf, "object", *task->object ? task->object : NULL);
	pyro_json_open(buf, "awaits", '[');
	for (uint32_t i = 0; i < task->awaited_count; i++)
		pyro_json_number(buf, NULL, tasks->awaited[task->first_awaited + i]);
	pyro_json_close(buf, ']');
	pyro_json_bool(buf, "proved", !task->moving);
	pyro_json_bool(buf, "partial", task->partial);
	add_frames(profile, task->stack, NULL, 0, buf);
	pyro_json_close(buf, '}');
}

static void add_tasks(const struct pyro_profile *profile, const char *name,
		      const struct pyro_moment_tasks *tasks, struct pyro_buf *buf)
{
	pyro_json_open(buf, name, '{');
	pyro_json_number(buf, "unread", tasks->unread);
	pyro_json_bool(buf, "complete", !tasks->incomplete && !tasks->unread && !*tasks->error);
	pyro_json_text(buf, "error", *tasks->error ? tasks->error : NULL);
	pyro_json_open(buf, "list", '[');
	for (size_t i = 0; i < tasks->count; i++)
		add_task(profile, tasks, i, buf);
	pyro_json_close(buf, ']');
	pyro_json_close(buf, '}');
}

/* Numbers of 64 bits are more than every reader can hold. */
static void add_address(struct pyro_buf *buf, const char *name, bool known, uint64_t addr)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, addr);
	pyro_json_text(buf, name, known ? text : NULL);
}

enum pyro_rc pyro_report_moment_json(const struct pyro_moment *moment, struct pyro_buf *buf)
{
	pyro_json_open(buf, NULL, '{');
	pyro_json_number(buf, "version", JSON_VERSION);
	pyro_json_text(buf, "profiler", "pyrometer " PYRO_VERSION);
	pyro_json_signed(buf, "pid", moment->pid);
	pyro_json_text(buf, "command", moment->command);
	pyro_json_text(buf, "python", moment->version);
	pyro_json_bool(buf, "free_threaded", moment->free_threaded);
	if (*moment->core)
		pyro_json_text(buf, "up_ns", NULL);
	else
		pyro_json_number(buf, "up_ns", moment->up_ns);
	pyro_json_number(buf, "stopped_threads", moment->stops);
	pyro_json_number(buf, "stopped_ns", moment->stopped_ns);
	pyro_json_text(buf, "core", *moment->core ? moment->core : NULL);
	pyro_json_text(buf, "signal", *moment->signal ? moment->signal : NULL);
	pyro_json_text(buf, "cause", *moment->cause ? moment->cause : NULL);
	add_address(buf, "fault_address", moment->has_fault, moment->fault);
	add_address(buf, "pc", moment->pc, moment->pc);
	pyro_json_text(buf, "pc_file", *moment->pc_file ? moment->pc_file : NULL);
	pyro_json_number(buf, "lost_bytes", moment->lost);
	pyro_json_open(buf, "missing_files", '[');
	for (size_t i = 0; i < moment->file_count; i++) {
		pyro_json_open(buf, NULL, '{');
		pyro_json_text(buf, "path", moment->files[i].path);
		pyro_json_text(buf, "why", moment->files[i].why);
		pyro_json_close(buf, '}');
	}
	pyro_json_close(buf, ']');
	pyro_json_bool(buf, "collecting", moment->collecting);
	pyro_json_bool(buf, "finalizing", moment->finalizing);
	pyro_json_open(buf, "threads", '[');
	for (size_t i = 0; i < moment->thread_count; i++)
		add_thread(moment->profile, &moment->threads[i], buf);
	pyro_json_close(buf, ']');
	if (moment->async) {
		add_tasks(moment->profile, "tasks", &moment->tasks, buf);
		add_tasks(moment->profile, "greenlets", &moment->greenlets, buf);
	}
	pyro_json_close(buf, '}');
	pyro_buf_add_char(buf, '\n');
	return pyro_buf_status(buf);
}
