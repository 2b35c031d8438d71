/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cpython/decoder.h"

#define CHUNK           16384u /* DATA_STACK_CHUNK_SIZE, Python/pystate.c: the least size of one */
#define CHUNK_HEAD      16u    /* of _PyStackChunk: previous, size */
#define FIRST_REGION    2048u  /* of a data stack of which nothing is known yet */
#define SLACK           512u   /* the stack may have grown a little since the last time */
#define PAGE            4096u
#define MAX_GUESSES     256 /* such frames */
#define MEMORY          8   /* stacks in which what was there is read along with the next */
#define OWNER_THREAD    0   /* its frame lies on the data stack */
#define OWNER_GENERATOR 1
#define OWNER_MAX       4
#define MAX_TLBC        (1 << 20)

/* Reads what the frame at @addr lies in. */
static enum pyro_rc read_missing(struct pyro_python *python, uint64_t addr)
{
	struct pyro_walk *walk = &python->walk;
	struct pyro_window *window = &python->window;
	const uint64_t end = addr + python->frame_read;
	const uint64_t page_rest = PAGE - addr % PAGE;
	struct pyro_bytes head;
	enum pyro_rc rc;

	/* The walk goes down: a chunk, then the one before it, with frames of generators and of the
	 * C stack in between. */
	for (int i = 0; i < 2 && walk->chunk != 0; i++) {
		rc = pyro_window_get(window, walk->chunk, CHUNK_HEAD, &head);
		if (rc == PYRO_RC_FAULT)
			break;
		if (rc != PYRO_RC_OK)
			return rc;
		walk->chunk_size = pyro_bytes_u64(head, 8);
		if (addr >= walk->chunk && end - walk->chunk <= walk->chunk_size) {
			uint64_t low = walk->chunk;

			if (end - low > CHUNK)
				low = end - CHUNK;
			pyro_window_plan_region(window, low, end - low);
			rc = pyro_window_fetch(window);
			if (rc != PYRO_RC_OK ||
			    pyro_window_find(window, addr, python->frame_read).data)
				return rc;
			break;
		}
		if (i == 0) {
			const uint64_t previous = pyro_bytes_u64(head, 0);

			rc = pyro_window_get(window, previous, CHUNK_HEAD, &head);
			if (rc == PYRO_RC_FAULT)
				break;
			if (rc != PYRO_RC_OK)
				return rc;
			if (addr < previous || end - previous > pyro_bytes_u64(head, 8))
				break; /* outside of both */
			walk->chunk = previous;
		}
	}
	/* On the C stack the next frame outwards is often in the same page, further up. Frames that
	 * are objects, to 3.10, lie anywhere. */
	if (walk->chunk != 0 && page_rest > python->frame_read)
		pyro_window_plan(window, addr, page_rest);
	else
		pyro_window_plan(window, addr, python->frame_read);
	return pyro_window_fetch(window);
}

static enum pyro_rc get_frame(struct pyro_python *python, uint64_t addr,
			      struct pyro_bytes *ret_frame)
{
	enum pyro_rc rc;

	*ret_frame = pyro_window_find(&python->window, addr, python->frame_read);
	if (ret_frame->data)
		return PYRO_RC_OK;
	if (addr > UINT64_MAX - PAGE)
		return PYRO_RC_FAULT;
	if (python->window.sealed)
		return PYRO_RC_SHORT;
	rc = read_missing(python, addr);
	if (rc != PYRO_RC_OK)
		return rc;
	*ret_frame = pyro_window_find(&python->window, addr, python->frame_read);
	return ret_frame->data ? PYRO_RC_OK : PYRO_RC_FAULT;
}

