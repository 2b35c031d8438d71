/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CAPTURE_WRITER_INSIDE_H
#define PYRO_CAPTURE_WRITER_INSIDE_H

#include <sqlite3.h>
#include <sys/stat.h>
#include <zstd.h>

#include "capture/capture.h"
#include "capture/chunk.h"
#include "profile/table.h"

/* The inside of a writer, for the writer's files only. */

enum writer_statement {
	WRITE_META,
	WRITE_QUALITY,
	WRITE_STRING,
	WRITE_FUNCTION,
	WRITE_KIND,
	WRITE_FRAME,
	WRITE_STACK,
	WRITE_PROCESS,
	WRITE_TRACK,
	WRITE_TOTAL,
	WRITE_OBJECT,
	WRITE_WAIT,
	WRITE_TASK,
	WRITE_TASK_TOTAL,
	WRITE_CHUNK,
	WRITE_COUNT
};

/** The open chunk of a track. */
struct writer_track {
	struct pyro_chunk_builder builder;
	int64_t chunk; /**< id of its row; 0: not written yet */
	bool dirty;    /**< has samples that the row lacks */
};

struct pyro_capture_writer {
	sqlite3 *db;
	char *path;
	struct pyro_profile *profile;
	sqlite3_stmt *statements[WRITE_COUNT];
	struct pyro_profile_counts written; /**< how far the interned tables are stored */
	uint32_t objects;                   /**< objects stored */
	struct pyro_table processes;        /**< struct pyro_process_info as last stored */
	struct pyro_table tracks;           /**< struct pyro_track as last stored */
	struct pyro_table tasks;            /**< struct pyro_task_group as last stored */
	struct pyro_table open;             /**< struct writer_track *, by track */
	int64_t next_chunk;
	ZSTD_CCtx *zstd;
	struct pyro_buf plain;
	struct pyro_buf packed;
	unsigned busy; /**< flushes put off in a row because another program held the file */
	enum pyro_rc failed;
	struct pyro_err failure; /**< what every call after the first failure returns */
};

/** Makes the file, which must not exist; SQLite would follow links and take any that does. Errors:
 *  EXISTS, NOTFOUND, PERM, FULL, IO: the message names the path and what to try. */
enum pyro_rc pyro_writer_make_file(const char *path, struct stat *ret_stat,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Opens the new file, which must be empty, and lays out the schema. */
enum pyro_rc pyro_writer_open(struct pyro_capture_writer *writer,
			      struct pyro_err *err) PYRO_NODISCARD;
/** Each writes one kind of thing inside the open transaction; SQLite's code or SQLITE_OK. */
int pyro_writer_put_names(struct pyro_capture_writer *writer);
int pyro_writer_put_tracks(struct pyro_capture_writer *writer);
/** The objects go before what refers to them, behind the tracks. */
int pyro_writer_put_waits(struct pyro_capture_writer *writer);
int pyro_writer_put_tasks(struct pyro_capture_writer *writer);
int pyro_writer_put_totals(struct pyro_capture_writer *writer);
int pyro_writer_put_facts(struct pyro_capture_writer *writer, bool complete);
int pyro_writer_put_chunks(struct pyro_capture_writer *writer);
/** Does @row differ from the one stored at @index? Remembers it. */
int pyro_writer_remember(struct pyro_table *stored, size_t index, const void *row,
			 bool *ret_changed);

#endif
