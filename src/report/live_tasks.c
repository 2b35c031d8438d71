/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "report/live_inside.h"

/* The rows of views of tasks, and what is chosen of them. */

static const struct pyro_alive_row *alive_at(const struct pyro_live *live, size_t index)
{
	return &live->stretch.alive.rows[index];
}

static const char *text_of(const struct pyro_live *live, uint32_t string)
{
	const char *text = pyro_profile_string_get(live->profile, string, NULL);

	return text ? text : "";
}

const struct pyro_alive_row *live_alive(const struct pyro_live *live, const struct pyro_row *row)
{
	return alive_at(live, row->task);
}

const struct pyro_task_group *live_group(const struct pyro_live *live, const struct pyro_row *row)
{
	const uint32_t group = live->choice.view == PYRO_LIVE_TASKS
				       ? row->task
				       : live_alive(live, row)->task.group;

	return pyro_profile_task_get(live->profile, group);
}

const struct pyro_live_kind *live_kind(const struct pyro_live *live, const struct pyro_row *row)
{
	return live->choice.view == PYRO_LIVE_TASKS ? &live->kinds[row->task] : NULL;
}

/* ---- what is chosen ---- */

bool live_of_tasks(const struct pyro_live *live)
{
	return live->choice.kind != PYRO_NONE && live->choice.view != PYRO_LIVE_THREADS &&
	       live->choice.view != PYRO_LIVE_PROCESSES;
}

static bool belongs(const struct pyro_live *live, uint32_t group)
{
	const struct pyro_live_choice *choice = &live->choice;
	const struct pyro_task_group *task = pyro_profile_task_get(live->profile, group);

	return task && (choice->kind == PYRO_NONE || choice->kind == group) &&
	       (choice->process == PYRO_NONE || choice->process == task->process) &&
	       (choice->track == PYRO_NONE || choice->track == task->track);
}

/* A thread that the tasks' time may be said to be of; PYRO_NONE: there is none. */
static uint32_t track_for(const struct pyro_live *live, const struct pyro_task_group *group)
{
	struct pyro_profile_counts counts;

	if (group->track != PYRO_NONE)
		return group->track;
	pyro_profile_counts(live->profile, &counts);
	for (uint32_t i = 0; i < counts.tracks; i++) {
		if (pyro_profile_track_get(live->profile, i)->process == group->process)
			return i;
	}
	return PYRO_NONE;
}

enum pyro_rc live_take_kind(struct pyro_live *live)
{
	const struct pyro_task_group *group =
		pyro_profile_task_get(live->profile, live->choice.kind);
	const uint32_t track = group ? track_for(live, group) : PYRO_NONE;
	size_t count = 0;

	live->kind_totals = calloc(live->stretch.task_count + 1, sizeof(*live->kind_totals));
	if (!live->kind_totals)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; track != PYRO_NONE && i < live->stretch.task_count; i++) {
		const struct pyro_task_total *from = &live->stretch.tasks[i];
		struct pyro_total *to = &live->kind_totals[count];

		if (from->task != live->choice.kind)
			continue;
		*to = (struct pyro_total){
			.track = track,
			.stack = from->stack,
			.wall_squared = from->wall_squared,
			.cpu_squared = from->cpu_squared,
		};
		memcpy(to->values, from->values, sizeof(to->values));
		count++;
	}
	live->kind_total_count = count;
	return PYRO_RC_OK;
}

const struct pyro_alive_row *live_chosen_task(const struct pyro_live *live)
{
	for (size_t i = 0; live->choice.task && i < live->stretch.alive.count; i++) {
		if (alive_at(live, i)->id == live->choice.task)
			return alive_at(live, i);
	}
	return NULL;
}

uint64_t live_task_base(const struct pyro_live *live)
{
	uint64_t longest_ns = live->scope.run_ns;

	for (size_t i = 0; i < live->stretch.alive.count; i++) {
		const struct pyro_alive_row *row = alive_at(live, i);
		const uint64_t ns = row->running_ns + row->ready_ns + row->waiting_ns;

		longest_ns = ns > longest_ns ? ns : longest_ns;
	}
	return longest_ns;
}

