/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/reader_inside.h"
#include "capture/sql.h"

enum pyro_rc pyro_scan_begin(struct reader_scan *scan, struct pyro_capture_reader *reader,
			     const char *table, const char *sql, struct pyro_err *err)
{
	*scan = (struct reader_scan){.reader = reader, .table = table, .row = -1, .err = err};
	int code = sqlite3_prepare_v2(reader->db, sql, -1, &scan->stmt, NULL);
	if (code != SQLITE_OK)
		scan->rc = pyro_sql_error(reader->db, code, reader->path, table, err);
	return scan->rc;
}

bool pyro_scan_next(struct reader_scan *scan)
{
	if (scan->rc != PYRO_RC_OK)
		return false;
	int code = sqlite3_step(scan->stmt);
	if (code == SQLITE_ROW) {
		scan->row++;
		return true;
	}
	if (code != SQLITE_DONE)
		scan->rc = pyro_sql_error(scan->reader->db, code, scan->reader->path,
					  "cannot read the capture", scan->err);
	return false;
}

void pyro_scan_end(struct reader_scan *scan)
{
	sqlite3_finalize(scan->stmt);
	scan->stmt = NULL;
}

enum pyro_rc pyro_scan_damaged(struct reader_scan *scan, const char *what)
{
	if (scan->rc == PYRO_RC_OK)
		scan->rc = pyro_err_set(
			scan->err, PYRO_RC_FORMAT, "%s: damaged capture: table %s, row %lld: %s",
			scan->reader->path, scan->table, (long long)scan->row, what);
	return scan->rc;
}

int64_t pyro_scan_number(struct reader_scan *scan, int column, int64_t low, int64_t high)
{
	int64_t value = sqlite3_column_int64(scan->stmt, column);
	if (sqlite3_column_type(scan->stmt, column) == SQLITE_INTEGER && value >= low &&
	    value <= high)
		return value;
	pyro_scan_damaged(scan, sqlite3_column_name(scan->stmt, column));
	return low;
}

uint32_t pyro_scan_index(struct reader_scan *scan, int column, uint32_t count)
{
	if (count == 0) {
		pyro_scan_damaged(scan, sqlite3_column_name(scan->stmt, column));
		return PYRO_NONE;
	}
	return (uint32_t)pyro_scan_number(scan, column, 0, (int64_t)count - 1);
}

uint32_t pyro_scan_index_or_none(struct reader_scan *scan, int column, uint32_t count)
{
	if (sqlite3_column_type(scan->stmt, column) == SQLITE_NULL)
		return PYRO_NONE;
	return pyro_scan_index(scan, column, count);
}

uint32_t pyro_scan_id(struct reader_scan *scan)
{
	if (sqlite3_column_int64(scan->stmt, 0) != scan->row)
		pyro_scan_damaged(scan, "a row before it is missing");
	return (uint32_t)scan->row;
}

void pyro_scan_added(struct reader_scan *scan, enum pyro_rc rc, uint32_t id, const uint32_t *added)
{
	if (scan->rc != PYRO_RC_OK)
		return;
	if (rc == PYRO_RC_NOMEM)
		scan->rc = pyro_err_set(scan->err, rc, "%s: out of memory", scan->reader->path);
	else if (rc == PYRO_RC_LIMIT)
		pyro_scan_damaged(scan, "more than any recording holds");
	else if (rc != PYRO_RC_OK)
		pyro_scan_damaged(scan, "names something that does not exist");
	else if (*added != id)
		pyro_scan_damaged(scan, "the same as an earlier row");
}
