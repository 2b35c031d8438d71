/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/greenlets.h"

#include <stdlib.h>
#include <string.h>

#include "cpython/frame_list.h"
#include "cpython/gc.h"
#include "cpython/modules.h"

#define READINGS 4   /* until two agree */
#define OLD_SIZE 64  /* bytes of a greenlet object beyond which it holds all itself, to 1.1 */
#define STATE    512 /* bytes of a greenlet's state that are looked at ... */
#define LEAST    192 /* ... and where not all are there */
#define NO_PLACE UINT32_MAX

/* A greenlet keeps, in itself (greenlet 1) or in a C++ object that its last member points to (2
 * on), the bounds of its C stack: start, stop, where a part of it was copied, how much, the next
 * one; and somewhat behind that the frame object on top of its Python stack. How far differs, and
 * what is between as well (greenlet.h of 1.1, TGreenlet.hpp of 2.0 to 3.5). */
#define BOUNDS       40
#define OLD_DISTANCE 56
static const uint32_t distances[] = {48, BOUNDS, OLD_DISTANCE};

struct stack_bounds {
	uint64_t start, stop, copy, saved;
};

struct inside {
	uint64_t mark; /* the same for what has not changed */
	uint32_t type;
};

struct pyro_greenlets {
	struct pyro_python *python;
	struct pyro_objects objects;
	uint64_t *found; /* addresses */
	uint32_t *interps;
	size_t found_count, found_capacity;
	uint32_t interp_id; /* in which is searched */
	struct pyro_map index;
	struct pyro_greenlet *greenlets;
	struct inside *insides;
	size_t count;
	struct pyro_frame_list frames;
	struct pyro_map marks;
	uint32_t stack_at; /* in the state; NO_PLACE: no greenlet has shown it yet */
	uint32_t frame_at;
	size_t unread;
	bool truncated, torn;
};

enum pyro_rc pyro_greenlets_create(struct pyro_python *python,
				   struct pyro_greenlets **ret_greenlets, struct pyro_err *err)
{
	struct pyro_greenlets *greenlets = calloc(1, sizeof(*greenlets));
	enum pyro_rc rc;

	*ret_greenlets = NULL;
	if (!greenlets)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	greenlets->python = python;
	pyro_map_init(&greenlets->index, PYRO_MAX_GREENLETS);
	pyro_map_init(&greenlets->marks, PYRO_MAX_GREENLETS);
	rc = pyro_objects_init(&greenlets->objects, python->reader, &python->layout);
	if (rc != PYRO_RC_OK) {
		pyro_greenlets_destroy(greenlets);
		return pyro_err_set(err, rc, "out of memory");
	}
	*ret_greenlets = greenlets;
	return PYRO_RC_OK;
}

void pyro_greenlets_destroy(struct pyro_greenlets *greenlets)
{
	if (!greenlets)
		return;
	pyro_objects_deinit(&greenlets->objects);
	pyro_map_deinit(&greenlets->index);
	pyro_map_deinit(&greenlets->marks);
	pyro_frame_list_deinit(&greenlets->frames);
	free(greenlets->found);
	free(greenlets->interps);
	free(greenlets->greenlets);
	free(greenlets->insides);
	free(greenlets);
}

static enum pyro_rc add_found(void *context, uint64_t addr)
{
	struct pyro_greenlets *greenlets = context;
	uint64_t at;

	if (pyro_map_get(&greenlets->index, addr, &at))
		return PYRO_RC_OK;
	if (greenlets->found_count == PYRO_MAX_GREENLETS) {
		greenlets->truncated = true;
		return PYRO_RC_OK;
	}
	if (greenlets->found_count == greenlets->found_capacity) {
		const size_t capacity =
			greenlets->found_capacity ? greenlets->found_capacity * 2 : 64;
		uint64_t *found = realloc(greenlets->found, capacity * sizeof(*found));
		uint32_t *interps;

		if (!found)
			return PYRO_RC_NOMEM;
		greenlets->found = found;
		interps = realloc(greenlets->interps, capacity * sizeof(*interps));
		if (!interps)
			return PYRO_RC_NOMEM;
		greenlets->interps = interps;
		greenlets->found_capacity = capacity;
	}
	greenlets->interps[greenlets->found_count] = greenlets->interp_id;
	greenlets->found[greenlets->found_count] = addr;
	return pyro_map_put(&greenlets->index, addr, greenlets->found_count++);
}

