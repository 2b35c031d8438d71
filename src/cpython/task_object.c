/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/task_object.h"

#include <stdio.h>
#include <string.h>

#include "cpython/dict.h"

#define FLAG_HEAPTYPE (1u << 9)
#define NEEDED        3 /* attributes without which it is no task */

enum pyro_rc pyro_attribute_read(struct pyro_python *python, uint64_t addr, const char *name,
				 uint64_t *ret_value)
{
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};
	enum pyro_rc rc;

	rc = pyro_attributes_load(&python->window, &python->layout, addr, &items);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(&python->window, &python->layout, &items, name, ret_value);
	return rc;
}

static enum pyro_rc read_fast(struct pyro_objects *objects, const struct pyro_task_layout *layout,
			      uint64_t addr, struct pyro_task_object *task)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_objects_get(objects, addr, layout->size, &bytes);

	if (rc != PYRO_RC_OK)
		return rc;
	*task = (struct pyro_task_object){
		.coro = pyro_bytes_u64(bytes, layout->coro),
		.loop = pyro_bytes_u64(bytes, layout->fu_loop),
		.name = pyro_bytes_u64(bytes, layout->name),
		.waiter = pyro_bytes_u64(bytes, layout->waiter),
		.pending = pyro_bytes_u32(bytes, layout->fu_state) == PYRO_FUTURE_PENDING,
	};
	return PYRO_RC_OK;
}

/* A Task of asyncio/tasks.py, or of another's making that looks like one: it has attributes. */
static enum pyro_rc read_slow(struct pyro_python *python, struct pyro_objects *objects,
			      uint64_t addr, struct pyro_task_object *task)
{
	uint64_t state = 0;
	const struct {
		const char *name;
		uint64_t *into;
	} attributes[] = {
		{"_coro", &task->coro},         {"_loop", &task->loop}, {"_name", &task->name},
		{"_fut_waiter", &task->waiter}, {"_state", &state},
	};
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};
	uint32_t text;
	enum pyro_rc rc;

	*task = (struct pyro_task_object){0};
	rc = pyro_attributes_load(&python->window, &python->layout, addr, &items);
	for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(attributes); i++) {
		rc = pyro_items_find(&python->window, &python->layout, &items, attributes[i].name,
				     attributes[i].into);
		if (rc == PYRO_RC_NOTFOUND && i >= NEEDED)
			rc = PYRO_RC_OK;
	}
	if (rc != PYRO_RC_OK)
		return rc == PYRO_RC_FAULT ? PYRO_RC_NOTFOUND : rc;
	if (pyro_objects_kind(objects, task->waiter) == PYRO_KIND_NONE)
		task->waiter = 0;
	/* Its class has the state of one that is not done. */
	task->pending = state == 0;
	if (task->pending)
		return PYRO_RC_OK;
	rc = pyro_objects_str(objects, state, &text);
	if (rc == PYRO_RC_OK)
		task->pending = strcmp(pyro_objects_text(objects, text), "PENDING") == 0;
	return rc;
}

enum pyro_rc pyro_task_object_read(struct pyro_python *python, struct pyro_objects *objects,
				   const struct pyro_task_layout *layout, uint64_t addr,
				   struct pyro_task_object *ret_task)
{
	const struct pyro_type *type;
	enum pyro_rc rc = pyro_objects_type(objects, addr, &type);

	if (rc != PYRO_RC_OK)
		return rc;
	if (type->kind == PYRO_KIND_TASK)
		return pyro_task_layout_fits(layout, type)
			       ? read_fast(objects, layout, addr, ret_task)
			       : PYRO_RC_UNSUPPORTED;
	if (type->kind != PYRO_KIND_OTHER || !(type->flags & FLAG_HEAPTYPE))
		return PYRO_RC_NOTFOUND;
	return read_slow(python, objects, addr, ret_task);
}

enum pyro_rc pyro_task_name_read(struct pyro_python *python, struct pyro_objects *objects,
				 uint64_t name, uint32_t *ret_text)
{
	char text[32];
	uint64_t number;
	enum pyro_rc rc;

	/* 3.13 on: counted, and put into words when somebody asks. */
	if (pyro_objects_kind(objects, name) != PYRO_KIND_INT)
		return pyro_objects_str(objects, name, ret_text);
	rc = pyro_int_read(&python->window, &python->layout, name, &number);
	if (rc != PYRO_RC_OK)
		return rc;
	snprintf(text, sizeof(text), "Task-%llu", (unsigned long long)number);
	return pyro_intern_add(&objects->texts, text, strlen(text), ret_text);
}

bool pyro_future_is_done(struct pyro_objects *objects, const struct pyro_task_layout *layout,
			 uint64_t addr)
{
	const enum pyro_kind kind = pyro_objects_kind(objects, addr);
	struct pyro_bytes bytes;

	return (kind == PYRO_KIND_FUTURE || kind == PYRO_KIND_GATHER || kind == PYRO_KIND_TASK) &&
	       pyro_objects_get(objects, addr + layout->fu_state, 4, &bytes) == PYRO_RC_OK &&
	       pyro_bytes_u32(bytes, 0) != PYRO_FUTURE_PENDING;
}
