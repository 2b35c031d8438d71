/* SPDX-License-Identifier: Apache-2.0 */
#include "record/intake_tasks.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cpython/tasks.h"

#define MAX_NUMBERS (1u << 22)

void pyro_intake_tasks_init(struct pyro_intake_tasks *tasks)
{
	pyro_map_init(&tasks->index, MAX_NUMBERS);
	pyro_map_init(&tasks->above, MAX_NUMBERS);
	pyro_map_init(&tasks->joined, MAX_NUMBERS);
}

void pyro_intake_tasks_deinit(struct pyro_intake_tasks *tasks)
{
	pyro_map_deinit(&tasks->index);
	pyro_map_deinit(&tasks->above);
	pyro_map_deinit(&tasks->joined);
}

void pyro_intake_tasks_own(struct pyro_intake_tasks *tasks, uint32_t stack, uint32_t above)
{
	/* Where there is no room, the event loop is shown as well. */
	(void)!pyro_map_put(&tasks->above, stack, above == PYRO_NONE ? 0 : (uint64_t)above + 1);
}

enum pyro_rc pyro_intake_tasks_add(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
				   uint32_t number, const struct pyro_task_group *group)
{
	uint32_t index;
	enum pyro_rc rc = pyro_profile_task(profile, group, &index);

	/* Its thread or coroutine was not told of, for want of room: nor is it. */
	if (rc == PYRO_RC_FORMAT)
		return PYRO_RC_OK;
	return rc ? rc : pyro_map_put(&tasks->index, number, index);
}

/* The part of @stack that is leafward of @above, put on top of @prefix. */
static enum pyro_rc join(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
			 uint32_t stack, uint32_t prefix, uint32_t *ret_joined)
{
	const uint64_t key = pyro_hash_pair(stack, prefix);
	uint32_t frames[PYRO_MAX_STACK_DEPTH];
	uint64_t above = 0, found;
	uint32_t joined = prefix;
	size_t count = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	if (pyro_map_get(&tasks->joined, key, &found)) {
		*ret_joined = (uint32_t)found;
		return PYRO_RC_OK;
	}
	(void)pyro_map_get(&tasks->above, stack, &above);
	for (uint32_t at = stack; at != PYRO_NONE && count < PYRO_COUNT(frames);) {
		const struct pyro_stack *row = pyro_profile_stack_get(profile, at);

		if (!row || (above && at == above - 1))
			break;
		frames[count++] = row->frame;
		at = row->parent;
	}
	while (rc == PYRO_RC_OK && count > 0)
		rc = pyro_profile_stack(profile, joined, frames[--count], &joined);
	if (rc == PYRO_RC_LIMIT && joined != PYRO_NONE)
		rc = PYRO_RC_OK; /* the leaf side of what is too deep is left out */
	*ret_joined = joined;
	if (rc == PYRO_RC_OK)
		rc = pyro_map_put(&tasks->joined, key, joined);
	return rc == PYRO_RC_LIMIT ? PYRO_RC_OK : rc; /* found out anew each time */
}

/* By enum pyro_sample_reason: what a wait for it counts to. */
static const enum pyro_metric waits[PYRO_SAMPLE_REASONS] = {
	[PYRO_SAMPLE_RUNS] = PYRO_METRIC_READY,
	[PYRO_SAMPLE_WAITS_CPU] = PYRO_METRIC_READY,
	[PYRO_SAMPLE_WAITS_GIL] = PYRO_METRIC_GIL_WAIT,
	[PYRO_SAMPLE_WAITS_LOCK] = PYRO_METRIC_WAIT_LOCK,
	[PYRO_SAMPLE_WAITS_IO] = PYRO_METRIC_WAIT_IO,
	[PYRO_SAMPLE_WAITS_NET] = PYRO_METRIC_WAIT_NET,
	[PYRO_SAMPLE_WAITS_SLEEP] = PYRO_METRIC_WAIT_SLEEP,
	[PYRO_SAMPLE_WAITS_OTHER] = PYRO_METRIC_WAIT_OTHER,
};

static const enum pyro_metric parts[] = {
	[PYRO_SAMPLE_IN_PYTHON] = PYRO_METRIC_CPU_PYTHON,
	[PYRO_SAMPLE_IN_NATIVE] = PYRO_METRIC_CPU_NATIVE,
	[PYRO_SAMPLE_IN_SYSTEM] = PYRO_METRIC_CPU_SYSTEM,
};