const char *live_kind_name(const struct pyro_live *live)
{
	const struct pyro_task_group *group =
		pyro_profile_task_get(live->profile, live->choice.kind);
	const struct pyro_function *function =
		group ? pyro_profile_function_get(live->profile, group->function) : NULL;

	if (!group)
		return "";
	return *text_of(live, group->name) ? text_of(live, group->name)
					   : text_of(live, function->name);
}

size_t live_count_tasks(const struct pyro_live *live)
{
	size_t count = 0;

	for (size_t i = 0; i < live->stretch.alive.count; i++)
		count += live->choice.process == PYRO_NONE ||
			 live->choice.process == alive_at(live, i)->task.process;
	return count;
}

const char *live_no_tasks(const struct pyro_live *live)
{
	const struct pyro_quality *quality = pyro_profile_quality(live->profile);
	struct pyro_profile_counts counts;

	pyro_profile_counts(live->profile, &counts);
	if (!live->stretch.alive.rows)
		return "tasks are not looked at: --no-async was asked for";
	if (live->choice.view == PYRO_LIVE_STACK)
		return live_chosen_task(live) ? "where it is has not been seen yet"
					      : "the task has ended";
	if (quality->task_looks > 0 && quality->task_dropped == quality->task_looks)
		return "no look at tasks has succeeded: the threads that run them never stood "
		       "still";
	if (counts.tasks > 0)
		return live->choice.kind != PYRO_NONE ? "none of these tasks lives now"
						      : "no task of asyncio lives now";
	return "no tasks of asyncio are seen here";
}

/* ---- rows ---- */

static enum pyro_rc reserve(struct pyro_live *live, size_t count)
{
	live->rows.rows = calloc(count + 1, sizeof(*live->rows.rows));
	live->rows.count = 0;
	return live->rows.rows ? PYRO_RC_OK : PYRO_RC_NOMEM;
}

static void push(struct pyro_live *live, const char *name, const struct pyro_frame *at,
		 uint32_t task, struct pyro_row **ret_row)
{
	struct pyro_row *row = &live->rows.rows[live->rows.count++];
	const struct pyro_function *function =
		at ? pyro_profile_function_get(live->profile, at->function) : NULL;

	*row = (struct pyro_row){
		.name = name,
		.place = "",
		.function = PYRO_NONE,
		.file = PYRO_NONE,
		.track = PYRO_NONE,
		.process = PYRO_NONE,
		.task = task,
	};
	if (function) {
		const struct pyro_place *place = pyro_places_get(live->places, function->file);

		row->function = at->function;
		row->file = function->file;
		row->place = place->display;
		row->library = place->library;
		row->line = at->line;
	}
	*ret_row = row;
}

static void set_time(struct pyro_row *row, uint64_t life_ns, uint64_t cpu_ns, uint64_t ready_ns)
{
	row->self.of[PYRO_METRIC_WALL] = life_ns;
	row->self.of[PYRO_METRIC_CPU] = cpu_ns;
	row->self.of[PYRO_METRIC_READY] = ready_ns;
	row->self.of[PYRO_METRIC_WAIT] = life_ns > cpu_ns ? life_ns - cpu_ns : 0;
	row->total = row->self;
}

/* What each group did, and how many of it live. */
static enum pyro_rc make_kinds(struct pyro_live *live, uint32_t groups)
{
	const struct pyro_tasks_options options = {
		.totals = live->stretch.tasks,
		.total_count = live->stretch.task_count,
		.places = live->places,
		.unfold = live->choice.unfold,
	};
	struct pyro_tasks_rows rows;
	enum pyro_rc rc = pyro_tasks_rows(live->profile, &options, &rows, NULL);

	if (rc)
		return rc;
	live->kinds = calloc(groups + 1, sizeof(*live->kinds));
	for (size_t i = 0; live->kinds && i < rows.count; i++)
		live->kinds[rows.rows[i].task].row = rows.rows[i];
	pyro_tasks_rows_deinit(&rows);
	if (!live->kinds)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < live->stretch.alive.count; i++) {
		const struct pyro_alive_row *row = alive_at(live, i);
		struct pyro_live_kind *kind = &live->kinds[row->task.group];

		kind->alive++;
		if (row->lasted_ns < kind->lasted_ns)
			continue;
		kind->lasted_ns = row->lasted_ns;
		kind->before = row->task.before;
	}
	return PYRO_RC_OK;
}

