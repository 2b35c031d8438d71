/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/coroutine.h"

#define YIELD_FROM  72 /* opcode, 3.8 to 3.10 */
#define RESUME_FROM 2  /* RESUME's argument after yield from, 3 after await; 3.11 on */
#define RESUME_MASK 3
#define MAX_VALUES  (1u << 20) /* locals and values of one frame */
#define MAX_HOPS    (2 * PYRO_MAX_STACK_DEPTH)

/* PyGenObject.gi_frame_state, from 3.11 on. From 3.13 on it tells awaiting from yielding. */
static const struct {
	uint32_t first; /* minor */
	int8_t created, suspended, suspended_last, from, executing;
	bool tells;
} states[] = {
	{15, 0, 1, 3, 2, 4, true},
	{13, -3, -2, -1, -1, 0, true},
	{11, -2, -1, -1, -1, 0, false},
};

/* Where the newest of a suspended frame's values lies; 0: it has none. */
static enum pyro_rc find_newest(struct pyro_objects *objects, uint64_t frame, uint64_t *ret_addr)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_bytes bytes;
	uint64_t base = frame + l->fr_localsplus, end;
	int32_t count;
	enum pyro_rc rc = pyro_objects_get(objects, frame, l->fr_localsplus, &bytes);

	*ret_addr = 0;
	if (rc != PYRO_RC_OK)
		return rc;
	end = pyro_bytes_u64(bytes, l->fr_stack);
	count = (int32_t)pyro_bytes_u32(bytes, l->fr_stack);
	if (l->minor >= 10 && l->minor <= 13) {
		if (l->fr_values != PYRO_ABSENT)
			base = pyro_bytes_u64(bytes, l->fr_values);
		if (count <= 0 || (uint32_t)count > MAX_VALUES)
			return PYRO_RC_OK;
		end = base + 8 * (uint64_t)(uint32_t)count;
	}
	if (end == 0)
		return PYRO_RC_OK;
	/* From 3.15 on an index lies above what is awaited. */
	end -= l->minor >= 15 ? 16 : 8;
	if (end < base || end - base > 8ull * MAX_VALUES)
		return PYRO_RC_FAULT;
	*ret_addr = end;
	return PYRO_RC_OK;
}

/* Whether the frame's current instruction passes on what another iterator yields. */
static enum pyro_rc is_delegating(struct pyro_objects *objects, const struct pyro_raw_place *place,
				  bool *ret_is)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_bytes bytes;
	uint64_t code, next;
	enum pyro_rc rc;

	*ret_is = false;
	if (l->minor >= 11) {
		/* 3.11, 3.12: prev_instr is the YIELD_VALUE, and a RESUME follows. */
		rc = pyro_objects_get(objects, place->instr + 2, 2, &bytes);
		*ret_is = (pyro_bytes_u8(bytes, 1) & RESUME_MASK) >= RESUME_FROM;
		return rc;
	}
	next = place->instr;
	if (next > PYRO_MAX_CODE_UNITS)
		return PYRO_RC_OK;
	next = l->minor == 10 ? next * 2 + 2 : next + 2;
	rc = pyro_objects_u64(objects, place->code + l->co_code, &code);
	if (rc == PYRO_RC_OK)
		rc = pyro_objects_get(objects, code + l->by_data + next, 1, &bytes);
	if (rc == PYRO_RC_OK)
		*ret_is = pyro_bytes_u8(bytes, 0) == YIELD_FROM;
	return rc;
}

static enum pyro_rc read_awaited(struct pyro_objects *objects, struct pyro_coroutine *coroutine,
				 bool known)
{
	bool delegates = known;
	uint64_t addr;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!known)
		rc = is_delegating(objects, &coroutine->place, &delegates);
	if (rc != PYRO_RC_OK || !delegates)
		return rc;
	rc = find_newest(objects, coroutine->place.frame, &addr);
	if (rc == PYRO_RC_OK && addr != 0)
		rc = pyro_objects_u64(objects, addr, &coroutine->awaits);
	if (objects->layout->minor >= 14)
		coroutine->awaits &= PYRO_STACKREF_MASK;
	return rc;
}

