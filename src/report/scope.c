/* SPDX-License-Identifier: Apache-2.0 */
#include "report/scope.h"

#include <string.h>

#include "profile/logical.h"
#include "report/text.h"
#include "report/units.h"

/* A thread does nearly all the work if it has this part of the processor time. */
#define NEARLY_ALL 0.9
/* A thread that ran for less than this part of its life is idle, if others were not. */
#define HARDLY_EVER 0.01
/* Threads ran at the same time if they ran for longer than the run, beyond rounding. */
#define PARALLEL 1.05

static const struct {
	const char *name;
	const char *of;          /* what 100 % is of, where it is not the run */
	enum pyro_metric metric; /* TIME: that of its usual weight */
	bool whose;              /* and whose that is is said */
} metrics[] = {
	[PYRO_REPORT_TIME] = {"time", "", PYRO_METRIC_WALL, false},
	[PYRO_REPORT_WALL] = {"wall", "time", PYRO_METRIC_WALL, true},
	[PYRO_REPORT_CPU] = {"cpu", "processor time", PYRO_METRIC_CPU, false},
	[PYRO_REPORT_GIL] = {"gil", "holding the GIL", PYRO_METRIC_GIL_HELD, false},
	[PYRO_REPORT_WAIT] = {"wait", "waiting", PYRO_METRIC_WAIT, true},
	[PYRO_REPORT_GIL_WAIT] = {"gil_wait", "waiting for the GIL", PYRO_METRIC_GIL_WAIT, false},
	[PYRO_REPORT_LOCK] = {"lock", "waiting for locks", PYRO_METRIC_WAIT_LOCK, false},
	[PYRO_REPORT_IO] = {"io", "waiting for files and pipes", PYRO_METRIC_WAIT_IO, false},
	[PYRO_REPORT_NET] = {"net", "waiting for the network", PYRO_METRIC_WAIT_NET, false},
	[PYRO_REPORT_SLEEP] = {"sleep", "sleep", PYRO_METRIC_WAIT_SLEEP, false},
};

void pyro_scope_of(const struct pyro_scope *scope, struct pyro_buf *buf)
{
	if (scope->track != PYRO_NONE) {
		pyro_buf_add_format(buf, "its %s's time", scope->noun);
		return;
	}
	if (metrics[scope->weight].whose)
		pyro_buf_add_format(buf, "all %ss' ", scope->noun);
	pyro_buf_add_text(buf, metrics[scope->weight].of);
}

const char *pyro_report_metric_name(enum pyro_report_metric metric)
{
	return (unsigned)metric < PYRO_REPORT_METRIC_COUNT ? metrics[metric].name : NULL;
}

enum pyro_report_metric pyro_report_metric_by_name(const char *name)
{
	for (unsigned i = 0; i < PYRO_REPORT_METRIC_COUNT; i++)
		if (strcmp(metrics[i].name, name) == 0)
			return (enum pyro_report_metric)i;
	return PYRO_REPORT_METRIC_COUNT;
}

enum pyro_metric pyro_scope_metric(enum pyro_report_metric weight)
{
	return metrics[weight].metric;
}

uint64_t pyro_scope_value(enum pyro_report_metric weight, const struct pyro_values *values)
{
	return values->of[metrics[weight].metric];
}

struct pyro_share pyro_scope_part(enum pyro_report_metric weight, const struct pyro_values *part,
				  const struct pyro_values *whole)
{
	return pyro_values_share(part, whole, metrics[weight].metric);
}

struct pyro_share pyro_scope_share(const struct pyro_scope *scope, const struct pyro_values *part)
{
	struct pyro_share share = pyro_scope_part(scope->weight, part, &scope->whole);
	uint64_t whole = pyro_scope_value(scope->weight, &scope->whole);
	if (scope->base_ns == 0 || whole == scope->base_ns)
		return share;
	double scale = (double)whole / (double)scope->base_ns;
	share.share *= scale;
	share.low *= scale;
	share.high *= scale;
	return share;
}

