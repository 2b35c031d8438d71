/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/version.h"

#include <stdio.h>
#include <string.h>

#define MAX_SCAN (64u << 20) /* bytes of one segment's constants */
#define WINDOW   65536u
#define OVERLAP  64u /* more than any tag or version has */

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

/* @digits stand behind "cpython-3": is it a whole string, and so
 * sys.implementation.cache_tag (Python/sysmodule.c, _PySys_ImplCacheTag)? */
static void collect_tag(struct pyro_version_found *found, const char *digits, const char *end)
{
	uint32_t minor;

	if (number(&digits, end, 2, &minor) && digits < end && *digits == 0)
		add_distinct(found->minors, &found->minor_count, PYRO_COUNT(found->minors), minor);
}

/* @digits stand behind "3.": is it PY_VERSION? That ends a string but need not begin one: linkers
 * share the tails of strings, and a prefix "/opt/python/3.8.18" holds it. */
static void collect_micro(struct pyro_version_found *found, const char *digits, const char *end)
{
	uint32_t minor, micro, release, serial;

	if (number(&digits, end, 2, &minor) && digits < end && *digits++ == '.' &&
	    number(&digits, end, 3, &micro) && micro < 256 &&
	    level(&digits, end, &release, &serial))
		add_distinct(found->hexes, &found->hex_count, PYRO_COUNT(found->hexes),
			     3u << 24 | minor << 16 | micro << 8 | release << 4 | (serial & 0xf));
}

void pyro_version_collect(struct pyro_version_found *found, const char *data, size_t size,
			  bool continued)
{
	static const char tag[] = "cpython-";
	enum {
		TAG = sizeof(tag) - 1
	};
	const char *const end = data + size;

	for (const char *at = data; (at = memchr(at, '3', (size_t)(end - at))); at++) {
		const size_t before = (size_t)(at - data);

		if (at + 1 < end && at[1] == '.') {
			if (before == 0 ? !continued : memchr("/-", at[-1], 3) != NULL)
				collect_micro(found, at + 2, end);
		} else if (before >= TAG && memcmp(at - TAG, tag, TAG) == 0) {
			if (before == TAG ? !continued : at[-TAG - 1] == 0)
				collect_tag(found, at + 1, end);
		}
	}
}

/* Window by window, each with the end of the one before. */
static enum pyro_rc collect_range(struct pyro_elf *elf, uint64_t addr, uint64_t size, char *window,
				  struct pyro_version_found *found)
{
	for (uint64_t at = 0; at < size && at < MAX_SCAN; at += WINDOW - OVERLAP) {
		const size_t part = size - at < WINDOW ? (size_t)(size - at) : WINDOW;
		enum pyro_rc rc = pyro_elf_read(elf, addr + at, window, part);

		if (rc != PYRO_RC_OK)
			return rc;
		pyro_version_collect(found, window, part, at > 0);
	}
	return PYRO_RC_OK;
}

/* The one version of @minor that was seen, or the bare minor. */
static uint32_t settle_micro(const struct pyro_version_found *found, uint32_t minor)
{
	const uint32_t bare = 3u << 24 | minor << 16;
	uint32_t hex = bare;

	for (size_t i = 0; i < found->hex_count; i++) {
		if (found->hexes[i] >> 16 != bare >> 16)
			continue;
		if (hex != bare)
			return bare;
		hex = found->hexes[i];
	}
	return hex;
}

enum pyro_rc pyro_version_scan(struct pyro_elf *elf, uint32_t *ret_hex, struct pyro_err *err)
{
	struct pyro_version_found found = {0};
	PYRO_AUTO_FREE char *window = malloc(WINDOW);
	struct pyro_elf_section rodata;
	const struct pyro_elf_segment *segments;
	enum pyro_rc rc = PYRO_RC_OK;
	size_t count;

	if (!window)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	segments = pyro_elf_segments(elf, &count);
	if (pyro_elf_section(elf, ".rodata", &rodata) == PYRO_RC_OK && rodata.loaded) {
		rc = collect_range(elf, rodata.addr, rodata.size, window, &found);
		count = 0;
	}
	for (size_t i = 0; i < count && rc == PYRO_RC_OK; i++) {
		if (!segments[i].write)
			rc = collect_range(elf, segments[i].addr, segments[i].file_size, window,
					   &found);
	}
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "cannot read the interpreter's constants: %s",
				    pyro_rc_text(rc));
	if (found.minor_count == 0)
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "it does not say its version");
	if (found.minor_count > 1)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "it says to be CPython 3.%u and CPython 3.%u", found.minors[0],
				    found.minors[1]);
	*ret_hex = settle_micro(&found, found.minors[0]);
	return PYRO_RC_OK;
}
