/* SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include <string.h>

#include "base/map.h"
#include "report/cells.h"
#include "report/units.h"
#include "report/waits.h"

/* A share is worth a finding if even the lower end of its interval is above this. */
#define WORTH_SAYING 0.10
/* Imports are worth it earlier: they are in the way of every start. */
#define IMPORTS_WORTH 0.05
/* A part explains the whole if it is this much of it. */
#define MOST       0.6
#define NEARLY_ALL 0.95
/* Who has the GIL is named if he had it for this part of what others waited. */
#define BLOCKS 0.25
/* Effective samples behind a finding: with fewer its interval says nothing. */
#define ENOUGH 10
/* The table has the rest. */
#define MOST_HOT 2
/* Threads asked what they wait for, busiest first. */
#define MOST_ASKED 32
/* Columns of a file in a sentence. */
#define MOST_PLACE 28
#define TEXT_BYTES 65536

/* What the searches share: the scope, and the same stacks with library code apart. */
struct search {
	const struct pyro_scope *scope;
	const struct pyro_report_look *look;
	struct pyro_aggregate *apart;
	struct pyro_findings *findings;
	struct pyro_err *err;
};

static struct pyro_buf *start_finding(struct search *search, double weight)
{
	struct pyro_findings *findings = search->findings;
	if (findings->count >= PYRO_MAX_FINDINGS)
		return NULL;
	struct pyro_finding *finding = &findings->list[findings->count++];
	finding->weight = weight;
	pyro_buf_init(&finding->text, TEXT_BYTES);
	return &finding->text;
}

/* An item that no line break divides: "38 % ±2". */
static void add_share(const struct search *search, struct pyro_buf *text,
		      const struct pyro_share *share)
{
	struct pyro_buf part;
	pyro_buf_init(&part, 256);
	pyro_units_share(&part, share);
	pyro_buf_add_char(&part, ' ');
	pyro_units_margin(&part, share, pyro_text_signs(search->look)->plus_minus);
	pyro_text_item(text, part.data ? part.data : "");
	text->failed = text->failed || part.failed;
	pyro_buf_deinit(&part);
}

static void add_percent(struct pyro_buf *text, double share)
{
	struct pyro_buf part;
	pyro_buf_init(&part, 256);
	pyro_units_percent(&part, share);
	pyro_text_item(text, part.data ? part.data : "");
	text->failed = text->failed || part.failed;
	pyro_buf_deinit(&part);
}

/* "price() shop.py:80"; what is in angle brackets has no parentheses. */
static void add_function(const struct search *search, struct pyro_buf *text,
			 const struct pyro_row *row)
{
	struct pyro_buf part;
	pyro_buf_init(&part, TEXT_BYTES);
	pyro_text_name(&part, search->look, row->name);
	if (row->name[0] != '<')
		pyro_buf_add_text(&part, "()");
	pyro_buf_add_text(text, PYRO_MARK_BOLD);
	pyro_text_item(text, part.data ? part.data : "");
	pyro_buf_add_text(text, PYRO_MARK_END);
	if (row->place[0]) {
		pyro_buf_add_char(text, ' ');
		pyro_buf_reset(&part);
		pyro_cells_place_text(&part, search->look, row->place, row->line);
		struct pyro_buf place;
		pyro_buf_init(&place, TEXT_BYTES);
		pyro_text_fit(&place, search->look, part.data ? part.data : "", MOST_PLACE,
			      PYRO_CUT_FRONT);
		pyro_text_item(text, place.data ? place.data : "");
		text->failed = text->failed || place.failed;
		pyro_buf_deinit(&place);
	}
	text->failed = text->failed || part.failed;
	pyro_buf_deinit(&part);
}

static void add_base(const struct search *search, struct pyro_buf *text)
{
	pyro_buf_add_text(text, " of ");
	if (search->scope->of_run)
		pyro_buf_add_text(text, "the run");
	else
		pyro_scope_of(search->scope, text);
}

