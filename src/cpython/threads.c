/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cpython/decoder.h"

#define STATUS_ACTIVE   (1u << 4) /* PyThreadState._status.active, 3.12 on */
#define MAX_INTERVAL    1000000000ull
#define SEARCH_DISTANCE 256u

static struct pyro_bytes gil_bytes(const struct pyro_window *window, uint64_t addr)
{
	return pyro_window_find(window, addr, PYRO_READ_GIL);
}

static void decode_gil(const struct pyro_layout *l, uint64_t addr, struct pyro_bytes bytes,
		       struct pyro_gil *ret_gil)
{
	*ret_gil = (struct pyro_gil){
		.addr = addr,
		.last_holder = pyro_bytes_u64(bytes, l->gil_last_holder),
		.switch_number = pyro_bytes_u64(bytes, l->gil_switch_number),
		.locked = pyro_bytes_u32(bytes, l->gil_locked) == 1,
		.wait_low = addr + l->gil_cond,
		.wait_high = addr + l->gil_end,
	};
}

static bool gil_is_plausible(const struct pyro_layout *l, struct pyro_bytes bytes)
{
	const uint64_t interval = pyro_bytes_u64(bytes, l->gil_interval);
	const uint32_t locked = pyro_bytes_u32(bytes, l->gil_locked);

	return bytes.data && interval > 0 && interval <= MAX_INTERVAL &&
	       (locked <= 1 || locked == UINT32_MAX);
}

/* The index of the GIL at @addr among those of this look, reading it if it is new. */
static enum pyro_rc take_gil(struct pyro_python *python, uint64_t addr, size_t *count,
			     uint32_t *ret_gil)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc;

	for (size_t i = 0; i < *count; i++) {
		if (python->gils[i].addr == addr) {
			*ret_gil = (uint32_t)i;
			return PYRO_RC_OK;
		}
	}
	*ret_gil = (uint32_t)*count;
	python->gils[*count] = (struct pyro_gil){0};
	if (addr != 0) {
		rc = pyro_window_get(&python->window, addr, PYRO_READ_GIL, &bytes);
		if (rc != PYRO_RC_OK)
			return rc;
		if (gil_is_plausible(&python->layout, bytes))
			decode_gil(&python->layout, addr, bytes, &python->gils[*count]);
		else
			python->gils[*count].addr = addr; /* an interpreter on its way in or out */
	}
	(*count)++;
	return PYRO_RC_OK;
}

void pyro_threads_decode(const struct pyro_python *python, struct pyro_bytes bytes, bool by_status,
			 struct pyro_thread *thread)
{
	const struct pyro_layout *l = &python->layout;

	thread->pthread = pyro_bytes_u64(bytes, l->ts_thread_id);
	thread->top = pyro_bytes_u64(bytes, l->ts_top);
	if (l->ts_native_id != PYRO_ABSENT)
		thread->native_id = pyro_bytes_u64(bytes, l->ts_native_id);
	if (by_status) {
		thread->attached = pyro_bytes_u32(bytes, l->ts_status) & STATUS_ACTIVE;
	} else {
		const struct pyro_gil *gil = &python->gils[thread->gil];

		thread->attached = gil->locked && gil->last_holder == thread->addr;
	}
}

static void plan_interp(struct pyro_python *python, uint64_t addr)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_window *window = &python->window;

	pyro_window_plan(window, addr + l->in_next, 8);
	pyro_window_plan(window, addr + l->in_id, 8);
	pyro_window_plan(window, addr + l->in_threads, 8);
	if (l->in_collecting != PYRO_ABSENT)
		pyro_window_plan(window, addr + l->in_collecting, 4);
	if (l->in_gil != PYRO_ABSENT && !l->free_threaded) {
		pyro_window_plan(window, addr + l->in_gil, 8);
		pyro_window_plan(window, addr + l->in_own_gil, PYRO_READ_GIL);
	}
}

