/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_READER_INSIDE_H
#define PYRO_CAPTURE_READER_INSIDE_H

#include <sqlite3.h>

#include "capture/capture.h"
#include "capture/schema.h"

/* The inside of a reader, for the reader's files only. */

struct reader_metric {
	char name[33];
	enum pyro_metric metric; /**< PYRO_METRIC_COUNT: unknown to this version, left out */
};

struct pyro_capture_reader {
	sqlite3 *db;
	char *path;
	bool complete;
	uint64_t duration_ns;
	struct reader_metric metrics[PYRO_SCHEMA_MAX_METRICS];
	size_t metric_count;
};

/** A statement over one table, with where it stands, for messages. */
struct reader_scan {
	struct pyro_capture_reader *reader;
	sqlite3_stmt *stmt;
	const char *table;
	uint64_t sum; /**< the caller's, 0 at first */
	int64_t row;  /**< rows seen so far, the current one not counted */
	struct pyro_err *err;
	enum pyro_rc rc;
};

/** Begins; end it always. */
enum pyro_rc pyro_scan_begin(struct reader_scan *scan, struct pyro_capture_reader *reader,
			     const char *table, const char *sql,
			     struct pyro_err *err) PYRO_NODISCARD;
/** False at the end and on failure: then scan->rc tells. */
bool pyro_scan_next(struct reader_scan *scan);
void pyro_scan_end(struct reader_scan *scan);
/** Sets scan->rc to FORMAT and says what is wrong with the current row. */
enum pyro_rc pyro_scan_damaged(struct reader_scan *scan, const char *what);
/** A whole number within [low, high]; else damaged, and @low. */
int64_t pyro_scan_number(struct reader_scan *scan, int column, int64_t low, int64_t high);
/** An index below @count. */
uint32_t pyro_scan_index(struct reader_scan *scan, int column, uint32_t count);
/** The same, or PYRO_NONE for NULL. */
uint32_t pyro_scan_index_or_none(struct reader_scan *scan, int column, uint32_t count);
/** Column 0 must count up from 0: what the index of the row will be. */
uint32_t pyro_scan_id(struct reader_scan *scan);
/** Takes what adding a row to the profile gave: it must have become number @id. */
void pyro_scan_added(struct reader_scan *scan, enum pyro_rc rc, uint32_t id, const uint32_t *added);
/** reader_tasks.c: each adds one row. */
void pyro_reader_add_task(struct reader_scan *scan, struct pyro_profile *profile);
void pyro_reader_add_task_total(struct reader_scan *scan, struct pyro_profile *profile);

#endif
