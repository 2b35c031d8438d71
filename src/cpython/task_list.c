/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/task_list.h"

#include <stdlib.h>
#include <string.h>

#include "cpython/modules.h"
#include "cpython/task_object.h"

#define TRIES 8   /* to walk a list that changes meanwhile */
#define USES  200 /* of what was found, before it is looked for again */

/* asyncio/tasks.py: weak sets and sets of tasks. From 3.14 on they have those that _asyncio did not
 * make. */
static const struct {
	const char *name;
	bool weak;
} sets[] = {
	{"_all_tasks", true},       /* to 3.11 */
	{"_scheduled_tasks", true}, /* 3.12 on */
	{"_eager_tasks", false},    /* 3.12 on */
};
_Static_assert(PYRO_COUNT(sets) == PYRO_TASK_SETS, "one place for each");

void pyro_task_list_init(struct pyro_task_list *list)
{
	*list = (struct pyro_task_list){0};
	pyro_map_init(&list->index, PYRO_MAX_TASKS);
	pyro_map_init(&list->threads, PYRO_MAX_THREADS);
	pyro_map_init(&list->current, PYRO_MAX_THREADS);
}

void pyro_task_list_deinit(struct pyro_task_list *list)
{
	pyro_map_deinit(&list->index);
	pyro_map_deinit(&list->threads);
	pyro_map_deinit(&list->current);
	free(list->items);
	list->items = NULL;
}

static enum pyro_rc add(struct pyro_task_list *list, uint64_t addr, uint32_t interp_id)
{
	uint64_t at;
	enum pyro_rc rc;

	if (addr == 0 || pyro_map_get(&list->index, addr, &at))
		return PYRO_RC_OK;
	if (list->count == PYRO_MAX_TASKS) {
		list->truncated = true;
		return PYRO_RC_OK;
	}
	if (list->count == list->capacity) {
		const size_t capacity = list->capacity ? list->capacity * 2 : 256;
		struct pyro_task_item *items = realloc(list->items, capacity * sizeof(*items));

		if (!items)
			return PYRO_RC_NOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	rc = pyro_map_put(&list->index, addr, list->count);
	if (rc == PYRO_RC_OK)
		list->items[list->count++] = (struct pyro_task_item){addr, interp_id};
	return rc;
}

/* What a set's member is to become. */
struct adding {
	struct pyro_task_list *list;
	struct pyro_objects *objects;
	uint32_t interp_id;
	bool weak;
};

static enum pyro_rc plan_member(void *context, uint64_t member)
{
	struct adding *adding = context;

	pyro_objects_plan(adding->objects, member, 64);
	return PYRO_RC_OK;
}

static enum pyro_rc add_member(void *context, uint64_t member)
{
	struct adding *adding = context;
	uint64_t task = member;
	enum pyro_rc rc = PYRO_RC_OK;

	if (adding->weak) {
		if (pyro_objects_kind(adding->objects, member) != PYRO_KIND_REF)
			return PYRO_RC_OK;
		rc = pyro_objects_u64(adding->objects, member + adding->objects->head, &task);
	}
	/* What is no task is a place in a set that nobody uses any more, or a task that ended. */
	if (rc == PYRO_RC_OK) {
		const enum pyro_kind kind = pyro_objects_kind(adding->objects, task);

		if (kind == PYRO_KIND_TASK || kind == PYRO_KIND_OTHER)
			rc = add(adding->list, task, adding->interp_id);
	}
	return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
}

static enum pyro_rc add_set(struct adding *adding, uint64_t set)
{
	struct pyro_objects *objects = adding->objects;
	enum pyro_rc rc = PYRO_RC_OK;

	for (int i = 0; i < TRIES; i++) {
		rc = pyro_objects_members(objects, set, PYRO_MAX_TASKS, plan_member, adding);
		if (rc == PYRO_RC_OK)
			rc = pyro_objects_fetch(objects);
		if (rc == PYRO_RC_OK)
			rc = pyro_objects_members(objects, set, PYRO_MAX_TASKS, add_member, adding);
		if (rc != PYRO_RC_FAULT)
			return rc;
		pyro_objects_forget(objects); /* its table was changed for a larger one */
	}
	adding->list->torn = true;
	return PYRO_RC_OK;
}

/* One of the module's sets. */
static enum pyro_rc find_set(struct pyro_python *python, const struct pyro_items *module,
			     size_t set, uint64_t *ret_set)
{
	enum pyro_rc rc =
		pyro_items_find(&python->window, &python->layout, module, sets[set].name, ret_set);

	if (rc == PYRO_RC_OK && sets[set].weak) /* _weakrefset.WeakSet */
		rc = pyro_attribute_read(python, *ret_set, "data", ret_set);
	if (rc != PYRO_RC_OK)
		*ret_set = 0;
	return rc == PYRO_RC_NOTFOUND || rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
}

/* By way of the module asyncio.tasks. Errors: also NOTFOUND (it was not imported). */
static enum pyro_rc find_roots(struct pyro_python *python, struct pyro_task_roots *roots)
{
	struct pyro_items module PYRO_CLEANUP(pyro_items_deinit) = {0};
	enum pyro_rc rc = pyro_module_load(python, roots->interp, "asyncio.tasks", &module);