static void plan_runtime(struct pyro_python *python)
{
	const struct pyro_layout *l = &python->layout;
	const uint64_t addr = python->origin.runtime_addr;
	struct pyro_window *window = &python->window;

	pyro_window_plan(window, addr + l->rt_finalizing, 8);
	pyro_window_plan(window, addr + l->rt_interpreters, 8);
	if (l->rt_main_thread != PYRO_ABSENT)
		pyro_window_plan(window, addr + l->rt_main_thread, 8);
	if (l->rt_gil != PYRO_ABSENT)
		pyro_window_plan(window, addr + l->rt_gil, PYRO_READ_GIL);
	if (l->rt_collecting != PYRO_ABSENT)
		pyro_window_plan(window, addr + l->rt_collecting, 4);
}

/* Hints follow their threads to their new places; those of threads that are gone are freed. */
static enum pyro_rc rebuild_index(struct pyro_python *python, size_t old_count, size_t count)
{
	struct pyro_hint *hints PYRO_AUTO_FREE = calloc(count ? count : 1, sizeof(*hints));
	enum pyro_rc rc;

	if (!hints)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < count; i++) {
		uint64_t old;

		if (pyro_map_get(&python->thread_index, python->threads[i].addr, &old) &&
		    old < old_count) {
			hints[i] = python->hints[old];
			python->hints[old] = (struct pyro_hint){0};
		}
	}
	for (size_t i = 0; i < old_count; i++) {
		free(python->hints[i].frames);
		free(python->hints[i].ages);
	}
	free(python->hints);
	python->hints = PYRO_TAKE_POINTER(hints);
	pyro_map_clear(&python->thread_index);
	for (size_t i = 0; i < count; i++) {
		rc = pyro_map_put(&python->thread_index, python->threads[i].addr, i);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc grow_threads(struct pyro_python *python)
{
	const size_t capacity = python->thread_capacity ? python->thread_capacity * 2 : 64;
	struct pyro_thread *threads = realloc(python->threads, capacity * sizeof(*threads));

	if (!threads)
		return PYRO_RC_NOMEM;
	python->threads = threads;
	python->thread_capacity = capacity;
	return PYRO_RC_OK;
}

/* Reads the threads of one interpreter after the @count already there. */
static enum pyro_rc walk_threads(struct pyro_python *python, const struct pyro_interp *interp,
				 size_t *count, bool *changed)
{
	const struct pyro_layout *l = &python->layout;
	const size_t first = *count, known = python->look.thread_count;
	uint64_t addr = interp->threads_head;

	while (addr != 0) {
		struct pyro_thread *thread;
		struct pyro_bytes bytes;
		enum pyro_rc rc;

		if (*count == PYRO_MAX_THREADS)
			return PYRO_RC_TORN;
		if (*count == python->thread_capacity) {
			rc = grow_threads(python);
			if (rc != PYRO_RC_OK)
				return rc;
		}
		rc = pyro_window_get(&python->window, addr, python->thread_read, &bytes);
		if (rc != PYRO_RC_OK)
			return rc == PYRO_RC_FAULT && python->looked ? PYRO_RC_TORN : rc;
		if (pyro_bytes_u64(bytes, l->ts_interp) != interp->addr)
			return PYRO_RC_TORN;
		thread = &python->threads[*count];
		if (*count >= known || thread->addr != addr || thread->interp != interp->addr)
			*changed = true;
		if (*count < known && thread->pthread != pyro_bytes_u64(bytes, l->ts_thread_id))
			python->moved = true;
		*thread = (struct pyro_thread){
			.addr = addr,
			.interp = interp->addr,
			.interp_id = interp->id,
			.gil = interp->gil,
			.native_id = *changed ? 0 : thread->native_id,
			.host = *count,
		};
		pyro_threads_decode(python, bytes, l->free_threaded, thread);
		(*count)++;
		addr = pyro_bytes_u64(bytes, l->ts_next);
		for (size_t i = first; addr != 0 && i < *count && (*count & (*count - 1)) == 0;
		     i++) {
			if (python->threads[i].addr == addr)
				return PYRO_RC_TORN; /* a cycle; looked for at powers of two */
		}
	}
	return PYRO_RC_OK;
}

/* The main thread of an interpreter: the runtime names that of the main one, to 3.12; otherwise the
 * first ever made, which is last in the list. */
static void mark_main(struct pyro_python *python, const struct pyro_interp *interp, size_t first,
		      size_t count)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t pthread = 0;

	if (l->rt_main_thread != PYRO_ABSENT && interp->id == 0)
		pthread = pyro_window_u64(&python->window,
					  python->origin.runtime_addr + l->rt_main_thread);
	for (size_t i = first; pthread != 0 && i < count; i++) {
		if (python->threads[i].pthread == pthread) {
			python->threads[i].main = true;
			return;
		}
	}
	if (count > first)
		python->threads[count - 1].main = true;
}

