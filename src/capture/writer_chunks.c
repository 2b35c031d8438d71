/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "capture/sql.h"
#include "capture/writer_inside.h"

/* 3 packs samples to within a few percent of what the strongest levels do, at a tenth of their
 * time. */
#define LEVEL 3
/* Columns of open chunks kept over all tracks; beyond, chunks are closed early and freed. */
#define OPEN_BYTES (4u << 20)

static int pack(struct pyro_capture_writer *w, struct writer_track *track)
{
	pyro_buf_reset(&w->plain);
	pyro_buf_reset(&w->packed);
	if (pyro_chunk_encode(&track->builder, &w->plain) != PYRO_RC_OK)
		return SQLITE_NOMEM;
	size_t bound = ZSTD_compressBound(w->plain.size);
	char *room = pyro_buf_reserve(&w->packed, bound);
	if (!room)
		return SQLITE_NOMEM;
	size_t size = ZSTD_compressCCtx(w->zstd, room, bound, w->plain.data, w->plain.size, LEVEL);
	if (ZSTD_isError(size))
		return SQLITE_NOMEM;
	w->packed.size += size;
	return SQLITE_OK;
}

/* The row of the open chunk is written anew with every flush until it is full: chunks are long
 * enough to pack well, and yet a killed recorder loses a second at most. */
static int put_chunk(struct pyro_capture_writer *w, uint32_t index, struct writer_track *track)
{
	const struct pyro_chunk_builder *builder = &track->builder;
	sqlite3_stmt *stmt = w->statements[WRITE_CHUNK];
	int code = pack(w, track);
	if (code != SQLITE_OK)
		return code;
	if (track->chunk == 0)
		track->chunk = w->next_chunk++;
	sqlite3_bind_int64(stmt, 1, track->chunk);
	pyro_sql_bind(stmt, 2, index);
	pyro_sql_bind(stmt, 3, builder->from_us);
	pyro_sql_bind(stmt, 4, builder->to_us);
	pyro_sql_bind(stmt, 5, builder->samples);
	sqlite3_bind_int(stmt, 6, PYRO_CHUNK_ENCODING);
	pyro_sql_bind(stmt, 7, w->plain.size);
	sqlite3_bind_blob64(stmt, 8, w->packed.data, w->packed.size, SQLITE_STATIC);
	track->dirty = false;
	return pyro_sql_run(stmt);
}

int pyro_writer_put_chunks(struct pyro_capture_writer *w)
{
	size_t bytes = 0;
	for (size_t i = 0; i < w->open.count; i++) {
		struct writer_track *track = *(struct writer_track **)pyro_table_at(&w->open, i);
		if (!track)
			continue;
		if (track->dirty) {
			int code = put_chunk(w, (uint32_t)i, track);
			if (code != SQLITE_OK)
				return code;
		}
		bytes += pyro_chunk_bytes(&track->builder);
	}
	for (size_t i = 0; i < w->open.count; i++) {
		struct writer_track *track = *(struct writer_track **)pyro_table_at(&w->open, i);
		if (!track)
			continue;
		bool full = track->builder.records >= PYRO_CHUNK_FULL;
		if (full || bytes > OPEN_BYTES) {
			pyro_chunk_restart(&track->builder);
			track->chunk = 0;
		}
		if (bytes > OPEN_BYTES)
			pyro_chunk_release(&track->builder);
	}
	return SQLITE_OK;
}
