/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "profile/inside.h"

enum pyro_rc pyro_profile_create(struct pyro_profile **ret_profile, struct pyro_err *err)
{
	struct pyro_profile *p = calloc(1, sizeof(*p));
	if (!p)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	pyro_intern_init(&p->strings, PYRO_MAX_PROFILE_TEXT);
	pyro_table_init(&p->functions, sizeof(struct pyro_function), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->function_next, sizeof(uint32_t), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->frames, sizeof(struct pyro_frame), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->stacks, sizeof(struct pyro_stack), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->processes, sizeof(struct pyro_process_info), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->tracks, sizeof(struct pyro_track), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->totals, sizeof(struct pyro_total), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->changed, sizeof(size_t), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->is_changed, sizeof(bool), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->meta, sizeof(struct pyro_profile_fact), PYRO_MAX_FACTS);
	pyro_map_init(&p->function_by_hash, PYRO_MAX_PROFILE_ROWS);
	pyro_map_init(&p->frame_by_key, PYRO_MAX_PROFILE_ROWS);
	pyro_map_init(&p->stack_by_key, PYRO_MAX_PROFILE_ROWS);
	pyro_map_init(&p->total_by_key, PYRO_MAX_PROFILE_ROWS);
	pyro_profile_waits_init(p);
	pyro_profile_tasks_init(p);
	*ret_profile = p;
	return PYRO_RC_OK;
}

void pyro_profile_destroy(struct pyro_profile *p)
{
	if (!p)
		return;
	pyro_profile_meta_deinit(p);
	pyro_profile_waits_deinit(p);
	pyro_profile_tasks_deinit(p);
	pyro_intern_deinit(&p->strings);
	pyro_table_deinit(&p->functions);
	pyro_table_deinit(&p->function_next);
	pyro_table_deinit(&p->frames);
	pyro_table_deinit(&p->stacks);
	pyro_table_deinit(&p->processes);
	pyro_table_deinit(&p->tracks);
	pyro_table_deinit(&p->totals);
	pyro_table_deinit(&p->changed);
	pyro_table_deinit(&p->is_changed);
	pyro_map_deinit(&p->function_by_hash);
	pyro_map_deinit(&p->frame_by_key);
	pyro_map_deinit(&p->stack_by_key);
	pyro_map_deinit(&p->total_by_key);
	free(p);
}

enum pyro_rc pyro_profile_string(struct pyro_profile *p, const char *text, size_t size,
				 uint32_t *ret_string)
{
	if (p->strings.count >= PYRO_MAX_PROFILE_ROWS)
		return PYRO_RC_LIMIT;
	return pyro_intern_add(&p->strings, text, size, ret_string);
}

/* A function is four numbers, more than a map's key holds: the map leads from a hash to the latest
 * function of that hash, and function_next from there to the earlier ones. */
enum pyro_rc pyro_profile_function(struct pyro_profile *p, const struct pyro_function *function,
				   uint32_t *ret_function)
{
	if (function->name >= p->strings.count || function->file >= p->strings.count ||
	    function->kind >= PYRO_FUNCTION_KINDS)
		return PYRO_RC_FORMAT;
	uint64_t hash =
		pyro_hash_pair(pyro_key(function->name, function->file),
			       (uint64_t)function->kind << 32 | (uint32_t)function->first_line);
	uint64_t found = PYRO_NONE;
	if (!pyro_map_get(&p->function_by_hash, hash, &found))
		found = PYRO_NONE;
	uint32_t head = (uint32_t)found;
	for (uint32_t at = head; at != PYRO_NONE;) {
		const struct pyro_function *known = pyro_table_at(&p->functions, at);
		if (known->name == function->name && known->file == function->file &&
		    known->first_line == function->first_line && known->kind == function->kind) {
			*ret_function = at;
			return PYRO_RC_OK;
		}
		at = *(const uint32_t *)pyro_table_at(&p->function_next, at);
	}
	uint32_t added = (uint32_t)p->functions.count;
	/* function_next may be one row ahead after a failure below: it is overwritten. */
	p->function_next.count = added;
	enum pyro_rc rc = pyro_table_push(&p->function_next, &head);
	if (rc == PYRO_RC_OK)
		rc = pyro_map_put(&p->function_by_hash, hash, added);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_table_push(&p->functions, function);
	if (rc != PYRO_RC_OK) {
		if (head == PYRO_NONE ||
		    pyro_map_put(&p->function_by_hash, hash, head) != PYRO_RC_OK)
			pyro_map_remove(&p->function_by_hash, hash);
		return rc;
	}
	*ret_function = added;
	return PYRO_RC_OK;
}