/* The heaviest line of @function, if it is most of it: ", 31 % of it at line 88". */
static enum pyro_rc add_line(const struct search *search, struct pyro_buf *text,
			     const struct pyro_row *function)
{
	const struct pyro_scope *scope = search->scope;
	struct pyro_report_view view = {.group = PYRO_GROUP_LINE};
	struct pyro_rows lines;
	enum pyro_rc rc = pyro_scope_rows(scope, &view, 0, &lines, NULL, search->err);
	uint64_t whole = pyro_scope_value(scope->weight, &function->self);
	for (size_t i = 0; rc == PYRO_RC_OK && i < lines.count; i++) {
		const struct pyro_row *line = &lines.rows[i];
		if (line->function != function->function)
			continue;
		uint64_t self = pyro_scope_value(scope->weight, &line->self);
		if (line->line > 0 && (double)self >= MOST * (double)whole) {
			pyro_buf_add_text(text, ", ");
			if (self < whole)
				add_percent(text, pyro_scope_share(scope, &line->self).share);
			else
				pyro_text_item(text, "all of it");
			pyro_buf_add_format(text, " at line" PYRO_MARK_SPACE "%d", (int)line->line);
		}
		break;
	}
	pyro_rows_deinit(&lines);
	return rc;
}

/* What the function calls in libraries, if that is most of what is counted to it. */
static enum pyro_rc add_library(const struct search *search, struct pyro_buf *text,
				const struct pyro_row *function)
{
	const struct pyro_scope *scope = search->scope;
	struct pyro_rows called;
	enum pyro_rc rc =
		pyro_aggregate_callees(search->apart, function->function,
				       pyro_scope_metric(scope->weight), &called, search->err);
	if (rc != PYRO_RC_OK)
		return rc;
	uint64_t whole = pyro_scope_value(scope->weight, &function->self);
	if (called.count > 0 && called.rows[0].library &&
	    (double)pyro_scope_value(scope->weight, &called.rows[0].total) >=
		    MOST * (double)whole) {
		pyro_buf_add_text(text, ", most of it in ");
		add_function(search, text, &called.rows[0]);
	}
	pyro_rows_deinit(&called);
	return PYRO_RC_OK;
}

/* " for the network", if most of the waiting in @values is for that. */
static void add_reason(struct pyro_buf *text, const struct pyro_values *values)
{
	const struct pyro_reason_info *reason = pyro_waits_main(values);
	if (reason)
		pyro_buf_add_format(text, " %s", reason->text);
}

/* What waits in @function are for in particular, if that is most of them: " (10.0.3.7:443 from
 * …)". A lock has no name that would tell anybody anything. */
static enum pyro_rc add_object(const struct search *search, struct pyro_buf *text,
			       const struct pyro_row *function)
{
	const struct pyro_profile *profile = search->scope->profile;
	const struct pyro_reason_info *reason = pyro_waits_main(&function->self);
	struct pyro_waits_rows rows;
	if (!reason ||
	    (reason->metric != PYRO_METRIC_WAIT_NET && reason->metric != PYRO_METRIC_WAIT_IO))
		return PYRO_RC_OK;
	enum pyro_rc rc = pyro_waits_rows(profile, function->function, &rows, search->err);
	if (rc == PYRO_RC_OK && rows.count > 0 &&
	    (double)rows.rows[0].ns >= MOST * (double)function->self.of[reason->metric]) {
		const struct pyro_object *object =
			pyro_profile_object_get(profile, rows.rows[0].object);
		const char *name = pyro_profile_string_get(profile, object->name, NULL);
		struct pyro_buf part;
		pyro_buf_init(&part, TEXT_BYTES);
		pyro_text_name(&part, search->look, name);
		if (object->metric == reason->metric && part.size > 0) {
			pyro_buf_add_text(text, " (");
			pyro_text_item(text, part.data);
			pyro_buf_add_char(text, ')');
		}
		text->failed = text->failed || part.failed;
		pyro_buf_deinit(&part);
	}
	pyro_waits_rows_deinit(&rows);
	return rc;
}

