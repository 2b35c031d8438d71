/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "messages.h"
#include "sample/sampler.h"

void messages_init(struct messages *messages, size_t size)
{
	memset(messages, 0, sizeof(*messages));
	messages->processes = calloc(MESSAGES_PROCESSES, sizeof(*messages->processes));
	assert_non_null(messages->processes);
	assert_int_equal(pyro_queue_create(size, &messages->queue), PYRO_RC_OK);
}

void messages_deinit(struct messages *messages)
{
	for (size_t i = 0; i < MESSAGES_PROCESSES; i++) {
		for (size_t j = 0; j < MESSAGES_CODES; j++)
			free(messages->processes[i].codes[j]);
	}
	free(messages->processes);
	pyro_queue_destroy(messages->queue);
}

static struct messages_process *process_of(struct messages *messages,
					   const struct pyro_message *message)
{
	struct messages_process *process;

	assert_in_range(message->process, 0, MESSAGES_PROCESSES - 1);
	process = &messages->processes[message->process];
	if (!process->known || process->ended)
		fail_msg("a message of kind %u for process %u (pid %d), which %s", message->kind,
			 message->process, process->pid, process->known ? "ended" : "is unknown");
	return process;
}

static struct messages_thread *thread_of(struct messages *messages,
					 const struct pyro_message *message, uint32_t number)
{
	struct messages_thread *thread;

	process_of(messages, message);
	assert_in_range(number, 0, MESSAGES_THREADS - 1);
	thread = &messages->threads[number];
	assert_true(thread->known);
	assert_false(thread->ended);
	assert_int_equal(thread->process, message->process);
	return thread;
}

static void take_process(struct messages *messages, const struct pyro_message *message, size_t size)
{
	struct messages_process *process;
	size_t command = size - sizeof(*message);

	assert_in_range(message->process, 0, MESSAGES_PROCESSES - 1);
	process = &messages->processes[message->process];
	assert_false(process->known);
	process->known = true;
	process->pid = message->u.process_info.pid;
	process->parent = message->u.process_info.parent;
	process->start_ns = message->u.process_info.at_ns;
	if (command > sizeof(process->command) - 1)
		command = sizeof(process->command) - 1;
	memcpy(process->command, message + 1, command);
	snprintf(process->version, sizeof(process->version), "%s",
		 message->u.process_info.version_text);
	messages->process_count++;
}

static void take_process_end(struct messages *messages, const struct pyro_message *message)
{
	struct messages_process *process = process_of(messages, message);

	process->ended = true;
	process->end_ns = message->u.process_info.at_ns;
	assert_non_null(message->u.process_info.owner);
	pyro_sampler_release(message->u.process_info.owner);
}

static void take_thread(struct messages *messages, const struct pyro_message *message)
{
	const uint32_t number = message->u.thread.thread;

	process_of(messages, message);
	/* Numbers are given in order, over all processes. */
	assert_int_equal(number, messages->thread_count);
	assert_in_range(number, 0, MESSAGES_THREADS - 1);
	messages->threads[number] = (struct messages_thread){
		.known = true,
		.process = message->process,
		.tid = message->u.thread.tid,
		.main = message->u.thread.main,
		.start_ns = message->u.thread.at_ns,
	};
	messages->thread_count++;
}

static void take_thread_end(struct messages *messages, const struct pyro_message *message)
{
	struct messages_thread *thread = thread_of(messages, message, message->u.thread.thread);

	assert_int_equal(message->u.thread.tid, thread->tid);
	thread->ended = true;
	thread->end_ns = message->u.thread.at_ns;
	thread->run_ns = message->u.thread.run_ns;
}

static void take_code(struct messages *messages, const struct pyro_message *message)
{
	struct messages_process *process = process_of(messages, message);

	assert_in_range(message->u.code.code, 0, MESSAGES_CODES - 1);
	assert_null(process->codes[message->u.code.code]);
	assert_non_null(message->u.code.file);
	process->codes[message->u.code.code] = strdup(message->u.code.qualname);
}