enum pyro_rc pyro_frames_entry(struct pyro_python *python, const struct pyro_thread *state,
			       uint64_t *ret_place)
{
	const struct pyro_hint *hint = pyro_threads_hint(python, state->addr);
	const struct pyro_layout *l = &python->layout;
	uint64_t addr = state->top;

	*ret_place = 0;
	python->walk.chunk = hint ? hint->chunk : 0;
	python->walk.chunk_size = 0;
	for (uint32_t walked = 0; addr != 0 && walked < PYRO_MAX_STACK_WALK; walked++) {
		struct pyro_bytes frame;
		enum pyro_rc rc = get_frame(python, addr, &frame);

		if (rc == PYRO_RC_FAULT)
			break;
		if (rc != PYRO_RC_OK)
			return rc;
		if (pyro_bytes_u8(frame, l->fr_owner) >= PYRO_OWNER_SHIM) {
			*ret_place = addr;
			break;
		}
		addr = pyro_bytes_u64(frame, l->fr_previous);
	}
	return PYRO_RC_OK;
}

/* True where C code entered the interpreter's loop: from here on the cframe below has the frames.
 */
static bool is_entry(const struct pyro_layout *l, struct pyro_bytes frame, uint8_t owner)
{
	if (l->fr_entry != PYRO_ABSENT)
		return pyro_bytes_u8(frame, l->fr_entry) != 0;
	return owner >= PYRO_OWNER_SHIM;
}

/* Where C code enters the interpreter's loop it puts a cframe on the C stack, and a compiler may
 * well store its address before what is in it: a thread frozen between shows what lay there before.
 * Then the chain of frames does not lead to the frame of the cframe below. */
static void check_entry(struct pyro_walk *walk, uint64_t previous)
{
	if (walk->entered)
		return;
	walk->entered = true;
	if (previous != walk->frame_below)
		walk->partial = true;
}

/* Behind the last frame there is C code. */
static void note_entry(struct pyro_walk *walk)
{
	if (walk->count)
		walk->entries[walk->count - 1] = true;
}

static void note_place(struct pyro_walk *walk, const struct pyro_hint *hint, uint64_t addr,
		       uint32_t size)
{
	/* Chunks after the first are found by their heads, so only the first is remembered. */
	if (hint && hint->chunk != 0 && addr >= hint->chunk && addr - hint->chunk < 4 * CHUNK) {
		if (addr + size > walk->high)
			walk->high = addr + size;
	} else if ((walk->chunk_size == 0 || addr < walk->chunk ||
		    addr - walk->chunk >= walk->chunk_size) &&
		   walk->outside_count < PYRO_COUNT(walk->outside)) {
		walk->outside[walk->outside_count++] = addr;
	}
}

/* Follows the frames from @addr to the root. Errors: FAULT when not even the first can be read,
 * TORN when they go round in a circle, GONE, PERM. */