static void plan_look(struct pyro_python *python)
{
	pyro_window_reset(&python->window);
	plan_runtime(python);
	for (size_t i = 0; i < python->interp_count; i++)
		plan_interp(python, python->interps[i].addr);
	for (size_t i = 0; i < python->look.thread_count; i++)
		pyro_window_plan(&python->window, python->threads[i].addr, python->thread_read);
	pyro_native_ids_plan(python);
}

static enum pyro_rc read_interp(struct pyro_python *python, uint64_t addr, size_t *gil_count,
				struct pyro_interp *ret_interp)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_bytes next;
	uint64_t gil = 0;
	enum pyro_rc rc;

	if (!pyro_window_find(&python->window, addr + l->in_next, 8).data) {
		plan_interp(python, addr);
		rc = pyro_window_fetch(&python->window);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	next = pyro_window_find(&python->window, addr + l->in_next, 8);
	if (!next.data || !pyro_window_find(&python->window, addr + l->in_threads, 8).data)
		return PYRO_RC_FAULT;
	*ret_interp = (struct pyro_interp){
		.addr = addr,
		.next = pyro_bytes_u64(next, 0),
		.threads_head = pyro_window_u64(&python->window, addr + l->in_threads),
		.id = (uint32_t)pyro_window_u64(&python->window, addr + l->in_id),
	};
	if (l->rt_gil != PYRO_ABSENT)
		gil = python->origin.runtime_addr + l->rt_gil;
	else if (!l->free_threaded)
		gil = pyro_window_u64(&python->window, addr + l->in_gil);
	return take_gil(python, gil, gil_count, &ret_interp->gil);
}

static enum pyro_rc walk_all(struct pyro_python *python, size_t *ret_count, size_t *ret_gils,
			     bool *ret_changed)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t addr =
		pyro_window_u64(&python->window, python->origin.runtime_addr + l->rt_interpreters);
	size_t count = 0, gils = 0, interps = 0;
	bool changed = !python->looked;
	enum pyro_rc rc = PYRO_RC_OK;

	while (addr != 0 && rc == PYRO_RC_OK) {
		struct pyro_interp interp = {0};
		const size_t first = count;

		if (interps == PYRO_MAX_INTERPRETERS) {
			rc = PYRO_RC_TORN;
			break;
		}
		rc = read_interp(python, addr, &gils, &interp);
		if (rc != PYRO_RC_OK)
			break;
		if (interps >= python->interp_count || python->interps[interps].addr != addr)
			changed = true;
		python->interps[interps++] = interp;
		rc = walk_threads(python, &interp, &count, &changed);
		if (rc == PYRO_RC_OK)
			mark_main(python, &interp, first, count);
		addr = interp.next;
	}
	python->interp_count = interps;
	*ret_count = count;
	*ret_gils = gils;
	*ret_changed = changed || count != python->look.thread_count;
	return rc;
}

static bool is_collecting(const struct pyro_python *python)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t addr = 0;

	if (l->rt_collecting != PYRO_ABSENT)
		addr = python->origin.runtime_addr + l->rt_collecting;
	for (size_t i = 0; i < python->interp_count && addr == 0; i++) {
		if (python->interps[i].id == 0 && l->in_collecting != PYRO_ABSENT)
			addr = python->interps[i].addr + l->in_collecting;
	}
	return addr != 0 && pyro_bytes_u32(pyro_window_find(&python->window, addr, 4), 0) != 0;
}