/* The functions that take most themselves. */
static enum pyro_rc find_hot(struct search *search)
{
	const struct pyro_scope *scope = search->scope;
	struct pyro_report_view view = {.group = PYRO_GROUP_FUNCTION};
	struct pyro_rows rows;
	enum pyro_rc rc = pyro_scope_rows(scope, &view, MOST_HOT, &rows, NULL, search->err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		const struct pyro_row *row = &rows.rows[i];
		struct pyro_share share = pyro_scope_share(scope, &row->self);
		uint64_t self = pyro_scope_value(scope->weight, &row->self);
		uint64_t wait = pyro_scope_value(PYRO_REPORT_WAIT, &row->self);
		if (share.low < WORTH_SAYING || share.samples < ENOUGH)
			break;
		struct pyro_buf *text = start_finding(search, share.share);
		if (!text)
			break;
		add_function(search, text, row);
		bool waits =
			scope->weight == PYRO_REPORT_WALL && (double)wait > MOST * (double)self;
		bool only = waits && (double)wait > NEARLY_ALL * (double)self;
		pyro_buf_add_text(text, only ? " waits " : " takes ");
		add_share(search, text, &share);
		add_base(search, text);
		if (waits) {
			if (!only)
				pyro_buf_add_format(text, ", %.0f %% of that waiting",
						    100 * (double)wait / (double)self);
			add_reason(text, &row->self);
			rc = add_object(search, text, row);
		}
		if (rc == PYRO_RC_OK)
			rc = add_line(search, text, row);
		if (rc == PYRO_RC_OK)
			rc = add_library(search, text, row);
	}
	pyro_rows_deinit(&rows);
	return rc;
}

/* The function that had the GIL for most of the time for which others waited for it, as far as that
 * was seen, and the thread, if it was most often one; PYRO_NONE: not known, or no one. */
struct blocker {
	uint32_t function;
	uint32_t track;
	double share;
};

static void add_to(uint64_t *sums, uint32_t index, uint64_t ns, uint32_t *most)
{
	sums[index] += ns;
	if (*most == PYRO_NONE || sums[index] > sums[*most])
		*most = index;
}

static enum pyro_rc find_blocker(const struct search *search, struct blocker *ret)
{
	const struct pyro_profile *profile = search->scope->profile;
	struct pyro_profile_counts counts;
	struct pyro_waits_rows rows;
	uint64_t known = 0;
	pyro_profile_counts(profile, &counts);
	PYRO_AUTO_FREE uint64_t *functions = calloc((size_t)counts.functions + 1, sizeof(uint64_t));
	PYRO_AUTO_FREE uint64_t *tracks = calloc((size_t)counts.tracks + 1, sizeof(uint64_t));
	*ret = (struct blocker){.function = PYRO_NONE, .track = PYRO_NONE};
	if (!functions || !tracks)
		return pyro_err_set(search->err, PYRO_RC_NOMEM, "out of memory");
	enum pyro_rc rc = pyro_waits_rows(profile, PYRO_NONE, &rows, search->err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		const struct pyro_object *object =
			pyro_profile_object_get(profile, rows.rows[i].object);
		if (object->metric != PYRO_METRIC_GIL_WAIT || object->track == PYRO_NONE)
			continue;
		known += rows.rows[i].ns;
		add_to(tracks, object->track, rows.rows[i].ns, &ret->track);
		if (object->frame != PYRO_NONE)
			add_to(functions, pyro_profile_frame_get(profile, object->frame)->function,
			       rows.rows[i].ns, &ret->function);
	}
	pyro_waits_rows_deinit(&rows);
	if (ret->function != PYRO_NONE)
		ret->share = (double)functions[ret->function] / (double)known;
	if (ret->track != PYRO_NONE && (double)tracks[ret->track] < MOST * (double)known)
		ret->track = PYRO_NONE;
	return rc;
}