/* Finds @key in @map, or pushes @row on @table and maps the key to it. */
static enum pyro_rc find_or_push(struct pyro_map *map, struct pyro_table *table, uint64_t key,
				 const void *row, uint32_t *ret_index)
{
	uint64_t found;
	if (pyro_map_get(map, key, &found)) {
		*ret_index = (uint32_t)found;
		return PYRO_RC_OK;
	}
	enum pyro_rc rc = pyro_table_push(table, row);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_map_put(map, key, table->count - 1);
	if (rc != PYRO_RC_OK) {
		table->count--;
		return rc;
	}
	*ret_index = (uint32_t)(table->count - 1);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_profile_frame(struct pyro_profile *p, const struct pyro_frame *frame,
				uint32_t *ret_frame)
{
	if (frame->function >= p->functions.count)
		return PYRO_RC_FORMAT;
	return find_or_push(&p->frame_by_key, &p->frames,
			    pyro_key(frame->function, (uint32_t)frame->line), frame, ret_frame);
}

enum pyro_rc pyro_profile_stack(struct pyro_profile *p, uint32_t parent, uint32_t frame,
				uint32_t *ret_stack)
{
	struct pyro_stack row = {.parent = parent, .frame = frame, .depth = 1};
	if (frame >= p->frames.count)
		return PYRO_RC_FORMAT;
	if (parent != PYRO_NONE) {
		const struct pyro_stack *below = pyro_table_at(&p->stacks, parent);
		if (!below)
			return PYRO_RC_FORMAT;
		row.depth = below->depth + 1;
		if (row.depth > PYRO_MAX_STACK_DEPTH)
			return PYRO_RC_LIMIT;
	}
	return find_or_push(&p->stack_by_key, &p->stacks, pyro_key(parent, frame), &row, ret_stack);
}

enum pyro_rc pyro_profile_process(struct pyro_profile *p, const struct pyro_process_info *process,
				  uint32_t *ret_process)
{
	if (process->command >= p->strings.count || process->python >= p->strings.count ||
	    (process->parent != PYRO_NONE && process->parent >= p->processes.count))
		return PYRO_RC_FORMAT;
	enum pyro_rc rc = pyro_table_push(&p->processes, process);
	if (rc == PYRO_RC_OK)
		*ret_process = (uint32_t)(p->processes.count - 1);
	return rc;
}

enum pyro_rc pyro_profile_track(struct pyro_profile *p, const struct pyro_track *track,
				uint32_t *ret_track)
{
	if (track->process >= p->processes.count || track->name >= p->strings.count)
		return PYRO_RC_FORMAT;
	enum pyro_rc rc = pyro_table_push(&p->tracks, track);
	if (rc == PYRO_RC_OK)
		*ret_track = (uint32_t)(p->tracks.count - 1);
	return rc;
}

const char *pyro_profile_string_get(const struct pyro_profile *p, uint32_t string, size_t *ret_size)
{
	return pyro_intern_get(&p->strings, string, ret_size);
}

const struct pyro_function *pyro_profile_function_get(const struct pyro_profile *p,
						      uint32_t function)
{
	return pyro_table_at(&p->functions, function);
}

const struct pyro_frame *pyro_profile_frame_get(const struct pyro_profile *p, uint32_t frame)
{
	return pyro_table_at(&p->frames, frame);
}

const struct pyro_stack *pyro_profile_stack_get(const struct pyro_profile *p, uint32_t stack)
{
	return pyro_table_at(&p->stacks, stack);
}

struct pyro_process_info *pyro_profile_process_get(struct pyro_profile *p, uint32_t process)
{
	return pyro_table_at(&p->processes, process);
}

struct pyro_track *pyro_profile_track_get(struct pyro_profile *p, uint32_t track)
{
	return pyro_table_at(&p->tracks, track);
}

struct pyro_quality *pyro_profile_quality(struct pyro_profile *p)
{
	return &p->quality;
}

uint64_t pyro_profile_duration(const struct pyro_profile *p)
{
	return p->duration_ns;
}

void pyro_profile_set_duration(struct pyro_profile *p, uint64_t ns)
{
	p->duration_ns = ns;
}

void pyro_profile_counts(const struct pyro_profile *p, struct pyro_profile_counts *ret)
{
	*ret = (struct pyro_profile_counts){
		.strings = (uint32_t)p->strings.count,
		.functions = (uint32_t)p->functions.count,
		.frames = (uint32_t)p->frames.count,
		.stacks = (uint32_t)p->stacks.count,
		.processes = (uint32_t)p->processes.count,
		.tracks = (uint32_t)p->tracks.count,
		.objects = (uint32_t)p->objects.count,
		.totals = p->totals.count,
		.waits = p->waits.count,
		.tasks = (uint32_t)p->tasks.count,
		.task_totals = p->task_totals.count,
	};
}