void pyro_threads_note(struct pyro_python *python, size_t thread, struct pyro_bytes bytes)
{
	const struct pyro_layout *l = &python->layout;

	if (l->ts_chunk != PYRO_ABSENT)
		python->hints[thread].chunk = pyro_bytes_u64(bytes, l->ts_chunk);
	if (l->ts_data_top != PYRO_ABSENT)
		python->hints[thread].data_top = pyro_bytes_u64(bytes, l->ts_data_top);
	if (l->ts_base != PYRO_ABSENT)
		python->hints[thread].base = pyro_bytes_u64(bytes, l->ts_base);
	if (l->ts_cframe != PYRO_ABSENT)
		python->hints[thread].cframe = pyro_bytes_u64(bytes, l->ts_cframe);
}

enum pyro_rc pyro_python_look(struct pyro_python *python, const struct pyro_look **ret_look)
{
	const size_t old_count = python->look.thread_count;
	size_t count = 0, gils = 0;
	bool changed = false;
	enum pyro_rc rc;

	*ret_look = NULL;
	python->moved = false;
	plan_look(python);
	rc = pyro_window_fetch(&python->window);
	if (rc == PYRO_RC_OK &&
	    !pyro_window_find(&python->window,
			      python->origin.runtime_addr + python->layout.rt_interpreters, 8)
		     .data)
		rc = PYRO_RC_FAULT;
	if (rc == PYRO_RC_OK)
		rc = walk_all(python, &count, &gils, &changed);
	if (rc != PYRO_RC_OK)
		changed = true;
	if (changed) {
		/* Also after a failure: `threads` was written over, so the next look starts anew.
		 */
		const enum pyro_rc index_rc = rebuild_index(python, old_count, count);

		if (rc == PYRO_RC_OK)
			rc = index_rc;
		python->look.generation++;
	}
	python->look.thread_count = count;
	python->look.threads = python->threads;
	python->look.gils = python->gils;
	python->look.gil_count = gils;
	python->look.changed = changed;
	python->look.collecting = is_collecting(python);
	python->look.finalizing =
		pyro_window_u64(&python->window,
				python->origin.runtime_addr + python->layout.rt_finalizing) != 0;
	python->looked = rc == PYRO_RC_OK;
	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = 0; i < count; i++) {
		const struct pyro_bytes bytes = pyro_window_find(
			&python->window, python->threads[i].addr, python->thread_read);

		pyro_threads_note(python, i, bytes);
	}
	if (python->layout.ts_native_id == PYRO_ABSENT) {
		/* A new thread's state names its creator until the thread runs. */
		if (changed || python->moved)
			pyro_native_ids(python);
		else
			pyro_native_ids_update(python);
	}
	python->nested |= python->interp_count > 1;
	python->look.nested = python->nested;
	if (python->nested)
		rc = pyro_nest_find(python);
	python->looked = rc == PYRO_RC_OK;
	if (rc != PYRO_RC_OK)
		return rc;
	*ret_look = &python->look;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_python_gil(struct pyro_python *python, uint32_t gil, struct pyro_gil *ret_gil)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc;

	*ret_gil = (struct pyro_gil){0};
	if (gil >= python->look.gil_count)
		return PYRO_RC_NOTFOUND;
	if (python->gils[gil].addr == 0)
		return PYRO_RC_OK;
	pyro_window_reset(&python->window);
	rc = pyro_window_get(&python->window, python->gils[gil].addr, PYRO_READ_GIL, &bytes);
	if (rc == PYRO_RC_OK)
		decode_gil(&python->layout, python->gils[gil].addr, bytes, ret_gil);
	return rc;
}

/* Whether a thread's state says as much of the GIL as that itself: there is nobody else to have it.
 */
static bool has_own_gil(const struct pyro_python *python)
{
	return python->look.thread_count == 1 && python->layout.ts_status != PYRO_ABSENT;
}

enum pyro_rc pyro_threads_gil(struct pyro_python *python, uint32_t gil, struct pyro_gil *ret_gil)
{
	struct pyro_gil *known = &python->gils[gil];
	struct pyro_bytes bytes;

