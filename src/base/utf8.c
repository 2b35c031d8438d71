/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/cleanup.h"

uint32_t pyro_utf8_decode(const char *text, size_t size, size_t *at)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *bytes = (const uint8_t *)text + *at;
	const size_t left = size - *at;
	uint32_t point = bytes[0];
	size_t more;

	++*at;
	if (point < 0x80)
		return point;
	if (point >= 0xc2 && point < 0xe0) {
		more = 1;
		point &= 0x1f;
	} else if (point >= 0xe0 && point < 0xf0) {
		more = 2;
		point &= 0x0f;
	} else if (point >= 0xf0 && point < 0xf5) {
		more = 3;
		point &= 0x07;
	} else {
		return PYRO_UTF8_REPLACEMENT;
	}
	if (more >= left)
		return PYRO_UTF8_REPLACEMENT;
	for (size_t i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return PYRO_UTF8_REPLACEMENT;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return PYRO_UTF8_REPLACEMENT;
	*at += more;
	return point;
}

size_t pyro_utf8_encode(uint32_t point, char into[4])
{
	if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		point = PYRO_UTF8_REPLACEMENT;
	if (point < 0x80) {
		into[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		into[0] = (char)(0xc0 | point >> 6);
		into[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		into[0] = (char)(0xe0 | point >> 12);
		into[1] = (char)(0x80 | (point >> 6 & 0x3f));
		into[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	into[0] = (char)(0xf0 | point >> 18);
	into[1] = (char)(0x80 | (point >> 12 & 0x3f));
	into[2] = (char)(0x80 | (point >> 6 & 0x3f));
	into[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

struct range {
	uint32_t first;
	uint32_t last;
};

static int in_ranges(uint32_t point, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (point >= ranges[i].first && point <= ranges[i].last)
			return 1;
	}
	return 0;
}

unsigned int pyro_utf8_columns(uint32_t point)
{
	/* The blocks of Unicode's EastAsianWidth W and F and of its marks that occur in names;
	 * libc's wcwidth depends on the locale, which a tool that is started anywhere cannot. */
	static const struct range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
		{0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
		{0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
		{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};
	static const struct range none[] = {
		{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},   {0x064b, 0x065f},
		{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},   {0x20d0, 0x20ff},
		{0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
	};

	if (point < 0x20 || (point >= 0x7f && point < 0xa0))
		return 0;
	if (point < 0x300)
		return 1;
	if (in_ranges(point, none, PYRO_COUNT(none)))
		return 0;
	return in_ranges(point, wide, PYRO_COUNT(wide)) ? 2 : 1;
}

bool pyro_utf8_is_active(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}
