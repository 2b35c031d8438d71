/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/image.h"

static const struct pyro_image_meta meta = {
	.runtime_addr = 0x7f00dead0000,
	.version = 0x030e0af0,
	.free_threaded = true,
	.version_text = "3.14.10",
};
static const char low[] = "low segment", high[] = "high segment", next[] = "right behind it";

/* Three segments, the last two of which touch. */
static void pack(struct pyro_buf *buf)
{
	const struct pyro_image_segment segments[] = {
		{0x1000, sizeof(low), low},
		{0xffffffffff600000, sizeof(high), high},
		{0xffffffffff600000 + sizeof(high), sizeof(next), next},
	};

	pyro_buf_init(buf, 1 << 20);
	assert_int_equal(pyro_image_pack(&meta, segments, 3, buf, NULL), PYRO_RC_OK);
}

static void test_gives_back_what_was_packed(void **state)
{
	const struct pyro_image_meta *got;
	struct pyro_reader *reader = NULL;
	struct pyro_buf buf;
	char into[64];
	size_t done, count;

	(void)state;
	pack(&buf);
	assert_int_equal(pyro_image_reader_create_from_bytes(buf.data, buf.size, &reader, NULL),
			 PYRO_RC_OK);
	pyro_buf_deinit(&buf);
	got = pyro_image_reader_meta(reader);
	assert_int_equal(got->runtime_addr, meta.runtime_addr);
	assert_int_equal(got->version, meta.version);
	assert_true(got->free_threaded);
	assert_string_equal(got->version_text, "3.14.10");
	assert_int_equal(pyro_image_reader_segments(reader, &count)[1].addr, 0xffffffffff600000);
	assert_int_equal(count, 3);
	assert_int_equal(pyro_reader_read(reader, 0x1000, into, sizeof(low)), PYRO_RC_OK);
	assert_string_equal(into, low);
	/* Across the seam. */
	assert_int_equal(
		pyro_reader_read(reader, 0xffffffffff600005, into, sizeof(high) - 5 + sizeof(next)),
		PYRO_RC_OK);
	assert_string_equal(into, high + 5);
	assert_string_equal(into + sizeof(high) - 5, next);
	const struct pyro_span spans[] = {
		{0x1004, into, 4},
		{0x1000 + sizeof(low) - 1, into, 1},
		{0x1000 + sizeof(low) - 1, into, 2}, /* one byte too many */
		{0x1000, into, 1},
	};

	assert_int_equal(pyro_reader_readv(reader, spans, 4, &done), PYRO_RC_FAULT);
	assert_int_equal(done, 2);
	assert_int_equal(pyro_reader_read(reader, 0xfff, into, 2), PYRO_RC_FAULT);
	assert_int_equal(pyro_reader_read(reader, UINT64_MAX, into, 2), PYRO_RC_FAULT);
	assert_int_equal(pyro_reader_read(reader, 0, into, 0), PYRO_RC_OK);
	pyro_reader_destroy(reader);
}

static void test_every_cut_is_an_error(void **state)
{
	struct pyro_reader *reader = NULL;
	struct pyro_buf buf;

	(void)state;
	pack(&buf);
	for (size_t size = 0; size < buf.size; size++)
		assert_int_not_equal(
			pyro_image_reader_create_from_bytes(buf.data, size, &reader, NULL),
			PYRO_RC_OK);
	assert_null(reader);
	pyro_buf_deinit(&buf);
}

static void test_names_what_is_wrong(void **state)
{
	struct pyro_reader *reader = NULL;
	struct pyro_err err = {0};
	struct pyro_buf buf;

	(void)state;
	pack(&buf);
	buf.data[8] = 2;
	assert_int_equal(pyro_image_reader_create_from_bytes(buf.data, buf.size, &reader, &err),
			 PYRO_RC_NEWER);
	assert_string_equal(err.message, "an image of version 2, this version reads 1");
	buf.data[8] = 1;
	buf.data[15] = 0x7f;
	assert_int_equal(pyro_image_reader_create_from_bytes(buf.data, buf.size, &reader, &err),
			 PYRO_RC_LIMIT);
	buf.data[0] = 'Q';
	assert_int_equal(pyro_image_reader_create_from_bytes(buf.data, buf.size, &reader, &err),
			 PYRO_RC_FORMAT);
	pyro_buf_deinit(&buf);
	assert_int_equal(pyro_image_reader_create("/nonexistent/image", &reader, &err),
			 PYRO_RC_NOTFOUND);
	assert_int_equal(pyro_image_reader_create("/proc/self", &reader, &err), PYRO_RC_FORMAT);
	assert_int_equal(pyro_image_reader_create("/proc/self/exe", &reader, &err), PYRO_RC_FORMAT);
	assert_string_equal(err.message, "/proc/self/exe: not an image of a process");
	assert_null(reader);
}

static void test_packs_only_what_it_can_read(void **state)
{
	static const struct {
		struct pyro_image_segment segments[2];
		size_t count;
	} wrong[] = {
		{{{0x2000, 4, low}, {0x1000, 4, low}}, 2}, /* out of order */
		{{{0x1000, 4, low}, {0x1003, 4, low}}, 2}, /* overlapping */
		{{{0x1000, 0, low}}, 1},
		{{{UINT64_MAX - 2, 4, low}}, 1},
	};
	struct pyro_buf buf;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		pyro_buf_init(&buf, 1 << 20);
		assert_int_equal(
			pyro_image_pack(&meta, wrong[i].segments, wrong[i].count, &buf, NULL),
			PYRO_RC_FORMAT);
		pyro_buf_deinit(&buf);
	}
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_image_pack(&meta, NULL, 0, &buf, NULL), PYRO_RC_OK);
	pyro_buf_deinit(&buf);
}

static void test_reads_files(void **state)
{
	char path[] = "/tmp/pyro-image-XXXXXX";
	struct pyro_reader *reader = NULL;
	struct pyro_buf buf;
	char into[16];
	const int fd = mkstemp(path);

	(void)state;
	pack(&buf);
	assert_int_equal(write(fd, buf.data, buf.size), buf.size);
	close(fd);
	pyro_buf_deinit(&buf);
	assert_int_equal(pyro_image_reader_create(path, &reader, NULL), PYRO_RC_OK);
	unlink(path);
	assert_int_equal(pyro_reader_read(reader, 0x1000, into, sizeof(low)), PYRO_RC_OK);
	assert_string_equal(into, low);
	pyro_reader_destroy(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_back_what_was_packed),
		cmocka_unit_test(test_every_cut_is_an_error),
		cmocka_unit_test(test_names_what_is_wrong),
		cmocka_unit_test(test_packs_only_what_it_can_read),
		cmocka_unit_test(test_reads_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