static enum pyro_rc walk_frames(struct pyro_python *python, const struct pyro_hint *hint,
				uint64_t addr)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_walk *walk = &python->walk;
	const bool trusted = pyro_hint_trusted(python, hint);
	uint64_t mark = 0, next_mark = 1, at = 0;
	bool entered = true;
	uint8_t owner = 0;

	for (uint64_t walked = 0; addr != 0; walked++) {
		struct pyro_bytes frame;
		uint64_t code;
		enum pyro_rc rc;

		if (hint && addr == hint->base)
			break; /* nothing in it is of interest, and it lies in a page of its own */
		if (trusted && addr == hint->bottom) {
			note_place(walk, hint, addr, python->frame_read);
			at = addr;
			owner = PYRO_OWNER_SHIM;
			entered = true;
			break;
		}
		if (addr == mark || walked == PYRO_MAX_STACK_WALK)
			return PYRO_RC_TORN;
		if (walked == next_mark) {
			mark = addr;
			next_mark *= 2;
		}
		if (walk->count == PYRO_MAX_STACK_DEPTH) {
			walk->truncated = true;
			return PYRO_RC_OK;
		}
		rc = get_frame(python, addr, &frame);
		if (rc == PYRO_RC_FAULT && walked > 0) {
			walk->partial = true;
			return PYRO_RC_OK;
		}
		if (rc != PYRO_RC_OK)
			return rc;
		note_place(walk, hint, addr, python->frame_read);
		at = addr;
		addr = pyro_bytes_u64(frame, l->fr_previous);
		if (l->fr_owner != PYRO_ABSENT)
			owner = pyro_bytes_u8(frame, l->fr_owner);
		entered = is_entry(l, frame, owner);
		if (l->cf_frame != PYRO_ABSENT && entered)
			check_entry(walk, addr);
		if (l->fr_owner != PYRO_ABSENT && l->minor >= 12) {
			if (owner > OWNER_MAX) {
				walk->partial = true; /* no frame at all */
				return PYRO_RC_OK;
			}
			if (owner >= PYRO_OWNER_SHIM) {
				walk->crossed = true;
				note_entry(walk);
				continue;
			}
		}
		if (owner == OWNER_THREAD && !walk->crossed) {
			walk->upper = at;
		} else if (owner == OWNER_THREAD && !walk->lower) {
			walk->lower = at;
			walk->lower_at = walk->count;
		}
		code = pyro_bytes_u64(frame, l->fr_code);
		if (l->minor >= 14)
			code &= PYRO_CODE_MASK;
		/* To 3.10 the loop runs one frame. */
		walk->entries[walk->count] = l->minor <= 10 || (l->minor == 11 && entered);
		walk->addrs[walk->count] = at;
		walk->code_addrs[walk->count] = code;
		walk->instrs[walk->count] = l->fr_owner == PYRO_ABSENT
						    ? pyro_bytes_u32(frame, l->fr_instr)
						    : pyro_bytes_u64(frame, l->fr_instr);
		walk->tlbcs[walk->count] =
			l->fr_tlbc == PYRO_ABSENT ? 0 : (int32_t)pyro_bytes_u32(frame, l->fr_tlbc);
		walk->count++;
	}
	note_entry(walk);
	if (l->minor >= 12 && owner >= PYRO_OWNER_SHIM)
		walk->bottom = at;
	/* A generator is always called by somebody: this one has just been unlinked from its caller
	 * and is still the current frame (YIELD_VALUE stores one after the other). */
	if (owner == OWNER_GENERATOR)
		walk->partial = true;
	/* C code called the outermost frame: one that nothing called is not linked yet, or any
	 * more. */
	if (l->fr_owner != PYRO_ABSENT && !entered)
		walk->partial = true;
	return PYRO_RC_OK;
}

/* The bytes of the data stack that frames lie in, to where the last ones reached. */
static uint32_t region_size(const struct pyro_hint *hint)
{
	const uint64_t low = hint->chunk;

	if (low == 0)
		return 0;
	if (hint->high > low && hint->high - low <= CHUNK - SLACK)
		return (uint32_t)(hint->high - low + SLACK);
	return hint->high > low && hint->high - low <= CHUNK ? CHUNK : FIRST_REGION;
}

static bool has_generation(const struct pyro_python *python)
{
	return python->layout.in_generation != PYRO_ABSENT;
}

/* All of a stack, whatever it is, where the reader can follow it. */
static void plan_trails(struct pyro_python *python, const struct pyro_thread *thread,
			const struct pyro_hint *hint)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_window *window = &python->window;
	struct pyro_trail frames = {
		.head = thread->addr + l->ts_top,
		.next = l->fr_previous,
		.end = hint->base,
		.size = python->frame_read,
		.limit = PYRO_MAX_STACK_DEPTH,
		.block = hint->chunk,
		.block_size = region_size(hint),
		.object = l->fr_code,
		.object_mask = l->minor >= 14 ? PYRO_CODE_MASK : UINT64_MAX,
	};

	/* What the frames of the interpreter itself point to is no code. */
	if (l->minor >= 12) {
		frames.kind = l->fr_owner;
		frames.kinds = PYRO_OWNER_SHIM;
	}
	if (l->cf_frame != PYRO_ABSENT) {
		const struct pyro_trail cframes = {
			.head = frames.head,
			.next = l->cf_previous,
			.size = l->cf_previous + 8,
			.limit = 2,
		};

		pyro_window_plan_trail(window, &cframes);
		frames.indirect = true;
		frames.via = l->cf_frame;
	}
	pyro_codes_trail(l, &frames);
	pyro_window_plan_trail(window, &frames);
}

