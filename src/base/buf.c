/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <string.h>

void pyro_buf_init(struct pyro_buf *buf, size_t limit)
{
	*buf = (struct pyro_buf){.limit = limit};
}

void pyro_buf_deinit(struct pyro_buf *buf)
{
	free(buf->data);
	*buf = (struct pyro_buf){.limit = buf->limit};
}

void pyro_buf_reset(struct pyro_buf *buf)
{
	buf->size = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

enum pyro_rc pyro_buf_status(const struct pyro_buf *buf)
{
	return buf->failed ? PYRO_RC_NOMEM : PYRO_RC_OK;
}

char *pyro_buf_reserve(struct pyro_buf *buf, size_t size)
{
	size_t capacity;
	char *data;

	if (buf->failed)
		return NULL;
	if (buf->size > buf->limit || size > buf->limit - buf->size || size >= SIZE_MAX / 4) {
		buf->failed = true;
		return NULL;
	}
	if (buf->data && size < buf->capacity - buf->size)
		return buf->data + buf->size;
	capacity = buf->capacity ? buf->capacity : 64;
	while (capacity - buf->size <= size)
		capacity *= 2;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return NULL;
	}
	buf->data = data;
	buf->capacity = capacity;
	buf->data[buf->size] = '\0';
	return buf->data + buf->size;
}

void pyro_buf_add(struct pyro_buf *buf, const void *bytes, size_t size)
{
	char *into = pyro_buf_reserve(buf, size);

	if (!into)
		return;
	if (size)
		memcpy(into, bytes, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void pyro_buf_add_text(struct pyro_buf *buf, const char *text)
{
	pyro_buf_add(buf, text, strlen(text));
}

void pyro_buf_add_char(struct pyro_buf *buf, char c)
{
	pyro_buf_add(buf, &c, 1);
}

void pyro_buf_add_format(struct pyro_buf *buf, const char *format, ...)
{
	va_list args;
	char *into;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0) {
		buf->failed = true;
		return;
	}
	into = pyro_buf_reserve(buf, (size_t)size);
	if (!into)
		return;
	va_start(args, format);
	vsnprintf(into, (size_t)size + 1, format, args);
	va_end(args);
	buf->size += (size_t)size;
}

void pyro_buf_add_varint(struct pyro_buf *buf, uint64_t value)
{
	uint8_t bytes[10];
	size_t size = 0;

	do {
		bytes[size++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	pyro_buf_add(buf, bytes, size);
}

void pyro_buf_add_varint_signed(struct pyro_buf *buf, int64_t value)
{
	pyro_buf_add_varint(buf, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}
