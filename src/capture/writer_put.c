/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "capture/sql.h"
#include "capture/writer_inside.h"
#include "profile/quality.h"

static int put_strings(struct pyro_capture_writer *w, uint32_t until)
{
	sqlite3_stmt *stmt = w->statements[WRITE_STRING];
	for (uint32_t i = w->written.strings; i < until; i++) {
		size_t size;
		const char *text = pyro_profile_string_get(w->profile, i, &size);
		pyro_sql_bind(stmt, 1, i);
		pyro_sql_bind_bytes(stmt, 2, text, size);
		int code = pyro_sql_run(stmt);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static int put_kind(struct pyro_capture_writer *w, uint32_t function, enum pyro_function_kind kind)
{
	sqlite3_stmt *stmt = w->statements[WRITE_KIND];
	pyro_sql_bind(stmt, 1, function);
	sqlite3_bind_int(stmt, 2, (int)kind);
	return pyro_sql_run(stmt);
}

static int put_functions(struct pyro_capture_writer *w, uint32_t until)
{
	sqlite3_stmt *stmt = w->statements[WRITE_FUNCTION];
	for (uint32_t i = w->written.functions; i < until; i++) {
		const struct pyro_function *function = pyro_profile_function_get(w->profile, i);
		pyro_sql_bind(stmt, 1, i);
		pyro_sql_bind(stmt, 2, function->name);
		pyro_sql_bind(stmt, 3, function->file);
		sqlite3_bind_int(stmt, 4, function->first_line);
		int code = pyro_sql_run(stmt);
		if (code == SQLITE_OK && function->kind != PYRO_FUNCTION_PYTHON)
			code = put_kind(w, i, function->kind);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static int put_frames(struct pyro_capture_writer *w, uint32_t until)
{
	sqlite3_stmt *stmt = w->statements[WRITE_FRAME];
	for (uint32_t i = w->written.frames; i < until; i++) {
		const struct pyro_frame *frame = pyro_profile_frame_get(w->profile, i);
		pyro_sql_bind(stmt, 1, i);
		pyro_sql_bind(stmt, 2, frame->function);
		sqlite3_bind_int(stmt, 3, frame->line);
		int code = pyro_sql_run(stmt);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static int put_stacks(struct pyro_capture_writer *w, uint32_t until)
{
	sqlite3_stmt *stmt = w->statements[WRITE_STACK];
	for (uint32_t i = w->written.stacks; i < until; i++) {
		const struct pyro_stack *stack = pyro_profile_stack_get(w->profile, i);
		pyro_sql_bind(stmt, 1, i);
		pyro_sql_bind_index(stmt, 2, stack->parent);
		pyro_sql_bind(stmt, 3, stack->frame);
		int code = pyro_sql_run(stmt);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

int pyro_writer_put_names(struct pyro_capture_writer *w)
{
	struct pyro_profile_counts now;
	int code;
	pyro_profile_counts(w->profile, &now);
	if ((code = put_strings(w, now.strings)) != SQLITE_OK ||
	    (code = put_functions(w, now.functions)) != SQLITE_OK ||
	    (code = put_frames(w, now.frames)) != SQLITE_OK ||
	    (code = put_stacks(w, now.stacks)) != SQLITE_OK)
		return code;
	w->written = now;
	return SQLITE_OK;
}

/* Does @row differ from the one stored at @index? Remembers it. Padding may make equal rows differ,
 * which costs one needless write. */
int pyro_writer_remember(struct pyro_table *stored, size_t index, const void *row,
			 bool *ret_changed)
{
	void *old = pyro_table_at(stored, index);
	*ret_changed = !old || memcmp(old, row, stored->row_size) != 0;
	if (!old)
		return pyro_table_push(stored, row) == PYRO_RC_OK ? SQLITE_OK : SQLITE_NOMEM;
	memcpy(old, row, stored->row_size);
	return SQLITE_OK;
}

static int put_process(struct pyro_capture_writer *w, uint32_t index)
{
	const struct pyro_process_info *process = pyro_profile_process_get(w->profile, index);
	sqlite3_stmt *stmt = w->statements[WRITE_PROCESS];
	bool changed;
	int code = pyro_writer_remember(&w->processes, index, process, &changed);
	if (code != SQLITE_OK || !changed)
		return code;
	pyro_sql_bind(stmt, 1, index);
	sqlite3_bind_int(stmt, 2, process->pid);
	pyro_sql_bind_index(stmt, 3, process->parent);
	pyro_sql_bind(stmt, 4, process->command);
	pyro_sql_bind(stmt, 5, process->python);
	pyro_sql_bind(stmt, 6, process->start_ns);
	pyro_sql_bind(stmt, 7, process->end_ns);
	return pyro_sql_run(stmt);
}

static int put_track(struct pyro_capture_writer *w, uint32_t index)
{
	const struct pyro_track *track = pyro_profile_track_get(w->profile, index);
	sqlite3_stmt *stmt = w->statements[WRITE_TRACK];
	bool changed;
	int code = pyro_writer_remember(&w->tracks, index, track, &changed);
	if (code != SQLITE_OK || !changed)
		return code;
	pyro_sql_bind(stmt, 1, index);
	pyro_sql_bind(stmt, 2, track->process);
	sqlite3_bind_int(stmt, 3, track->tid);
	pyro_sql_bind(stmt, 4, track->name);
	sqlite3_bind_int(stmt, 5, track->main);
	pyro_sql_bind(stmt, 6, track->start_ns);
	pyro_sql_bind(stmt, 7, track->end_ns);
	pyro_sql_bind(stmt, 8, track->wall_ns);
	pyro_sql_bind(stmt, 9, track->cpu_ns);
	sqlite3_bind_int(stmt, 10, track->exact_cpu);
	return pyro_sql_run(stmt);
}

int pyro_writer_put_tracks(struct pyro_capture_writer *w)
{
	int code = SQLITE_OK;
	for (uint32_t i = 0; code == SQLITE_OK && i < w->written.processes; i++)
		code = put_process(w, i);
	for (uint32_t i = 0; code == SQLITE_OK && i < w->written.tracks; i++)
		code = put_track(w, i);
	return code;
}

struct total_writer {
	struct pyro_capture_writer *writer;
	int code;
};

static enum pyro_rc put_total(void *context, size_t index)
{
	struct total_writer *self = context;
	struct pyro_capture_writer *w = self->writer;
	const struct pyro_total *total = pyro_profile_total_get(w->profile, index);
	sqlite3_stmt *stmt = w->statements[WRITE_TOTAL];
	pyro_sql_bind(stmt, 1, index);
	pyro_sql_bind(stmt, 2, total->track);
	pyro_sql_bind_index(stmt, 3, total->stack);
	sqlite3_bind_double(stmt, 4, total->wall_squared);
	sqlite3_bind_double(stmt, 5, total->cpu_squared);
	for (int i = 0; i < PYRO_METRIC_COUNT; i++) {
		if (total->values[i])
			pyro_sql_bind(stmt, 6 + i, total->values[i]);
		else
			sqlite3_bind_null(stmt, 6 + i);
	}
	self->code = pyro_sql_run(stmt);
	return self->code == SQLITE_OK ? PYRO_RC_OK : PYRO_RC_IO;
}

int pyro_writer_put_totals(struct pyro_capture_writer *w)
{
	struct total_writer self = {.writer = w, .code = SQLITE_OK};
	enum pyro_rc rc = pyro_profile_take_changed(w->profile, put_total, &self);
	if (rc != PYRO_RC_OK && self.code == SQLITE_OK)
		return SQLITE_NOMEM;
	return self.code;
}

static int put_objects(struct pyro_capture_writer *w)
{
	sqlite3_stmt *stmt = w->statements[WRITE_OBJECT];
	struct pyro_profile_counts now;
	pyro_profile_counts(w->profile, &now);
	for (; w->objects < now.objects; w->objects++) {
		const struct pyro_object *object = pyro_profile_object_get(w->profile, w->objects);
		pyro_sql_bind(stmt, 1, w->objects);
		pyro_sql_bind(stmt, 2, object->metric);
		pyro_sql_bind(stmt, 3, object->kind);
		pyro_sql_bind(stmt, 4, object->name);
		pyro_sql_bind_index(stmt, 5, object->track);
		pyro_sql_bind_index(stmt, 6, object->frame);
		int code = pyro_sql_run(stmt);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

static enum pyro_rc put_wait(void *context, size_t index)
{
	struct total_writer *self = context;
	const struct pyro_waited *waited = pyro_profile_wait_get(self->writer->profile, index);
	sqlite3_stmt *stmt = self->writer->statements[WRITE_WAIT];
	pyro_sql_bind(stmt, 1, index);
	pyro_sql_bind(stmt, 2, waited->track);
	pyro_sql_bind_index(stmt, 3, waited->stack);
	pyro_sql_bind(stmt, 4, waited->object);
	pyro_sql_bind(stmt, 5, waited->ns);
	pyro_sql_bind(stmt, 6, waited->samples);
	self->code = pyro_sql_run(stmt);
	return self->code == SQLITE_OK ? PYRO_RC_OK : PYRO_RC_IO;
}

int pyro_writer_put_waits(struct pyro_capture_writer *w)
{
	struct total_writer self = {.writer = w, .code = put_objects(w)};
	if (self.code == SQLITE_OK &&
	    pyro_profile_take_waits(w->profile, put_wait, &self) != PYRO_RC_OK &&
	    self.code == SQLITE_OK)
		return SQLITE_NOMEM;
	return self.code;
}

static int put_fact(struct pyro_capture_writer *w, const char *key, const char *value)
{
	sqlite3_stmt *stmt = w->statements[WRITE_META];
	pyro_sql_bind_bytes(stmt, 1, key, strlen(key));
	pyro_sql_bind_bytes(stmt, 2, value, strlen(value));
	return pyro_sql_run(stmt);
}

static int put_quality(struct pyro_capture_writer *w)
{
	const struct pyro_quality *quality = pyro_profile_quality(w->profile);
	sqlite3_stmt *stmt = w->statements[WRITE_QUALITY];
	for (size_t i = 0; i < pyro_quality_field_count(); i++) {
		const struct pyro_quality_info *field = pyro_quality_field(i);
		pyro_sql_bind_bytes(stmt, 1, field->name, strlen(field->name));
		pyro_sql_bind(stmt, 2, pyro_quality_get(quality, i));
		pyro_sql_bind_bytes(stmt, 3, field->meaning, strlen(field->meaning));
		int code = pyro_sql_run(stmt);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

int pyro_writer_put_facts(struct pyro_capture_writer *w, bool complete)
{
	const char *key;
	const char *value;
	size_t at = 0;
	struct pyro_buf number;
	pyro_buf_init(&number, 32);
	pyro_buf_add_format(&number, "%llu", (unsigned long long)pyro_profile_duration(w->profile));
	int code = pyro_buf_status(&number) == PYRO_RC_OK ? SQLITE_OK : SQLITE_NOMEM;
	while (code == SQLITE_OK && pyro_profile_meta_next(w->profile, &at, &key, &value))
		code = put_fact(w, key, value);
	if (code == SQLITE_OK)
		code = put_fact(w, "duration_ns", number.data);
	if (code == SQLITE_OK)
		code = put_fact(w, "complete", complete ? "1" : "0");
	pyro_buf_deinit(&number);
	return code == SQLITE_OK ? put_quality(w) : code;
}
