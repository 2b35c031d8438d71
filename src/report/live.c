/* SPDX-License-Identifier: Apache-2.0 */
#include "report/live.h"

#include <string.h>

#include "report/headline.h"
#include "report/live_inside.h"

/* A thread does nearly all the work if it has this part of the processor time. Once it has, it
 * needs a little less to stay so: what shares are of must not change from moment to moment. */
#define BECOMES_ONLY   0.93
#define STAYS_ONLY     0.87
#define NOTICE_NS      (10ull * 1000000000)
#define NOTICE_COLUMNS 80
#define TEXT_BYTES     65536

void pyro_live_init(struct pyro_live *live, struct pyro_profile *profile,
		    struct pyro_recent *recent, const struct pyro_live_choice *choice)
{
	*live = (struct pyro_live){.profile = profile, .recent = recent, .choice = *choice};
	live->scope.track = PYRO_NONE;
	live->scope.weight = PYRO_REPORT_CPU;
	live_fit_order(live);
}

/* All that was made of the stretch shown. */
static void let_go(struct pyro_live *live)
{
	pyro_rows_deinit(&live->rows);
	pyro_rows_deinit(&live->scope.threads);
	pyro_rows_deinit(&live->scope.processes);
	pyro_places_destroy(live->places);
	live->places = NULL;
	free(live->kinds);
	live->kinds = NULL;
	free(live->kind_totals);
	live->kind_totals = NULL;
	live->kind_total_count = 0;
}

void pyro_live_deinit(struct pyro_live *live)
{
	let_go(live);
	pyro_stretch_deinit(&live->stretch);
}

/* ---- what is shown, of all that there is ---- */

static bool belongs(const struct pyro_live *live, const struct pyro_row *thread)
{
	const struct pyro_live_choice *choice = &live->choice;

	return (choice->track == PYRO_NONE || choice->track == thread->track) &&
	       (choice->process == PYRO_NONE || choice->process == thread->process);
}

/* What threads did, or else the tasks that are chosen. */
static enum pyro_rc make(const struct pyro_live *live, bool of_tasks, uint32_t process,
			 uint32_t track, struct pyro_aggregate **ret_aggregate,
			 struct pyro_err *err)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;

	options.totals = of_tasks ? live->kind_totals : live->stretch.rows;
	options.total_count = of_tasks ? live->kind_total_count : live->stretch.count;
	options.places = live->places;
	options.process = process;
	options.track = track;
	options.fold_library = !live->choice.unfold;
	return pyro_aggregate_create(live->profile, &options, ret_aggregate, err);
}

/* Threads and processes, and how long the time shown was: that of the thread that was there for the
 * longest. What the sampler has not credited yet is thus not missing from the shares. */
static enum pyro_rc look_at_threads(struct pyro_live *live, struct pyro_err *err)
{
	struct pyro_rows_options by = {.group = PYRO_GROUP_THREAD, .metric = PYRO_METRIC_CPU};
	struct pyro_scope *scope = &live->scope;
	struct pyro_aggregate *everything;
	enum pyro_rc rc = make(live, false, PYRO_NONE, PYRO_NONE, &everything, err);

	if (rc)
		return rc;
	rc = pyro_aggregate_rows(everything, &by, &scope->threads, err);
	by.group = PYRO_GROUP_PROCESS;
	if (!rc)
		rc = pyro_aggregate_rows(everything, &by, &scope->processes, err);
	pyro_aggregate_destroy(everything);
	scope->run_ns = 0;
	scope->all = (struct pyro_values){.wall_squared = 0};
	for (size_t i = 0; i < scope->threads.count; i++) {
		const struct pyro_row *row = &scope->threads.rows[i];

		if (row->total.of[PYRO_METRIC_WALL] > scope->run_ns)
			scope->run_ns = row->total.of[PYRO_METRIC_WALL];
		if (belongs(live, row))
			pyro_values_add(&scope->all, &row->total);
	}
	return rc;
}