void pyro_frames_plan(struct pyro_python *python, const struct pyro_thread *thread,
		      const struct pyro_hint *hint)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_window *window = &python->window;
	const uint64_t top = hint->top ? hint->top : thread->top;
	const bool trusted = pyro_hint_trusted(python, hint);

	if (has_generation(python) && !trusted)
		pyro_window_plan(window, thread->interp + l->in_generation, 8);
	if (pyro_reader_can_follow(python->reader)) {
		plan_trails(python, thread, hint);
		return;
	}
	if (l->cf_frame != PYRO_ABSENT) {
		pyro_window_plan(window, top, l->cf_previous + 8);
		if (hint->cframe_below)
			pyro_window_plan(window, hint->cframe_below, l->cf_previous + 8);
	}
	/* Each is a read of its own else. */
	if (hint->chunk)
		pyro_window_plan_region(window, hint->chunk, region_size(hint));
	for (size_t i = 0; i < hint->frame_count; i++) {
		if (!trusted || hint->frames[i] != hint->bottom)
			pyro_window_plan(window, hint->frames[i], python->frame_read);
	}
	for (size_t i = 0; i < hint->code_count && !hint->generation_still; i++)
		pyro_codes_plan(&python->codes, window, l, hint->codes[i]);
}

/* What is needed of a stack of which nothing was read ahead. */
static enum pyro_rc read_first(struct pyro_python *python, const struct pyro_thread *thread,
			       const struct pyro_hint *hint)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_window *window = &python->window;

	pyro_window_reset(window);
	if (hint)
		pyro_frames_plan(python, thread, hint);
	else if (has_generation(python))
		pyro_window_plan(window, thread->interp + l->in_generation, 8);
	pyro_window_plan(window, thread->top,
			 l->cf_frame != PYRO_ABSENT ? l->cf_previous + 8 : python->frame_read);
	return pyro_window_fetch(window);
}

/* Free-threaded: each thread may run a copy of the instructions of its own. */
static enum pyro_rc tlbc_base(struct pyro_python *python, uint64_t code, int32_t index,
			      uint64_t *ret_base)
{
	struct pyro_bytes bytes;
	uint64_t array;
	enum pyro_rc rc;

	if (index < 0 || index > MAX_TLBC)
		return PYRO_RC_FAULT;
	rc = pyro_window_get(&python->window, code + python->layout.co_tlbc, 8, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	array = pyro_bytes_u64(bytes, 0); /* _PyCodeArray: size, entries */
	rc = pyro_window_get(&python->window, array, 8, &bytes);
	if (rc != PYRO_RC_OK || pyro_bytes_u64(bytes, 0) <= (uint64_t)index)
		return rc != PYRO_RC_OK ? rc : PYRO_RC_FAULT;
	rc = pyro_window_get(&python->window, array + 8 + (uint64_t)index * 8, 8, &bytes);
	*ret_base = pyro_bytes_u64(bytes, 0);
	return rc;
}

enum pyro_rc pyro_frames_offset(struct pyro_python *python, uint64_t code, uint32_t slot,
				uint64_t instr, int32_t tlbc, uint32_t *ret_offset, bool *ret_sane)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t base = code + l->co_code, offset;
	enum pyro_rc rc;

	*ret_offset = UINT32_MAX;
	*ret_sane = true;
	if (l->minor <= 10) { /* f_lasti: -1 before the start; in code units from 3.10 on */
		const uint32_t lasti = (uint32_t)instr;

		if (lasti == UINT32_MAX)
			return PYRO_RC_OK;
		*ret_sane = lasti <= PYRO_MAX_CODE_UNITS;
		if (*ret_sane)
			*ret_offset = l->minor == 10 ? lasti * 2 : lasti;
		return PYRO_RC_OK;
	}
	if (tlbc != 0) {
		rc = tlbc_base(python, code, tlbc, &base);
		if (rc != PYRO_RC_OK) {
			*ret_sane = false;
			return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
		}
	}
	offset = instr - base;
	if (offset < python->codes.slots[slot].size && offset < PYRO_MAX_CODE_UNITS)
		*ret_offset = (uint32_t)offset;
	else
		*ret_sane = offset == (uint64_t)-2; /* prev_instr of a frame that has not started */
	return PYRO_RC_OK;
}

/* The entry to the interpreter's loop, as check_entry but from 3.12 on without a cframe to compare:
 * the frame that C code was called from ends where the next one on the data stack begins, or where
 * the data stack ends. An entry frame that is linked before it is filled leads to a deeper one. */