/* Those of which one lives, or did in the time shown. */
enum pyro_rc live_find_kinds(struct pyro_live *live)
{
	struct pyro_profile_counts counts;
	enum pyro_rc rc;

	pyro_profile_counts(live->profile, &counts);
	rc = make_kinds(live, counts.tasks);
	if (!rc)
		rc = reserve(live, counts.tasks);
	for (uint32_t i = 0; !rc && i < counts.tasks; i++) {
		const struct pyro_live_kind *kind = &live->kinds[i];
		const struct pyro_tasks_row *did = &kind->row;
		const struct pyro_frame at = {did->function, did->wait_line};
		const struct pyro_task_group *group = pyro_profile_task_get(live->profile, i);
		const struct pyro_function *coroutine =
			pyro_profile_function_get(live->profile, group->function);
		const struct pyro_frame begin = {group->function, coroutine->first_line};
		struct pyro_row *row;

		if (!belongs(live, i) || (!did->life_ns && !kind->alive))
			continue;
		push(live, *did->name ? did->name : did->coroutine,
		     did->function == PYRO_NONE ? &begin : &at, i, &row);
		set_time(row, did->life_ns, did->cpu_ns, did->ready_ns);
	}
	return rc;
}

enum pyro_rc live_find_each(struct pyro_live *live)
{
	enum pyro_rc rc = reserve(live, live->stretch.alive.count);

	for (uint32_t i = 0; !rc && i < live->stretch.alive.count; i++) {
		const struct pyro_alive_row *from = alive_at(live, i);
		const struct pyro_frame *at = pyro_tasks_place(
			live->profile, live->places, from->task.stack, live->choice.unfold);
		struct pyro_row *row;

		if (!belongs(live, from->task.group))
			continue;
		push(live, from->name, at, i, &row);
		set_time(row, from->running_ns + from->ready_ns + from->waiting_ns,
			 from->running_ns, from->ready_ns);
	}
	return rc;
}

/* The frames of the task chosen, then those of the tasks that await it. */
enum pyro_rc live_find_frames(struct pyro_live *live)
{
	const struct pyro_alive_row *task = live_chosen_task(live);
	const struct pyro_stack *at =
		task ? pyro_profile_stack_get(live->profile, task->task.stack) : NULL;
	enum pyro_rc rc = reserve(live, at ? at->depth : 0);

	while (!rc && at) {
		const struct pyro_frame *frame = pyro_profile_frame_get(live->profile, at->frame);
		const struct pyro_function *function =
			pyro_profile_function_get(live->profile, frame->function);
		struct pyro_row *row;

		push(live, text_of(live, function->name), frame, PYRO_NONE, &row);
		at = at->parent == PYRO_NONE ? NULL
					     : pyro_profile_stack_get(live->profile, at->parent);
	}
	return rc;
}

uint64_t live_task_id(const struct pyro_live *live, const struct pyro_row *row)
{
	return live->choice.view == PYRO_LIVE_TASKS ? row->task : live_alive(live, row)->id;
}

const char *live_coroutine(const struct pyro_live *live, const struct pyro_row *row)
{
	const struct pyro_function *function;

	if (!live_view(live)->tasks)
		return "";
	function = pyro_profile_function_get(live->profile, live_group(live, row)->function);
	return text_of(live, function->name);
}

double live_task_value(const struct pyro_live *live, enum pyro_live_order order,
		       const struct pyro_row *row)
{
	const struct pyro_live_kind *kind = live_kind(live, row);
	const uint64_t *of = row->self.of;

	switch (order) {
	case PYRO_LIVE_RUNNING:
		return live_part(live, of[PYRO_METRIC_CPU]);
	case PYRO_LIVE_READY:
		return live_part(live, of[PYRO_METRIC_READY]);
	case PYRO_LIVE_WAITING:
		return live_part(live, of[PYRO_METRIC_WAIT] - of[PYRO_METRIC_READY]);
	case PYRO_LIVE_COUNT:
		return kind ? (double)kind->alive : 1;
	case PYRO_LIVE_LASTED:
		return kind ? (double)kind->lasted_ns : (double)live_alive(live, row)->lasted_ns;
	default:
		return 0;
	}
}
