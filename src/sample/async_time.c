/* SPDX-License-Identifier: Apache-2.0 */
/* The time of tasks: which group it counts to, with whose stacks below. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sample/async_parts.h"

#define MAX_GROUPS (1u << 16)
/* Names that differ for each task tell no more than the coroutine does. */
#define MAX_NAMES      32
#define FLUSH_EVERY_NS (400 * PYRO_NS_PER_MS)
/* How long a sample may wait for a look at its task. */
#define EARLY_NS (2 * PYRO_NS_PER_S)

/* "Task-17", as asyncio calls those that nobody gave a name. */
static bool is_counted(const char *name)
{
	static const char start[] = "Task-";
	const size_t size = sizeof(start) - 1;

	return strncmp(name, start, size) == 0 && name[size] &&
	       name[size + strspn(name + size, "0123456789")] == '\0';
}

static bool reserve_group(struct pyro_async *async)
{
	const size_t capacity = async->group_capacity ? async->group_capacity * 2 : 64;
	struct pyro_async_group *groups;

	if (async->group_count < async->group_capacity)
		return true;
	if (async->group_count == MAX_GROUPS)
		return false;
	groups = realloc(async->groups, capacity * sizeof(*groups));
	if (!groups)
		return false;
	async->groups = groups;
	async->group_capacity = capacity;
	return true;
}

/* Whether one more name is worth a group of its own. */
static bool has_name(struct pyro_async *async, uint64_t coroutine, const char *name)
{
	uint64_t names = 0;

	if (!name[0] || is_counted(name))
		return false;
	(void)pyro_map_get(&async->names, coroutine, &names);
	return names < MAX_NAMES && pyro_map_put(&async->names, coroutine, names + 1) == PYRO_RC_OK;
}

uint32_t pyro_async_group(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  uint32_t thread, uint32_t code, const char *name)
{
	struct pyro_async *async = probe->async;
	const uint64_t coroutine = pyro_hash_pair(thread, code);
	struct pyro_message message = {.kind = PYRO_MESSAGE_TASK, .process = probe->number};
	uint64_t key = coroutine, group;

	if (name[0] && !is_counted(name))
		key = pyro_hash_pair(coroutine, pyro_hash_bytes(name, strlen(name)));
	if (pyro_map_get(&async->group_by_key, key, &group))
		return (uint32_t)group;
	if (key != coroutine && !has_name(async, coroutine, name))
		return pyro_async_group(probe, shared, thread, code, "");
	if (!reserve_group(async) || !pyro_stacks_announce(probe, shared, code))
		return UINT32_MAX;
	message.u.task.task = (uint32_t)async->group_count;
	message.u.task.thread = thread;
	message.u.task.code = code;
	if (!pyro_probe_put(shared, &message, name, key == coroutine ? 0 : strlen(name)) ||
	    pyro_map_put(&async->group_by_key, key, async->group_count))
		return UINT32_MAX;
	async->groups[async->group_count] =
		(struct pyro_async_group){.thread = thread, .code = code};
	return (uint32_t)async->group_count++;
}

/* ---- sums ---- */

static void send_sums(struct pyro_probe *probe, struct pyro_probe_shared *shared)
{
	struct pyro_async *async = probe->async;

	for (size_t i = 0; i < async->sum_count; i++) {
		const struct pyro_async_sum *sum = &async->sums[i];
		struct pyro_async_group *group = &async->groups[sum->group];
		struct pyro_message message = {
			.kind = PYRO_MESSAGE_TASK_TIME,
			.process = probe->number,
			.u.task_time =
				{
					.wall_ns = sum->wall_ns,
					.cpu_ns = sum->cpu_ns,
					.task = sum->group,
					.stack = sum->stack,
					.prefix = sum->prefix,
					.looks = sum->looks,
					.began = group->began,
					.reason = sum->reason,
					.runs_in = sum->runs_in,
					.wait = sum->wait,
					.ran = sum->ran,
				},
		};

		if (pyro_probe_put(shared, &message, NULL, 0))
			group->began = 0;
	}
	async->sum_count = 0;
	pyro_map_clear(&async->sum_by_key);
}

