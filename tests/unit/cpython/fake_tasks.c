/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_tasks.h"

#define HEAD      16u
#define SUSPENDED 0xfe /* -2 */
#define AWAITING  0xff /* -1 */

/* What .AsyncioDebug of 3.14 holds. */
enum {
	NAME = 136,
	AWAITED_BY = 96,
	IS_TASK = 108,
	CORO = 128,
	WAITER = 120,
	IN_TASKS = 4096,
	TS_TASKS = 424
};

uint64_t fake_tasks_type(struct fake_tasks *tasks, const char *name, uint64_t size)
{
	struct fake *fake = tasks->fake;
	const uint64_t type = fake_alloc(fake, 512), text = fake_alloc(fake, 64);

	memcpy(fake_at(fake, text), name, strlen(name) + 1);
	fake_put(fake, type + fake->layout.ty_name, text, 8);
	fake_put(fake, type + fake->layout.ty_basicsize, size, 8);
	return type;
}

void fake_tasks_init(struct fake_tasks *tasks)
{
	static const uint64_t offsets[] = {FAKE_TASK_SIZE, NAME, AWAITED_BY,     IS_TASK,
					   IS_TASK + 1,    CORO, FAKE_TASK_NODE, 8192,
					   IN_TASKS,       512,  FAKE_TS_LOOP,   FAKE_TS_TASK,
					   TS_TASKS};
	const struct fake_code code = {"wait", "wait", "/app.py", 7, "\x00", 1, 50, 1};
	struct fake *fake = tasks->fake = fake_create(14, false);

	tasks->thread = fake_thread(fake, 1, 1, 0);
	tasks->published = fake_alloc(fake, sizeof(offsets));
	memcpy(fake_at(fake, tasks->published), offsets, sizeof(offsets));
	tasks->task_type = fake_tasks_type(tasks, "_asyncio.Task", FAKE_TASK_SIZE);
	tasks->future_type = fake_tasks_type(tasks, "_asyncio.Future", 112);
	tasks->iter_type = fake_tasks_type(tasks, "_asyncio.FutureIter", 24);
	tasks->coro_type = fake_tasks_type(tasks, "coroutine", 160);
	tasks->str_type = fake_tasks_type(tasks, "str", 64);
	tasks->code = fake_code(fake, &code);
	tasks->last = tasks->thread + TS_TASKS;
	fake_put(fake, tasks->last, tasks->last, 8);
	fake_put(fake, tasks->last + 8, tasks->last, 8);
}

uint64_t fake_tasks_object(struct fake_tasks *tasks, uint64_t type, size_t size)
{
	const uint64_t addr = fake_alloc(tasks->fake, size);

	fake_put(tasks->fake, addr + tasks->fake->layout.ob_type, type, 8);
	return addr;
}

uint64_t fake_tasks_coroutine(struct fake_tasks *tasks, uint64_t awaited)
{
	const struct pyro_layout *l = &tasks->fake->layout;
	const uint64_t addr = fake_tasks_object(tasks, tasks->coro_type, 256),
		       frame = addr + l->gen_frame;

	fake_put(tasks->fake, addr + l->gen_state, awaited ? AWAITING : SUSPENDED, 1);
	fake_put(tasks->fake, frame + l->fr_code, tasks->code | 1, 8);
	fake_put(tasks->fake, frame + l->fr_instr, tasks->code + l->co_code + 4, 8);
	fake_put(tasks->fake, frame + l->fr_owner, 1, 1);
	fake_put(tasks->fake, frame + l->fr_localsplus, awaited | 1, 8);
	fake_put(tasks->fake, frame + l->fr_stack, frame + l->fr_localsplus + 8, 8);
	return addr;
}

uint64_t fake_tasks_iter(struct fake_tasks *tasks, uint64_t future)
{
	const uint64_t addr = fake_tasks_object(tasks, tasks->iter_type, 24);

	fake_put(tasks->fake, addr + HEAD, future, 8);
	return addr;
}

uint64_t fake_tasks_add(struct fake_tasks *tasks, const char *name, uint64_t coro, uint64_t waiter)
{
	struct fake *fake = tasks->fake;
	const uint64_t addr = fake_tasks_object(tasks, tasks->task_type, FAKE_TASK_SIZE),
		       head = tasks->thread + TS_TASKS, text = fake_ascii(fake, name);

	fake_put(fake, text + fake->layout.ob_type, tasks->str_type, 8);
	fake_put(fake, addr + NAME, text, 8);
	fake_put(fake, addr + CORO, coro, 8);
	fake_put(fake, addr + WAITER, waiter, 8);
	fake_put(fake, addr + IS_TASK, 1, 1);
	fake_put(fake, tasks->last, addr + FAKE_TASK_NODE, 8);
	fake_put(fake, addr + FAKE_TASK_NODE + 8, tasks->last, 8);
	fake_put(fake, addr + FAKE_TASK_NODE, head, 8);
	fake_put(fake, head + 8, addr + FAKE_TASK_NODE, 8);
	tasks->last = addr + FAKE_TASK_NODE;
	return addr;
}

void fake_tasks_rename(struct fake_tasks *tasks, uint64_t task, const char *name)
{
	const uint64_t *text = fake_at(tasks->fake, task + NAME);

	memcpy(fake_at(tasks->fake, *text + tasks->fake->layout.str_ascii), name, strlen(name));
}

void fake_tasks_deinit(struct fake_tasks *tasks)
{
	fake_destroy(tasks->fake);
}