/* The thread that the view is about where no other ran to speak of, else PYRO_NONE. */
static uint32_t only_thread(const struct pyro_live *live)
{
	const double cpu = (double)live->scope.all.of[PYRO_METRIC_CPU];
	const struct pyro_row *first = NULL, *waits = NULL;
	size_t count = 0;

	for (size_t i = 0; i < live->scope.threads.count; i++) {
		const struct pyro_row *row = &live->scope.threads.rows[i];
		const double need = row->track == live->scope.track ? STAYS_ONLY : BECOMES_ONLY;

		if (!belongs(live, row))
			continue;
		count++;
		if (cpu > 0 && (double)row->total.of[PYRO_METRIC_CPU] >= need * cpu)
			return row->track;
		if (!first)
			first = row;
		if (!waits && pyro_profile_track_get(live->profile, row->track)->main)
			waits = row;
	}
	if (count == 1)
		return first->track;
	/* Nobody ran: the main thread is what the program waits in. */
	return cpu > 0 || !waits ? PYRO_NONE : waits->track;
}

static void choose_weight(struct pyro_live *live)
{
	struct pyro_scope *scope = &live->scope;

	scope->profile = live->profile;
	scope->metric = scope->weight = live->choice.metric;
	if (scope->metric == PYRO_REPORT_TIME) {
		scope->track = only_thread(live);
		scope->weight = scope->track == PYRO_NONE ? PYRO_REPORT_CPU : PYRO_REPORT_WALL;
	} else {
		scope->track = live->choice.track;
	}
	if (live_of_tasks(live)) {
		scope->track = PYRO_NONE;
		if (scope->metric == PYRO_REPORT_TIME)
			scope->weight = PYRO_REPORT_WALL;
	}
	scope->base_ns = live_of_tasks(live) || live_view(live)->tasks ? live_task_base(live)
								       : scope->run_ns;
	for (size_t i = 0; i < scope->threads.count && !live_view(live)->whole; i++) {
		/* Of one thread's time it is that thread's, however short it lived. */
		if (scope->weight == PYRO_REPORT_WALL &&
		    scope->threads.rows[i].track == scope->track)
			scope->base_ns = scope->threads.rows[i].total.of[PYRO_METRIC_WALL];
	}
}

/* ---- rows ---- */

bool live_is_split(const struct pyro_live *live)
{
	return live->choice.split && !live_view(live)->whole && !live_of_tasks(live);
}

static enum pyro_rc append(struct pyro_rows *rows, const struct pyro_rows *more, uint32_t track)
{
	struct pyro_row *grown =
		reallocarray(rows->rows, rows->count + more->count + 1, sizeof(*grown));

	if (!grown)
		return PYRO_RC_NOMEM;
	rows->rows = grown;
	for (size_t i = 0; i < more->count; i++) {
		grown[rows->count] = more->rows[i];
		grown[rows->count++].track = track;
	}
	return PYRO_RC_OK;
}

/* Rows of functions or lines of one thread, or of all that belong to the view together; in views of
 * other things only what they sum up to. */
static enum pyro_rc add_code(struct pyro_live *live, uint32_t track, struct pyro_err *err)
{
	const struct pyro_rows_options by = {.group = live_view(live)->group};
	struct pyro_aggregate *aggregate;
	struct pyro_values whole, outside;
	struct pyro_rows rows = {0};
	enum pyro_rc rc =
		make(live, live_of_tasks(live), live->choice.process, track, &aggregate, err);

	if (rc)
		return rc;
	if (!live_view(live)->find)
		rc = pyro_aggregate_rows(aggregate, &by, &rows, err);
	if (!rc && !live_view(live)->find)
		rc = append(&live->rows, &rows, live_is_split(live) ? track : PYRO_NONE);
	pyro_aggregate_whole(aggregate, &whole, &outside);
	pyro_values_add(&live->scope.whole, &whole);
	pyro_values_add(&live->scope.outside, &outside);
	pyro_rows_deinit(&rows);
	pyro_aggregate_destroy(aggregate);
	return rc;
}