	if (known->addr == 0)
		return PYRO_RC_OK;
	bytes = gil_bytes(&python->window, known->addr);
	if (!gil_is_plausible(&python->layout, bytes))
		return PYRO_RC_TORN;
	decode_gil(&python->layout, known->addr, bytes, known);
	*ret_gil = *known;
	return PYRO_RC_OK;
}

bool pyro_threads_find(const struct pyro_python *python, size_t thread,
		       struct pyro_bytes *ret_bytes)
{
	const struct pyro_thread *known = &python->threads[thread];
	const struct pyro_layout *l = &python->layout;

	*ret_bytes = pyro_window_find(&python->window, known->addr, python->thread_read);
	return ret_bytes->data && pyro_bytes_u64(*ret_bytes, l->ts_interp) == known->interp &&
	       pyro_bytes_u64(*ret_bytes, l->ts_thread_id) == known->pthread;
}

static void plan_thread(struct pyro_python *python, size_t thread, bool by_status)
{
	const struct pyro_thread *known = &python->threads[thread];
	const struct pyro_gil *gil = &python->gils[known->gil];

	/* Spans are copied in this order: a thread that is seen not to have the GIL does not change
	 * what is copied after that. */
	if (gil->addr != 0 && !by_status)
		pyro_window_plan(&python->window, gil->addr, PYRO_READ_GIL);
	pyro_window_plan(&python->window, known->addr, python->thread_read);
	/* A call costs the kernel more than what it copies: the stack comes with the first. */
	pyro_frames_plan(python, known, &python->hints[thread]);
}

static enum pyro_rc take_thread(struct pyro_python *python, size_t thread, bool by_status,
				struct pyro_gil *ret_gil, struct pyro_thread *ret_thread)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!pyro_threads_find(python, thread, &bytes))
		return PYRO_RC_TORN;
	if (!by_status)
		rc = pyro_threads_gil(python, python->threads[thread].gil, ret_gil);
	if (rc != PYRO_RC_OK)
		return rc;
	*ret_thread = python->threads[thread];
	pyro_threads_decode(python, bytes, by_status, ret_thread);
	pyro_threads_note(python, thread, bytes);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_python_thread(struct pyro_python *python, size_t thread, struct pyro_gil *ret_gil,
				struct pyro_thread *ret_thread)
{
	bool by_status;
	enum pyro_rc rc;

	*ret_gil = (struct pyro_gil){0};
	*ret_thread = (struct pyro_thread){0};
	if (thread >= python->look.thread_count)
		return PYRO_RC_NOTFOUND;
	/* Without a whole look nobody knows whose states there are. */
	if (python->threads[thread].host != thread || (python->nested && !python->looked))
		return PYRO_RC_TORN;
	by_status = python->layout.free_threaded ||
		    (has_own_gil(python) && pyro_hint_trusted(python, &python->hints[thread]));
	pyro_window_reset(&python->window);
	if (python->nested)
		pyro_nest_plan(python, thread);
	else
		plan_thread(python, thread, by_status);
	rc = pyro_window_fetch(&python->window);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = python->nested ? pyro_nest_take(python, thread, ret_gil, ret_thread)
			    : take_thread(python, thread, by_status, ret_gil, ret_thread);
	python->ahead = rc == PYRO_RC_OK ? python->threads[thread].addr : 0;
	python->ahead_round = python->window.round;
	return rc;
}

/* The main thread's, of the main interpreter; SIZE_MAX: there is none. */
static size_t main_state(const struct pyro_python *python)
{
	for (size_t i = python->look.thread_count; i-- > 0;) {
		if (python->threads[i].main && python->threads[i].interp_id == 0)
			return i;
	}
	return SIZE_MAX;
}

size_t pyro_threads_on_stack(const struct pyro_python *python, uint64_t addr)
{
	const size_t first = main_state(python);
	const uint64_t main = first == SIZE_MAX ? 0 : python->threads[first].pthread;
	size_t best = first;
	uint64_t least = PYRO_MAX_C_STACK;

	/* A thread's structure lies above its stack; the main one's stack is above all else. */
	for (size_t i = 0; i < python->look.thread_count; i++) {
		const uint64_t pthread = python->threads[i].pthread;

		if (pthread != main && pthread > addr && pthread - addr <= least) {
			least = pthread - addr;
			best = i;
		}
	}
	return best;
}