/* All greenlets of the interpreters that have imported the module. */
static enum pyro_rc find_all(struct pyro_greenlets *greenlets)
{
	struct pyro_python *python = greenlets->python;
	enum pyro_rc rc = PYRO_RC_OK;

	greenlets->found_count = 0;
	greenlets->truncated = false;
	greenlets->torn = false;
	pyro_map_clear(&greenlets->index);
	for (size_t i = 0; rc == PYRO_RC_OK && i < python->interp_count; i++) {
		struct pyro_items module PYRO_CLEANUP(pyro_items_deinit) = {0};
		bool whole = true;

		rc = pyro_module_load(python, python->interps[i].addr, "greenlet", &module);
		greenlets->interp_id = python->interps[i].id;
		/* What changes while it is walked is walked again: each walk may show more. */
		for (int r = 0; rc == PYRO_RC_OK && r < READINGS && (r == 0 || !whole); r++) {
			pyro_objects_forget(&greenlets->objects);
			rc = pyro_gc_walk(python, &greenlets->objects, &python->interps[i],
					  PYRO_KIND_GREENLET, add_found, greenlets, &whole);
		}
		greenlets->torn |= !whole;
		if (rc == PYRO_RC_NOTFOUND || rc == PYRO_RC_FAULT)
			rc = PYRO_RC_OK;
	}
	return rc;
}

static bool are_bounds(const struct stack_bounds *b)
{
	const bool first =
		b->stop == UINT64_MAX; /* the first of a thread goes on to where that began */

	return b->start != 0 && b->start < b->stop &&
	       (first || b->stop - b->start < PYRO_MAX_C_STACK) && b->saved < PYRO_MAX_C_STACK &&
	       (b->copy == 0) == (b->saved == 0) && (first || b->saved <= b->stop - b->start);
}

static struct stack_bounds bounds_at(struct pyro_bytes state, uint32_t at)
{
	return (struct stack_bounds){
		.start = pyro_bytes_u64(state, at),
		.stop = pyro_bytes_u64(state, at + 8),
		.copy = pyro_bytes_u64(state, at + 16),
		.saved = pyro_bytes_u64(state, at + 24),
	};
}

/* Learns from a greenlet with a frame where all of them have what. */
static void learn(struct pyro_greenlets *greenlets, struct pyro_bytes state)
{
	for (uint32_t at = 0; at + 8 <= state.size; at += 8) {
		if (pyro_objects_kind(&greenlets->objects, pyro_bytes_u64(state, at)) !=
		    PYRO_KIND_FRAME)
			continue;
		for (size_t i = 0; i < PYRO_COUNT(distances); i++) {
			const struct stack_bounds bounds =
				bounds_at(state, at >= distances[i] ? at - distances[i] : 0);

			if (at < distances[i] || !are_bounds(&bounds))
				continue;
			greenlets->stack_at = at - distances[i];
			greenlets->frame_at = at;
			return;
		}
	}
}

/* Copies the state of the greenlet at @addr; *ret_size is 0 for one that has none any more. */
static enum pyro_rc read_state(struct pyro_greenlets *greenlets, uint64_t addr,
			       const struct pyro_type *type, uint8_t state[STATE], size_t *ret_size)
{
	struct pyro_objects *objects = &greenlets->objects;
	size_t size = STATE;
	struct pyro_bytes bytes;
	uint64_t at = addr;
	enum pyro_rc rc;

	*ret_size = 0;
	if (type->basicsize > OLD_SIZE) {
		size = type->basicsize < STATE ? type->basicsize & ~7ull : STATE;
	} else {
		/* Weak references, dict, the state. */
		rc = pyro_objects_u64(objects, addr + objects->head + 16, &at);
		if (rc != PYRO_RC_OK || at == 0)
			return rc;
	}
	rc = pyro_objects_get(objects, at, size, &bytes);
	if (rc == PYRO_RC_FAULT && size > LEAST) {
		size = LEAST;
		rc = pyro_objects_get(objects, at, size, &bytes);
	}
	if (rc != PYRO_RC_OK)
		return rc;
	memcpy(state, bytes.data, size);
	*ret_size = size;
	return PYRO_RC_OK;
}

/* The thread on whose C stack @addr lies. */
static uint64_t thread_at(const struct pyro_python *python, uint64_t addr)
{
	const size_t at = pyro_threads_on_stack(python, addr);

	return at == SIZE_MAX ? 0 : python->threads[python->threads[at].host].addr;
}

