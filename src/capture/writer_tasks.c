/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sql.h"
#include "capture/task_columns.h"
#include "capture/writer_inside.h"

struct task_writer {
	struct pyro_capture_writer *writer;
	int code;
};

static int put_task(struct pyro_capture_writer *w, uint32_t index)
{
	const struct pyro_task_group *task = pyro_profile_task_get(w->profile, index);
	sqlite3_stmt *stmt = w->statements[WRITE_TASK];
	bool changed;
	int code = pyro_writer_remember(&w->tasks, index, task, &changed);
	if (code != SQLITE_OK || !changed)
		return code;
	pyro_sql_bind(stmt, 1, index);
	pyro_sql_bind(stmt, 2, task->process);
	pyro_sql_bind_index(stmt, 3, task->track);
	pyro_sql_bind(stmt, 4, task->name);
	pyro_sql_bind(stmt, 5, task->function);
	pyro_sql_bind(stmt, 6, task->tasks);
	return pyro_sql_run(stmt);
}

static enum pyro_rc put_total(void *context, size_t index)
{
	struct task_writer *self = context;
	const struct pyro_task_total *total =
		pyro_profile_task_total_get(self->writer->profile, index);
	sqlite3_stmt *stmt = self->writer->statements[WRITE_TASK_TOTAL];
	pyro_sql_bind(stmt, 1, index);
	pyro_sql_bind(stmt, 2, total->task);
	pyro_sql_bind(stmt, 3, total->stack);
	pyro_sql_bind(stmt, 4, total->wait);
	sqlite3_bind_double(stmt, 5, total->wall_squared);
	sqlite3_bind_double(stmt, 6, total->cpu_squared);
	for (size_t i = 0; i < PYRO_COUNT(pyro_task_columns); i++)
		pyro_sql_bind(stmt, PYRO_TASK_COLUMNS_FIRST + 1 + (int)i,
			      total->values[pyro_task_columns[i]]);
	self->code = pyro_sql_run(stmt);
	return self->code == SQLITE_OK ? PYRO_RC_OK : PYRO_RC_IO;
}

int pyro_writer_put_tasks(struct pyro_capture_writer *w)
{
	struct task_writer self = {.writer = w, .code = SQLITE_OK};
	struct pyro_profile_counts counts;
	int code = SQLITE_OK;
	pyro_profile_counts(w->profile, &counts);
	for (uint32_t i = 0; code == SQLITE_OK && i < counts.tasks; i++)
		code = put_task(w, i);
	if (code != SQLITE_OK)
		return code;
	if (pyro_profile_take_task_totals(w->profile, put_total, &self) != PYRO_RC_OK &&
	    self.code == SQLITE_OK)
		return SQLITE_NOMEM;
	return self.code;
}