static void take_stack(struct messages *messages, const struct pyro_message *message, size_t size)
{
	const struct pyro_message_frame *frames = (const struct pyro_message_frame *)(message + 1);
	struct messages_process *process = process_of(messages, message);
	struct messages_stack *stack;

	assert_in_range(message->u.stack.stack, 0, MESSAGES_STACKS - 1);
	stack = &process->stacks[message->u.stack.stack];
	assert_false(stack->known);
	stack->known = true;
	assert_true(message->u.stack.count > 0);
	assert_int_equal(size, sizeof(*message) + message->u.stack.count * sizeof(*frames));
	for (uint32_t i = 0; i < message->u.stack.count; i++) {
		assert_in_range(frames[i].code, 0, MESSAGES_CODES - 1);
		assert_non_null(process->codes[frames[i].code]);
		if (i < MESSAGES_DEPTH)
			stack->frames[stack->count++] = frames[i];
	}
}

static void take_object(struct messages *messages, const struct pyro_message *message, size_t size)
{
	struct messages_process *process = process_of(messages, message);
	struct messages_object *object;

	assert_in_range(message->u.object.object, 0, MESSAGES_OBJECTS - 1);
	object = &process->objects[message->u.object.object];
	assert_false(object->known);
	assert_in_range(message->u.object.reason, PYRO_SAMPLE_WAITS_GIL, PYRO_SAMPLE_REASONS - 1);
	*object = (struct messages_object){
		.known = true,
		.reason = message->u.object.reason,
		.thread = message->u.object.thread,
		.stack = message->u.object.stack,
	};
	snprintf(object->kind, sizeof(object->kind), "%s", message->u.object.kind);
	snprintf(object->name, sizeof(object->name), "%.*s", (int)(size - sizeof(*message)),
		 (const char *)(message + 1));
	if (object->thread != UINT32_MAX)
		thread_of(messages, message, object->thread);
	if (object->stack != UINT32_MAX)
		assert_true(process->stacks[object->stack].known);
}

static void check_reason(const struct messages_process *process, const struct pyro_message *message)
{
	const uint8_t reason = message->u.sample.reason;

	assert_in_range(reason, 0, PYRO_SAMPLE_REASONS - 1);
	assert_int_equal(message->u.sample.on_cpu, reason == PYRO_SAMPLE_RUNS);
	if (message->u.sample.object == PYRO_NO_OBJECT)
		return;
	assert_in_range(message->u.sample.object, 0, MESSAGES_OBJECTS - 1);
	assert_true(process->objects[message->u.sample.object].known);
	assert_int_equal(process->objects[message->u.sample.object].reason, reason);
}

static void take_sample(struct messages *messages, const struct pyro_message *message)
{
	struct messages_process *process = process_of(messages, message);
	struct messages_thread *thread = thread_of(messages, message, message->u.sample.thread);

	assert_in_range(message->u.sample.proof, 0, PYRO_SAMPLE_PROOFS - 1);
	assert_true(message->u.sample.cpu_ns <= message->u.sample.wall_ns);
	check_reason(process, message);
	thread->reasons[message->u.sample.reason] += message->u.sample.looks;
	messages->looks[message->u.sample.proof] += message->u.sample.looks;
	thread->looks += message->u.sample.looks;
	thread->wall_ns += message->u.sample.wall_ns;
	thread->cpu_ns += message->u.sample.cpu_ns;
	if (message->u.sample.stack == UINT32_MAX)
		return;
	assert_in_range(message->u.sample.stack, 0, MESSAGES_STACKS - 1);
	assert_true(process->stacks[message->u.sample.stack].known);
	process->stacks[message->u.sample.stack].wall_ns += message->u.sample.wall_ns;
	process->stacks[message->u.sample.stack].cpu_ns += message->u.sample.cpu_ns;
}

static void take_task(struct messages *messages, const struct pyro_message *message, size_t size)
{
	struct messages_process *process = process_of(messages, message);
	struct messages_task *task;

	assert_in_range(message->u.task.task, 0, MESSAGES_TASKS - 1);
	task = &process->tasks[message->u.task.task];
	assert_false(task->known);
	task->known = true;
	task->code = message->u.task.code;
	assert_non_null(process->codes[task->code]);
	if (message->u.task.thread != UINT32_MAX)
		assert_true(messages->threads[message->u.task.thread].known);
	snprintf(task->name, sizeof(task->name), "%.*s", (int)(size - sizeof(*message)),
		 (const char *)(message + 1));
}

