/* SPDX-License-Identifier: Apache-2.0 */
#include "target/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

static const char magic[8] = "PYROIMG";

enum {
	FORMAT_VERSION = 1,
	HEAD_SIZE = 16,
	META_SIZE = 88,
	SEGMENT_SIZE = 16,
	LEVEL = 19
};

struct image_reader {
	struct pyro_reader reader;
	struct pyro_image_meta meta;
	struct pyro_image_segment *segments;
	size_t segment_count;
	uint8_t *body;
};

static const struct pyro_image_segment *segment_of(const struct image_reader *image, uint64_t addr)
{
	size_t low = 0, high = image->segment_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct pyro_image_segment *segment = &image->segments[middle];

		if (addr < segment->addr)
			high = middle;
		else if (addr - segment->addr >= segment->size)
			low = middle + 1;
		else
			return segment;
	}
	return NULL;
}

/* A read may go on from one segment into the next where they touch. */
static bool read_span(const struct image_reader *image, const struct pyro_span *span)
{
	uint64_t addr = span->addr;
	char *into = span->into;
	size_t left = span->size;

	while (left > 0) {
		const struct pyro_image_segment *segment = segment_of(image, addr);
		uint64_t at, part;

		if (!segment)
			return false;
		at = addr - segment->addr;
		part = segment->size - at < left ? segment->size - at : left;
		memcpy(into, (const char *)segment->data + at, part);
		addr += part;
		into += part;
		left -= part;
	}
	return true;
}

static enum pyro_rc image_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				size_t count, size_t *ret_done)
{
	const struct image_reader *image = (const struct image_reader *)reader;

	for (*ret_done = 0; *ret_done < count; (*ret_done)++) {
		if (!read_span(image, &spans[*ret_done]))
			return PYRO_RC_FAULT;
	}
	return PYRO_RC_OK;
}

static void image_destroy(struct pyro_reader *reader)
{
	struct image_reader *image = (struct image_reader *)reader;

	free(image->segments);
	free(image->body);
	free(image);
}

/* Segments must be in order and disjoint, and their bytes all there. */
static enum pyro_rc parse_body(struct image_reader *image, size_t size, struct pyro_err *err)
{
	struct pyro_cursor cursor;
	const void *text;
	uint64_t next = 0;
	uint32_t flags, count;

	pyro_cursor_init(&cursor, image->body, size);
	image->meta.runtime_addr = pyro_cursor_u64(&cursor);
	image->meta.version = pyro_cursor_u32(&cursor);
	flags = pyro_cursor_u32(&cursor);
	image->meta.free_threaded = flags & 1;
	text = pyro_cursor_bytes(&cursor, PYRO_IMAGE_TEXT_SIZE);
	count = pyro_cursor_u32(&cursor);
	(void)pyro_cursor_u32(&cursor);
	if (cursor.failed || flags > 1 || memchr(text, 0, PYRO_IMAGE_TEXT_SIZE) == NULL)
		return pyro_err_set(err, PYRO_RC_FORMAT, "the image's description is broken");
	memcpy(image->meta.version_text, text, PYRO_IMAGE_TEXT_SIZE);
	if (count > PYRO_IMAGE_MAX_SEGMENTS)
		return pyro_err_set(err, PYRO_RC_LIMIT, "the image has %u segments, over %u", count,
				    PYRO_IMAGE_MAX_SEGMENTS);
	image->segments = calloc(count ? count : 1, sizeof(*image->segments));
	if (!image->segments)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for %u segments", count);
	image->segment_count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct pyro_image_segment *segment = &image->segments[i];

		segment->addr = pyro_cursor_u64(&cursor);
		segment->size = pyro_cursor_u64(&cursor);
		if (cursor.failed || segment->size == 0 || segment->addr < next ||
		    segment->size > UINT64_MAX - segment->addr)
			return pyro_err_set(err, PYRO_RC_FORMAT,
					    "segment %u of the image is broken", i);
		next = segment->addr + segment->size;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct pyro_image_segment *segment = &image->segments[i];

		segment->data = pyro_cursor_bytes(&cursor, segment->size);
		if (!segment->data)
			return pyro_err_set(err, PYRO_RC_FORMAT,
					    "segment %u of the image is cut off", i);
	}
	return PYRO_RC_OK;
}

static enum pyro_rc unpack(struct image_reader *image, const uint8_t *bytes, size_t size,
			   struct pyro_err *err)
{
	struct pyro_cursor cursor;
	const void *start;
	uint32_t version, body_size;
	size_t got;

	pyro_cursor_init(&cursor, bytes, size);
	start = pyro_cursor_bytes(&cursor, sizeof(magic));
	version = pyro_cursor_u32(&cursor);
	body_size = pyro_cursor_u32(&cursor);
	if (cursor.failed || memcmp(start, magic, sizeof(magic)) != 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "not an image of a process");
	if (version != FORMAT_VERSION)
		return pyro_err_set(err, PYRO_RC_NEWER,
				    "an image of version %u, this version reads %d", version,
				    FORMAT_VERSION);
	if (body_size > PYRO_IMAGE_MAX_BODY)
		return pyro_err_set(err, PYRO_RC_LIMIT, "an image of %u bytes, over %u", body_size,
				    PYRO_IMAGE_MAX_BODY);
	image->body = malloc(body_size ? body_size : 1);
	if (!image->body)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for %u bytes", body_size);
	got = ZSTD_decompress(image->body, body_size, bytes + HEAD_SIZE, size - HEAD_SIZE);
	if (ZSTD_isError(got))
		return pyro_err_set(err, PYRO_RC_FORMAT, "the image cannot be unpacked: %s",
				    ZSTD_getErrorName(got));
	if (got != body_size)
		return pyro_err_set(err, PYRO_RC_FORMAT, "the image is cut off");
	return parse_body(image, body_size, err);
}

