/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

void pyro_cursor_init(struct pyro_cursor *cursor, const void *data, size_t size)
{
	*cursor = (struct pyro_cursor){.data = data, .size = size};
}

const void *pyro_cursor_bytes(struct pyro_cursor *cursor, size_t size)
{
	const uint8_t *bytes = cursor->data + cursor->at;

	if (cursor->failed || size > cursor->size - cursor->at) {
		cursor->failed = true;
		return NULL;
	}
	cursor->at += size;
	return bytes;
}

static uint64_t little_endian(struct pyro_cursor *cursor, size_t size)
{
	const uint8_t *bytes = pyro_cursor_bytes(cursor, size);
	uint64_t value = 0;

	for (size_t i = 0; bytes && i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

uint8_t pyro_cursor_u8(struct pyro_cursor *cursor)
{
	return (uint8_t)little_endian(cursor, 1);
}

uint32_t pyro_cursor_u32(struct pyro_cursor *cursor)
{
	return (uint32_t)little_endian(cursor, 4);
}

uint64_t pyro_cursor_u64(struct pyro_cursor *cursor)
{
	return little_endian(cursor, 8);
}

uint64_t pyro_cursor_varint(struct pyro_cursor *cursor)
{
	const size_t start = cursor->at;
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = pyro_cursor_u8(cursor);

		if (cursor->failed)
			break;
		/* The tenth byte holds the 64th bit and nothing else. */
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	cursor->at = start;
	cursor->failed = true;
	return 0;
}

int64_t pyro_cursor_varint_signed(struct pyro_cursor *cursor)
{
	uint64_t value = pyro_cursor_varint(cursor);

	return (int64_t)((value >> 1) ^ -(value & 1));
}