static void take_task_time(struct messages *messages, const struct pyro_message *message)
{
	struct messages_process *process = process_of(messages, message);
	struct messages_task *task;

	assert_in_range(message->u.task_time.task, 0, MESSAGES_TASKS - 1);
	task = &process->tasks[message->u.task_time.task];
	assert_true(task->known);
	assert_true(process->stacks[message->u.task_time.stack].known);
	task->began += message->u.task_time.began;
	if (message->u.task_time.ran) {
		task->ran_ns += message->u.task_time.wall_ns;
		if (message->u.task_time.prefix != UINT32_MAX) {
			assert_true(process->stacks[message->u.task_time.prefix].known);
			task->joined_ns += message->u.task_time.wall_ns;
		}
		return;
	}
	task->suspended_ns += message->u.task_time.wall_ns;
	task->stack = message->u.task_time.stack;
	task->wait = message->u.task_time.wait;
}

static void take_task_now(struct messages *messages, const struct pyro_message *message,
			  size_t size)
{
	struct messages_process *process = process_of(messages, message);
	struct messages_alive *alive;

	assert_in_range(message->u.task_now.number, 0, MESSAGES_ALIVE - 1);
	alive = &process->alive[message->u.task_now.number];
	assert_int_equal(alive->lives, message->u.task_now.known);
	assert_in_range(message->u.task_now.task, 0, MESSAGES_TASKS - 1);
	assert_true(process->tasks[message->u.task_now.task].known);
	if (message->u.task_now.stack != UINT32_MAX)
		assert_true(process->stacks[message->u.task_now.stack].known);
	assert_true(message->u.task_now.began_ns <= message->u.task_now.since_ns);
	assert_true(message->u.task_now.since_ns <= message->u.task_now.seen_ns);
	if (!alive->lives)
		*alive = (struct messages_alive){.lives = true};
	if (!message->u.task_now.known)
		snprintf(alive->name, sizeof(alive->name), "%.*s", (int)(size - sizeof(*message)),
			 (const char *)(message + 1));
	alive->task = message->u.task_now.task;
	alive->stack = message->u.task_now.stack;
	alive->state = message->u.task_now.state;
	alive->wait = message->u.task_now.wait;
	alive->before = message->u.task_now.before;
	alive->began_ns = message->u.task_now.began_ns;
	alive->since_ns = message->u.task_now.since_ns;
	alive->seen_ns = message->u.task_now.seen_ns;
	assert_true(message->u.task_now.cpu_ns >= alive->cpu_ns);
	assert_true(message->u.task_now.ready_ns >= alive->ready_ns);
	alive->cpu_ns = message->u.task_now.cpu_ns;
	alive->ready_ns = message->u.task_now.ready_ns;
	alive->told++;
}

static void take_task_gone(struct messages *messages, const struct pyro_message *message)
{
	struct messages_process *process = process_of(messages, message);

	assert_in_range(message->u.task_now.number, 0, MESSAGES_ALIVE - 1);
	assert_true(process->alive[message->u.task_now.number].lives);
	process->alive[message->u.task_now.number].lives = false;
	process->gone++;
}

static void take_tasks_at(struct messages *messages, const struct pyro_message *message)
{
	struct messages_process *process = process_of(messages, message);

	assert_true(message->u.tasks_at.at_ns >= process->tasks_at_ns);
	assert_true(message->u.tasks_at.sure_ns <= message->u.tasks_at.at_ns);
	process->tasks_at_ns = message->u.tasks_at.at_ns;
	process->tasks_sure_ns = message->u.tasks_at.sure_ns;
	process->tasks_unseen = message->u.tasks_at.unseen;
}

const struct messages_alive *messages_alive(const struct messages *messages, uint32_t process,
					    const char *name)
{
	const struct messages_process *of = &messages->processes[process];

	for (size_t i = 0; i < MESSAGES_ALIVE; i++) {
		if (of->alive[i].lives && strcmp(of->alive[i].name, name) == 0)
			return &of->alive[i];
	}
	fail_msg("no task %s lives", name);
	return NULL;
}