enum pyro_rc live_find_lives(struct pyro_live *live)
{
	const bool threads = live_view(live)->group == PYRO_GROUP_THREAD;
	const struct pyro_rows *lives = threads ? &live->scope.threads : &live->scope.processes;
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; !rc && i < lives->count; i++) {
		const struct pyro_rows one = {&lives->rows[i], 1};

		if (threads ? belongs(live, &lives->rows[i])
			    : live->choice.process == PYRO_NONE ||
				      live->choice.process == lives->rows[i].process)
			rc = append(&live->rows, &one, lives->rows[i].track);
	}
	return rc;
}

static enum pyro_rc find_rows(struct pyro_live *live, struct pyro_err *err)
{
	const struct pyro_rows *threads = &live->scope.threads;
	enum pyro_rc rc = PYRO_RC_OK;

	live->scope.whole = live->scope.outside = (struct pyro_values){.wall_squared = 0};
	if (!live_is_split(live))
		rc = add_code(live, live->scope.track, err);
	for (size_t i = 0; !rc && live_is_split(live) && i < threads->count; i++) {
		const uint32_t track = threads->rows[i].track;

		if (belongs(live, &threads->rows[i]) &&
		    (live->scope.track == PYRO_NONE || live->scope.track == track))
			rc = add_code(live, track, err);
	}
	return !rc && live_view(live)->find ? live_view(live)->find(live) : rc;
}

/* Whether what is typed is in a name or place of it. */
static bool matches(const struct pyro_live *live, const struct pyro_row *row)
{
	const char *filter = live->choice.filter;

	return !filter[0] || strcasestr(row->name, filter) || strcasestr(row->place, filter) ||
	       strcasestr(live_coroutine(live, row), filter);
}

static void filter_rows(struct pyro_live *live)
{
	const struct pyro_live_choice *choice = &live->choice;
	const bool whole = live_view(live)->whole;
	size_t kept = 0;

	for (size_t i = 0; i < live->rows.count; i++) {
		const struct pyro_row *row = &live->rows.rows[i];

		if (!whole && choice->function != PYRO_NONE && row->function != choice->function)
			continue;
		if (matches(live, row))
			live->rows.rows[kept++] = *row;
	}
	live->rows.count = kept;
}

