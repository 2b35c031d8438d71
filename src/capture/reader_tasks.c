/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "capture/reader_inside.h"
#include "capture/task_columns.h"

void pyro_reader_add_task(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t added = PYRO_NONE;
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts;
	pyro_profile_counts(p, &counts);
	const struct pyro_task_group task = {
		.process = pyro_scan_index(scan, 1, counts.processes),
		.track = pyro_scan_index_or_none(scan, 2, counts.tracks),
		.name = pyro_scan_index(scan, 3, counts.strings),
		.function = pyro_scan_index(scan, 4, counts.functions),
		.tasks = (uint64_t)pyro_scan_number(scan, 5, 0, INT64_MAX),
	};
	if (scan->rc == PYRO_RC_OK)
		pyro_scan_added(scan, pyro_profile_task(p, &task, &added), id, &added);
}

static double read_square(struct reader_scan *scan, int column)
{
	const double value = sqlite3_column_double(scan->stmt, column);
	if (isfinite(value) && value >= 0)
		return value;
	pyro_scan_damaged(scan, sqlite3_column_name(scan->stmt, column));
	return 0;
}

void pyro_reader_add_task_total(struct reader_scan *scan, struct pyro_profile *p)
{
	uint32_t id = pyro_scan_id(scan);
	struct pyro_profile_counts counts;
	pyro_profile_counts(p, &counts);
	struct pyro_task_total total = {
		.task = pyro_scan_index(scan, 1, counts.tasks),
		.stack = pyro_scan_index(scan, 2, counts.stacks),
		.wait = pyro_scan_index(scan, 3, counts.strings),
		.wall_squared = read_square(scan, 4),
		.cpu_squared = read_square(scan, 5),
	};
	for (size_t i = 0; i < PYRO_COUNT(pyro_task_columns); i++) {
		const uint64_t value = (uint64_t)pyro_scan_number(
			scan, PYRO_TASK_COLUMNS_FIRST + (int)i, 0, INT64_MAX);
		total.values[pyro_task_columns[i]] = value;
		/* One sum over all of them bounds each. */
		if (value > INT64_MAX - scan->sum)
			pyro_scan_damaged(scan, "sums overflow");
		else
			scan->sum += value;
	}
	if (scan->rc != PYRO_RC_OK)
		return;
	enum pyro_rc rc = pyro_profile_task_add(p, &total);
	pyro_profile_counts(p, &counts);
	uint32_t last = (uint32_t)counts.task_totals - 1;
	pyro_scan_added(scan, rc, id, &last);
}
