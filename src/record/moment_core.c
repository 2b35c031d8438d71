/* SPDX-License-Identifier: Apache-2.0 */
#include "record/moment_core.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "cpython/locate.h"
#include "record/locals.h"
#include "record/moment_parts.h"
#include "target/wait.h"

struct taking {
	struct pyro_core *core;
	struct pyro_space space;
	struct pyro_python *python;
	struct pyro_python_origin origin;
	struct pyro_raw_stack *stack;
	const struct pyro_look *look;
	bool *shown;              /* threads of the look that are threads of the core */
	struct pyro_map by_tid;   /* the kernel's id to a place in the look */
	struct pyro_map by_place; /* pthread_t to the same */
	struct pyro_map names;
	struct pyro_map tids; /* thread state to the kernel's id */
	struct pyro_moment *moment;
	struct pyro_locals *locals;        /* NULL: variables are not asked for */
	struct pyro_moment_native *native; /* NULL: machine code is not */
};

static void taking_deinit(struct taking *taking)
{
	pyro_moment_native_destroy(taking->native);
	free(taking->stack);
	free(taking->shown);
	pyro_locals_destroy(taking->locals);
	pyro_python_destroy(taking->python);
	pyro_core_close(taking->core);
	pyro_map_deinit(&taking->by_tid);
	pyro_map_deinit(&taking->by_place);
	pyro_map_deinit(&taking->names);
	pyro_map_deinit(&taking->tids);
	pyro_moment_destroy(taking->moment);
}

static enum pyro_rc taking_init(struct taking *taking, struct pyro_err *err)
{
	*taking = (struct taking){.core = NULL};
	pyro_map_init(&taking->by_tid, PYRO_MAX_THREADS);
	pyro_map_init(&taking->by_place, PYRO_MAX_THREADS);
	pyro_map_init(&taking->names, PYRO_MAX_THREADS);
	pyro_map_init(&taking->tids, PYRO_MAX_THREADS);
	taking->stack = calloc(1, sizeof(*taking->stack));
	if (!taking->stack)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	return pyro_moment_create(&taking->moment, err);
}

/* ---- the process ---- */

static void take_process(struct taking *taking, const char *path)
{
	const struct pyro_core_facts *facts = pyro_core_facts(taking->core);
	struct pyro_moment *moment = taking->moment;

	moment->core = pyro_moment_text(moment, path);
	moment->pid = facts->pid;
	moment->command = pyro_moment_text(moment, *facts->command ? facts->command : facts->name);
	moment->version = pyro_moment_text(moment, taking->origin.version_text);
	moment->free_threaded = taking->origin.free_threaded;
	moment->collecting = taking->look->collecting;
	moment->finalizing = taking->look->finalizing;
	moment->lost = facts->lost;
	pyro_moment_take_death(moment, taking->core);
}

/* ---- its threads ---- */

/* Where a thread is in the look; SIZE_MAX: it has no state. A debugger that looks into a container
 * has other ids for its threads, but not other places. */
static size_t state_of(const struct taking *taking, uint64_t place, uint64_t tid)
{
	uint64_t index;

	if ((place && pyro_map_get(&taking->by_place, place, &index)) ||
	    (tid && pyro_map_get(&taking->by_tid, tid, &index)))
		return index;
	return SIZE_MAX;
}

static enum pyro_rc add_state(struct taking *taking, size_t at)
{
	const struct pyro_thread *state = &taking->look->threads[at];
	enum pyro_rc rc = PYRO_RC_OK;

	if (state->native_id)
		rc = pyro_map_put(&taking->by_tid, state->native_id, at);
	if (!rc && state->pthread)
		rc = pyro_map_put(&taking->by_place, state->pthread, at);
	return rc;
}

static enum pyro_rc look(struct taking *taking, struct pyro_err *err)
{
	enum pyro_rc rc = pyro_python_look(taking->python, &taking->look);

