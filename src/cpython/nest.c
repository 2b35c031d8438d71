/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that are in several interpreters. A thread has a state in each interpreter that it has
 * been in. Code in one may have code run in another, and waits for it: then the thread's stack is
 * that of the state entered last, on top of that of the state which this was entered from, and so
 * on. Its other states are idle. What tells this:
 *
 * - A state bears the id of its thread, but for those that roam. To 3.12.0 run_string() of
 *   _xxsubinterpreters enters the state that the interpreter was made with, whose id is that of the
 *   thread which made it (PyInterpreterState_ThreadHead, Modules/_xxsubinterpretersmodule.c). Later
 *   versions make a state for the purpose, with the right id but often at the same place.
 * - Each time that the interpreter's loop is entered it leaves something on the C stack: a cframe,
 *   3.10 to 3.12; a frame of its own, from 3.12 on. So one sees on whose stack a state is, and what
 *   was entered later lies lower.
 * - To 3.9 there is no such thing, but a frame that waits says for what: nest_calls.c. */
#include "cpython/decoder.h"

#define LAST_OLD_ROAMING  12 /* the last version in which an interpreter's first state roams */
#define FIRST_NEW_ROAMING 12 /* the first one in which its newest does */
#define MAX_NEW           16 /* states of an interpreter, made since the look */
#define AMBIGUOUS         (SIZE_MAX - 1)

/* ---- states, after each look ---- */

/* What names a thread. In a process that was just forked the kernel's id is not known to 3.10. */
static uint64_t name_of(const struct pyro_thread *state)
{
	return state->native_id ? state->native_id : state->pthread;
}

static bool has_cframes(const struct pyro_python *python)
{
	return python->layout.ts_cframe != PYRO_ABSENT;
}

/* Nothing on the C stack tells anything. */
static bool has_calls_only(const struct pyro_python *python)
{
	return !has_cframes(python) && python->layout.fr_owner == PYRO_ABSENT;
}

/* Whether a state has no frames: the first cframe is part of the state, and the first frame, from
 * 3.15 on, is nobody's. */
static bool is_idle(const struct pyro_thread *state, uint64_t cframe, uint64_t base)
{
	return state->top == 0 || state->top == base || cframe - state->addr < PYRO_READ_THREAD;
}

bool pyro_nest_roams(const struct pyro_python *python, size_t thread)
{
	const struct pyro_thread *state = &python->threads[thread];
	const bool newest = thread == 0 || python->threads[thread - 1].interp != state->interp;
	const uint32_t minor = python->layout.minor;

	return state->interp_id != 0 && ((minor <= LAST_OLD_ROAMING && state->main) ||
					 (minor >= FIRST_NEW_ROAMING && newest));
}

static size_t named_host(const struct pyro_python *python, size_t thread)
{
	uint64_t host;

	return pyro_map_get(&python->hosts, name_of(&python->threads[thread]), &host) ? (size_t)host
										      : thread;
}

/* The thread on whose stack @place is. */
static size_t host_on_stack(const struct pyro_python *python, uint64_t place)
{
	const size_t at = pyro_threads_on_stack(python, place);

	return at == SIZE_MAX ? SIZE_MAX : named_host(python, at);
}

/* The thread that state @thread, which may name another, was seen in. */
static size_t roaming_host(const struct pyro_python *python, size_t thread)
{
	const struct pyro_hint *hint = &python->hints[thread];
	size_t host = SIZE_MAX;

	if (has_cframes(python) && !hint->idle)
		host = host_on_stack(python, hint->cframe);
	for (size_t i = 0, at = thread; has_calls_only(python) && i <= python->roamer_count; i++) {
		at = python->hints[at].caller;
		if (at >= AMBIGUOUS)
			break;
		if (!pyro_nest_roams(python, at))
			return python->threads[at].host;
	}
	return host != SIZE_MAX ? host : named_host(python, thread);
}

/* The state that is entered in interpreter @interp; SIZE_MAX: there is none. */
static size_t roamer_of(const struct pyro_python *python, uint64_t interp)
{
	for (size_t i = 0; i < python->roamer_count; i++) {
		if (python->threads[python->roamers[i]].interp_id == interp)
			return python->roamers[i];
	}
	return SIZE_MAX;
}