/* ", while price() shop.py:88 has it (88 %), in MainThread" */
static enum pyro_rc add_blocker(const struct search *search, struct pyro_buf *text,
				const struct blocker *blocker)
{
	struct pyro_rows_options by = {.group = PYRO_GROUP_FUNCTION, .metric = PYRO_METRIC_WALL};
	struct pyro_rows rows = {0};
	enum pyro_rc rc = pyro_aggregate_rows(search->scope->everything, &by, &rows, search->err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		if (rows.rows[i].function != blocker->function)
			continue;
		pyro_buf_add_text(text, ", while ");
		add_function(search, text, &rows.rows[i]);
		pyro_buf_add_text(text, " has it (");
		add_percent(text, blocker->share);
		pyro_buf_add_char(text, ')');
	}
	pyro_rows_deinit(&rows);
	const struct pyro_track *track =
		pyro_profile_track_get(search->scope->profile, blocker->track);
	if (rc == PYRO_RC_OK && track) {
		struct pyro_buf name;
		pyro_buf_init(&name, TEXT_BYTES);
		pyro_text_name(&name, search->look,
			       pyro_profile_string_get(search->scope->profile, track->name, NULL));
		pyro_buf_add_text(text, " in ");
		pyro_text_item(text, name.data ? name.data : "");
		text->failed = text->failed || name.failed;
		pyro_buf_deinit(&name);
	}
	return rc;
}

/* Who held the GIL most of the time that it was held. */
static enum pyro_rc add_holder(const struct search *search, struct pyro_buf *text)
{
	struct pyro_rows_options options = {
		.group = PYRO_GROUP_FUNCTION, .metric = PYRO_METRIC_GIL_HELD, .limit = 1};
	struct pyro_rows rows;
	struct pyro_values whole;
	enum pyro_rc rc = pyro_aggregate_rows(search->scope->shown, &options, &rows, search->err);
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_aggregate_whole(search->scope->shown, &whole, NULL);
	if (rows.count > 0) {
		struct pyro_share held =
			pyro_values_share(&rows.rows[0].self, &whole, PYRO_METRIC_GIL_HELD);
		if (held.low >= 0.25) {
			pyro_buf_add_text(text, "; ");
			add_function(search, text, &rows.rows[0]);
			pyro_buf_add_text(text, " holds it most (");
			add_share(search, text, &held);
			pyro_buf_add_char(text, ')');
		}
	}
	pyro_rows_deinit(&rows);
	return PYRO_RC_OK;
}

/* Threads that spend much of their time waiting for the GIL. */
static enum pyro_rc find_gil(struct search *search)
{
	const struct pyro_scope *scope = search->scope;
	struct pyro_values part = {0};
	struct pyro_values whole = {0};
	size_t threads = 0;
	const struct pyro_row *most = NULL;
	for (size_t i = 0; i < scope->threads.count; i++) {
		const struct pyro_row *row = &scope->threads.rows[i];
		double wall = (double)row->total.of[PYRO_METRIC_WALL];
		double gil = (double)row->total.of[PYRO_METRIC_GIL_WAIT];
		if (wall <= 0 || gil < WORTH_SAYING * wall)
			continue;
		threads++;
		part.of[PYRO_METRIC_WALL] += row->total.of[PYRO_METRIC_GIL_WAIT];
		part.wall_squared += row->total.wall_squared * (gil / wall);
		whole.of[PYRO_METRIC_WALL] += row->total.of[PYRO_METRIC_WALL];
		whole.wall_squared += row->total.wall_squared;
		if (!most ||
		    row->total.of[PYRO_METRIC_GIL_WAIT] > most->total.of[PYRO_METRIC_GIL_WAIT])
			most = row;
	}
	struct pyro_share share = pyro_values_share(&part, &whole, PYRO_METRIC_WALL);
	if (!most || share.low < WORTH_SAYING || share.samples < ENOUGH)
		return PYRO_RC_OK;
	struct pyro_buf *text = start_finding(search, share.share);
	if (!text)
		return PYRO_RC_OK;
	if (threads == 1) {
		struct pyro_buf name;
		pyro_buf_init(&name, TEXT_BYTES);
		pyro_text_name(&name, search->look, most->name);
		pyro_text_item(text, name.data ? name.data : "");
		text->failed = text->failed || name.failed;
		pyro_buf_deinit(&name);
		pyro_buf_add_text(text, " waits for the GIL ");
		add_share(search, text, &share);
		pyro_buf_add_text(text, " of its time");
	} else {
		pyro_units_plural(text, threads, scope->noun);
		pyro_buf_add_text(text, " wait for the GIL ");
		add_share(search, text, &share);
		pyro_buf_add_text(text, " of their time");
	}
	struct blocker blocker;
	enum pyro_rc rc = find_blocker(search, &blocker);
	if (rc == PYRO_RC_OK && blocker.share >= BLOCKS)
		return add_blocker(search, text, &blocker);
	return rc == PYRO_RC_OK ? add_holder(search, text) : rc;
}

