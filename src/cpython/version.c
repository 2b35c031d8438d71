/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/version.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define MAX_SCAN (64u << 20) /* bytes of one segment's constants */

enum {
	LEVEL_UNKNOWN = 0,
	LEVEL_ALPHA = 0xa,
	LEVEL_BETA = 0xb,
	LEVEL_RC = 0xc,
	LEVEL_FINAL = 0xf
};

void pyro_version_format(uint32_t hex, char text[PYRO_VERSION_TEXT_SIZE])
{
	const unsigned major = hex >> 24, minor = hex >> 16 & 0xff, micro = hex >> 8 & 0xff;
	const unsigned level = hex >> 4 & 0xf, serial = hex & 0xf;
	const char *suffix = level == LEVEL_ALPHA  ? "a"
			     : level == LEVEL_BETA ? "b"
			     : level == LEVEL_RC   ? "rc"
						   : NULL;

	if (level == LEVEL_UNKNOWN)
		snprintf(text, PYRO_VERSION_TEXT_SIZE, "%u.%u", major, minor);
	else if (suffix)
		snprintf(text, PYRO_VERSION_TEXT_SIZE, "%u.%u.%u%s%u", major, minor, micro, suffix,
			 serial);
	else
		snprintf(text, PYRO_VERSION_TEXT_SIZE, "%u.%u.%u", major, minor, micro);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Up to @max digits at *@at; false without any or with more. */
static bool number(const char **at, const char *end, int max, uint32_t *ret_value)
{
	uint32_t value = 0;
	int digits = 0;

	while (*at < end && is_digit(**at) && digits <= max) {
		value = value * 10 + (uint32_t)(**at - '0');
		(*at)++;
		digits++;
	}
	*ret_value = value;
	return digits > 0 && digits <= max;
}

static void add_distinct(uint32_t *items, size_t *count, size_t capacity, uint32_t item)
{
	for (size_t i = 0; i < *count; i++) {
		if (items[i] == item)
			return;
	}
	if (*count < capacity)
		items[(*count)++] = item;
}

/* sys.implementation.cache_tag (Python/sysmodule.c, _PySys_ImplCacheTag): a whole string. */
void pyro_version_scan_tags(const char *data, size_t size, struct pyro_version_found *found)
{
	static const char tag[] = "cpython-3";
	const char *end = data + size, *at = data;

	while ((at = memmem(at, (size_t)(end - at), tag, sizeof(tag) - 1))) {
		const char *digits = at + sizeof(tag) - 1;
		uint32_t minor;

		if ((at == data || at[-1] == 0) && number(&digits, end, 2, &minor) &&
		    digits < end && *digits == 0)
			add_distinct(found->minors, &found->minor_count, PYRO_COUNT(found->minors),
				     minor);
		at += sizeof(tag) - 1;
	}
}

/* What follows the micro in PY_VERSION: "", "a1", "b2", "rc1", each perhaps with "+". */
static bool level(const char **at, const char *end, uint32_t *ret_level, uint32_t *ret_serial)
{
	*ret_level = LEVEL_FINAL;
	*ret_serial = 0;
	if (*at < end && (**at == 'a' || **at == 'b')) {
		*ret_level = **at == 'a' ? LEVEL_ALPHA : LEVEL_BETA;
		(*at)++;
	} else if (end - *at >= 2 && (*at)[0] == 'r' && (*at)[1] == 'c') {
		*ret_level = LEVEL_RC;
		*at += 2;
	}
	if (*ret_level != LEVEL_FINAL && !number(at, end, 2, ret_serial))
		return false;
	if (*at < end && **at == '+')
		(*at)++;
	return *at < end && **at == 0;
}

/* PY_VERSION ends a string. It need not begin one: linkers share the tails of strings, and a prefix
 * "/opt/python/3.8.18" holds it. */
void pyro_version_scan_micros(const char *data, size_t size, uint32_t minor,
			      struct pyro_version_found *found)
{
	char text[16];
	const int length = snprintf(text, sizeof(text), "3.%u.", minor);
	const char *end = data + size, *at = data;

	while ((at = memmem(at, (size_t)(end - at), text, (size_t)length))) {
		const char before = at == data ? 0 : at[-1];
		const char *digits = at + length;
		uint32_t micro, release, serial;

		if ((before == 0 || before == '/' || before == '-') &&
		    number(&digits, end, 3, &micro) && micro < 256 &&
		    level(&digits, end, &release, &serial))
			add_distinct(found->hexes, &found->hex_count, PYRO_COUNT(found->hexes),
				     3u << 24 | minor << 16 | micro << 8 | release << 4 |
					 (serial & 0xf));
		at += length;
	}
}

static enum pyro_rc read_constants(struct pyro_elf *elf, const struct pyro_elf_segment *segment,
				   struct pyro_buf *buf)
{
	const uint64_t size = segment->file_size < MAX_SCAN ? segment->file_size : MAX_SCAN;
	char *into;
	enum pyro_rc rc;

	pyro_buf_reset(buf);
	into = pyro_buf_reserve(buf, size);
	if (!into)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read(elf, segment->addr, into, size);
	if (rc == PYRO_RC_OK)
		buf->size = size;
	return rc;
}

enum pyro_rc pyro_version_scan(struct pyro_elf *elf, uint32_t *ret_hex, struct pyro_err *err)
{
	struct pyro_version_found found = {0};
	struct pyro_elf_section rodata;
	struct pyro_elf_segment only;
	const struct pyro_elf_segment *segments;
	size_t count;
	struct pyro_buf buf;
	enum pyro_rc rc = PYRO_RC_OK;

	segments = pyro_elf_segments(elf, &count);
	if (pyro_elf_section(elf, ".rodata", &rodata) == PYRO_RC_OK && rodata.loaded &&
	    rodata.size > 0) {
		only = (struct pyro_elf_segment){.addr = rodata.addr, .file_size = rodata.size};
		segments = &only;
		count = 1;
	}
	pyro_buf_init(&buf, MAX_SCAN + 1);
	for (size_t i = 0; i < count && rc == PYRO_RC_OK; i++) {
		if (segments[i].write || segments[i].file_size == 0)
			continue;
		rc = read_constants(elf, &segments[i], &buf);
		if (rc != PYRO_RC_OK)
			break;
		pyro_version_scan_tags(buf.data, buf.size, &found);
		if (found.minor_count == 1)
			pyro_version_scan_micros(buf.data, buf.size, found.minors[0], &found);
	}
	pyro_buf_deinit(&buf);
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "cannot read the interpreter's constants: %s",
				    pyro_rc_text(rc));
	if (found.minor_count == 0)
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "it does not say its version");
	if (found.minor_count > 1)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "it says to be CPython 3.%u and CPython 3.%u", found.minors[0],
				    found.minors[1]);
	*ret_hex = found.hex_count == 1 ? found.hexes[0] : 3u << 24 | found.minors[0] << 16;
	return PYRO_RC_OK;
}