void pyro_async_add(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		    const struct pyro_async_sum *sum)
{
	struct pyro_async *async = probe->async;
	const uint64_t kind = (uint64_t)sum->reason | (uint64_t)sum->runs_in << 8 |
			      (uint64_t)sum->wait << 16 | (uint64_t)sum->ran << 24;
	uint64_t key = pyro_hash_pair(pyro_hash_pair(sum->group, sum->stack),
				      pyro_hash_pair(sum->prefix, kind));
	uint64_t at;

	if (sum->group >= async->group_count)
		return;
	if (!pyro_map_get(&async->sum_by_key, key, &at)) {
		if (async->sum_count == PYRO_ASYNC_SUMS)
			send_sums(probe, shared);
		at = async->sum_count;
		if (pyro_map_put(&async->sum_by_key, key, at))
			return;
		async->sums[async->sum_count++] = *sum;
		return;
	}
	async->sums[at].wall_ns += sum->wall_ns;
	async->sums[at].cpu_ns += sum->cpu_ns;
	async->sums[at].looks += sum->looks;
}

/* The reason that the wait of a task stands for. */
static uint8_t reason_of(const struct pyro_async_place *place)
{
	switch (place->wait) {
	case PYRO_TASK_WAIT_SLEEP:
		return PYRO_SAMPLE_WAITS_SLEEP;
	case PYRO_TASK_WAIT_LOCK:
	case PYRO_TASK_WAIT_SEMAPHORE:
	case PYRO_TASK_WAIT_EVENT:
	case PYRO_TASK_WAIT_CONDITION:
	case PYRO_TASK_WAIT_BARRIER:
	case PYRO_TASK_WAIT_QUEUE:
		return PYRO_SAMPLE_WAITS_LOCK;
	case PYRO_TASK_WAIT_STREAM:
	case PYRO_TASK_WAIT_SOCKET:
	case PYRO_TASK_WAIT_SERVER:
		return PYRO_SAMPLE_WAITS_NET;
	default:
		return PYRO_SAMPLE_WAITS_OTHER;
	}
}

void pyro_async_add_place(struct pyro_probe *probe, struct pyro_probe_shared *shared,
			  uint32_t group, const struct pyro_async_place *place, uint64_t ns,
			  uint32_t looks)
{
	const struct pyro_async_sum sum = {
		.wall_ns = ns,
		.looks = looks,
		.group = group,
		.stack = place->stack,
		.prefix = PYRO_NO_STACK,
		.reason = place->ready ? PYRO_SAMPLE_WAITS_CPU : reason_of(place),
		.wait = place->wait,
	};

	pyro_async_add(probe, shared, &sum);
}

/* ---- samples of threads ---- */

static struct pyro_async_task *task_of(const struct pyro_async *async, uint32_t task,
				       uint32_t serial)
{
	return task < async->top && async->items[task].addr && async->items[task].serial == serial
		       ? &async->items[task]
		       : NULL;
}

static bool covers(const struct pyro_async_place *place, uint32_t stack, uint64_t at_ns)
{
	return place->stack == stack && place->from_ns <= at_ns && at_ns <= place->to_ns;
}

/* Who awaits the task was at the same place in the looks before and after the sample, and did await
 * it in the one before. */
static bool is_joined(const struct pyro_async *async, const struct pyro_async_pending *pending)
{
	const struct pyro_task_mark *mark = &pending->mark;
	const struct pyro_async_task *parent = task_of(async, mark->parent, mark->parent_serial);
	const struct pyro_async_task *task = task_of(async, mark->task, mark->task_serial);

	if (task && task->seen_ns >= pending->at_ns && task->parent != mark->parent)
		return false;
	return parent && (covers(&parent->now, mark->prefix, pending->at_ns) ||
			  covers(&parent->before, mark->prefix, pending->at_ns));
}

