/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "capture/reader_inside.h"
#include "profile/quality.h"

static struct pyro_profile_counts counts_of(const struct pyro_profile *p)
{
	struct pyro_profile_counts counts;
	pyro_profile_counts(p, &counts);
	return counts;
}

static void add_string(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	const void *text = sqlite3_column_text(scan->stmt, 1);
	int size = sqlite3_column_bytes(scan->stmt, 1);
	if (scan->rc != PYRO_RC_OK)
		return;
	if (!text) {
		pyro_scan_damaged(scan, "no text");
		return;
	}
	pyro_scan_added(scan, pyro_profile_string(p, text, (size_t)size, &added), id, &added);
}

static void add_function(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	uint32_t strings = counts_of(p).strings;
	struct pyro_function function = {
		.name = pyro_scan_index(scan, 1, strings),
		.file = pyro_scan_index(scan, 2, strings),
		.first_line = (int32_t)pyro_scan_number(scan, 3, INT32_MIN, INT32_MAX),
		.kind = (enum pyro_function_kind)pyro_scan_number(scan, 4, 0,
								  PYRO_FUNCTION_KINDS - 1),
	};
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_function(p, &function, &added), id, &added);
}

static void add_frame(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	struct pyro_frame frame = {
		.function = pyro_scan_index(scan, 1, counts_of(p).functions),
		.line = (int32_t)pyro_scan_number(scan, 2, INT32_MIN, INT32_MAX),
	};
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_frame(p, &frame, &added), id, &added);
}

/* A parent has a lower id than its child, so there can be no cycle. */
static void add_stack(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts = counts_of(p);
	uint32_t parent = pyro_scan_index_or_none(scan, 1, counts.stacks);
	uint32_t frame = pyro_scan_index(scan, 2, counts.frames);
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_stack(p, parent, frame, &added), id, &added);
}

static void add_process(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts = counts_of(p);
	struct pyro_process_info process = {
		.pid = (int32_t)pyro_scan_number(scan, 1, 0, INT32_MAX),
		.parent = pyro_scan_index_or_none(scan, 2, counts.processes),
		.command = pyro_scan_index(scan, 3, counts.strings),
		.python = pyro_scan_index(scan, 4, counts.strings),
		.start_ns = (uint64_t)pyro_scan_number(scan, 5, 0, INT64_MAX),
		.end_ns = (uint64_t)pyro_scan_number(scan, 6, 0, INT64_MAX),
	};
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_process(p, &process, &added), id, &added);
}

static void add_track(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts = counts_of(p);
	struct pyro_track track = {
		.process = pyro_scan_index(scan, 1, counts.processes),
		.tid = (int32_t)pyro_scan_number(scan, 2, 0, INT32_MAX),
		.name = pyro_scan_index(scan, 3, counts.strings),
		.main = pyro_scan_number(scan, 4, 0, 1) != 0,
		.start_ns = (uint64_t)pyro_scan_number(scan, 5, 0, INT64_MAX),
		.end_ns = (uint64_t)pyro_scan_number(scan, 6, 0, INT64_MAX),
		.wall_ns = (uint64_t)pyro_scan_number(scan, 7, 0, INT64_MAX),
		.cpu_ns = (uint64_t)pyro_scan_number(scan, 8, 0, INT64_MAX),
		.exact_cpu = pyro_scan_number(scan, 9, 0, 1) != 0,
	};
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_track(p, &track, &added), id, &added);
}

static double read_square(struct reader_scan *scan, int column)
{
	double value = sqlite3_column_double(scan->stmt, column);
	if (isfinite(value) && value >= 0)
		return value;
	pyro_scan_damaged(scan, sqlite3_column_name(scan->stmt, column));
	return 0;
}

/* Sums over all totals must not overflow in whoever adds them up. */
static void read_values(struct reader_scan *scan, uint64_t sums[PYRO_METRIC_COUNT],
			struct pyro_total *total)
{
	const struct pyro_capture_reader *r = scan->reader;
	for (size_t i = 0; i < r->metric_count; i++) {
		int column = 5 + (int)i;
		enum pyro_metric metric = r->metrics[i].metric;
		if (metric == PYRO_METRIC_COUNT ||
		    sqlite3_column_type(scan->stmt, column) == SQLITE_NULL)
			continue;
		uint64_t value = (uint64_t)pyro_scan_number(scan, column, 0, INT64_MAX);
		if (value > INT64_MAX - sums[metric]) {
			pyro_scan_damaged(scan, "sums overflow");
			return;
		}
		sums[metric] += value;
		total->values[metric] = value;
	}
}