static uint64_t greenlet_at(const struct pyro_greenlets *greenlets, struct pyro_bytes state,
			    uint32_t at)
{
	const uint64_t word = pyro_bytes_u64(state, at);
	uint64_t known;

	return pyro_map_get(&greenlets->index, word, &known) ? word : 0;
}

/* Greenlet 1 keeps the parent right behind the bounds of the stack. From 2 on the first greenlet of
 * the thread, once it is known, what to run and the parent end the state. */
static uint64_t find_parent(const struct pyro_greenlets *greenlets, uint64_t self,
			    struct pyro_bytes state, const struct stack_bounds *bounds)
{
	if (bounds->stop == UINT64_MAX)
		return 0;
	if (greenlets->frame_at - greenlets->stack_at == OLD_DISTANCE)
		return greenlet_at(greenlets, state, greenlets->stack_at + BOUNDS);
	for (uint32_t at = greenlets->frame_at; at + 8 <= state.size; at += 8) {
		const uint64_t found = greenlet_at(greenlets, state, at);

		if (found != 0 && found != self)
			return bounds->stop == 0 ? found : greenlet_at(greenlets, state, at + 16);
	}
	return 0;
}

static enum pyro_rc read_frames(struct pyro_greenlets *greenlets, struct pyro_greenlet *greenlet,
				uint64_t frame, const struct stack_bounds *bounds)
{
	const struct pyro_layout *l = &greenlets->python->layout;
	struct pyro_objects *objects = &greenlets->objects;
	const struct pyro_stack_copy copy = {bounds->start, bounds->saved, bounds->copy};
	bool found = false;
	enum pyro_rc rc = PYRO_RC_OK;

	if (l->minor >= 11) /* f_back, then f_frame */
		rc = pyro_objects_u64(objects, frame + objects->head + 8, &frame);
	if (rc == PYRO_RC_OK)
		rc = pyro_frame_list_walk(&greenlets->frames, greenlets->python, objects, frame, 0,
					  &copy, &found);
	greenlet->partial = !found;
	greenlet->frame_count = (uint32_t)greenlets->frames.count - greenlet->first_frame;
	return rc == PYRO_RC_FAULT && greenlet->frame_count > 0 ? PYRO_RC_OK : rc;
}

/* Takes the greenlet into the result, or leaves it out if it is dead. */
static enum pyro_rc decode(struct pyro_greenlets *greenlets, size_t at)
{
	struct pyro_objects *objects = &greenlets->objects;
	const uint64_t addr = greenlets->found[at];
	struct pyro_greenlet *greenlet = &greenlets->greenlets[greenlets->count];
	struct inside *inside = &greenlets->insides[greenlets->count];
	const struct pyro_type *type;
	struct stack_bounds bounds;
	uint8_t buffer[STATE];
	struct pyro_bytes state = {buffer, 0};
	uint64_t frame, place;
	enum pyro_rc rc = pyro_objects_type(objects, addr, &type);

	if (rc != PYRO_RC_OK || type->kind != PYRO_KIND_GREENLET)
		return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
	*greenlet = (struct pyro_greenlet){
		.addr = addr,
		.interp_id = greenlets->interps[at],
		.first_frame = (uint32_t)greenlets->frames.count,
	};
	*inside = (struct inside){.type = type->name};
	rc = read_state(greenlets, addr, type, buffer, &state.size);
	if (rc != PYRO_RC_OK || state.size == 0)
		return rc;
	if (greenlets->stack_at == NO_PLACE)
		learn(greenlets, state);
	if (greenlets->stack_at == NO_PLACE)
		return PYRO_RC_OK; /* so far none was ever left */
	bounds = bounds_at(state, greenlets->stack_at);
	frame = pyro_bytes_u64(state, greenlets->frame_at);
	if (bounds.start == 0 && bounds.stop != 0)
		return PYRO_RC_OK;
	greenlet->parent = find_parent(greenlets, addr, state, &bounds);
	place = bounds.start > PYRO_READ_FRAME ? bounds.start : bounds.stop;
	if (bounds.stop == 0)
		greenlet->state = PYRO_GREENLET_NOT_STARTED;
	else if (place != UINT64_MAX)
		greenlet->thread = thread_at(greenlets->python, place);
	if (bounds.stop != 0 && frame != 0) {
		if (!are_bounds(&bounds) || pyro_objects_kind(objects, frame) != PYRO_KIND_FRAME)
			return PYRO_RC_FAULT;
		greenlet->state = PYRO_GREENLET_SUSPENDED;
		rc = read_frames(greenlets, greenlet, frame, &bounds);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	inside->mark = pyro_hash_pair(bounds.start, bounds.saved);
	for (uint32_t i = 0; i < greenlet->frame_count; i++) {
		const struct pyro_raw_place *p =
			&greenlets->frames.places[greenlet->first_frame + i];

		inside->mark = pyro_hash_pair(inside->mark, pyro_hash_pair(p->frame, p->instr));
	}
	greenlets->count++;
	return PYRO_RC_OK;
}

static enum pyro_rc decode_all(struct pyro_greenlets *greenlets, bool *ret_same)
{
	enum pyro_rc rc = PYRO_RC_OK;