static void settle(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		   struct pyro_async_pending *pending)
{
	struct pyro_async *async = probe->async;
	const struct pyro_task_mark *mark = &pending->mark;
	struct pyro_async_task *task = task_of(async, mark->task, mark->task_serial);

	/* If it was not seen again, another may have its place, of the same coroutine. */
	if (!task || task->seen_ns < pending->at_ns)
		pending->sum.group = mark->common - 1;
	else
		pyro_async_each_ran(task, &pending->sum, pending->at_ns);
	if (mark->parent != PYRO_NO_TASK && is_joined(async, pending))
		pending->sum.prefix = mark->prefix;
	else if (mark->parent != PYRO_NO_TASK || mark->task == PYRO_NO_TASK)
		shared->async->unjoined += pending->sum.looks;
	pyro_async_add(probe, shared, &pending->sum);
}

/* Whether the look that says if it lived on is yet to come. Where tasks are too many for one look,
 * that is one of the next few. */
static bool is_early(const struct pyro_async *async, const struct pyro_async_pending *pending)
{
	const struct pyro_async_task *task =
		task_of(async, pending->mark.task, pending->mark.task_serial);

	return task && !task->ended_ns && task->seen_ns < pending->at_ns &&
	       async->look_ns < pending->at_ns + EARLY_NS;
}

void pyro_async_settle(struct pyro_probe *probe, struct pyro_probe_shared *shared, bool all)
{
	struct pyro_async *async = probe->async;
	size_t kept = 0;

	for (size_t i = 0; i < async->pending_count; i++) {
		if (!all && is_early(async, &async->pending[i]))
			async->pending[kept++] = async->pending[i];
		else
			settle(probe, shared, &async->pending[i]);
	}
	async->pending_count = kept;
}

void pyro_async_ran(struct pyro_probe *probe, struct pyro_probe_shared *shared,
		    const struct pyro_ledger_entry *entry)
{
	struct pyro_async *async = probe->async;
	const struct pyro_task_mark *mark = &entry->mark;
	struct pyro_async_pending *pending;

	if (!async || !mark->group || entry->stack == PYRO_NO_STACK)
		return;
	if (async->pending_count == PYRO_ASYNC_PENDING)
		pyro_async_settle(probe, shared, true);
	shared->async->samples += entry->looks;
	pending = &async->pending[async->pending_count++];
	*pending = (struct pyro_async_pending){
		.mark = *mark,
		.at_ns = entry->at_ns,
		.sum =
			{
				.wall_ns = entry->wall_ns,
				.cpu_ns = entry->cpu_ns,
				.looks = entry->looks,
				.group = mark->group - 1,
				.stack = entry->stack,
				.prefix = PYRO_NO_STACK,
				.reason = entry->reason,
				.runs_in = entry->part.in,
				.ran = true,
			},
	};
	if (task_of(async, mark->task, mark->task_serial))
		async->items[mark->task].owed_ns -= (int64_t)entry->wall_ns;
}

void pyro_async_flush(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	if (!probe->async || now_ns < probe->async->flush_ns)
		return;
	probe->async->flush_ns = now_ns + FLUSH_EVERY_NS;
	/* Where looks do not succeed, samples do not wait for them. */
	if (now_ns > probe->async->look_ns + EARLY_NS)
		pyro_async_settle(probe, shared, true);
	send_sums(probe, shared);
	if (shared->each_task)
		pyro_async_each_tell(probe, shared);
}

void pyro_async_end(struct pyro_probe *probe, struct pyro_probe_shared *shared, uint64_t now_ns)
{
	if (!probe->async)
		return;
	pyro_async_settle(probe, shared, true);
	pyro_async_close(probe, shared, now_ns);
	send_sums(probe, shared);
}