/* The place of a state in the last look; SIZE_MAX: it was not there. */
static size_t find_state(const struct pyro_python *python, uint64_t addr)
{
	uint64_t at;

	return pyro_map_get(&python->thread_index, addr, &at) && at < python->look.thread_count
		       ? (size_t)at
		       : SIZE_MAX;
}

size_t pyro_python_thread_of(const struct pyro_python *python, uint64_t addr)
{
	const size_t at = find_state(python, addr);

	return at == SIZE_MAX ? SIZE_MAX : python->threads[at].host;
}

bool pyro_python_may_be(const struct pyro_python *python, size_t thread, uint64_t addr)
{
	size_t at;

	if (thread >= python->look.thread_count)
		return false;
	if (python->threads[thread].addr == addr)
		return true;
	if (!python->nested || !addr)
		return false;
	at = find_state(python, addr);
	/* One that was made since may be anybody's. */
	return at == SIZE_MAX || python->threads[at].host == thread || pyro_nest_roams(python, at);
}

struct pyro_hint *pyro_threads_hint(struct pyro_python *python, uint64_t addr)
{
	const size_t at = find_state(python, addr);

	return python->hints && at != SIZE_MAX ? &python->hints[at] : NULL;
}

void pyro_threads_deinit(struct pyro_python *python)
{
	for (size_t i = 0; python->hints && i < python->look.thread_count; i++) {
		free(python->hints[i].frames);
		free(python->hints[i].ages);
	}
	free(python->hints);
	free(python->threads);
	python->hints = NULL;
	python->threads = NULL;
}

/* Whether the runtime leads to an interpreter whose first thread names it: from 3.13 on one that
 * nobody is in has none. NOTREADY: not yet. */
static enum pyro_rc try_offsets(struct pyro_python *python, uint32_t rt_interpreters,
				uint32_t in_threads, uint64_t *ret_interp)
{
	uint64_t interp = 0, thread = 0, back = 0;
	struct pyro_reader *reader = python->reader;
	enum pyro_rc rc;

	rc = pyro_reader_read(reader, python->origin.runtime_addr + rt_interpreters, &interp, 8);
	for (int i = 0; rc == PYRO_RC_OK && interp != 0 && i < PYRO_MAX_INTERPRETERS; i++) {
		rc = pyro_reader_read(reader, interp + in_threads, &thread, 8);
		if (rc != PYRO_RC_OK || thread != 0)
			break;
		rc = pyro_reader_read(reader, interp + python->layout.in_next, &interp, 8);
	}
	if (rc != PYRO_RC_OK)
		return rc;
	if (thread == 0)
		return PYRO_RC_NOTREADY;
	rc = pyro_reader_read(reader, thread + python->layout.ts_interp, &back, 8);
	if (rc != PYRO_RC_OK)
		return rc;
	*ret_interp = interp;
	return back == interp ? PYRO_RC_OK : PYRO_RC_FORMAT;
}

/* Another patch release may have moved these; look around where they ought to be. */
static enum pyro_rc search_offsets(struct pyro_python *python, uint64_t *ret_interp)
{
	struct pyro_layout *l = &python->layout;

	for (uint32_t d = 8; d <= SEARCH_DISTANCE; d += 8) {
		const uint32_t runtime[3] = {l->rt_interpreters, l->rt_interpreters + d,
					     l->rt_interpreters - d};
		const uint32_t threads[3] = {l->in_threads, l->in_threads + d, l->in_threads - d};

		for (size_t i = 1; i < 9; i++) {
			const uint32_t r = runtime[i / 3], t = threads[i % 3];

			/* Far below the start of the structure the difference has wrapped. */
			if (r > l->rt_interpreters + d || t > l->in_threads + d ||
			    try_offsets(python, r, t, ret_interp) != PYRO_RC_OK)
				continue;
			l->rt_interpreters = r;
			l->in_threads = t;
			return PYRO_RC_OK;
		}
	}
	return PYRO_RC_FORMAT;
}