/* Who waits for code in which interpreter. Several may seem to: then nothing is known. */
static enum pyro_rc find_callers(struct pyro_python *python)
{
	for (size_t i = 0; i < python->look.thread_count; i++) {
		uint64_t interp;
		size_t callee;
		bool calls;
		enum pyro_rc rc;

		if (python->hints[i].idle)
			continue;
		rc = pyro_nest_called(python, python->threads[i].top, &calls, &interp);
		if (rc != PYRO_RC_OK)
			return rc;
		callee = calls ? roamer_of(python, interp) : SIZE_MAX;
		if (callee == SIZE_MAX || python->hints[callee].idle)
			continue;
		python->hints[callee].caller =
			python->hints[callee].caller == SIZE_MAX && callee != i ? i : AMBIGUOUS;
	}
	return PYRO_RC_OK;
}

/* Threads by name: of the states that do not roam, the oldest stands for its thread. The newest
 * come first, interpreters as well as states. */
static enum pyro_rc find_hosts(struct pyro_python *python)
{
	const size_t count = python->look.thread_count;

	python->roamer_count = 0;
	pyro_map_clear(&python->hosts);
	for (size_t i = 0; i < count; i++) {
		struct pyro_thread *state = &python->threads[i];
		struct pyro_hint *hint = &python->hints[i];
		enum pyro_rc rc;

		hint->idle = is_idle(state, hint->cframe, hint->base);
		hint->sibling = hint->caller = SIZE_MAX;
		if (pyro_nest_roams(python, i)) {
			if (python->roamer_count < PYRO_COUNT(python->roamers))
				python->roamers[python->roamer_count++] = i;
			continue;
		}
		rc = pyro_map_put(&python->hosts, name_of(state), i);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	for (size_t i = 0; i < count; i++) {
		if (!pyro_nest_roams(python, i))
			python->threads[i].host = named_host(python, i);
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_nest_find(struct pyro_python *python)
{
	enum pyro_rc rc = find_hosts(python);

	if (rc == PYRO_RC_OK && has_calls_only(python))
		rc = find_callers(python);
	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = 0; i < python->look.thread_count; i++) {
		struct pyro_thread *state = &python->threads[i];

		if (pyro_nest_roams(python, i)) {
			state->host = roaming_host(python, i);
		} else if (state->host != i) {
			python->hints[i].sibling = python->hints[state->host].sibling;
			python->hints[state->host].sibling = i;
		}
	}
	return PYRO_RC_OK;
}

/* ---- which of them a thread is in ---- */

static void add_candidate(struct pyro_nest *nest, size_t thread)
{
	if (nest->candidate_count < PYRO_COUNT(nest->candidates))
		nest->candidates[nest->candidate_count++] = thread;
}

/* The states that thread @host may be in: its own, and those that roam. */
static void find_candidates(struct pyro_python *python, size_t host)
{
	struct pyro_nest *nest = &python->nest;

	nest->candidate_count = 0;
	for (size_t at = host; at != SIZE_MAX; at = python->hints[at].sibling)
		add_candidate(nest, at);
	for (size_t i = 0; i < python->roamer_count; i++) {
		if (python->roamers[i] != host)
			add_candidate(nest, python->roamers[i]);
	}
}

void pyro_nest_plan(struct pyro_python *python, size_t host)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_window *window = &python->window;
	const struct pyro_nest *nest = &python->nest;

	find_candidates(python, host);
	/* In this order, as of a thread in one interpreter: GILs, states, stacks. */
	for (size_t i = 0; i < python->look.gil_count && !l->free_threaded; i++)
		pyro_window_plan(window, python->gils[i].addr, PYRO_READ_GIL);
	pyro_window_plan(window, python->origin.runtime_addr + l->rt_interpreters, 8);
	for (size_t i = 0; i < python->interp_count; i++)
		pyro_window_plan(window, python->interps[i].addr + l->in_threads, 8);
	for (size_t i = 0; i < nest->candidate_count; i++)
		pyro_window_plan(window, python->threads[nest->candidates[i]].addr,
				 python->thread_read);
	for (size_t i = 0; i < nest->candidate_count; i++) {
		const size_t at = nest->candidates[i];

		if (python->threads[at].host == host && !python->hints[at].idle)
			pyro_frames_plan(python, &python->threads[at], &python->hints[at]);
	}
}

/* Puts a state between those that are there: @at of them are further in. */
static void put_state(struct pyro_nest *nest, size_t at, const struct pyro_nest_state *state)
{
	if (nest->count == PYRO_COUNT(nest->states))
		return;
	memmove(&nest->states[at + 1], &nest->states[at],
		(nest->count - at) * sizeof(nest->states[0]));
	nest->states[at] = *state;
	nest->count++;
}

static bool is_inside(const struct pyro_nest_state *state, const struct pyro_nest_state *other)
{
	if (state->place && other->place)
		return state->place < other->place;
	return state->state.interp_id > other->state.interp_id;
}

/* What @bytes say of the stack of state @known; its top is 0 if it is idle. */
static void decode_state(const struct pyro_python *python, const struct pyro_thread *known,
			 struct pyro_bytes bytes, struct pyro_nest_state *ret_state)
{
	const struct pyro_layout *l = &python->layout;
	const uint64_t base = l->ts_base == PYRO_ABSENT ? 0 : pyro_bytes_u64(bytes, l->ts_base);

