/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_IMAGE_H
#define PYRO_TARGET_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "target/reader.h"

/* An image file holds parts of a process's memory, so that the decoder can be tested and fuzzed
 * with no process. All numbers are little-endian.
 *
 *   0   8  magic "PYROIMG" and a NUL
 *   8   4  version of the format: 1
 *  12   4  size of the body when unpacked
 *  16   …  the body, one zstd frame:
 *
 *   0   8  address of the interpreter's runtime
 *   8   4  its version (PY_VERSION_HEX)
 *  12   4  flags: 1 = free-threaded
 *  16  64  its version as text, filled up with NULs
 *  80   4  number of segments
 *  84   4  zero
 *  88   …  16 bytes a segment, address and size, by address, disjoint
 *   …   …  the bytes of the segments, one after the other */

#define PYRO_IMAGE_MAX_BODY     (64u << 20) /**< bytes of an unpacked body */
#define PYRO_IMAGE_MAX_SEGMENTS 65536
#define PYRO_IMAGE_TEXT_SIZE    64

/** Which interpreter the image holds: what cpython/ calls its origin. */
struct pyro_image_meta {
	uint64_t runtime_addr;
	uint32_t version;
	bool free_threaded;
	char version_text[PYRO_IMAGE_TEXT_SIZE];
};

struct pyro_image_segment {
	uint64_t addr;
	uint64_t size;
	const void *data;
};

/** The same as pyro_image_reader_create (reader.h), over bytes, which are copied. Errors: FORMAT,
 *  NEWER, LIMIT, NOMEM. */
enum pyro_rc pyro_image_reader_create_from_bytes(const void *bytes, size_t size,
						 struct pyro_reader **ret_reader,
						 struct pyro_err *err) PYRO_NODISCARD;
/** Of a reader made by either. Lives as long as it. */
const struct pyro_image_meta *pyro_image_reader_meta(const struct pyro_reader *reader);
/** Its segments, by address. Live as long as the reader. */
const struct pyro_image_segment *pyro_image_reader_segments(const struct pyro_reader *reader,
							    size_t *ret_count);

/** Adds an image file to @buf. @segments must be sorted by address, disjoint and not empty. Errors:
 *  FORMAT (they are not), LIMIT, NOMEM. */
enum pyro_rc pyro_image_pack(const struct pyro_image_meta *meta,
			     const struct pyro_image_segment *segments, size_t count,
			     struct pyro_buf *buf, struct pyro_err *err) PYRO_NODISCARD;

#endif