static void fill(struct pyro_task_total *total, const struct pyro_message *message)
{
	const uint64_t wall_ns = message->u.task_time.wall_ns;
	const uint64_t cpu_ns = message->u.task_time.cpu_ns;
	const uint8_t reason = message->u.task_time.reason < PYRO_SAMPLE_REASONS
				       ? message->u.task_time.reason
				       : PYRO_SAMPLE_WAITS_OTHER;
	const double looks = message->u.task_time.looks > 1 ? message->u.task_time.looks : 1;

	total->values[PYRO_METRIC_WALL] = wall_ns;
	total->values[PYRO_METRIC_CPU] = cpu_ns;
	total->values[PYRO_METRIC_SAMPLES] = message->u.task_time.looks;
	if (wall_ns > cpu_ns)
		total->values[waits[reason]] = wall_ns - cpu_ns;
	if (message->u.task_time.runs_in && message->u.task_time.runs_in < PYRO_COUNT(parts))
		total->values[parts[message->u.task_time.runs_in]] = cpu_ns;
	total->wall_squared = (double)wall_ns * (double)wall_ns / looks;
	total->cpu_squared = (double)cpu_ns * (double)cpu_ns / looks;
}

enum pyro_rc pyro_intake_tasks_time(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
				    const struct pyro_message *message, uint32_t stack,
				    uint32_t prefix)
{
	const char *wait = pyro_task_wait_text((enum pyro_task_wait)message->u.task_time.wait);
	struct pyro_task_total total = {.stack = stack};
	uint64_t task;
	enum pyro_rc rc = PYRO_RC_OK;

	if (stack == PYRO_NONE || !pyro_map_get(&tasks->index, message->u.task_time.task, &task))
		return PYRO_RC_OK;
	total.task = (uint32_t)task;
	pyro_profile_task_get(profile, total.task)->tasks += message->u.task_time.began;
	if (message->u.task_time.ran)
		rc = join(tasks, profile, stack, prefix, &total.stack);
	if (!rc)
		rc = pyro_profile_string(profile, wait, strlen(wait), &total.wait);
	if (rc)
		return rc;
	fill(&total, message);
	return pyro_profile_task_add(profile, &total);
}

static const enum pyro_alive_state states[] = {
	[PYRO_SAMPLE_TASK_RUNS] = PYRO_ALIVE_RUNNING,
	[PYRO_SAMPLE_TASK_BLOCKS] = PYRO_ALIVE_BLOCKING,
	[PYRO_SAMPLE_TASK_READY] = PYRO_ALIVE_READY,
	[PYRO_SAMPLE_TASK_WAITS] = PYRO_ALIVE_WAITING,
};

enum pyro_rc pyro_intake_tasks_now(struct pyro_intake_tasks *tasks, struct pyro_profile *profile,
				   struct pyro_alive *alive, const struct pyro_message *message,
				   size_t name_size, uint32_t process, uint32_t stack,
				   uint64_t start_ns)
{
	const char *name = message->u.task_now.known ? NULL : (const char *)(message + 1);
	struct pyro_alive_task task = {
		.process = process,
		.number = message->u.task_now.number,
		.stack = stack,
		.wait = pyro_task_wait_text((enum pyro_task_wait)message->u.task_now.wait),
		.began_ns = pyro_clock_since(start_ns, message->u.task_now.began_ns),
		.since_ns = pyro_clock_since(start_ns, message->u.task_now.since_ns),
		.seen_ns = pyro_clock_since(start_ns, message->u.task_now.seen_ns),
		.before = message->u.task_now.before,
		.cpu_ns = message->u.task_now.cpu_ns,
		.ready_ns = message->u.task_now.ready_ns,
	};
	uint64_t group;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!pyro_map_get(&tasks->index, message->u.task_now.task, &group) ||
	    message->u.task_now.state >= PYRO_COUNT(states))
		return PYRO_RC_OK;
	task.group = (uint32_t)group;
	task.state = states[message->u.task_now.state];
	/* A thread's stack has the event loop below the task. */
	if (stack != PYRO_NONE && task.state <= PYRO_ALIVE_BLOCKING)
		rc = join(tasks, profile, stack, PYRO_NONE, &task.stack);
	if (!rc)
		rc = pyro_alive_put(alive, &task, name, name_size);
	return rc == PYRO_RC_LIMIT ? PYRO_RC_OK : rc; /* one that is not shown */
}
