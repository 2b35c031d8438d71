/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as an image file, and as the body of one, which no mutation would find in packed form.
 */
#include <string.h>
#include <zstd.h>

#include "target/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const void *bytes, size_t size)
{
	struct pyro_reader *reader = NULL;
	const struct pyro_image_segment *segments;
	char into[4096];
	size_t count;

	if (pyro_image_reader_create_from_bytes(bytes, size, &reader, NULL) != PYRO_RC_OK)
		return;
	segments = pyro_image_reader_segments(reader, &count);
	for (size_t i = 0; i < count; i++) {
		const uint64_t end = segments[i].addr + segments[i].size;
		const struct pyro_span spans[] = {
			{segments[i].addr, into, 1},
			{end - 1, into, 1},
			{end - 1, into, 2}, /* into the next one, if they touch */
			{segments[i].addr - 1, into, sizeof(into)},
		};
		size_t done;

		for (size_t j = 0; j < sizeof(spans) / sizeof(spans[0]); j++) {
			if (pyro_reader_readv(reader, &spans[j], 1, &done) != PYRO_RC_OK && j < 2)
				__builtin_trap(); /* what is in it can be read */
		}
	}
	pyro_reader_destroy(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum {
		HEAD = 16,
		MAX = 65536
	};
	static uint8_t file[HEAD + ZSTD_COMPRESSBOUND(MAX)];
	const uint32_t head[2] = {1, (uint32_t)size};
	size_t packed;

	use(data, size);
	if (size > MAX)
		return 0;
	memcpy(file, "PYROIMG", 8);
	memcpy(file + 8, head, sizeof(head));
	packed = ZSTD_compress(file + HEAD, sizeof(file) - HEAD, data, size, 1);
	if (!ZSTD_isError(packed))
		use(file, HEAD + packed);
	return 0;
}