	if (rc == PYRO_RC_NOMEM)
		return pyro_err_set(err, rc, "out of memory");
	if (rc)
		return pyro_err_set(err, PYRO_RC_FORMAT,
				    "the threads of its interpreter make no sense: it died while "
				    "they changed, or wrote over them");
	taking->shown = calloc(taking->look->thread_count + 1, sizeof(*taking->shown));
	if (!taking->shown)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (size_t i = 0; i < taking->look->thread_count && !rc; i++) {
		if (taking->look->threads[i].host == i)
			rc = add_state(taking, i);
	}
	return rc ? pyro_err_set(err, rc, "out of memory") : PYRO_RC_OK;
}

static enum pyro_rc open_python(struct taking *taking, const struct pyro_core_places *places,
				struct pyro_err *err)
{
	const uint64_t lost = pyro_core_facts(taking->core)->lost;
	enum pyro_rc rc = pyro_python_locate_core(taking->core, places, &taking->origin, err);

	if (!rc)
		rc = pyro_python_create(pyro_core_reader(taking->core), &taking->origin,
					&taking->python, err);
	if (!rc)
		rc = look(taking, err);
	if (rc && lost)
		return pyro_err_prefix(err, rc, "cut short, %" PRIu64 " bytes are missing", lost);
	return rc;
}

/* Its stack, through all interpreters that it is in. Errors: NOMEM, LIMIT. */
static enum pyro_rc take_stack(struct taking *taking, size_t at, struct pyro_moment_thread *thread,
			       struct pyro_gil *ret_gil)
{
	const char *name = pyro_moment_name(&taking->names, taking->look->threads[at].pthread);
	struct pyro_thread state = taking->look->threads[at];
	enum pyro_rc rc = pyro_map_put(&taking->tids, state.addr, (uint64_t)thread->tid);

	if (rc)
		return rc;
	if (name)
		thread->name = name;
	taking->shown[at] = true;
	thread->python = true;
	rc = pyro_python_thread(taking->python, at, ret_gil, &state);
	thread->interpreter = state.interp_id;
	thread->holds_gil = state.attached;
	if (!rc)
		rc = pyro_python_stack(taking->python, &state, taking->stack);
	pyro_python_settle(taking->python, rc == PYRO_RC_OK);
	if (!rc)
		return pyro_locals_take(taking->locals, taking->stack, taking->moment, thread);
	thread->unread = true;
	return rc == PYRO_RC_NOMEM ? rc : PYRO_RC_OK;
}

/* Its frames, of Python if it has a state, and of machine code if that is asked for. */
static enum pyro_rc take_frames(struct taking *taking, size_t state,
				struct pyro_moment_thread *thread, struct pyro_gil *ret_gil)
{
	enum pyro_rc rc = PYRO_RC_OK;

	taking->stack->count = 0;
	taking->stack->truncated = taking->stack->partial = false;
	if (state != SIZE_MAX)
		rc = take_stack(taking, state, thread, ret_gil);
	return rc ? rc
		  : pyro_moment_frames(taking->moment, taking->python, taking->native,
				       taking->stack, thread);
}

static void take_wait(struct taking *taking, const struct pyro_core_thread *from,
		      const struct pyro_gil *gil, struct pyro_moment_thread *thread)
{
	struct pyro_thread_syscall call;
	struct pyro_wait wait;

	pyro_core_thread_syscall(from, &call);
	/* No process has its files any more, so they are asked for of none. */
	pyro_wait_find(0, &call, pyro_core_reader(taking->core), &wait);
	thread->runs = wait.kind == PYRO_WAIT_RUNS;
	if (thread->runs)
		return;
	thread->wait = pyro_wait_name(wait.kind);
	thread->wait_text = pyro_wait_text(wait.kind);
	if (wait.kind == PYRO_WAIT_LOCK && gil->locked && !thread->holds_gil && wait.addr &&
	    wait.addr >= gil->wait_low && wait.addr < gil->wait_high) {
		thread->wait = "gil";
		thread->wait_text = "the GIL";
	}
}