static enum pyro_rc read_totals(struct pyro_capture_reader *r, struct pyro_profile *p,
				struct pyro_err *err)
{
	struct reader_scan scan;
	struct pyro_buf sql;
	uint64_t sums[PYRO_METRIC_COUNT] = {0};
	struct pyro_profile_counts counts = counts_of(p);
	pyro_buf_init(&sql, 16384);
	pyro_buf_add_text(&sql, "SELECT id, track, stack, wall_squared, cpu_squared");
	for (size_t i = 0; i < r->metric_count; i++)
		pyro_buf_add_format(&sql, ", %s", r->metrics[i].name);
	pyro_buf_add_text(&sql, " FROM main.totals ORDER BY id");
	if (pyro_buf_status(&sql) != PYRO_RC_OK) {
		pyro_buf_deinit(&sql);
		return pyro_err_set(err, PYRO_RC_NOMEM, "%s: out of memory", r->path);
	}
	enum pyro_rc rc = pyro_scan_begin(&scan, r, "totals", sql.data, err);
	while (rc == PYRO_RC_OK && pyro_scan_next(&scan)) {
		uint32_t id = pyro_scan_id(&scan);
		struct pyro_total total = {
			.track = pyro_scan_index(&scan, 1, counts.tracks),
			.stack = pyro_scan_index_or_none(&scan, 2, counts.stacks),
			.wall_squared = read_square(&scan, 3),
			.cpu_squared = read_square(&scan, 4),
		};
		read_values(&scan, sums, &total);
		if (scan.rc != PYRO_RC_OK)
			break;
		enum pyro_rc added = pyro_profile_add_total(p, &total);
		uint32_t last = (uint32_t)counts_of(p).totals - 1;
		pyro_scan_added(&scan, added, id, &last);
	}
	rc = scan.rc;
	pyro_scan_end(&scan);
	pyro_buf_deinit(&sql);
	return rc;
}

/* The metric of a row of the table of metrics: PYRO_METRIC_COUNT if this version has none such. */
static enum pyro_metric read_metric(struct reader_scan *scan, int column)
{
	const struct pyro_capture_reader *r = scan->reader;
	uint32_t index = pyro_scan_index(scan, column, (uint32_t)r->metric_count);
	return index < r->metric_count ? r->metrics[index].metric : PYRO_METRIC_COUNT;
}

static void add_object(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts = counts_of(p);
	struct pyro_object object = {
		.metric = read_metric(scan, 1),
		.kind = pyro_scan_index(scan, 2, counts.strings),
		.name = pyro_scan_index(scan, 3, counts.strings),
		.track = pyro_scan_index_or_none(scan, 4, counts.tracks),
		.frame = pyro_scan_index_or_none(scan, 5, counts.frames),
	};
	/* A reason of a later version is a wait like any other. */
	if (object.metric == PYRO_METRIC_COUNT)
		object.metric = PYRO_METRIC_WAIT_OTHER;
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_object(p, &object, &added), id, &added);
}

static void add_wait(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts = counts_of(p);
	struct pyro_waited waited = {
		.track = pyro_scan_index(scan, 1, counts.tracks),
		.stack = pyro_scan_index_or_none(scan, 2, counts.stacks),
		.object = pyro_scan_index(scan, 3, counts.objects),
		.ns = (uint64_t)pyro_scan_number(scan, 4, 0, INT64_MAX),
		.samples = (uint64_t)pyro_scan_number(scan, 5, 0, INT64_MAX),
	};
	if (waited.ns > INT64_MAX - scan->sum)
		pyro_scan_damaged(scan, "sums overflow");
	if (scan->rc != PYRO_RC_OK)
		return;
	scan->sum += waited.ns;
	enum pyro_rc rc = pyro_profile_wait(p, &waited);
	uint32_t last = (uint32_t)counts_of(p).waits - 1;
	pyro_scan_added(scan, rc, id, &last);
}