static void check_crossing(struct pyro_python *python, const struct pyro_hint *hint)
{
	struct pyro_walk *walk = &python->walk;
	const uint64_t next = walk->upper ? walk->upper : hint->data_top;
	const struct pyro_code_slot *slot;
	uint32_t words;
	uint64_t end;

	if (!walk->lower || walk->slots[walk->lower_at] == PYRO_CODE_NONE)
		return;
	slot = &python->codes.slots[walk->slots[walk->lower_at]];
	memcpy(&words, slot->id + (python->layout.co_framesize - python->layout.co_id),
	       sizeof(words));
	end = walk->lower + 8ull * words;
	/* A frame that did not fit begins a chunk of its own. */
	if (end != next && next - walk->lower < CHUNK)
		walk->partial = true;
}

/* What is known of frame @from becomes that of frame @to, one that is not shown. */
static void move_frame(struct pyro_walk *walk, size_t from, size_t to)
{
	walk->addrs[to] = walk->addrs[from];
	walk->code_addrs[to] = walk->code_addrs[from];
	walk->instrs[to] = walk->instrs[from];
}

static enum pyro_rc fill_stack(struct pyro_python *python, struct pyro_raw_stack *stack)
{
	struct pyro_walk *walk = &python->walk;
	enum pyro_rc rc;

	stack->truncated |= walk->truncated;
	stack->partial |= walk->partial;
	for (size_t i = walk->first; i < walk->count; i++) {
		struct pyro_raw_frame *frame = &stack->frames[stack->count];
		const uint32_t slot = walk->slots[i];
		bool sane;

		frame->code = python->codes.slots[slot].code;
		frame->line = 0;
		if (frame->code == PYRO_CODE_NONE) {
			stack->partial = true;
			continue;
		}
		if (python->codes.records[frame->code]->internal) {
			if (stack->count)
				stack->entries[stack->count - 1] |= walk->entries[i];
			continue;
		}
		rc = pyro_frames_offset(python, walk->code_addrs[i], slot, walk->instrs[i],
					walk->tlbcs[i], &frame->offset, &sane);
		if (rc != PYRO_RC_OK)
			return rc;
		if (!sane)
			stack->partial = true;
		stack->entries[stack->count] = walk->entries[i];
		if (i != stack->count)
			move_frame(walk, i, stack->count);
		stack->count++;
	}
	return PYRO_RC_OK;
}

/* From the newest cframe at *@top to its frame, and to the frame of the cframe below. */
static enum pyro_rc read_cframes(struct pyro_python *python, uint64_t *top)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_walk *walk = &python->walk;
	struct pyro_bytes cframe;
	enum pyro_rc rc;

	rc = pyro_window_get(&python->window, *top, l->cf_previous + 8, &cframe);
	if (rc != PYRO_RC_OK)
		return rc;
	*top = pyro_bytes_u64(cframe, l->cf_frame);
	walk->cframe_below = pyro_bytes_u64(cframe, l->cf_previous);
	if (walk->cframe_below == 0)
		return PYRO_RC_OK;
	rc = pyro_window_get(&python->window, walk->cframe_below, l->cf_previous + 8, &cframe);
	if (rc == PYRO_RC_OK)
		walk->frame_below = pyro_bytes_u64(cframe, l->cf_frame);
	/* Without a frame above another one: linked before it was filled. */
	if (rc == PYRO_RC_FAULT || (*top == 0 && walk->frame_below != 0))
		walk->partial = true;
	return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
}

/* Begins the walk of one state's stack, behind the @first frames that are there. */
static void begin_walk(struct pyro_walk *walk, const struct pyro_hint *hint, size_t first)
{
	walk->thread = 0;
	walk->first = walk->count = first;
	walk->outside_count = 0;
	walk->chunk = hint ? hint->chunk : 0;
	walk->chunk_size = 0;
	walk->high = 0;
	walk->truncated = false;
	walk->partial = false;
	walk->generation = UINT64_MAX;
	walk->bottom = 0;
	walk->cframe_below = 0;
	walk->frame_below = 0;
	walk->entered = false;
	walk->upper = 0;
	walk->lower = 0;
	walk->crossed = false;
}