enum pyro_rc pyro_image_reader_create_from_bytes(const void *bytes, size_t size,
						 struct pyro_reader **ret_reader,
						 struct pyro_err *err)
{
	struct image_reader *image = calloc(1, sizeof(*image));
	enum pyro_rc rc;

	if (!image)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	image->reader.readv = image_readv;
	image->reader.destroy = image_destroy;
	rc = unpack(image, bytes, size, err);
	if (rc != PYRO_RC_OK)
		image_destroy(&image->reader);
	else
		*ret_reader = &image->reader;
	return rc;
}

/* The whole of a regular file, as far as it is no larger than an image may be. */
static enum pyro_rc read_file(const char *path, struct pyro_buf *buf, struct pyro_err *err)
{
	enum {
		STEP = 65536
	};
	PYRO_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return pyro_err_set_errno(err, PYRO_RC_NOTFOUND, errno, "%s", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return pyro_err_set(err, PYRO_RC_FORMAT, "%s: not a regular file", path);
	for (;;) {
		char *into = pyro_buf_reserve(buf, STEP);
		ssize_t got;

		if (!into)
			return pyro_err_set(err, PYRO_RC_LIMIT, "%s: too large for an image", path);
		got = read(fd, into, STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pyro_err_set_errno(err, PYRO_RC_IO, errno, "%s", path);
		if (got == 0)
			return PYRO_RC_OK;
		buf->size += (size_t)got;
	}
}

enum pyro_rc pyro_image_reader_create(const char *path, struct pyro_reader **ret_reader,
				      struct pyro_err *err)
{
	struct pyro_buf buf;
	enum pyro_rc rc;

	pyro_buf_init(&buf, PYRO_IMAGE_MAX_BODY);
	rc = read_file(path, &buf, err);
	if (rc == PYRO_RC_OK) {
		rc = pyro_image_reader_create_from_bytes(buf.data, buf.size, ret_reader, err);
		if (rc != PYRO_RC_OK)
			rc = pyro_err_prefix(err, rc, "%s", path);
	}
	pyro_buf_deinit(&buf);
	return rc;
}

const struct pyro_image_meta *pyro_image_reader_meta(const struct pyro_reader *reader)
{
	return &((const struct image_reader *)reader)->meta;
}

const struct pyro_image_segment *pyro_image_reader_segments(const struct pyro_reader *reader,
							    size_t *ret_count)
{
	const struct image_reader *image = (const struct image_reader *)reader;

	*ret_count = image->segment_count;
	return image->segments;
}

static void add_u32(struct pyro_buf *buf, uint32_t value)
{
	char bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (char)(value >> 8 * i);
	pyro_buf_add(buf, bytes, sizeof(bytes));
}

static void add_u64(struct pyro_buf *buf, uint64_t value)
{
	add_u32(buf, (uint32_t)value);
	add_u32(buf, (uint32_t)(value >> 32));
}

static enum pyro_rc build_body(const struct pyro_image_meta *meta,
			       const struct pyro_image_segment *segments, size_t count,
			       struct pyro_buf *body, struct pyro_err *err)
{
	char text[PYRO_IMAGE_TEXT_SIZE] = {0};
	uint64_t next = 0;

	if (count > PYRO_IMAGE_MAX_SEGMENTS)
		return pyro_err_set(err, PYRO_RC_LIMIT, "%zu segments, over %u", count,
				    PYRO_IMAGE_MAX_SEGMENTS);
	memcpy(text, meta->version_text, strnlen(meta->version_text, sizeof(text) - 1));
	add_u64(body, meta->runtime_addr);
	add_u32(body, meta->version);
	add_u32(body, meta->free_threaded);
	pyro_buf_add(body, text, sizeof(text));
	add_u32(body, (uint32_t)count);
	add_u32(body, 0);
	for (size_t i = 0; i < count; i++) {
		if (segments[i].size == 0 || segments[i].addr < next ||
		    segments[i].size > UINT64_MAX - segments[i].addr)
			return pyro_err_set_addr(err, PYRO_RC_FORMAT, segments[i].addr,
						 "segment %zu is empty or out of order", i);
		next = segments[i].addr + segments[i].size;
		add_u64(body, segments[i].addr);
		add_u64(body, segments[i].size);
	}
	for (size_t i = 0; i < count; i++)
		pyro_buf_add(body, segments[i].data, segments[i].size);
	if (body->failed)
		return pyro_err_set(err, PYRO_RC_LIMIT, "the image has more than %u bytes",
				    PYRO_IMAGE_MAX_BODY);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_image_pack(const struct pyro_image_meta *meta,
			     const struct pyro_image_segment *segments, size_t count,
			     struct pyro_buf *buf, struct pyro_err *err)
{
	struct pyro_buf body;
	size_t bound, got;
	char *into;
	enum pyro_rc rc;

	pyro_buf_init(&body, PYRO_IMAGE_MAX_BODY);
	rc = build_body(meta, segments, count, &body, err);
	if (rc == PYRO_RC_OK) {
		bound = ZSTD_compressBound(body.size);
		pyro_buf_add(buf, magic, sizeof(magic));
		add_u32(buf, FORMAT_VERSION);
		add_u32(buf, (uint32_t)body.size);
		into = pyro_buf_reserve(buf, bound);
		got = into ? ZSTD_compress(into, bound, body.data, body.size, LEVEL) : 0;
		if (!into || ZSTD_isError(got))
			rc = pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for the image");
		else
			buf->size += got;
	}
	pyro_buf_deinit(&body);
	return rc;
}
