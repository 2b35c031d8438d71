/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/logical.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

/* What is known of a stack. */
#define IN_TASK 1 /* a coroutine that a task began with is on it */
#define IN_LOOP 2 /* so is what runs an event loop */

/* Files whose functions run event loops. */
static const char *const loops[] = {"asyncio/base_events.py", "asyncio/runners.py",
				    "asyncio/events.py", "uvloop/__init__.py"};

struct making {
	struct pyro_profile *from, *to;
	struct pyro_profile_counts counts;
	uint8_t *stacks;    /* by stack: the above */
	uint8_t *functions; /* by function: what a frame of it makes of a stack */
	uint8_t *tracks;    /* by track: it runs a loop */
	uint32_t *tasks;    /* by group: its track in the new profile */
};

bool pyro_logical_is(const struct pyro_profile *profile)
{
	return pyro_profile_meta_get(profile, PYRO_LOGICAL_FACT);
}

const char *pyro_logical_noun(const struct pyro_profile *profile)
{
	return pyro_logical_is(profile) ? "task" : "thread";
}

static bool is_loop(const char *file)
{
	const size_t size = file ? strlen(file) : 0;

	for (size_t i = 0; i < PYRO_COUNT(loops); i++) {
		const size_t tail = strlen(loops[i]);

		if (size > tail && strcmp(file + size - tail, loops[i]) == 0)
			return true;
	}
	return false;
}

/* ---- what stays the same: what is added in the order in which it was has the same index ---- */

static enum pyro_rc copy_names(const struct making *making)
{
	struct pyro_profile *from = making->from, *to = making->to;
	enum pyro_rc rc = PYRO_RC_OK;
	uint32_t index;

	for (uint32_t i = 0; !rc && i < making->counts.strings; i++) {
		size_t size;
		const char *text = pyro_profile_string_get(from, i, &size);

		rc = pyro_profile_string(to, text, size, &index);
	}
	for (uint32_t i = 0; !rc && i < making->counts.functions; i++)
		rc = pyro_profile_function(to, pyro_profile_function_get(from, i), &index);
	for (uint32_t i = 0; !rc && i < making->counts.frames; i++)
		rc = pyro_profile_frame(to, pyro_profile_frame_get(from, i), &index);
	for (uint32_t i = 0; !rc && i < making->counts.stacks; i++) {
		const struct pyro_stack *stack = pyro_profile_stack_get(from, i);

		rc = pyro_profile_stack(to, stack->parent, stack->frame, &index);
	}
	return rc;
}

static enum pyro_rc copy_facts(const struct making *making)
{
	const char *key, *value;
	size_t at = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	while (!rc && pyro_profile_meta_next(making->from, &at, &key, &value))
		rc = pyro_profile_meta_set(making->to, key, value);
	*pyro_profile_quality(making->to) = *pyro_profile_quality(making->from);
	pyro_profile_set_duration(making->to, pyro_profile_duration(making->from));
	return rc ? rc : pyro_profile_meta_set(making->to, PYRO_LOGICAL_FACT, "1");
}

static enum pyro_rc copy_places(const struct making *making)
{
	enum pyro_rc rc = PYRO_RC_OK;
	uint32_t index;

	for (uint32_t i = 0; !rc && i < making->counts.processes; i++)
		rc = pyro_profile_process(making->to, pyro_profile_process_get(making->from, i),
					  &index);
	for (uint32_t i = 0; !rc && i < making->counts.tracks; i++)
		rc = pyro_profile_track(making->to, pyro_profile_track_get(making->from, i),
					&index);
	for (uint32_t i = 0; !rc && i < making->counts.objects; i++)
		rc = pyro_profile_object(making->to, pyro_profile_object_get(making->from, i),
					 &index);
	return rc;
}

/* ---- which time is in tasks ---- */

static void mark(const struct making *making)
{
	for (uint32_t i = 0; i < making->counts.functions; i++) {
		const struct pyro_function *function = pyro_profile_function_get(making->from, i);

		if (is_loop(pyro_profile_string_get(making->from, function->file, NULL)))
			making->functions[i] = IN_LOOP;
	}
	for (uint32_t i = 0; i < making->counts.tasks; i++) {
		const struct pyro_task_group *task = pyro_profile_task_get(making->from, i);

		making->functions[task->function] |= IN_TASK;
		if (task->track != PYRO_NONE)
			making->tracks[task->track] = 1;
	}
	for (uint32_t i = 0; i < making->counts.stacks; i++) {
		const struct pyro_stack *stack = pyro_profile_stack_get(making->from, i);
		const struct pyro_frame *frame = pyro_profile_frame_get(making->from, stack->frame);

		making->stacks[i] = making->functions[frame->function];
		if (stack->parent != PYRO_NONE)
			making->stacks[i] |= making->stacks[stack->parent];
	}
}

/* False for what is left out. What a loop waits for, its tasks wait for. */
static bool keep(const struct making *making, struct pyro_total *total)
{
	const uint8_t what = total->stack == PYRO_NONE ? 0 : making->stacks[total->stack];
	const uint64_t cpu = total->values[PYRO_METRIC_CPU];

	if (!making->tracks[total->track])
		return true;
	if (what & IN_TASK)
		return false;
	if (!(what & IN_LOOP))
		return true;
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++) {
		const enum pyro_metric metric = (enum pyro_metric)i;

		if (metric != PYRO_METRIC_CPU && metric != PYRO_METRIC_SAMPLES &&
		    metric != PYRO_METRIC_CPU_PYTHON && metric != PYRO_METRIC_CPU_NATIVE &&
		    metric != PYRO_METRIC_CPU_SYSTEM)
			total->values[i] = 0;
	}
	total->values[PYRO_METRIC_WALL] = cpu;
	total->wall_squared = total->cpu_squared;
	return cpu > 0;
}