/* Puts the stack of one state behind what is there of @stack. @ahead: what it needs was read. */
static enum pyro_rc add_state(struct pyro_python *python, const struct pyro_thread *thread,
			      bool ahead, struct pyro_raw_stack *stack)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_hint *hint = pyro_threads_hint(python, thread->addr);
	struct pyro_walk *walk = &python->walk;
	uint64_t top = thread->top;
	enum pyro_rc rc = PYRO_RC_OK;

	begin_walk(walk, hint, stack->count);
	if (top == 0)
		return PYRO_RC_OK;
	if (pyro_hint_trusted(python, hint))
		walk->generation = hint->generation;
	if (!ahead)
		rc = read_first(python, thread, hint);
	if (rc == PYRO_RC_OK && l->cf_frame != PYRO_ABSENT)
		rc = read_cframes(python, &top);
	if (rc != PYRO_RC_OK)
		return rc;
	if (has_generation(python)) {
		const struct pyro_bytes bytes =
			pyro_window_find(&python->window, thread->interp + l->in_generation, 8);

		if (bytes.data)
			walk->generation = pyro_bytes_u64(bytes, 0);
	}
	rc = walk_frames(python, hint, top);
	if (rc == PYRO_RC_OK)
		rc = pyro_codes_identify(&python->codes, &python->window, l, thread->interp,
					 walk->generation, walk->code_addrs + walk->first,
					 walk->count - walk->first, walk->slots + walk->first);
	if (rc == PYRO_RC_OK && hint && l->co_framesize != PYRO_ABSENT)
		check_crossing(python, hint);
	if (rc == PYRO_RC_OK)
		rc = fill_stack(python, stack);
	if (rc != PYRO_RC_OK)
		return rc;
	walk->thread = thread->addr;
	if (hint) {
		hint->top = thread->top;
		hint->cframe_below = walk->cframe_below;
	}
	return PYRO_RC_OK;
}

/* All states that the thread is in, as pyro_python_thread found them. */
static enum pyro_rc add_states(struct pyro_python *python, bool ahead, struct pyro_raw_stack *stack)
{
	const struct pyro_nest *nest = &python->nest;
	enum pyro_rc rc = PYRO_RC_OK;

	stack->partial = nest->mixed;
	for (size_t i = 0; i < nest->count && rc == PYRO_RC_OK; i++) {
		const size_t count = stack->count;

		if (i > 0)
			pyro_frames_learn(python);
		rc = add_state(python, &nest->states[i].state, ahead, stack);
		if (rc == PYRO_RC_FAULT && nest->count > 1) {
			stack->count = count;
			stack->partial = true; /* the others are there */
			rc = PYRO_RC_OK;
		}
	}
	return rc;
}

enum pyro_rc pyro_python_stack(struct pyro_python *python, const struct pyro_thread *thread,
			       struct pyro_raw_stack *stack)
{
	const bool fresh = thread->addr == python->ahead;
	const bool ahead = fresh && python->window.round == python->ahead_round;
	enum pyro_rc rc;

	python->ahead = 0;
	stack->count = 0;
	stack->truncated = false;
	stack->partial = false;
	begin_walk(&python->walk, NULL, 0);
	pyro_codes_begin(&python->codes);
	rc = python->nested && fresh ? add_states(python, ahead, stack)
				     : add_state(python, thread, ahead, stack);
	if (rc != PYRO_RC_OK)
		stack->count = 0;
	return rc;
}

/* Adds @addr to the set of this stack; false if it was there. */
static bool mark_seen(struct pyro_walk *walk, uint64_t addr)
{
	uint32_t at = (uint32_t)((addr * 0x9e3779b97f4a7c15ull) >> 40) % PYRO_COUNT(walk->seen);

	for (;; at = (at + 1) % PYRO_COUNT(walk->seen)) {
		if (walk->seen[at].stamp != walk->stamp)
			break;
		if (walk->seen[at].addr == addr)
			return false;
	}
	walk->seen[at].addr = addr;
	walk->seen[at].stamp = walk->stamp;
	return true;
}