	for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(sets); i++)
		rc = find_set(python, &module, i, &roots->sets[i]);
	if (rc != PYRO_RC_OK)
		return rc;
	roots->current = 0;
	rc = pyro_items_find(&python->window, &python->layout, &module, "_current_tasks",
			     &roots->current);
	return rc == PYRO_RC_NOTFOUND ? PYRO_RC_OK : rc;
}

/* What is known of the interpreter at @interp, found out anew now and then. Errors: NOTFOUND,
 * FAULT, GONE, PERM, NOMEM. */
static enum pyro_rc roots_of(struct pyro_python *python, struct pyro_task_list *list,
			     uint64_t interp, const struct pyro_task_roots **ret_roots)
{
	struct pyro_task_roots *roots = list->roots;
	struct pyro_task_roots *end = roots + list->root_count;
	enum pyro_rc rc;

	while (roots < end && roots->interp != interp)
		roots++;
	if (roots == end && list->root_count == PYRO_COUNT(list->roots))
		list->root_count = 0; /* interpreters come and go */
	if (roots == end) {
		roots = &list->roots[list->root_count++];
		*roots = (struct pyro_task_roots){.interp = interp};
	}
	*ret_roots = roots;
	if (roots->uses > 0) {
		roots->uses--;
		return PYRO_RC_OK;
	}
	rc = find_roots(python, roots);
	if (rc == PYRO_RC_OK)
		roots->uses = USES;
	return rc;
}

static enum pyro_rc add_sets(struct pyro_python *python, struct pyro_objects *objects,
			     const struct pyro_interp *interp, struct pyro_task_list *list)
{
	const struct pyro_task_roots *roots;
	enum pyro_rc rc = roots_of(python, list, interp->addr, &roots);

	for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(sets); i++) {
		struct adding adding = {list, objects, interp->id, sets[i].weak};

		if (roots->sets[i])
			rc = add_set(&adding, roots->sets[i]);
	}
	/* Without the module there are no tasks. */
	return rc == PYRO_RC_NOTFOUND || rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
}

/* Each task has its links in itself, in a circle with the head. Errors: TORN (it changed). */
static enum pyro_rc walk_list(struct pyro_objects *objects, const struct pyro_task_layout *layout,
			      uint64_t head, uint32_t interp_id, struct pyro_task_list *list)
{
	uint64_t at = head, next;

	for (size_t i = 0; i <= PYRO_MAX_TASKS; i++) {
		struct pyro_bytes links;
		uint64_t back;
		enum pyro_rc rc = pyro_objects_u64(objects, at, &next);

		if (rc == PYRO_RC_OK && next == 0) /* was taken out; or no task was there ever */
			return at == head ? PYRO_RC_OK : PYRO_RC_TORN;
		if (rc == PYRO_RC_OK)
			rc = pyro_objects_get(objects, next, 16, &links);
		if (rc != PYRO_RC_OK)
			return rc == PYRO_RC_FAULT ? PYRO_RC_TORN : rc;
		back = pyro_bytes_u64(links, 8);
		if (back != at)
			return PYRO_RC_TORN;
		if (next == head)
			return PYRO_RC_OK;
		rc = add(list, next - layout->node, interp_id);
		if (rc != PYRO_RC_OK)
			return rc;
		at = next;
	}
	return PYRO_RC_TORN;
}

static enum pyro_rc add_list(struct pyro_objects *objects, const struct pyro_task_layout *layout,
			     uint64_t head, uint32_t interp_id, struct pyro_task_list *list)
{
	for (int i = 0; i < TRIES; i++) {
		const enum pyro_rc rc = walk_list(objects, layout, head, interp_id, list);

		if (rc != PYRO_RC_TORN)
			return rc;
		pyro_objects_forget(objects);
	}
	list->torn = true;
	return PYRO_RC_OK;
}

static enum pyro_rc add_lists(struct pyro_python *python, struct pyro_objects *objects,
			      const struct pyro_task_layout *layout, struct pyro_task_list *list)
{
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; rc == PYRO_RC_OK && i < python->interp_count; i++)
		rc = add_list(objects, layout, python->interps[i].addr + layout->in_tasks,
			      python->interps[i].id, list);
	for (size_t i = 0; rc == PYRO_RC_OK && i < python->look.thread_count; i++)
		rc = add_list(objects, layout, python->threads[i].addr + layout->ts_tasks,
			      python->threads[i].interp_id, list);
	return rc;
}

