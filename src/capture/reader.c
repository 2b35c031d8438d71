/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "capture/open.h"
#include "capture/reader_inside.h"
#include "capture/sql.h"

static enum pyro_rc read_metrics(struct pyro_capture_reader *r, struct pyro_err *err)
{
	struct reader_scan scan;
	enum pyro_rc rc = pyro_schema_check_table(r->db, "metrics", err);
	if (rc == PYRO_RC_OK)
		rc = pyro_schema_check_table(r->db, "meta", err);
	if (rc != PYRO_RC_OK)
		return pyro_err_prefix(err, rc, "%s", r->path);
	rc = pyro_scan_begin(&scan, r, "metrics", "SELECT id, name FROM main.metrics ORDER BY id",
			     err);
	while (rc == PYRO_RC_OK && pyro_scan_next(&scan)) {
		const char *name = (const char *)sqlite3_column_text(scan.stmt, 1);
		pyro_scan_id(&scan);
		if (r->metric_count == PYRO_SCHEMA_MAX_METRICS || !name ||
		    !pyro_schema_metric_name_valid(name)) {
			pyro_scan_damaged(&scan, "no metric's name");
			break;
		}
		struct reader_metric *metric = &r->metrics[r->metric_count++];
		memcpy(metric->name, name, strlen(name) + 1);
		metric->metric = pyro_metric_by_name(name);
	}
	rc = scan.rc;
	pyro_scan_end(&scan);
	return rc;
}

static enum pyro_rc read_state(struct pyro_capture_reader *r, struct pyro_err *err)
{
	struct reader_scan scan;
	enum pyro_rc rc = pyro_scan_begin(
		&scan, r, "meta",
		"SELECT key, value FROM main.meta WHERE key IN ('complete', 'duration_ns')", err);
	while (rc == PYRO_RC_OK && pyro_scan_next(&scan)) {
		const char *key = (const char *)sqlite3_column_text(scan.stmt, 0);
		const char *value = (const char *)sqlite3_column_text(scan.stmt, 1);
		if (!key || !value)
			pyro_scan_damaged(&scan, "no text");
		else if (strcmp(key, "complete") == 0)
			r->complete = strcmp(value, "1") == 0;
		else {
			char *end;
			errno = 0;
			r->duration_ns = strtoull(value, &end, 10);
			if (errno || *end || r->duration_ns > INT64_MAX)
				pyro_scan_damaged(&scan, "no length of time");
		}
	}
	rc = scan.rc;
	pyro_scan_end(&scan);
	return rc;
}

enum pyro_rc pyro_capture_reader_create(const char *path, struct pyro_capture_reader **ret_reader,
					struct pyro_err *err)
{
	const char *names[PYRO_SCHEMA_MAX_METRICS];
	struct pyro_capture_reader *r = calloc(1, sizeof(*r));
	if (!r || !(r->path = strdup(path))) {
		free(r);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	enum pyro_rc rc = pyro_capture_open(path, &r->db, err);
	if (rc == PYRO_RC_OK) {
		/* One transaction for the reader's life: the file may still be growing, and all
		 * that we hand out must belong together. */
		int code = sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL);
		if (code != SQLITE_OK)
			rc = pyro_sql_error(r->db, code, path, "cannot read the capture", err);
	}
	if (rc == PYRO_RC_OK)
		rc = read_metrics(r, err);
	if (rc == PYRO_RC_OK) {
		for (size_t i = 0; i < r->metric_count; i++)
			names[i] = r->metrics[i].name;
		rc = pyro_schema_check(r->db, names, r->metric_count, err);
		if (rc != PYRO_RC_OK)
			pyro_err_prefix(err, rc, "%s", path);
	}
	if (rc == PYRO_RC_OK)
		rc = read_state(r, err);
	if (rc != PYRO_RC_OK) {
		pyro_capture_reader_destroy(r);
		return rc;
	}
	*ret_reader = r;
	return PYRO_RC_OK;
}

void pyro_capture_reader_destroy(struct pyro_capture_reader *r)
{
	if (!r)
		return;
	sqlite3_close(r->db);
	free(r->path);
	free(r);
}

bool pyro_capture_reader_complete(const struct pyro_capture_reader *r)
{
	return r->complete;
}