	*ret_state = (struct pyro_nest_state){.state = *known};
	pyro_threads_decode(python, bytes, l->free_threaded, &ret_state->state);
	if (has_cframes(python))
		ret_state->place = pyro_bytes_u64(bytes, l->ts_cframe);
	if (is_idle(&ret_state->state, ret_state->place, base))
		ret_state->state.top = 0;
}

/* Takes in a state, if the thread is in it and that can be seen. @roams: its name says nothing. */
static enum pyro_rc take_state(struct pyro_python *python, size_t host,
			       struct pyro_nest_state *state, bool roams)
{
	struct pyro_nest *nest = &python->nest;
	size_t at = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!state->state.top || (roams && has_calls_only(python)))
		return PYRO_RC_OK;
	if (roams && has_cframes(python)) {
		if (host_on_stack(python, state->place) != host)
			return PYRO_RC_OK;
	} else if (state->state.pthread != python->threads[host].pthread) {
		return PYRO_RC_OK;
	}
	if (!has_cframes(python) && !has_calls_only(python))
		rc = pyro_frames_entry(python, &state->state, &state->place);
	if (rc != PYRO_RC_OK)
		return rc;
	while (at < nest->count && !is_inside(state, &nest->states[at]))
		at++;
	put_state(nest, at, state);
	return PYRO_RC_OK;
}

/* The states of the look. One that is no more was left. */
static enum pyro_rc take_known(struct pyro_python *python, size_t host)
{
	const struct pyro_nest *nest = &python->nest;
	struct pyro_nest_state state;
	struct pyro_bytes bytes;
	enum pyro_rc rc = PYRO_RC_OK;

	if (!pyro_threads_find(python, host, &bytes))
		return PYRO_RC_TORN;
	for (size_t i = 0; i < nest->candidate_count && rc == PYRO_RC_OK; i++) {
		const size_t at = nest->candidates[i];
		const struct pyro_thread *known = &python->threads[at];

		bytes = pyro_window_find(&python->window, known->addr, python->thread_read);
		if (!bytes.data || pyro_bytes_u64(bytes, python->layout.ts_interp) != known->interp)
			continue;
		pyro_threads_note(python, at, bytes);
		decode_state(python, known, bytes, &state);
		rc = take_state(python, host, &state, at != host && pyro_nest_roams(python, at));
	}
	return rc;
}

/* A state that was made since the look. *@addr goes to the next one; 0: that is known. */
static enum pyro_rc take_new(struct pyro_python *python, size_t host,
			     const struct pyro_interp *interp, uint64_t *addr)
{
	const struct pyro_thread fresh = {
		.addr = *addr,
		.interp = interp->addr,
		.interp_id = interp->id,
		.gil = interp->gil,
	};
	struct pyro_nest_state state;
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_window_get(&python->window, *addr, python->thread_read, &bytes);

	if (rc == PYRO_RC_FAULT ||
	    (rc == PYRO_RC_OK && pyro_bytes_u64(bytes, python->layout.ts_interp) != interp->addr))
		return PYRO_RC_TORN;
	if (rc != PYRO_RC_OK)
		return rc;
	decode_state(python, &fresh, bytes, &state);
	*addr = pyro_bytes_u64(bytes, python->layout.ts_next);
	if (pyro_python_thread_of(python, *addr) != SIZE_MAX)
		*addr = 0;
	return take_state(python, host, &state, false);
}

/* Those that were made since: they come first in their interpreter's list. In the main one they are
 * of other threads. */
static enum pyro_rc take_made(struct pyro_python *python, size_t host)
{
	const struct pyro_layout *l = &python->layout;
	enum pyro_rc rc = PYRO_RC_OK;