/* To 3.10: the frame is an object, and knows whether it runs by where its values end. */
static enum pyro_rc read_old(struct pyro_objects *objects, uint64_t addr,
			     struct pyro_coroutine *coroutine)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_bytes bytes;
	uint64_t frame;
	enum pyro_rc rc = pyro_objects_u64(objects, addr + l->gen_frame, &frame);

	if (rc != PYRO_RC_OK)
		return rc;
	coroutine->state = PYRO_FINISHED;
	if (frame == 0)
		return PYRO_RC_OK;
	rc = pyro_place_read(objects, frame, &coroutine->place);
	if (rc == PYRO_RC_OK)
		rc = pyro_objects_get(objects, frame, l->fr_localsplus, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	coroutine->state = PYRO_SUSPENDED;
	if (l->minor == 10 ? (int32_t)pyro_bytes_u32(bytes, l->fr_stack) < 0
			   : pyro_bytes_u64(bytes, l->fr_stack) == 0)
		coroutine->state = PYRO_EXECUTING;
	else if ((uint32_t)coroutine->place.instr == UINT32_MAX)
		coroutine->state = PYRO_NOT_STARTED;
	return coroutine->state == PYRO_SUSPENDED ? read_awaited(objects, coroutine, false)
						  : PYRO_RC_OK;
}

enum pyro_rc pyro_coroutine_read(struct pyro_objects *objects, uint64_t addr,
				 struct pyro_coroutine *ret_coroutine)
{
	const struct pyro_layout *l = objects->layout;
	struct pyro_bytes bytes;
	size_t row = 0;
	int8_t state;
	enum pyro_rc rc;

	*ret_coroutine = (struct pyro_coroutine){.state = PYRO_FINISHED};
	if (l->minor <= 10)
		return read_old(objects, addr, ret_coroutine);
	while (l->minor < states[row].first)
		row++;
	rc = pyro_objects_get(objects, addr + l->gen_state, 1, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	state = (int8_t)pyro_bytes_u8(bytes, 0);
	if (state == states[row].created)
		ret_coroutine->state = PYRO_NOT_STARTED;
	else if (state == states[row].executing)
		ret_coroutine->state = PYRO_EXECUTING;
	else if (state >= states[row].suspended && state <= states[row].suspended_last)
		ret_coroutine->state = PYRO_SUSPENDED;
	else
		return PYRO_RC_OK;
	rc = pyro_place_read(objects, addr + l->gen_frame, &ret_coroutine->place);
	if (rc == PYRO_RC_OK && ret_coroutine->state == PYRO_SUSPENDED &&
	    (!states[row].tells || state >= states[row].from))
		rc = read_awaited(objects, ret_coroutine, states[row].tells);
	return rc;
}

/* What the object at @addr leads to next, taking its place into the chain if it has one. */
static enum pyro_rc follow_one(struct pyro_objects *objects, uint64_t addr,
			       struct pyro_await_chain *chain, uint64_t *ret_next)
{
	struct pyro_coroutine coroutine;
	enum pyro_rc rc;

	*ret_next = 0;
	switch (pyro_objects_kind(objects, addr)) {
	case PYRO_KIND_GENERATOR:
		rc = pyro_coroutine_read(objects, addr, &coroutine);
		if (rc != PYRO_RC_OK || coroutine.state == PYRO_FINISHED)
			return rc;
		if (chain->count == chain->room)
			return PYRO_RC_LIMIT;
		chain->places[chain->count++] = coroutine.place;
		chain->executing = coroutine.state == PYRO_EXECUTING;
		*ret_next = coroutine.awaits;
		return PYRO_RC_OK;
	case PYRO_KIND_WRAPPER:
		return pyro_objects_u64(objects, addr + objects->head, ret_next);
	case PYRO_KIND_FUTURE_ITER:
		return pyro_objects_u64(objects, addr + objects->head, &chain->target);
	default:
		chain->target = addr;
		return PYRO_RC_OK;
	}
}

enum pyro_rc pyro_await_chain_follow(struct pyro_objects *objects, uint64_t addr,
				     struct pyro_await_chain *chain)
{
	uint64_t mark = 0, next_mark = 1;

	chain->count = 0;
	chain->target = 0;
	chain->executing = false;
	chain->partial = false;
	for (uint64_t hops = 0; addr != 0; hops++) {
		enum pyro_rc rc;

		if (addr == mark || hops == MAX_HOPS)
			return PYRO_RC_TORN;
		if (hops == next_mark) {
			mark = addr;
			next_mark *= 2;
		}
		rc = follow_one(objects, addr, chain, &addr);
		if (rc == PYRO_RC_FAULT || rc == PYRO_RC_LIMIT) {
			chain->partial = true;
			return PYRO_RC_OK;
		}
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}