static enum pyro_rc add_threads(const struct making *making)
{
	enum pyro_rc rc = PYRO_RC_OK;

	for (uint32_t i = 0; i < making->counts.tracks; i++) {
		struct pyro_track *track = pyro_profile_track_get(making->to, i);

		if (making->tracks[i])
			track->wall_ns = track->cpu_ns = 0;
	}
	for (size_t i = 0; !rc && i < making->counts.totals; i++) {
		struct pyro_total total = *pyro_profile_total_get(making->from, i);

		if (!keep(making, &total))
			continue;
		rc = pyro_profile_add_total(making->to, &total);
		if (making->tracks[total.track]) {
			struct pyro_track *track = pyro_profile_track_get(making->to, total.track);

			track->wall_ns += total.values[PYRO_METRIC_WALL];
			track->cpu_ns += total.values[PYRO_METRIC_CPU];
		}
	}
	for (size_t i = 0; !rc && i < making->counts.waits; i++) {
		const struct pyro_waited *waited = pyro_profile_wait_get(making->from, i);

		if (!making->tracks[waited->track])
			rc = pyro_profile_wait(making->to, waited);
	}
	return rc;
}

/* ---- tasks ---- */

/* "handler", "writer (handler)" for those that have a name, "handler x20" for several. */
static enum pyro_rc name_of(const struct making *making, const struct pyro_task_group *task,
			    uint32_t *ret_name)
{
	const struct pyro_function *function =
		pyro_profile_function_get(making->from, task->function);
	const char *coroutine = pyro_profile_string_get(making->from, function->name, NULL);
	const char *name = pyro_profile_string_get(making->from, task->name, NULL);
	struct pyro_buf text;
	enum pyro_rc rc;

	pyro_buf_init(&text, 3 * PYRO_MAX_PATH);
	if (name && *name) {
		pyro_buf_add_text(&text, name);
		pyro_buf_add_text(&text, " (");
		pyro_buf_add_text(&text, coroutine);
		pyro_buf_add_char(&text, ')');
	} else {
		pyro_buf_add_text(&text, coroutine);
	}
	if (task->tasks > 1)
		pyro_buf_add_format(&text, " x%llu", (unsigned long long)task->tasks);
	rc = pyro_buf_status(&text);
	if (!rc)
		rc = pyro_profile_string(making->to, text.data, text.size, ret_name);
	pyro_buf_deinit(&text);
	return rc;
}

static enum pyro_rc add_track(const struct making *making, uint32_t index)
{
	const struct pyro_task_group *task = pyro_profile_task_get(making->from, index);
	const struct pyro_process_info *process =
		pyro_profile_process_get(making->from, task->process);
	struct pyro_track track = {
		.process = task->process,
		.task = true,
		.start_ns = process->start_ns,
		.end_ns = process->end_ns,
	};
	enum pyro_rc rc;

	if (task->track != PYRO_NONE)
		track.tid = pyro_profile_track_get(making->from, task->track)->tid;
	rc = name_of(making, task, &track.name);
	return rc ? rc : pyro_profile_track(making->to, &track, &making->tasks[index]);
}

static enum pyro_rc add_tasks(const struct making *making)
{
	enum pyro_rc rc = PYRO_RC_OK;

	for (uint32_t i = 0; !rc && i < making->counts.tasks; i++)
		rc = add_track(making, i);
	for (size_t i = 0; !rc && i < making->counts.task_totals; i++) {
		const struct pyro_task_total *from = pyro_profile_task_total_get(making->from, i);
		struct pyro_total total = {
			.track = making->tasks[from->task],
			.stack = from->stack,
			.wall_squared = from->wall_squared,
			.cpu_squared = from->cpu_squared,
		};
		struct pyro_track *track = pyro_profile_track_get(making->to, total.track);

		memcpy(total.values, from->values, sizeof(total.values));
		track->wall_ns += total.values[PYRO_METRIC_WALL];
		track->cpu_ns += total.values[PYRO_METRIC_CPU];
		rc = pyro_profile_add_total(making->to, &total);
	}
	return rc;
}

static enum pyro_rc make(struct making *making)
{
	enum pyro_rc rc = copy_facts(making);

	if (!rc)
		rc = copy_names(making);
	if (!rc)
		rc = copy_places(making);
	if (rc)
		return rc;
	mark(making);
	rc = add_threads(making);
	return rc ? rc : add_tasks(making);
}

enum pyro_rc pyro_logical_create(struct pyro_profile *profile, struct pyro_profile **ret_logical,
				 struct pyro_err *err)
{
	struct making making = {.from = profile};
	enum pyro_rc rc;

	pyro_profile_counts(profile, &making.counts);
	if (!making.counts.tasks)
		return pyro_err_set(err, PYRO_RC_NOTFOUND,
				    "no task of asyncio was recorded. Try: pyrometer run --async");
	rc = pyro_profile_create(&making.to, err);
	if (rc)
		return rc;
	making.stacks = calloc(making.counts.stacks + 1, 1);
	making.functions = calloc(making.counts.functions + 1, 1);
	making.tracks = calloc(making.counts.tracks + 1, 1);
	making.tasks = calloc(making.counts.tasks + 1, sizeof(*making.tasks));
	rc = making.stacks && making.functions && making.tracks && making.tasks ? make(&making)
										: PYRO_RC_NOMEM;
	free(making.stacks);
	free(making.functions);
	free(making.tracks);
	free(making.tasks);
	if (rc) {
		pyro_profile_destroy(making.to);
		return pyro_err_set(err, rc, "cannot put tasks in the place of threads: %s",
				    pyro_rc_text(rc));
	}
	*ret_logical = making.to;
	return PYRO_RC_OK;
}
