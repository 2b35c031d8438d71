/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/task_layouts.h"

#include <string.h>

/* TaskObj and FutureObj, Modules/_asynciomodule.c: in no header, so the rows are from there (the
 * debug information of _asyncio says the same: "ptype /o TaskObj" in gdb). The members from
 * task_fut_waiter on stand together in all versions. */
#define ROW(total, weak, state, fut_waiter)                                                        \
	{                                                                                          \
		.size = (total), .weaklist = (weak), .fu_loop = 16, .fu_state = (state),           \
		.fu_awaited_by = PYRO_ABSENT, .fu_awaited_by_set = PYRO_ABSENT,                    \
		.waiter = (fut_waiter), .coro = (fut_waiter) + 8, .name = (fut_waiter) + 16,       \
		.node = PYRO_ABSENT, .in_tasks = PYRO_ABSENT, .ts_loop = PYRO_ABSENT,              \
		.ts_task = PYRO_ABSENT, .ts_tasks = PYRO_ABSENT,                                   \
	}

static const struct pyro_task_layout rows[] = {
	[8] = ROW(144, 96, 72, 104),   /* 3.8 */
	[9] = ROW(184, 104, 80, 144),  /* 3.9 */
	[10] = ROW(192, 112, 88, 152), /* 3.10 */
	[11] = ROW(176, 112, 88, 128), /* 3.11 */
	[12] = ROW(176, 112, 88, 128), /* 3.12 */
	[13] = ROW(144, PYRO_ABSENT, 96, 112),
};

/* Py_AsyncioModuleDebugOffsets, same file, 3.14 on: what the section .AsyncioDebug holds. */
enum published {
	TASK_SIZE,
	TASK_NAME,
	TASK_AWAITED_BY,
	TASK_IS_TASK,
	TASK_AWAITED_BY_IS_SET,
	TASK_CORO,
	TASK_NODE,
	INTERP_SIZE,
	INTERP_TASKS,
	THREAD_SIZE,
	THREAD_LOOP,
	THREAD_TASK,
	THREAD_TASKS,
	PUBLISHED_COUNT
};

static const struct {
	uint8_t field, size, width;
} bounds[] = {
	{TASK_NAME, TASK_SIZE, 8},       {TASK_AWAITED_BY, TASK_SIZE, 8},
	{TASK_IS_TASK, TASK_SIZE, 1},    {TASK_AWAITED_BY_IS_SET, TASK_SIZE, 1},
	{TASK_CORO, TASK_SIZE, 8},       {TASK_NODE, TASK_SIZE, 16},
	{INTERP_TASKS, INTERP_SIZE, 16}, {THREAD_LOOP, THREAD_SIZE, 8},
	{THREAD_TASK, THREAD_SIZE, 8},   {THREAD_TASKS, THREAD_SIZE, 16},
};

#define MAX_TASK    1024
#define MAX_RUNTIME (1u << 24)

const struct pyro_task_layout *pyro_task_layout_row(const struct pyro_layout *layout)
{
	return layout->minor < PYRO_COUNT(rows) && rows[layout->minor].size != 0 &&
			       !layout->free_threaded
		       ? &rows[layout->minor]
		       : NULL;
}

static bool is_sound(const uint64_t v[PUBLISHED_COUNT], const struct pyro_layout *l)
{
	if (v[TASK_SIZE] > MAX_TASK || v[INTERP_SIZE] > MAX_RUNTIME || v[THREAD_SIZE] > MAX_RUNTIME)
		return false;
	for (size_t i = 0; i < PYRO_COUNT(bounds); i++) {
		const uint64_t size = v[bounds[i].size];

		if (size < bounds[i].width || v[bounds[i].field] > size - bounds[i].width)
			return false;
	}
	/* What is derived from its neighbours. */
	return v[TASK_CORO] >= l->mod_dict + 8 && v[TASK_NAME] == v[TASK_CORO] + 8 &&
	       v[TASK_IS_TASK] == v[TASK_AWAITED_BY] + 12;
}

enum pyro_rc pyro_task_layout_read(struct pyro_reader *reader, const struct pyro_layout *layout,
				   uint64_t addr, struct pyro_task_layout *ret_layout,
				   struct pyro_err *err)
{
	uint64_t v[PUBLISHED_COUNT];
	enum pyro_rc rc = pyro_reader_read(reader, addr, v, sizeof(v));

	if (rc != PYRO_RC_OK)
		return pyro_err_set_addr(err, rc, addr, "cannot read the offsets of asyncio");
	if (!is_sound(v, layout))
		return pyro_err_set_addr(err, PYRO_RC_FORMAT, addr,
					 "the offsets that asyncio publishes make no sense");
	*ret_layout = (struct pyro_task_layout){
		.size = (uint32_t)v[TASK_SIZE],
		.weaklist = PYRO_ABSENT,
		.fu_loop = layout->mod_dict,
		.fu_state = (uint32_t)v[TASK_AWAITED_BY] + 8,
		.fu_awaited_by = (uint32_t)v[TASK_AWAITED_BY],
		.fu_awaited_by_set = (uint32_t)v[TASK_AWAITED_BY_IS_SET],
		.waiter = (uint32_t)v[TASK_CORO] - 8,
		.coro = (uint32_t)v[TASK_CORO],
		.name = (uint32_t)v[TASK_NAME],
		.node = (uint32_t)v[TASK_NODE],
		.in_tasks = (uint32_t)v[INTERP_TASKS],
		.ts_loop = (uint32_t)v[THREAD_LOOP],
		.ts_task = (uint32_t)v[THREAD_TASK],
		.ts_tasks = (uint32_t)v[THREAD_TASKS],
	};
	return PYRO_RC_OK;
}

bool pyro_task_layout_fits(const struct pyro_task_layout *layout, const struct pyro_type *type)
{
	return type->basicsize == layout->size &&
	       (layout->weaklist == PYRO_ABSENT || type->weaklistoffset == layout->weaklist);
}