const struct messages_task *messages_task(const struct messages *messages, uint32_t process,
					  const char *name, const char *code)
{
	const struct messages_process *of = &messages->processes[process];

	for (size_t i = 0; i < MESSAGES_TASKS; i++) {
		const struct messages_task *task = &of->tasks[i];

		if (task->known && strcmp(task->name, name) == 0 &&
		    strcmp(of->codes[task->code], code) == 0)
			return task;
	}
	fail_msg("no task %s of %s", name, code);
	return NULL;
}

void messages_drain(struct messages *messages)
{
	const struct pyro_message *message;
	size_t size;

	while ((message = pyro_queue_peek(messages->queue, &size))) {
		assert_true(size >= sizeof(*message));
		switch (message->kind) {
		case PYRO_MESSAGE_PROCESS:
			take_process(messages, message, size);
			break;
		case PYRO_MESSAGE_PROCESS_END:
			take_process_end(messages, message);
			break;
		case PYRO_MESSAGE_THREAD:
			take_thread(messages, message);
			break;
		case PYRO_MESSAGE_THREAD_NAME:
			snprintf(thread_of(messages, message, message->u.thread.thread)->name, 64,
				 "%.*s", (int)(size - sizeof(*message)),
				 (const char *)(message + 1));
			break;
		case PYRO_MESSAGE_THREAD_END:
			take_thread_end(messages, message);
			break;
		case PYRO_MESSAGE_CODE:
			take_code(messages, message);
			break;
		case PYRO_MESSAGE_STACK:
			take_stack(messages, message, size);
			break;
		case PYRO_MESSAGE_OBJECT:
			take_object(messages, message, size);
			break;
		case PYRO_MESSAGE_SAMPLE:
			take_sample(messages, message);
			break;
		case PYRO_MESSAGE_TASK:
			take_task(messages, message, size);
			break;
		case PYRO_MESSAGE_TASK_TIME:
			take_task_time(messages, message);
			break;
		case PYRO_MESSAGE_TASK_NOW:
			take_task_now(messages, message, size);
			break;
		case PYRO_MESSAGE_TASK_GONE:
			take_task_gone(messages, message);
			break;
		case PYRO_MESSAGE_TASKS_AT:
			take_tasks_at(messages, message);
			break;
		default:
			fail_msg("a message of kind %u", message->kind);
		}
		messages->taken++;
		pyro_queue_drop(messages->queue);
	}
}

bool messages_has_process(const struct messages *messages, int pid)
{
	for (uint32_t i = 0; i < MESSAGES_PROCESSES; i++) {
		if (messages->processes[i].known && messages->processes[i].pid == pid)
			return true;
	}
	return false;
}

uint32_t messages_process(const struct messages *messages, int pid)
{
	for (uint32_t i = 0; i < MESSAGES_PROCESSES; i++) {
		if (messages->processes[i].known && messages->processes[i].pid == pid)
			return i;
	}
	fail_msg("no process %d", pid);
	return 0;
}

struct messages_thread *messages_main_thread(struct messages *messages, uint32_t process)
{
	for (size_t i = 0; i < messages->thread_count; i++) {
		if (messages->threads[i].process == process && messages->threads[i].main)
			return &messages->threads[i];
	}
	fail_msg("process %u has no main thread", process);
	return NULL;
}

static bool has(const struct messages_process *process, const struct messages_stack *stack,
		const char *name)
{
	for (uint32_t i = 0; i < stack->count; i++) {
		if (strcmp(process->codes[stack->frames[i].code], name) == 0)
			return true;
	}
	return false;
}

uint64_t messages_wall(const struct messages *messages, uint32_t number, const char *name)
{
	const struct messages_process *process = &messages->processes[number];
	uint64_t sum = 0;

	for (size_t i = 0; i < MESSAGES_STACKS; i++)
		sum += has(process, &process->stacks[i], name) ? process->stacks[i].wall_ns : 0;
	return sum;
}

uint64_t messages_cpu(const struct messages *messages, uint32_t number, const char *name)
{
	const struct messages_process *process = &messages->processes[number];
	uint64_t sum = 0;

	for (size_t i = 0; i < MESSAGES_STACKS; i++)
		sum += has(process, &process->stacks[i], name) ? process->stacks[i].cpu_ns : 0;
	return sum;
}