	greenlets->count = 0;
	greenlets->frames.count = 0;
	greenlets->unread = 0;
	*ret_same = true;
	pyro_objects_forget(&greenlets->objects);
	for (size_t i = 0; rc == PYRO_RC_OK && i < greenlets->found_count; i++) {
		const size_t count = greenlets->count, frames = greenlets->frames.count;
		uint64_t mark;

		rc = decode(greenlets, i);
		if (rc == PYRO_RC_OK && greenlets->count > count) {
			struct pyro_greenlet *greenlet = &greenlets->greenlets[count];
			const uint64_t now = greenlets->insides[count].mark;

			greenlet->moving =
				!pyro_map_get(&greenlets->marks, greenlet->addr, &mark) ||
				mark != now;
			if (greenlet->moving)
				*ret_same = false;
			rc = pyro_map_put(&greenlets->marks, greenlet->addr, now);
		} else if (rc == PYRO_RC_FAULT) {
			greenlets->frames.count = frames;
			greenlets->unread++;
			rc = PYRO_RC_OK;
		} else if (rc == PYRO_RC_LIMIT) {
			greenlets->frames.count = frames;
			greenlets->truncated = true;
			rc = PYRO_RC_OK;
		}
	}
	return rc;
}

static enum pyro_rc read_all(struct pyro_greenlets *greenlets)
{
	const struct pyro_look *look;
	bool same = false;
	enum pyro_rc rc = PYRO_RC_TORN;

	for (int i = 0; i < READINGS && rc == PYRO_RC_TORN; i++)
		rc = pyro_python_look(greenlets->python, &look);
	if (rc == PYRO_RC_OK)
		rc = find_all(greenlets);
	if (rc != PYRO_RC_OK)
		return rc;
	free(greenlets->greenlets);
	free(greenlets->insides);
	greenlets->greenlets = calloc(greenlets->found_count + 1, sizeof(*greenlets->greenlets));
	greenlets->insides = calloc(greenlets->found_count + 1, sizeof(*greenlets->insides));
	if (!greenlets->greenlets || !greenlets->insides)
		return PYRO_RC_NOMEM;
	greenlets->stack_at = NO_PLACE;
	pyro_map_clear(&greenlets->marks);
	for (int i = 0; i < READINGS && rc == PYRO_RC_OK && !same; i++)
		rc = decode_all(greenlets, &same);
	return rc;
}

enum pyro_rc pyro_greenlets_read(struct pyro_greenlets *greenlets,
				 struct pyro_greenlets_view *ret_view, struct pyro_err *err)
{
	struct pyro_python *python = greenlets->python;
	size_t end = 0;
	enum pyro_rc rc;

	*ret_view = (struct pyro_greenlets_view){0};
	pyro_python_settle(python, false);
	rc = read_all(greenlets);
	if (rc == PYRO_RC_UNSUPPORTED)
		return pyro_err_set(err, rc,
				    "greenlets of a CPython %s without a GIL cannot be found",
				    python->origin.version_text);
	if (rc == PYRO_RC_OK)
		rc = pyro_frame_list_resolve(&greenlets->frames, python);
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "cannot read the greenlets");
	for (size_t i = 0; i < greenlets->count; i++) {
		struct pyro_greenlet *greenlet = &greenlets->greenlets[i];

		greenlet->type = pyro_objects_text(&greenlets->objects, greenlets->insides[i].type);
		if (!pyro_frame_list_keep(&greenlets->frames, python, &greenlet->first_frame,
					  &greenlet->frame_count, &end))
			greenlet->partial = true;
	}
	*ret_view = (struct pyro_greenlets_view){
		.greenlets = greenlets->greenlets,
		.count = greenlets->count,
		.frames = greenlets->frames.frames,
		.frame_count = end,
		.unread = greenlets->unread,
		.truncated = greenlets->truncated,
		.torn = greenlets->torn,
	};
	return PYRO_RC_OK;
}
