/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpython/value.h"

#define DIGIT_BITS 30
#define MAX_DIGITS (PYRO_MAX_VALUE_BITS / DIGIT_BITS)
#define MAX_COUNT  (UINT64_C(1) << 40)
#define GROUP      1000000000u /* nine decimal digits are computed at a time */
#define MAX_GROUPS (MAX_DIGITS + 4)

bool pyro_value_write_constant(struct pyro_values *values, const struct pyro_value *value)
{
	static const char *const texts[][2] = {
		{"NoneType", "None"},
		{"ellipsis", "Ellipsis"},
		{"NotImplementedType", "NotImplemented"},
	};

	for (size_t i = 0; i < PYRO_COUNT(texts); i++) {
		if (strcmp(value->type->kind->type, texts[i][0]) == 0)
			pyro_buf_add_text(&values->text, texts[i][1]);
	}
	return true;
}

/* @digits, of 30 bits each, the lowest first, are used up. */
static void add_decimal(struct pyro_buf *text, uint32_t *digits, size_t count)
{
	uint32_t groups[MAX_GROUPS];
	size_t used = 0;

	while (count > 0 && used < MAX_GROUPS) {
		uint64_t rest = 0;

		for (size_t i = count; i > 0; i--) {
			rest = rest << DIGIT_BITS | digits[i - 1];
			digits[i - 1] = (uint32_t)(rest / GROUP);
			rest %= GROUP;
		}
		groups[used++] = (uint32_t)rest;
		while (count > 0 && digits[count - 1] == 0)
			count--;
	}
	if (used == 0)
		groups[used++] = 0;
	pyro_buf_add_format(text, "%" PRIu32, groups[used - 1]);
	for (size_t i = used - 1; i > 0; i--)
		pyro_buf_add_format(text, "%09" PRIu32, groups[i - 1]);
}

/* Too large for decimal digits: how it begins in hexadecimal, and how large it is. */
static bool add_large(struct pyro_values *values, uint64_t addr, uint64_t count, bool negative)
{
	uint32_t top[4];
	unsigned __int128 lead = 0;
	uint64_t below = (count - PYRO_COUNT(top)) * DIGIT_BITS, bits, cut;

	if (!pyro_value_read(values, addr + (count - PYRO_COUNT(top)) * 4, top, sizeof(top)))
		return false;
	if (top[3] == 0 || (top[0] | top[1] | top[2] | top[3]) >> DIGIT_BITS)
		return false;
	for (size_t i = PYRO_COUNT(top); i > 0; i--)
		lead = lead << DIGIT_BITS | top[i - 1];
	bits = (count - 1) * DIGIT_BITS + 32 - (uint64_t)__builtin_clz(top[3]);
	cut = (bits - 32) & ~(uint64_t)3; /* whole hexadecimal digits */
	pyro_buf_add_format(&values->text, "%s%#" PRIx64 "... (%" PRIu64 " bits)",
			    negative ? "-" : "", (uint64_t)(lead >> (cut - below)), bits);
	return true;
}

static bool read_int(struct pyro_values *values, const struct pyro_value *value,
		     uint64_t *ret_count, bool *ret_negative)
{
	const uint64_t word = pyro_value_u64(value, values->layout->long_digits - 8);

	*ret_count = pyro_int_size(values->layout, word, ret_negative);
	return *ret_count <= MAX_COUNT && value->bytes.size >= values->layout->long_digits;
}

bool pyro_value_write_int(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t addr = value->addr + values->layout->long_digits;
	uint32_t digits[MAX_DIGITS];
	uint64_t count;
	bool negative;

	if (!read_int(values, value, &count, &negative))
		return false;
	if (count > MAX_DIGITS)
		return add_large(values, addr, count, negative);
	if (!pyro_bytes_get(value->bytes, values->layout->long_digits, digits, count * 4) &&
	    !pyro_value_read(values, addr, digits, count * 4))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (digits[i] >> DIGIT_BITS)
			return false;
	}
	if (negative)
		pyro_buf_add_char(&values->text, '-');
	add_decimal(&values->text, digits, count);
	return true;
}

bool pyro_value_write_bool(struct pyro_values *values, const struct pyro_value *value)
{
	const uint32_t digit = pyro_bytes_u32(value->bytes, values->layout->long_digits);

	if (digit > 1)
		return false;
	pyro_buf_add_text(&values->text, digit ? "True" : "False");
	return true;
}

void pyro_value_add_float(struct pyro_values *values, double number, bool point)
{
	struct pyro_buf *text = &values->text;
	char scientific[40], digits[24];
	size_t count = 0;
	int exponent;

	if (isnan(number) || isinf(number)) {
		pyro_buf_add_text(text, isnan(number) ? "nan" : number < 0 ? "-inf" : "inf");
		return;
	}
	/* The fewest digits that come back as the same number. */
	for (int precision = 0; precision < 17; precision++) {
		snprintf(scientific, sizeof(scientific), "%.*e", precision, fabs(number));
		if (strtod(scientific, NULL) == fabs(number))
			break;
	}
	for (const char *c = scientific; *c && *c != 'e' && count < sizeof(digits) - 1; c++) {
		if (*c >= '0' && *c <= '9')
			digits[count++] = *c;
	}
	digits[count] = '\0';
	exponent = (int)strtol(strchr(scientific, 'e') + 1, NULL, 10);
	if (signbit(number))
		pyro_buf_add_char(text, '-');
	if (exponent < -4 || exponent >= 16) {
		pyro_buf_add_format(text, "%c%s%se%c%02d", digits[0], count > 1 ? "." : "",
				    digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
	} else if (exponent < 0) {
		pyro_buf_add_format(text, "0.%.*s%s", -exponent - 1, "000", digits);
	} else {
		for (int i = 0; i <= exponent; i++)
			pyro_buf_add_char(text, (size_t)i < count ? digits[i] : '0');
		if ((size_t)exponent + 1 < count)
			pyro_buf_add_format(text, ".%s", digits + exponent + 1);
		else if (point)
			pyro_buf_add_text(text, ".0");
	}
}

bool pyro_value_write_float(struct pyro_values *values, const struct pyro_value *value)
{
	double number;

	if (!pyro_bytes_get(value->bytes, values->layout->float_value, &number, sizeof(number)))
		return false;
	pyro_value_add_float(values, number, true);
	return true;
}

bool pyro_value_write_complex(struct pyro_values *values, const struct pyro_value *value)
{
	struct pyro_buf *text = &values->text;
	double parts[2]; /* real, imaginary */
	bool whole;

	if (!pyro_bytes_get(value->bytes, values->layout->complex_value, parts, sizeof(parts)))
		return false;
	whole = parts[0] != 0 || signbit(parts[0]);
	if (whole) {
		pyro_buf_add_char(text, '(');
		pyro_value_add_float(values, parts[0], false);
		if (isnan(parts[1]) || !signbit(parts[1]))
			pyro_buf_add_char(text, '+');
	}
	pyro_value_add_float(values, parts[1], false);
	pyro_buf_add_text(text, whole ? "j)" : "j");
	return true;
}
