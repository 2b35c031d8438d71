/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "base/limits.h"
#include "capture/chunk.h"
#include "capture/reader_inside.h"

struct unpack {
	ZSTD_DCtx *zstd;
	struct pyro_buf plain;
	uint64_t until_us; /* end of the chunk before it on the same track */
	uint32_t track;
	uint32_t tracks;
	uint32_t stacks;
	enum pyro_rc (*each)(void *context, const struct pyro_capture_sample *sample);
	void *context;
	enum pyro_rc each_rc;
};

/* Keeps the caller's own error apart from damage. */
static enum pyro_rc give(void *context, const struct pyro_capture_sample *sample)
{
	struct unpack *unpack = context;
	unpack->each_rc = unpack->each(unpack->context, sample);
	return unpack->each_rc;
}

static uint32_t count_rows(struct pyro_capture_reader *r, const char *table, const char *sql,
			   enum pyro_rc *rc, struct pyro_err *err)
{
	struct reader_scan scan;
	uint32_t count = 0;
	if (*rc != PYRO_RC_OK)
		return 0;
	*rc = pyro_scan_begin(&scan, r, table, sql, err);
	if (*rc == PYRO_RC_OK && pyro_scan_next(&scan))
		count = (uint32_t)pyro_scan_number(&scan, 0, 0, PYRO_MAX_PROFILE_ROWS);
	*rc = scan.rc;
	pyro_scan_end(&scan);
	return count;
}

static bool decompress(struct reader_scan *scan, struct unpack *unpack)
{
	size_t size = (size_t)pyro_scan_number(scan, 5, 0, PYRO_MAX_CHUNK);
	const void *packed = sqlite3_column_blob(scan->stmt, 6);
	int packed_size = sqlite3_column_bytes(scan->stmt, 6);
	pyro_buf_reset(&unpack->plain);
	if (scan->rc != PYRO_RC_OK)
		return false;
	if (!packed || packed_size <= 0 ||
	    ZSTD_getFrameContentSize(packed, (size_t)packed_size) != size) {
		pyro_scan_damaged(scan, "size");
		return false;
	}
	char *room = pyro_buf_reserve(&unpack->plain, size + 1);
	if (!room) {
		scan->rc = pyro_err_set(scan->err, PYRO_RC_NOMEM, "%s: out of memory",
					scan->reader->path);
		return false;
	}
	size_t got = ZSTD_decompressDCtx(unpack->zstd, room, size, packed, (size_t)packed_size);
	if (ZSTD_isError(got) || got != size) {
		pyro_scan_damaged(scan, "data");
		return false;
	}
	unpack->plain.size = size;
	return true;
}

static void give_chunk(struct reader_scan *scan, struct unpack *unpack)
{
	struct pyro_chunk_head head = {
		.track = pyro_scan_index(scan, 0, unpack->tracks),
		.from_us = (uint64_t)pyro_scan_number(scan, 1, 0, INT64_MAX / 1000),
		.to_us = (uint64_t)pyro_scan_number(scan, 2, 0, INT64_MAX / 1000),
		.samples = (uint64_t)pyro_scan_number(scan, 3, 0, INT64_MAX),
		.stacks = unpack->stacks,
		.encoding = (uint32_t)pyro_scan_number(scan, 4, 1, INT32_MAX),
	};
	if (head.encoding > PYRO_CHUNK_ENCODING)
		pyro_scan_damaged(scan, "an encoding that this version does not know");
	if (scan->rc != PYRO_RC_OK)
		return;
	if (head.track == unpack->track && head.from_us < unpack->until_us) {
		pyro_scan_damaged(scan, "begins before the chunk before it ends");
		return;
	}
	unpack->track = head.track;
	unpack->until_us = head.to_us;
	if (!decompress(scan, unpack))
		return;
	enum pyro_rc rc =
		pyro_chunk_decode(&head, unpack->plain.data, unpack->plain.size, give, unpack);
	if (unpack->each_rc != PYRO_RC_OK)
		scan->rc = unpack->each_rc;
	else if (rc != PYRO_RC_OK)
		pyro_scan_damaged(scan, "data");
}

enum pyro_rc pyro_capture_reader_samples(
	struct pyro_capture_reader *r,
	enum pyro_rc (*each)(void *context, const struct pyro_capture_sample *sample),
	void *context, struct pyro_err *err)
{
	struct reader_scan scan;
	enum pyro_rc rc = PYRO_RC_OK;
	struct unpack unpack = {.each = each, .context = context, .track = PYRO_NONE};
	unpack.tracks = count_rows(r, "tracks", "SELECT count(*) FROM main.tracks", &rc, err);
	unpack.stacks = count_rows(r, "stacks", "SELECT count(*) FROM main.stacks", &rc, err);
	if (rc != PYRO_RC_OK)
		return rc;
	unpack.zstd = ZSTD_createDCtx();
	if (!unpack.zstd)
		return pyro_err_set(err, PYRO_RC_NOMEM, "%s: out of memory", r->path);
	pyro_buf_init(&unpack.plain, PYRO_MAX_CHUNK + 1);
	rc = pyro_scan_begin(&scan, r, "chunks",
			     "SELECT track, from_us, to_us, samples, encoding, size, data "
			     "FROM main.chunks ORDER BY track, id",
			     err);
	while (rc == PYRO_RC_OK && pyro_scan_next(&scan))
		give_chunk(&scan, &unpack);
	rc = scan.rc;
	pyro_scan_end(&scan);
	pyro_buf_deinit(&unpack.plain);
	ZSTD_freeDCtx(unpack.zstd);
	return rc;
}