static void add_fact(struct reader_scan *scan, struct pyro_profile *p)
{
	const char *key = (const char *)sqlite3_column_text(scan->stmt, 0);
	const char *value = (const char *)sqlite3_column_text(scan->stmt, 1);
	if (!key || !value) {
		pyro_scan_damaged(scan, "no text");
		return;
	}
	if (strcmp(key, "complete") == 0 || strcmp(key, "duration_ns") == 0)
		return;
	pyro_scan_added(scan, pyro_profile_meta_set(p, key, value), 0, &(uint32_t){0});
}

static void add_quality(struct reader_scan *scan, struct pyro_profile *p)
{
	const char *name = (const char *)sqlite3_column_text(scan->stmt, 0);
	uint64_t value = (uint64_t)pyro_scan_number(scan, 1, 0, INT64_MAX);
	/* Counters that this version does not know are left out. */
	if (name)
		(void)pyro_quality_set(pyro_profile_quality(p), name, value);
	else
		pyro_scan_damaged(scan, "no text");
}

static const struct {
	const char *table;
	const char *sql;
	void (*add)(struct reader_scan *scan, struct pyro_profile *p);
} tables[] = {
	{"strings", "SELECT id, text FROM main.strings ORDER BY id", add_string},
	/* Not main's: a file older than that table has none. */
	{"functions",
	 "SELECT f.id, f.name, f.file, f.first_line, coalesce(k.kind, 0) FROM main.functions AS f "
	 "LEFT JOIN function_kinds AS k ON k.id = f.id ORDER BY f.id",
	 add_function},
	{"frames", "SELECT id, function, line FROM main.frames ORDER BY id", add_frame},
	{"stacks", "SELECT id, parent, frame FROM main.stacks ORDER BY id", add_stack},
	{"processes",
	 "SELECT id, pid, parent, command, python, start_ns, end_ns FROM main.processes "
	 "ORDER BY id",
	 add_process},
	{"tracks",
	 "SELECT id, process, tid, name, main, start_ns, end_ns, wall_ns, cpu_ns, exact_cpu "
	 "FROM main.tracks ORDER BY id",
	 add_track},
	/* Not main's: a file older than these tables has none. */
	{"objects", "SELECT id, metric, kind, name, track, frame FROM objects ORDER BY id",
	 add_object},
	{"waits", "SELECT id, track, stack, object, ns, samples FROM waits ORDER BY id", add_wait},
	{"tasks", "SELECT id, process, track, name, function, tasks FROM tasks ORDER BY id",
	 pyro_reader_add_task},
	{"task_totals",
	 "SELECT id, task, stack, wait, wall_squared, cpu_squared, samples, wall, cpu, cpu_python, "
	 "cpu_native, cpu_system, ready, gil_wait, wait_lock, wait_io, wait_net, wait_sleep, "
	 "wait_other FROM task_totals ORDER BY id",
	 pyro_reader_add_task_total},
	{"meta", "SELECT key, value FROM main.meta", add_fact},
	{"quality", "SELECT name, value FROM main.quality", add_quality},
};

static enum pyro_rc read_table(struct pyro_capture_reader *r, size_t index, struct pyro_profile *p,
			       struct pyro_err *err)
{
	struct reader_scan scan;
	enum pyro_rc rc = pyro_scan_begin(&scan, r, tables[index].table, tables[index].sql, err);
	while (rc == PYRO_RC_OK && pyro_scan_next(&scan))
		tables[index].add(&scan, p);
	rc = scan.rc;
	pyro_scan_end(&scan);
	return rc;
}

enum pyro_rc pyro_capture_reader_profile(struct pyro_capture_reader *r,
					 struct pyro_profile **ret_profile, struct pyro_err *err)
{
	struct pyro_profile *p = NULL;
	enum pyro_rc rc = pyro_profile_create(&p, err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(tables); i++)
		rc = read_table(r, i, p, err);
	if (rc == PYRO_RC_OK)
		rc = read_totals(r, p, err);
	if (rc != PYRO_RC_OK) {
		pyro_profile_destroy(p);
		return rc;
	}
	pyro_profile_set_duration(p, r->duration_ns);
	*ret_profile = p;
	return PYRO_RC_OK;
}