static struct pyro_moment_thread *add_thread(struct taking *taking, int tid)
{
	struct pyro_moment *moment = taking->moment;
	struct pyro_moment_thread *thread = &moment->threads[moment->thread_count++];
	const bool main = tid == moment->pid;

	*thread = (struct pyro_moment_thread){
		.tid = tid,
		.name = main ? pyro_moment_text(moment, pyro_core_facts(taking->core)->name) : "",
		.main = main,
		.proved = true,
		.wait = "",
		.wait_text = "",
		.object = "",
		.stack = PYRO_NONE,
		.runs = true,
	};
	return thread;
}

static enum pyro_rc take_thread(struct taking *taking, const struct pyro_core_thread *from,
				bool first)
{
	struct pyro_moment_thread *thread = add_thread(taking, from->tid);
	const size_t state = state_of(taking, pyro_core_thread_pthread(from), (uint64_t)from->tid);
	struct pyro_gil gil = {.addr = 0};
	enum pyro_rc rc;

	thread->killed = first && *taking->moment->signal;
	if (taking->native)
		pyro_snapshot_take_stored(pyro_moment_native_snapshot(taking->native),
					  from->registers, sizeof(from->registers),
					  taking->space.reader);
	rc = take_frames(taking, state, thread, &gil);
	if (!thread->killed)
		take_wait(taking, from, &gil, thread);
	return rc;
}

static enum pyro_rc take_threads(struct taking *taking)
{
	struct pyro_moment *moment = taking->moment;
	const struct pyro_core_thread *threads;
	enum pyro_rc rc = PYRO_RC_OK;
	size_t count;

	pyro_moment_names(moment, taking->python, &taking->names);
	threads = pyro_core_threads(taking->core, &count);
	moment->threads = pyro_arena_alloc(&moment->arena, (count + taking->look->thread_count +
							    1) * sizeof(*moment->threads));
	if (!moment->threads)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < count && !rc; i++)
		rc = take_thread(taking, &threads[i], i == 0);
	/* What Python knows of and the core has no registers of. */
	if (taking->native)
		pyro_moment_native_snapshot(taking->native)->kind = PYRO_SNAPSHOT_EMPTY;
	for (size_t i = 0; i < taking->look->thread_count && !rc; i++) {
		const struct pyro_thread *state = &taking->look->threads[i];
		struct pyro_gil gil;

		if (!taking->shown[i] && state_of(taking, state->pthread, state->native_id) == i)
			rc = take_frames(taking, i, add_thread(taking, (int)state->native_id),
					 &gil);
	}
	pyro_moment_sort(moment);
	return rc;
}

enum pyro_rc pyro_moment_take_core(const char *path, const struct pyro_core_places *places,
				   const struct pyro_moment_options *options,
				   struct pyro_moment **ret_moment, struct pyro_err *err)
{
	struct taking taking PYRO_CLEANUP(taking_deinit);
	enum pyro_rc rc = taking_init(&taking, err);

	if (!rc)
		rc = pyro_core_open(path, &taking.core, err);
	if (rc)
		return rc;
	taking.space = pyro_space_core(taking.core, places);
	pyro_core_file_open_all(taking.core, places);
	rc = open_python(&taking, places, err);
	if (rc)
		return pyro_err_prefix(err, rc, "%s", path);
	take_process(&taking, path);
	if (options->locals)
		rc = pyro_locals_create(taking.python, &taking.locals);
	if (!rc && options->native) {
		rc = pyro_moment_native_create(&taking.space, taking.moment, &taking.native, err);
		if (rc)
			return rc;
	}
	if (!rc)
		rc = take_threads(&taking);
	if (!rc)
		rc = pyro_moment_native_say(taking.native);
	if (!rc && options->async)
		rc = pyro_moment_take_async(taking.moment, &taking.space, taking.python,
					    &taking.tids, err);
	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	*ret_moment = PYRO_TAKE_POINTER(taking.moment);
	return PYRO_RC_OK;
}
