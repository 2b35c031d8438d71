/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/frame_list.h"

#include <stdlib.h>

#define CODES 256 /* code objects identified at once */

void pyro_frame_list_deinit(struct pyro_frame_list *places)
{
	free(places->places);
	free(places->frames);
	*places = (struct pyro_frame_list){0};
}

enum pyro_rc pyro_frame_list_add(struct pyro_frame_list *places, const struct pyro_raw_place *place)
{
	if (places->count == PYRO_MAX_TASK_FRAMES)
		return PYRO_RC_LIMIT;
	if (places->count == places->capacity) {
		const size_t capacity = places->capacity ? places->capacity * 2 : 1024;
		struct pyro_raw_place *raw = realloc(places->places, capacity * sizeof(*raw));
		struct pyro_raw_frame *frames;

		if (!raw)
			return PYRO_RC_NOMEM;
		places->places = raw;
		frames = realloc(places->frames, capacity * sizeof(*frames));
		if (!frames)
			return PYRO_RC_NOMEM;
		places->frames = frames;
		places->capacity = capacity;
	}
	places->places[places->count++] = *place;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_place_read(struct pyro_objects *objects, uint64_t addr,
			     struct pyro_raw_place *ret_place)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_bytes frame;
	enum pyro_rc rc = pyro_objects_get(objects, addr, l->fr_localsplus, &frame);

	if (rc != PYRO_RC_OK)
		return rc;
	*ret_place = (struct pyro_raw_place){
		.frame = addr,
		.code = pyro_bytes_u64(frame, l->fr_code),
		.instr = l->minor <= 10 ? pyro_bytes_u32(frame, l->fr_instr)
					: pyro_bytes_u64(frame, l->fr_instr),
	};
	if (l->minor >= 14)
		ret_place->code &= ~(uint64_t)7;
	if (l->fr_tlbc != PYRO_ABSENT)
		ret_place->tlbc = (int32_t)pyro_bytes_u32(frame, l->fr_tlbc);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_place_local(struct pyro_objects *objects, uint64_t addr, uint64_t *ret_object)
{
	const struct pyro_layout *l = objects->layout;
	enum pyro_rc rc = pyro_objects_u64(objects, addr + l->fr_localsplus, ret_object);

	if (l->minor >= 14)
		*ret_object &= PYRO_STACKREF_MASK;
	return rc;
}

/* Where what belongs at @addr is. */
static uint64_t now_at(const struct pyro_stack_copy *copy, uint64_t addr)
{
	return copy && addr >= copy->low && addr - copy->low < copy->size
		       ? copy->copy + (addr - copy->low)
		       : addr;
}

enum pyro_rc pyro_frame_list_walk(struct pyro_frame_list *places, const struct pyro_python *python,
				  struct pyro_objects *objects, uint64_t top, uint64_t last,
				  const struct pyro_stack_copy *copy, bool *ret_found)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t at = top;
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_found = false;
	for (size_t i = 0; at != 0 && i < PYRO_MAX_STACK_DEPTH; i++) {
		const uint64_t here = now_at(copy, at);
		struct pyro_raw_place place;
		struct pyro_bytes frame;
		uint8_t owner = 0;
		uint64_t next;

		rc = pyro_objects_get(objects, here, python->frame_read, &frame);
		if (rc != PYRO_RC_OK)
			return rc;
		next = pyro_bytes_u64(frame, l->fr_previous);
		if (l->minor >= 12)
			owner = pyro_bytes_u8(frame, l->fr_owner);
		if (owner < PYRO_OWNER_SHIM) {
			rc = pyro_place_read(objects, here, &place);
			if (rc == PYRO_RC_OK)
				rc = pyro_frame_list_add(places, &place);
			if (rc != PYRO_RC_OK)
				return rc;
		}
		if (at == last) {
			*ret_found = true;
			return PYRO_RC_OK;
		}
		at = next;
	}
	*ret_found = last == 0 && at == 0;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_frame_list_walk_thread(struct pyro_frame_list *places,
					 const struct pyro_python *python,
					 struct pyro_objects *objects,
					 const struct pyro_thread *thread, uint64_t last,
					 bool *ret_found)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t top = 0;
	enum pyro_rc rc = pyro_objects_u64(objects, thread->addr + l->ts_top, &top);