static enum pyro_rc try_gil(struct pyro_python *python, uint64_t addr)
{
	uint8_t buffer[PYRO_READ_GIL];
	const struct pyro_bytes bytes = {buffer, sizeof(buffer)};
	enum pyro_rc rc = pyro_reader_read(python->reader, addr, buffer, sizeof(buffer));

	if (rc != PYRO_RC_OK)
		return rc;
	if (pyro_bytes_u64(bytes, python->layout.gil_interval) == 0)
		return PYRO_RC_NOTREADY; /* zeroes, or not made yet */
	return gil_is_plausible(&python->layout, bytes) ? PYRO_RC_OK : PYRO_RC_FORMAT;
}

/* To 3.11 the GIL lies in the runtime. */
static enum pyro_rc settle_runtime_gil(struct pyro_python *python)
{
	struct pyro_layout *l = &python->layout;
	const uint64_t runtime = python->origin.runtime_addr;
	enum pyro_rc rc = try_gil(python, runtime + l->rt_gil);

	if (rc != PYRO_RC_FORMAT)
		return rc;
	for (uint32_t d = 8; d <= SEARCH_DISTANCE; d += 8) {
		if (try_gil(python, runtime + l->rt_gil + d) == PYRO_RC_OK) {
			l->rt_gil += d;
			return PYRO_RC_OK;
		}
		if (d <= l->rt_gil && try_gil(python, runtime + l->rt_gil - d) == PYRO_RC_OK) {
			l->rt_gil -= d;
			return PYRO_RC_OK;
		}
	}
	return PYRO_RC_FORMAT;
}

/* From 3.12 on an interpreter points to its GIL, the main one to one inside itself. */
static enum pyro_rc settle_interp_gil(struct pyro_python *python, uint64_t interp)
{
	struct pyro_layout *l = &python->layout;
	uint64_t gil = 0;
	enum pyro_rc rc = pyro_reader_read(python->reader, interp + l->in_gil, &gil, 8);

	if (rc == PYRO_RC_OK && gil == 0)
		return PYRO_RC_NOTREADY;
	if (rc == PYRO_RC_OK)
		rc = try_gil(python, gil);
	if (rc == PYRO_RC_OK || rc == PYRO_RC_NOTREADY || l->minor >= 13)
		return rc;
	for (uint32_t d = 0; d <= 2 * SEARCH_DISTANCE; d += 8) {
		const uint32_t at = l->in_gil - SEARCH_DISTANCE + d;

		if (at > l->in_gil + SEARCH_DISTANCE)
			continue;
		if (pyro_reader_read(python->reader, interp + at, &gil, 8) != PYRO_RC_OK ||
		    gil < interp || gil - interp > (1u << 16) || gil % 8 != 0 ||
		    try_gil(python, gil) != PYRO_RC_OK)
			continue;
		l->in_gil = at;
		l->in_own_gil = (uint32_t)(gil - interp);
		return PYRO_RC_OK;
	}
	return PYRO_RC_FORMAT;
}

enum pyro_rc pyro_threads_settle_layout(struct pyro_python *python, struct pyro_err *err)
{
	struct pyro_layout *l = &python->layout;
	uint64_t interp = 0;
	enum pyro_rc rc = try_offsets(python, l->rt_interpreters, l->in_threads, &interp);

	if ((rc == PYRO_RC_FORMAT || rc == PYRO_RC_FAULT) && l->minor <= 12)
		rc = search_offsets(python, &interp);
	if (rc == PYRO_RC_OK && !l->free_threaded) {
		if (l->rt_gil != PYRO_ABSENT)
			rc = settle_runtime_gil(python);
		else
			rc = settle_interp_gil(python, interp);
	}
	if (rc == PYRO_RC_OK)
		return rc;
	if (rc == PYRO_RC_NOTREADY)
		return pyro_err_set(err, rc, "CPython %s has not started yet",
				    python->origin.version_text);
	return pyro_err_set_addr(err, rc, python->origin.runtime_addr,
				 "the runtime of CPython %s is not where it should be",
				 python->origin.version_text);
}