enum pyro_rc pyro_task_loop_read(struct pyro_python *python, struct pyro_objects *objects,
				 const struct pyro_task_layout *layout,
				 const struct pyro_thread *thread, uint64_t *ret_loop)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};
	const uint32_t place = layout->ts_loop != PYRO_ABSENT ? layout->ts_loop : l->ts_loop;
	const struct pyro_type *type;
	uint64_t dict;
	enum pyro_rc rc;

	*ret_loop = 0;
	if (place != PYRO_ABSENT)
		return pyro_objects_u64(objects, thread->addr + place, ret_loop);
	rc = pyro_objects_u64(objects, thread->addr + l->ts_dict, &dict);
	if (rc != PYRO_RC_OK || dict == 0)
		return rc;
	rc = pyro_dict_load(&python->window, l, dict, &items);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(&python->window, l, &items, "__asyncio_running_event_loop__",
				     ret_loop);
	/* To 3.11 in a holder, with the process that it is of. */
	if (rc == PYRO_RC_OK)
		rc = pyro_objects_type(objects, *ret_loop, &type);
	if (rc == PYRO_RC_OK &&
	    strcmp(pyro_objects_text(objects, type->name), "_RunningLoopHolder") == 0)
		rc = pyro_objects_u64(objects, *ret_loop + objects->head, ret_loop);
	if (rc == PYRO_RC_OK && pyro_objects_kind(objects, *ret_loop) == PYRO_KIND_NONE)
		*ret_loop = 0;
	return rc == PYRO_RC_NOTFOUND ? PYRO_RC_OK : rc;
}

enum pyro_rc pyro_task_current_read(struct pyro_python *python, struct pyro_objects *objects,
				    const struct pyro_task_layout *layout,
				    struct pyro_task_list *list, const struct pyro_thread *thread,
				    uint64_t loop, uint64_t *ret_task)
{
	struct pyro_items tasks PYRO_CLEANUP(pyro_items_deinit) = {0};
	const struct pyro_task_roots *roots;
	enum pyro_rc rc;

	*ret_task = 0;
	if (loop == 0)
		return PYRO_RC_OK;
	if (layout->ts_task != PYRO_ABSENT)
		return pyro_objects_u64(objects, thread->addr + layout->ts_task, ret_task);
	/* asyncio/tasks.py: by loop. */
	rc = roots_of(python, list, thread->interp, &roots);
	if (rc == PYRO_RC_OK && roots->current)
		rc = pyro_dict_load(&python->window, &python->layout, roots->current, &tasks);
	for (size_t i = 0; rc == PYRO_RC_OK && i < tasks.count; i++) {
		if (tasks.items[i].key == loop)
			*ret_task = tasks.items[i].value;
	}
	return rc == PYRO_RC_NOTFOUND ? PYRO_RC_OK : rc;
}

static enum pyro_rc note_running(struct pyro_python *python, struct pyro_objects *objects,
				 const struct pyro_task_layout *layout, struct pyro_task_list *list)
{
	for (size_t i = 0; i < python->look.thread_count; i++) {
		const struct pyro_thread *thread = &python->threads[i];
		uint64_t loop = 0, task = 0;
		enum pyro_rc rc = pyro_task_loop_read(python, objects, layout, thread, &loop);

		if (rc == PYRO_RC_OK)
			rc = pyro_task_current_read(python, objects, layout, list, thread, loop,
						    &task);
		if (rc == PYRO_RC_OK && loop != 0)
			rc = pyro_map_put(&list->threads, loop, i);
		if (rc == PYRO_RC_OK && task != 0)
			rc = pyro_map_put(&list->current, task, loop);
		/* A task that was just made may not be in any list yet. */
		if (rc == PYRO_RC_OK)
			rc = add(list, task, thread->interp_id);
		if (rc != PYRO_RC_OK && rc != PYRO_RC_FAULT)
			return rc;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_task_list_update(struct pyro_python *python, struct pyro_objects *objects,
				   const struct pyro_task_layout *layout,
				   struct pyro_task_list *list)
{
	pyro_map_clear(&list->threads);
	pyro_map_clear(&list->current);
	return note_running(python, objects, layout, list);
}

enum pyro_rc pyro_task_list_load(struct pyro_python *python, struct pyro_objects *objects,
				 const struct pyro_task_layout *layout, struct pyro_task_list *list)
{
	enum pyro_rc rc = PYRO_RC_OK;

	list->count = 0;
	list->truncated = false;
	list->torn = false;
	pyro_map_clear(&list->index);
	if (layout->node != PYRO_ABSENT)
		rc = add_lists(python, objects, layout, list);
	for (size_t i = 0; rc == PYRO_RC_OK && i < python->interp_count; i++)
		rc = add_sets(python, objects, &python->interps[i], list);
	if (rc == PYRO_RC_OK)
		rc = pyro_task_list_update(python, objects, layout, list);
	return rc;
}