	if (pyro_window_u64(&python->window, python->origin.runtime_addr + l->rt_interpreters) !=
	    python->interps[0].addr)
		return PYRO_RC_TORN;
	for (size_t i = 0; i < python->interp_count && rc == PYRO_RC_OK; i++) {
		const struct pyro_interp *interp = &python->interps[i];
		uint64_t addr = pyro_window_u64(&python->window, interp->addr + l->in_threads);

		if (interp->id == 0 || pyro_python_thread_of(python, addr) != SIZE_MAX)
			continue;
		for (int made = 0; addr != 0 && rc == PYRO_RC_OK; made++)
			rc = made < MAX_NEW ? take_new(python, host, interp, &addr) : PYRO_RC_TORN;
	}
	return rc;
}

/* What a state that roams is now. False if it is idle, or gone. */
static bool find_roamer(const struct pyro_python *python, size_t thread,
			struct pyro_nest_state *ret_state)
{
	struct pyro_bytes bytes;

	if (!pyro_threads_find(python, thread, &bytes))
		return false;
	decode_state(python, &python->threads[thread], bytes, ret_state);
	return ret_state->state.top;
}

/* From what the innermost frame waits for to what the innermost frame there waits for. */
static enum pyro_rc follow_calls(struct pyro_python *python)
{
	struct pyro_nest *nest = &python->nest;
	struct pyro_nest_state state;
	size_t entered = 0;

	for (size_t i = 0; i < python->roamer_count; i++)
		entered += find_roamer(python, python->roamers[i], &state);
	for (size_t i = 0; i < entered && nest->count; i++) {
		uint64_t interp;
		size_t callee, caller;
		bool calls;
		enum pyro_rc rc =
			pyro_nest_called(python, nest->states[0].state.top, &calls, &interp);

		if (rc != PYRO_RC_OK || !calls)
			return rc;
		callee = roamer_of(python, interp);
		caller = callee == SIZE_MAX ? SIZE_MAX : python->hints[callee].caller;
		/* Whom the look saw waiting for it, alone. */
		if (caller >= AMBIGUOUS ||
		    python->threads[caller].addr != nest->states[0].state.addr ||
		    !find_roamer(python, callee, &state))
			return PYRO_RC_OK;
		put_state(nest, 0, &state);
	}
	return PYRO_RC_OK;
}

/* Whether the state at @addr is one of this thread's. */
static bool has_state(const struct pyro_python *python, size_t host, uint64_t addr)
{
	const struct pyro_nest *nest = &python->nest;

	for (size_t i = 0; i < nest->count; i++) {
		if (nest->states[i].state.addr == addr)
			return true;
	}
	return pyro_python_thread_of(python, addr) == host;
}

/* What is said of the thread is said of the interpreter in which it is. */
static enum pyro_rc describe(struct pyro_python *python, size_t host, struct pyro_gil *ret_gil,
			     struct pyro_thread *ret_thread)
{
	const struct pyro_nest *nest = &python->nest;
	const bool by_status = python->layout.free_threaded;
	const struct pyro_thread *inner = &nest->states[0].state;
	struct pyro_bytes bytes;
	enum pyro_rc rc = PYRO_RC_OK;

	*ret_thread = python->threads[host];
	if (pyro_threads_find(python, host, &bytes))
		pyro_threads_decode(python, bytes, by_status, ret_thread);
	if (nest->count) {
		ret_thread->gil = inner->gil;
		ret_thread->interp_id = inner->interp_id;
		ret_thread->attached = inner->attached;
	}
	if (!by_status) {
		rc = pyro_threads_gil(python, ret_thread->gil, ret_gil);
		ret_thread->attached =
			ret_gil->locked && has_state(python, host, ret_gil->last_holder);
	}
	return rc;
}

/* C code that an inner interpreter calls may call back into the outermost (PyGILState_Ensure). */
static bool is_mixed(const struct pyro_nest *nest, uint64_t outermost)
{
	for (size_t i = 0; i + 1 < nest->count; i++) {
		if (nest->states[i].state.addr == outermost)
			return true;
	}
	return false;
}

enum pyro_rc pyro_nest_take(struct pyro_python *python, size_t host, struct pyro_gil *ret_gil,
			    struct pyro_thread *ret_thread)
{
	struct pyro_nest *nest = &python->nest;
	enum pyro_rc rc;

	nest->count = 0;
	rc = take_known(python, host);
	if (rc == PYRO_RC_OK)
		rc = take_made(python, host);
	if (rc == PYRO_RC_OK && has_calls_only(python))
		rc = follow_calls(python);
	nest->mixed = is_mixed(nest, python->threads[host].addr);
	return rc == PYRO_RC_OK ? describe(python, host, ret_gil, ret_thread) : rc;
}
