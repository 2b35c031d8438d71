/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Values from targets and files end up in messages: they must not drive the terminal. A character
 * cut by the message's end goes the same way as any broken one. */
static void make_printable(char *text)
{
	const size_t size = strlen(text);
	size_t used = 0;

	for (size_t at = 0; at < size;) {
		const size_t from = at;
		const uint32_t point = pyro_utf8_decode(text, size, &at);
		const bool broken = point == PYRO_UTF8_REPLACEMENT && at - from == 1;

		if (broken || pyro_utf8_is_active(point)) {
			text[used++] = '?';
			continue;
		}
		memmove(text + used, text + from, at - from);
		used += at - from;
	}
	text[used] = '\0';
}

static enum pyro_rc fill(struct pyro_err *err, enum pyro_rc rc, int errnum, uint64_t addr,
			 const char *format, va_list args)
{
	size_t used;

	if (!err)
		return rc;
	err->rc = rc;
	err->errnum = errnum;
	err->addr = addr;
	/* The arguments may point into the message itself (a caller adding context). */
	char message[PYRO_ERR_MESSAGE_SIZE];

	vsnprintf(message, sizeof(message), format, args);
	memcpy(err->message, message, sizeof(message));
	used = strlen(err->message);
	if (errnum > 0 && used < sizeof(err->message))
		snprintf(err->message + used, sizeof(err->message) - used, ": %s",
			 strerror(errnum));
	make_printable(err->message);
	return rc;
}

enum pyro_rc pyro_err_set(struct pyro_err *err, enum pyro_rc rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, rc, 0, 0, format, args);
	va_end(args);
	return rc;
}

enum pyro_rc pyro_err_set_errno(struct pyro_err *err, enum pyro_rc rc, int errnum,
				const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, rc, errnum, 0, format, args);
	va_end(args);
	return rc;
}

enum pyro_rc pyro_err_set_addr(struct pyro_err *err, enum pyro_rc rc, uint64_t addr,
			       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, rc, 0, addr, format, args);
	va_end(args);
	return rc;
}

enum pyro_rc pyro_err_prefix(struct pyro_err *err, enum pyro_rc rc, const char *format, ...)
{
	char prefix[PYRO_ERR_MESSAGE_SIZE];
	char message[PYRO_ERR_MESSAGE_SIZE];
	va_list args;

	if (!err)
		return rc;
	va_start(args, format);
	vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	make_printable(prefix);
	memcpy(message, err->message, sizeof(message));
	/* Cutting a message that is too long is the intent. */
	const char *parts[] = {prefix, ": ", message};
	size_t used = 0;

	for (size_t i = 0; i < 3; i++) {
		size_t room = sizeof(err->message) - 1 - used;
		size_t size = strnlen(parts[i], room);

		memcpy(err->message + used, parts[i], size);
		used += size;
	}
	err->message[used] = '\0';
	make_printable(err->message);
	return rc;
}