static int compare_numbers(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare(const void *left, const void *right, void *context)
{
	const struct pyro_live *live = context;
	const struct pyro_row *a = left, *b = right;
	const enum pyro_live_order order = live->choice.order;
	const enum pyro_live_order then = live_view(live)->then;
	int result = compare_numbers(live_value(live, order, a), live_value(live, order, b));

	if (result == 0 && order != PYRO_LIVE_NAME)
		result = compare_numbers(live_value(live, then, a), live_value(live, then, b));
	if (live->choice.reversed)
		result = -result;
	if (result == 0) {
		result = strcmp(a->name, b->name);
		if (result == 0)
			result = strcmp(a->place, b->place);
		if (order == PYRO_LIVE_NAME && live->choice.reversed)
			result = -result;
	}
	if (result == 0)
		result = (a->line > b->line) - (a->line < b->line);
	if (result == 0)
		result = (a->track > b->track) - (a->track < b->track);
	if (result == 0)
		result = (a->process > b->process) - (a->process < b->process);
	if (result == 0)
		result = (a->function > b->function) - (a->function < b->function);
	return result ? result : (a->task > b->task) - (a->task < b->task);
}

/* Where the row is now that was chosen before. One that is gone leaves its place to another. */
static void find_chosen(struct pyro_live *live)
{
	for (size_t i = 0; live->follow && i < live->rows.count; i++) {
		const struct pyro_live_id id = live_id(live, &live->rows.rows[i]);

		if (id.function == live->id.function && id.track == live->id.track &&
		    id.process == live->id.process && id.line == live->id.line &&
		    id.task == live->id.task)
			live->chosen = i;
	}
	if (live->chosen >= live->rows.count)
		live->chosen = live->rows.count > 0 ? live->rows.count - 1 : 0;
}

enum pyro_rc pyro_live_arrange(struct pyro_live *live, struct pyro_err *err)
{
	enum pyro_rc rc;

	let_go(live);
	if (!live->stretch.rows)
		return PYRO_RC_OK;
	rc = pyro_places_create(live->profile, &live->places, err);
	if (!rc)
		rc = look_at_threads(live, err);
	if (!rc && live_of_tasks(live))
		rc = live_take_kind(live);
	if (!rc) {
		choose_weight(live);
		rc = find_rows(live, err);
	}
	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	filter_rows(live);
	if (live->rows.count > 1 && !live_view(live)->ordered)
		qsort_r(live->rows.rows, live->rows.count, sizeof(*live->rows.rows), compare, live);
	find_chosen(live);
	return PYRO_RC_OK;
}

/* ---- time goes on ---- */

/* In ASCII, which is safe wherever it will be shown. */
static void say_ended(struct pyro_live *live, const struct pyro_process_info *process)
{
	const struct pyro_report_look plain = {.unicode = false};
	struct pyro_buf command, text;

	pyro_buf_init(&command, TEXT_BYTES);
	pyro_buf_init(&text, sizeof(live->notice) - 1);
	pyro_headline_command(pyro_profile_string_get(live->profile, process->command, NULL),
			      &plain, &command);
	pyro_buf_add_format(&text, "process %d has ended: ", (int)process->pid);
	if (command.data)
		pyro_text_fit(&text, &plain, command.data, NOTICE_COLUMNS, PYRO_CUT_MIDDLE);
	snprintf(live->notice, sizeof(live->notice), "%s", text.data ? text.data : "");
	pyro_buf_deinit(&command);
	pyro_buf_deinit(&text);
}

/* A process that has ended since is said so for some time. */
static void notice_ends(struct pyro_live *live, uint64_t now_ns)
{
	const struct pyro_process_info *last = NULL;
	struct pyro_profile_counts counts;
	uint32_t ended = 0;

	pyro_profile_counts(live->profile, &counts);
	for (uint32_t i = 0; i < counts.processes; i++) {
		const struct pyro_process_info *process =
			pyro_profile_process_get(live->profile, i);

		if (!process->end_ns)
			continue;
		ended++;
		if (!last || process->end_ns >= last->end_ns)
			last = process;
	}
	if (ended > live->ended && last) {
		say_ended(live, last);
		live->notice_until_ns = now_ns + NOTICE_NS;
	} else if (now_ns >= live->notice_until_ns) {
		live->notice[0] = '\0';
	}
	live->ended = ended;
}

static enum pyro_rc take_stretch(struct pyro_live *live, struct pyro_err *err)
{
	struct pyro_stretch stretch;
	enum pyro_rc rc = pyro_recent_take(
		live->recent, live->choice.since_start ? 0 : live->choice.span_ns, &stretch);

	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	pyro_stretch_deinit(&live->stretch);
	live->stretch = stretch;
	return pyro_live_arrange(live, err);
}

enum pyro_rc pyro_live_refresh(struct pyro_live *live, uint64_t now_ns, struct pyro_err *err)
{
	enum pyro_rc rc = PYRO_RC_OK;

	if (now_ns > live->last_advance_ns)
		rc = pyro_recent_advance(live->recent, now_ns);
	live->last_advance_ns = now_ns;
	notice_ends(live, now_ns);
	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	return live->paused ? PYRO_RC_OK : take_stretch(live, err);
}

void pyro_live_sum_up(struct pyro_live *live)
{
	live->choice.since_start = true;
	live->paused = false;
	if (live->choice.view > PYRO_LIVE_TASKS)
		live->choice.view = PYRO_LIVE_TASKS;
	live_fit_order(live);
}

enum pyro_rc pyro_live_reset(struct pyro_live *live, struct pyro_err *err)
{
	enum pyro_rc rc = pyro_recent_reset(live->recent, live->last_advance_ns);

	live->paused = false;
	return rc ? pyro_err_set(err, rc, "out of memory") : take_stretch(live, err);
}