static int by_cpu(const void *a, const void *b)
{
	const struct pyro_row *x = a;
	const struct pyro_row *y = b;
	uint64_t cpu_x = x->total.of[PYRO_METRIC_CPU];
	uint64_t cpu_y = y->total.of[PYRO_METRIC_CPU];
	if (cpu_x != cpu_y)
		return cpu_x < cpu_y ? 1 : -1;
	return x->track < y->track ? -1 : x->track > y->track;
}

/* The thread that a report is about when no other ran to speak of; PYRO_NONE: there are several.
 * The threads are sorted by the time they ran. */
static uint32_t only_thread(const struct pyro_scope *scope)
{
	const struct pyro_row *rows = scope->threads.rows;
	uint64_t cpu = scope->all.of[PYRO_METRIC_CPU];
	if (scope->threads.count == 0)
		return PYRO_NONE;
	if (scope->threads.count == 1 ||
	    (cpu > 0 && (double)rows[0].total.of[PYRO_METRIC_CPU] >= NEARLY_ALL * (double)cpu))
		return rows[0].track;
	if (cpu > 0)
		return PYRO_NONE;
	/* Nobody ran: the first main thread is what the program waited in. */
	uint32_t first = PYRO_NONE;
	for (size_t i = 0; i < scope->threads.count; i++) {
		const struct pyro_track *track =
			pyro_profile_track_get(scope->profile, rows[i].track);
		if (track && track->main && rows[i].track < first)
			first = rows[i].track;
	}
	return first;
}

static size_t count_idle(const struct pyro_scope *scope)
{
	size_t idle = 0;
	for (size_t i = 0; i < scope->threads.count; i++) {
		const struct pyro_values *values = &scope->threads.rows[i].total;
		if ((double)values->of[PYRO_METRIC_CPU] <
		    HARDLY_EVER * (double)values->of[PYRO_METRIC_WALL])
			idle++;
	}
	return idle < scope->threads.count ? idle : 0;
}

static enum pyro_rc look_at_threads(struct pyro_scope *scope, struct pyro_err *err)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_rows_options rows = {
		.group = PYRO_GROUP_THREAD, .metric = PYRO_METRIC_WALL, .by_total = true};
	enum pyro_rc rc = pyro_aggregate_create(scope->profile, &options, &scope->everything, err);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_aggregate_rows(scope->everything, &rows, &scope->threads, err);
	if (rc != PYRO_RC_OK)
		return rc;
	if (scope->threads.count > 1)
		qsort(scope->threads.rows, scope->threads.count, sizeof(*scope->threads.rows),
		      by_cpu);
	rows.group = PYRO_GROUP_PROCESS;
	rc = pyro_aggregate_rows(scope->everything, &rows, &scope->processes, err);
	if (rc != PYRO_RC_OK)
		return rc;
	if (scope->processes.count > 1)
		qsort(scope->processes.rows, scope->processes.count, sizeof(*scope->processes.rows),
		      by_cpu);
	pyro_aggregate_whole(scope->everything, &scope->all, &scope->all_outside);
	scope->idle = count_idle(scope);
	return PYRO_RC_OK;
}

static uint64_t length_of_run(const struct pyro_scope *scope)
{
	uint64_t longest = pyro_profile_duration(scope->profile);
	if (longest > 0)
		return longest;
	for (size_t i = 0; i < scope->threads.count; i++) {
		uint64_t wall = scope->threads.rows[i].total.of[PYRO_METRIC_WALL];
		longest = wall > longest ? wall : longest;
	}
	return longest;
}

static void choose_base(struct pyro_scope *scope)
{
	scope->base_ns = pyro_scope_value(scope->weight, &scope->whole);
	if (scope->metric != PYRO_REPORT_TIME)
		return;
	if (scope->weight == PYRO_REPORT_CPU) {
		scope->of_run = (double)scope->base_ns <= PARALLEL * (double)scope->run_ns;
		if (scope->of_run && scope->base_ns < scope->run_ns)
			scope->base_ns = scope->run_ns;
	} else {
		scope->of_run = (double)scope->base_ns >= NEARLY_ALL * (double)scope->run_ns;
	}
}