/* Adds to @waits, by function, what one thread waited other than for the GIL. */
static enum pyro_rc add_waits(const struct search *search, uint32_t track, struct pyro_map *waits)
{
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	struct pyro_rows_options by = {.group = PYRO_GROUP_FUNCTION, .metric = PYRO_METRIC_WALL};
	struct pyro_aggregate *own = NULL;
	struct pyro_rows rows = {0};
	options.track = track;
	options.fold_library = true;
	enum pyro_rc rc =
		pyro_aggregate_create(search->scope->profile, &options, &own, search->err);
	if (rc == PYRO_RC_OK)
		rc = pyro_aggregate_rows(own, &by, &rows, search->err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		uint64_t wait = pyro_scope_value(PYRO_REPORT_WAIT, &rows.rows[i].self);
		uint64_t gil = rows.rows[i].self.of[PYRO_METRIC_GIL_WAIT];
		uint64_t sum = 0;
		(void)pyro_map_get(waits, rows.rows[i].function, &sum);
		if (wait > gil)
			rc = pyro_map_put(waits, rows.rows[i].function, sum + wait - gil);
	}
	pyro_rows_deinit(&rows);
	pyro_aggregate_destroy(own);
	return rc;
}

/* The row of @function, by which it is named. */
static enum pyro_rc say_waits(struct search *search, uint32_t function,
			      const struct pyro_share *share)
{
	struct pyro_rows_options by = {.group = PYRO_GROUP_FUNCTION, .metric = PYRO_METRIC_WALL};
	struct pyro_rows rows = {0};
	enum pyro_rc rc = pyro_aggregate_rows(search->apart, &by, &rows, search->err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		struct pyro_buf *text;
		if (rows.rows[i].function != function ||
		    !(text = start_finding(search, share->share)))
			continue;
		pyro_buf_add_format(text, "%ss wait ", search->scope->noun);
		add_share(search, text, share);
		pyro_buf_add_text(text, " of their time");
		add_reason(text, &rows.rows[i].total);
		pyro_buf_add_text(text, " in ");
		add_function(search, text, &rows.rows[i]);
	}
	pyro_rows_deinit(&rows);
	return rc;
}

/* Where the threads of a program of many wait, when that is not counted to functions. */
static enum pyro_rc find_waits(struct search *search)
{
	const struct pyro_scope *scope = search->scope;
	size_t busy = scope->threads.count - scope->idle;
	struct pyro_values whole = {0};
	struct pyro_map waits;
	enum pyro_rc rc = PYRO_RC_OK;
	if (scope->weight != PYRO_REPORT_CPU || scope->metric != PYRO_REPORT_TIME)
		return PYRO_RC_OK;
	pyro_map_init(&waits, 1 << 20);
	for (size_t i = 0; rc == PYRO_RC_OK && i < busy && i < MOST_ASKED; i++) {
		const struct pyro_row *thread = &scope->threads.rows[i];
		whole.of[PYRO_METRIC_WALL] += thread->total.of[PYRO_METRIC_WALL];
		whole.wall_squared += thread->total.wall_squared;
		rc = add_waits(search, thread->track, &waits);
	}
	struct pyro_values part = {0};
	uint64_t function;
	uint64_t ns;
	uint32_t most = PYRO_NONE;
	for (size_t at = 0; rc == PYRO_RC_OK && pyro_map_next(&waits, &at, &function, &ns);) {
		if (ns < part.of[PYRO_METRIC_WALL] ||
		    (ns == part.of[PYRO_METRIC_WALL] && function > most))
			continue;
		part.of[PYRO_METRIC_WALL] = ns;
		most = (uint32_t)function;
	}
	pyro_map_deinit(&waits);
	if (rc != PYRO_RC_OK || most == PYRO_NONE)
		return rc;
	part.wall_squared = whole.wall_squared * ((double)part.of[PYRO_METRIC_WALL] /
						  (double)whole.of[PYRO_METRIC_WALL]);
	struct pyro_share share = pyro_values_share(&part, &whole, PYRO_METRIC_WALL);
	if (share.low < WORTH_SAYING || share.samples < ENOUGH)
		return PYRO_RC_OK;
	return say_waits(search, most, &share);
}