static bool reserve_frames(struct pyro_hint *hint, size_t count)
{
	uint64_t *frames;
	uint8_t *ages;
	size_t capacity = hint->frame_capacity ? hint->frame_capacity : 16;

	while (capacity < count)
		capacity *= 2;
	if (capacity == hint->frame_capacity)
		return true;
	frames = realloc(hint->frames, capacity * sizeof(*frames));
	if (frames)
		hint->frames = frames;
	ages = realloc(hint->ages, capacity * sizeof(*ages));
	if (ages)
		hint->ages = ages;
	if (!frames || !ages)
		return false;
	hint->frame_capacity = (uint32_t)capacity;
	return true;
}

static void learn_frames(struct pyro_walk *walk, struct pyro_hint *hint)
{
	size_t kept = 0;

	if (!reserve_frames(hint, walk->outside_count + MAX_GUESSES))
		return;
	if (++walk->stamp == 0) {
		memset(walk->seen, 0, sizeof(walk->seen));
		walk->stamp = 1;
	}
	for (size_t i = 0; i < walk->outside_count; i++)
		(void)mark_seen(walk, walk->outside[i]);
	for (size_t i = 0; i < hint->frame_count && kept < MAX_GUESSES; i++) {
		if (hint->ages[i] >= MEMORY || !mark_seen(walk, hint->frames[i]))
			continue;
		hint->frames[kept] = hint->frames[i];
		hint->ages[kept] = hint->ages[i] + 1;
		kept++;
	}
	memcpy(hint->frames + kept, walk->outside, walk->outside_count * sizeof(*hint->frames));
	memset(hint->ages + kept, 0, walk->outside_count);
	hint->frame_count = (uint32_t)(kept + walk->outside_count);
}

static void list_code(struct pyro_codes *codes, struct pyro_hint *hint, uint32_t at, uint8_t age)
{
	struct pyro_code_slot *slot = at < codes->slot_count ? &codes->slots[at] : NULL;

	if (!slot || slot->listed == codes->stack || slot->code == PYRO_CODE_NONE ||
	    hint->code_count == PYRO_HINT_CODES)
		return;
	slot->listed = codes->stack;
	hint->codes[hint->code_count] = at;
	hint->code_ages[hint->code_count++] = age;
}

/* Those of this stack, and those of the last few: what calls in turn comes again. */
static void learn_codes(const struct pyro_walk *walk, struct pyro_codes *codes,
			struct pyro_hint *hint)
{
	uint32_t before[PYRO_HINT_CODES];
	uint8_t ages[PYRO_HINT_CODES];
	const uint32_t count = hint->code_count;

	memcpy(before, hint->codes, count * sizeof(*before));
	memcpy(ages, hint->code_ages, count);
	hint->code_count = 0;
	for (size_t i = walk->first; i < walk->count; i++)
		list_code(codes, hint, walk->slots[i], 0);
	for (uint32_t i = 0; i < count; i++) {
		if (ages[i] < MEMORY)
			list_code(codes, hint, before[i], ages[i] + 1);
	}
}

void pyro_frames_learn(struct pyro_python *python)
{
	struct pyro_walk *walk = &python->walk;
	struct pyro_codes *codes = &python->codes;
	struct pyro_hint *hint;

	if (walk->thread == 0)
		return;
	hint = pyro_threads_hint(python, walk->thread);
	walk->thread = 0;
	if (!hint)
		return;
	/* A stack that comes and goes is read to where it reached of late. */
	if (walk->high > 0 && walk->high >= hint->high)
		hint->high = walk->high;
	else if (walk->high > 0)
		hint->high -= (hint->high - walk->high) / (2u * MEMORY);
	learn_frames(walk, hint);
	learn_codes(walk, codes, hint);
	hint->generation_still =
		walk->generation != UINT64_MAX && walk->generation == hint->generation;
	hint->generation = walk->generation;
	hint->bottom = walk->bottom;
	hint->epoch = python->codes.epoch;
}

uint64_t pyro_python_frame_addr(const struct pyro_python *python, size_t frame)
{
	return frame < python->walk.count ? python->walk.addrs[frame] : 0;
}