enum pyro_rc pyro_scope_open(struct pyro_profile *profile, const struct pyro_report_view *view,
			     const char *stacks_matching, struct pyro_scope *scope,
			     struct pyro_err *err)
{
	*scope = (struct pyro_scope){
		.profile = profile,
		.metric = view->metric,
		.weight = view->metric,
		.noun = pyro_logical_noun(profile),
		.track = PYRO_NONE,
	};
	enum pyro_rc rc = look_at_threads(scope, err);
	if (rc != PYRO_RC_OK)
		return rc;
	scope->run_ns = length_of_run(scope);
	if (view->metric == PYRO_REPORT_TIME) {
		scope->track = only_thread(scope);
		scope->weight = scope->track == PYRO_NONE && scope->all.of[PYRO_METRIC_CPU] > 0
					? PYRO_REPORT_CPU
					: PYRO_REPORT_WALL;
	}
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	options.track = scope->track;
	options.fold_library = !view->unfold;
	struct pyro_aggregate *base = NULL;
	rc = pyro_aggregate_create(profile, &options, &base, err);
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_aggregate_whole(base, &scope->whole, &scope->outside);
	choose_base(scope);
	if (!stacks_matching) {
		scope->shown = base;
		return PYRO_RC_OK;
	}
	/* The choice of stacks changes what is shown, not what it is a share of. */
	pyro_aggregate_destroy(base);
	options.stacks_matching = stacks_matching;
	return pyro_aggregate_create(profile, &options, &scope->shown, err);
}

void pyro_scope_close(struct pyro_scope *scope)
{
	pyro_rows_deinit(&scope->threads);
	pyro_rows_deinit(&scope->processes);
	pyro_aggregate_destroy(scope->shown);
	pyro_aggregate_destroy(scope->everything);
	*scope = (struct pyro_scope){0};
}

void pyro_scope_base_text(const struct pyro_scope *scope, const struct pyro_report_look *look,
			  struct pyro_buf *buf)
{
	if (scope->of_run) {
		pyro_buf_add_text(buf, "of the run (");
		pyro_units_duration(buf, scope->base_ns);
		pyro_buf_add_char(buf, ')');
		return;
	}
	pyro_buf_add_text(buf, "of ");
	pyro_units_duration(buf, scope->base_ns);
	if (scope->track == PYRO_NONE) {
		pyro_buf_add_text(buf, " of ");
		pyro_scope_of(scope, buf);
		return;
	}
	const struct pyro_track *track = pyro_profile_track_get(scope->profile, scope->track);
	const char *name =
		track ? pyro_profile_string_get(scope->profile, track->name, NULL) : NULL;
	pyro_buf_add_text(buf, " of ");
	if (name && *name)
		pyro_text_name(buf, look, name);
	else
		pyro_buf_add_format(buf, "one %s", scope->noun);
	pyro_buf_add_text(buf, "'s time");
}

static int by_name(const void *a, const void *b)
{
	const struct pyro_row *x = a;
	const struct pyro_row *y = b;
	int order = strcmp(x->name, y->name);
	if (order == 0)
		order = strcmp(x->place, y->place);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

enum pyro_rc pyro_scope_rows(const struct pyro_scope *scope, const struct pyro_report_view *view,
			     size_t limit, struct pyro_rows *ret_rows, size_t *ret_found,
			     struct pyro_err *err)
{
	struct pyro_rows_options options = {
		.group = view->group,
		.metric = pyro_scope_metric(scope->weight),
		.by_total = view->sort == PYRO_REPORT_BY_TOTAL,
		.matching = view->filter,
	};
	*ret_rows = (struct pyro_rows){0};
	enum pyro_rc rc = pyro_aggregate_rows(scope->shown, &options, ret_rows, err);
	if (rc != PYRO_RC_OK)
		return rc;
	size_t kept = 0;
	for (size_t i = 0; i < ret_rows->count; i++)
		if (pyro_scope_value(scope->weight, &ret_rows->rows[i].total) > 0)
			ret_rows->rows[kept++] = ret_rows->rows[i];
	ret_rows->count = kept;
	if (kept > 1 && view->sort == PYRO_REPORT_BY_NAME)
		qsort(ret_rows->rows, kept, sizeof(*ret_rows->rows), by_name);
	if (ret_found)
		*ret_found = kept;
	if (limit > 0 && ret_rows->count > limit)
		ret_rows->count = limit;
	return PYRO_RC_OK;
}