/* Import machinery, with all that modules do while they are imported. */
static enum pyro_rc find_imports(struct search *search)
{
	const struct pyro_scope *scope = search->scope;
	struct pyro_rows_options options = {
		.group = PYRO_GROUP_FUNCTION, .metric = PYRO_METRIC_WALL, .by_total = true};
	struct pyro_rows rows;
	enum pyro_rc rc = pyro_aggregate_rows(search->apart, &options, &rows, search->err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		const struct pyro_row *row = &rows.rows[i];
		const char *file = pyro_profile_string_get(scope->profile, row->file, NULL);
		if (strcmp(row->name, "_find_and_load") != 0 || !file ||
		    !strstr(file, "importlib._bootstrap"))
			continue;
		struct pyro_share share = pyro_scope_share(scope, &row->total);
		struct pyro_buf *text = share.low >= IMPORTS_WORTH && share.samples >= ENOUGH
						? start_finding(search, share.share)
						: NULL;
		if (text) {
			pyro_buf_add_text(text, "importing modules takes ");
			add_share(search, text, &share);
			add_base(search, text);
		}
		break;
	}
	pyro_rows_deinit(&rows);
	return rc;
}

static void find_outside(struct search *search)
{
	const struct pyro_scope *scope = search->scope;
	struct pyro_share share = pyro_scope_share(scope, &scope->outside);
	if (share.low < WORTH_SAYING || share.samples < ENOUGH)
		return;
	struct pyro_buf *text = start_finding(search, share.share);
	if (!text)
		return;
	add_share(search, text, &share);
	add_base(search, text);
	pyro_buf_add_text(text,
			  " is outside of Python code: start and end of the interpreter, "
			  "or threads of libraries");
}

static int heavier(const void *a, const void *b)
{
	const struct pyro_finding *x = a;
	const struct pyro_finding *y = b;
	return x->weight < y->weight ? 1 : x->weight > y->weight ? -1 : 0;
}

enum pyro_rc pyro_findings_collect(const struct pyro_scope *scope,
				   const struct pyro_report_look *look,
				   struct pyro_findings *findings, struct pyro_err *err)
{
	struct search search = {.scope = scope, .look = look, .findings = findings, .err = err};
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	options.track = scope->track;
	*findings = (struct pyro_findings){0};
	enum pyro_rc rc = pyro_aggregate_create(scope->profile, &options, &search.apart, err);
	if (rc == PYRO_RC_OK)
		rc = find_hot(&search);
	if (rc == PYRO_RC_OK)
		rc = find_gil(&search);
	if (rc == PYRO_RC_OK)
		rc = find_waits(&search);
	if (rc == PYRO_RC_OK)
		rc = find_imports(&search);
	if (rc == PYRO_RC_OK)
		find_outside(&search);
	pyro_aggregate_destroy(search.apart);
	for (size_t i = 0; rc == PYRO_RC_OK && i < findings->count; i++)
		rc = pyro_buf_status(&findings->list[i].text);
	if (rc == PYRO_RC_OK && findings->count > 1)
		qsort(findings->list, findings->count, sizeof(findings->list[0]), heavier);
	return rc;
}

void pyro_findings_deinit(struct pyro_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		pyro_buf_deinit(&findings->list[i].text);
	findings->count = 0;
}
