/* SPDX-License-Identifier: Apache-2.0 */
/* The tasks one by one, for those who watch them live: what each does now, and for how long. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "sample/async_parts.h"

/* Of longer names the beginning is kept, in bytes. */
#define MAX_NAME 256
/* Tasks that are looked through at a time for what has changed, and how much may wait in the queue
 * before that: samples are to find room. What is not told now is told next time. */
#define TELL_MOST 16384
#define TELL_FULL (1u << 20)
/* Where every task is that runs: it has not left its place as long as it does. */
#define ON_A_THREAD 1

/* At most so much of @name that no character is cut. */
static size_t name_size(const char *name)
{
	const size_t size = strnlen(name, MAX_NAME + 4); /* the last one is whole */
	size_t kept = 0, at = 0;

	while (at < size) {
		(void)pyro_utf8_decode(name, size, &at);
		if (at <= MAX_NAME)
			kept = at;
	}
	return kept;
}

void pyro_async_each_begin(struct pyro_async *async, struct pyro_async_task *task, const char *name)
{
	task->each = (struct pyro_async_each){
		.name = strndup(name, name_size(name)),
		.began_ns = task->seen_ns,
		.since_ns = task->seen_ns,
		.stack = PYRO_NO_STACK,
		.ran = PYRO_NO_STACK,
		.before = !async->all_seen,
	};
}

static uint8_t state_of(const struct pyro_task *from)
{
	switch (from->state) {
	case PYRO_TASK_RUNNING:
		return PYRO_SAMPLE_TASK_RUNS;
	case PYRO_TASK_READY:
		return PYRO_SAMPLE_TASK_READY;
	default:
		return PYRO_SAMPLE_TASK_WAITS;
	}
}

void pyro_async_each_found(struct pyro_async_task *task, const struct pyro_task *from,
			   uint64_t mark, uint64_t before_ns, uint64_t now_ns)
{
	struct pyro_async_each *each = &task->each;
	const bool runs = from->state == PYRO_TASK_RUNNING;
	/* One that woke and awaits the same again, does so by another future. */
	const uint64_t place = runs ? ON_A_THREAD : pyro_hash_pair(mark, from->wait_object);

	if (!each->name)
		return;
	if (place != each->place) {
		each->before = each->before && !each->place;
		each->place = place;
		/* Between two looks: in the middle, on the average. */
		each->since_ns = before_ns + (now_ns - before_ns) / 2;
		each->state = state_of(from);
		each->wait = (uint8_t)from->wait;
		each->changed = true;
	}
	/* Of one that runs, samples say where. */
	if (each->stack != (runs ? each->ran : task->now.stack)) {
		each->stack = runs ? each->ran : task->now.stack;
		each->changed = true;
	}
}

void pyro_async_each_ran(struct pyro_async_task *task, const struct pyro_async_sum *ran,
			 uint64_t at_ns)
{
	struct pyro_async_each *each = &task->each;
	const bool waited = ran->reason != PYRO_SAMPLE_RUNS && ran->reason != PYRO_SAMPLE_WAITS_CPU;

	if (!each->name)
		return;
	each->changed = true;
	each->cpu_ns += ran->cpu_ns;
	if (!waited)
		each->ready_ns += ran->wall_ns - ran->cpu_ns;
	each->ran = ran->stack;
	if (each->place == ON_A_THREAD) {
		each->state = waited ? PYRO_SAMPLE_TASK_BLOCKS : PYRO_SAMPLE_TASK_RUNS;
		each->stack = each->ran;
	} else if (each->since_ns < at_ns) {
		each->since_ns = at_ns;
		each->before = false;
	}
}

static bool tell(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint32_t number)
{
	const struct pyro_async_task *task = &probe->async->items[number];
	const struct pyro_async_each *each = &task->each;
	const bool gone = task->ended_ns;
	const struct pyro_message message = {
		.kind = gone ? PYRO_MESSAGE_TASK_GONE : PYRO_MESSAGE_TASK_NOW,
		.process = probe->number,
		.u.task_now =
			{
				.began_ns = each->began_ns,
				.since_ns = each->since_ns,
				.seen_ns = task->seen_ns,
				.cpu_ns = each->cpu_ns,
				.ready_ns = each->ready_ns,
				.number = number,
				.task = task->group,
				.stack = each->stack,
				.state = each->state,
				.wait = each->wait,
				.known = each->told,
				.before = each->before,
			},
	};

	/* Not counted as lost: it is told later. */
	return pyro_queue_put(shared->queue, &message, sizeof(message), each->name,
			      gone || each->told ? 0 : strlen(each->name));
}

/* Of when all that is. */
static void tell_when(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	const struct pyro_async *async = probe->async;
	struct pyro_message message = {
		.kind = PYRO_MESSAGE_TASKS_AT,
		.process = probe->number,
		.u.tasks_at = {.at_ns = async->look_ns,
			       .sure_ns = async->look_ns,
			       .unseen = async->unseen},
	};

	if (!async->look_ns)
		return;
	for (size_t i = 0; i < async->top; i++) {
		const struct pyro_async_task *task = &async->items[i];

		if (task->addr && !task->ended_ns && task->seen_ns < message.u.tasks_at.sure_ns)
			message.u.tasks_at.sure_ns = task->seen_ns;
	}
	(void)!pyro_queue_put(shared->queue, &message, sizeof(message), NULL, 0);
}

void pyro_async_each_tell(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_async *async = probe->async;

	for (size_t i = 0; i < async->top && i < TELL_MOST; i++) {
		const size_t number = async->tell_next < async->top ? async->tell_next : 0;
		struct pyro_async_task *task = &async->items[number];
		struct pyro_async_each *each = &task->each;

		if (each->name && (task->ended_ns ? each->told : each->changed)) {
			if (pyro_queue_used(shared->queue) > TELL_FULL ||
			    !tell(probe, shared, (uint32_t)number))
				return;
			each->told = !task->ended_ns;
			each->changed = false;
		}
		async->tell_next = number + 1;
	}
	tell_when(probe, shared);
}

bool pyro_async_each_end(struct pyro_async_task *task)
{
	if (task->each.told)
		return false;
	free(task->each.name);
	task->each.name = NULL;
	return true;
}