	*ret_found = false;
	if (rc == PYRO_RC_OK && top != 0 && l->cf_frame != PYRO_ABSENT)
		rc = pyro_objects_u64(objects, top + l->cf_frame, &top);
	if (rc != PYRO_RC_OK)
		return rc;
	return pyro_frame_list_walk(places, python, objects, top, last, NULL, ret_found);
}

/* A frame, and where it is in the order of code objects. */
struct by_code {
	uint64_t code;
	size_t frame;
};

static int by_code(const void *a, const void *b)
{
	const struct by_code *x = a, *y = b;

	return x->code < y->code ? -1 : x->code > y->code;
}

/* Frames of CODES code objects at most, from @order on. */
static enum pyro_rc resolve_some(struct pyro_frame_list *places, struct pyro_python *python,
				 const struct by_code *order, size_t count, size_t *ret_done)
{
	uint64_t codes[CODES];
	uint32_t slots[CODES];
	size_t known = 0, at = 0, end;
	enum pyro_rc rc;

	for (end = 0; end < count; end++) {
		if (known > 0 && codes[known - 1] == order[end].code)
			continue;
		if (known == CODES)
			break;
		codes[known++] = order[end].code;
	}
	*ret_done = end;
	pyro_window_reset(&python->window);
	pyro_codes_begin(&python->codes);
	rc = pyro_codes_identify(&python->codes, &python->window, &python->layout, 0, UINT64_MAX,
				 codes, known, slots);
	for (size_t i = 0; rc == PYRO_RC_OK && i < end; i++) {
		const struct pyro_raw_place *place = &places->places[order[i].frame];
		struct pyro_raw_frame *frame = &places->frames[order[i].frame];
		bool sane;

		if (order[i].code != codes[at])
			at++;
		frame->code = python->codes.slots[slots[at]].code;
		if (frame->code == PYRO_CODE_NONE)
			continue;
		rc = pyro_frames_offset(python, place->code, slots[at], place->instr, place->tlbc,
					&frame->offset, &sane);
		if (!sane)
			frame->code = PYRO_CODE_NONE;
		frame->line = pyro_codes_line(&python->codes, &python->layout, frame->code,
					      frame->offset);
	}
	pyro_codes_settle(&python->codes, false);
	return rc;
}

enum pyro_rc pyro_frame_list_resolve(struct pyro_frame_list *places, struct pyro_python *python)
{
	const size_t count = places->count;
	struct by_code *order PYRO_AUTO_FREE = calloc(count + 1, sizeof(*order));
	size_t done = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!order)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < count; i++) {
		order[i] = (struct by_code){places->places[i].code, i};
		places->frames[i] = (struct pyro_raw_frame){.code = PYRO_CODE_NONE};
	}
	qsort(order, count, sizeof(*order), by_code);
	for (size_t i = 0; rc == PYRO_RC_OK && i < count; i += done)
		rc = resolve_some(places, python, order + i, count - i, &done);
	return rc;
}

bool pyro_frame_list_keep(struct pyro_frame_list *places, const struct pyro_python *python,
			  uint32_t *first, uint32_t *count, size_t *end)
{
	const uint32_t from = *first, to = *first + *count;
	bool whole = true;

	*first = (uint32_t)*end;
	for (uint32_t i = from; i < to; i++) {
		const struct pyro_raw_frame frame = places->frames[i];

		if (frame.code == PYRO_CODE_NONE)
			whole = false;
		if (frame.code == PYRO_CODE_NONE || python->codes.records[frame.code]->internal)
			continue;
		places->places[*end] = places->places[i];
		places->frames[(*end)++] = frame;
	}
	*count = (uint32_t)*end - *first;
	return whole;
}
