/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cpython/value.h"

/* Types of the standard library and of NumPy that hold their values in structures of their own.
 * Those have been the same from 3.8 to 3.15 and from NumPy 1 to 2. */

/* datetime.h: behind the header a hash, then a byte that tells whether there is a time zone, then
 * the fields, each a byte but for the year and the microseconds. */
#define HAS_ZONE   8
#define DATE_DATA  9
#define DATE_SIZE  4
#define CLOCK_SIZE 6 /* of a time of day: hour, minute, second, microseconds */

/* Hour, minute, and of what follows as much as is not zero; then the fold and the time zone. */
static void add_clock(struct pyro_values *values, const struct pyro_value *value, size_t at)
{
	const struct pyro_bytes bytes = value->bytes;
	struct pyro_buf *text = &values->text;
	const unsigned int second = pyro_bytes_u8(bytes, at + 2);
	const unsigned int micro = (unsigned int)pyro_bytes_u8(bytes, at + 3) << 16 |
				   (unsigned int)pyro_bytes_u8(bytes, at + 4) << 8 |
				   pyro_bytes_u8(bytes, at + 5);

	pyro_buf_add_format(text, "%u, %u", pyro_bytes_u8(bytes, at), pyro_bytes_u8(bytes, at + 1));
	if (second || micro)
		pyro_buf_add_format(text, ", %u", second);
	if (micro)
		pyro_buf_add_format(text, ", %u", micro);
	if (pyro_bytes_u8(bytes, at + CLOCK_SIZE))
		pyro_buf_add_text(text, ", fold=1");
	if (pyro_bytes_u8(bytes, pyro_value_head(values) + HAS_ZONE)) {
		pyro_buf_add_text(text, ", tzinfo=");
		pyro_value_add(values,
			       pyro_value_u64(value, (at + CLOCK_SIZE + 1 + 7) & ~(size_t)7));
	}
	pyro_buf_add_char(text, ')');
}

static size_t add_date(struct pyro_values *values, const struct pyro_value *value)
{
	const size_t at = pyro_value_head(values) + DATE_DATA;
	const struct pyro_bytes bytes = value->bytes;

	pyro_buf_add_format(&values->text, "%s(%u, %u, %u", value->type->full,
			    (unsigned int)pyro_bytes_u8(bytes, at) << 8 |
				    pyro_bytes_u8(bytes, at + 1),
			    pyro_bytes_u8(bytes, at + 2), pyro_bytes_u8(bytes, at + 3));
	return at + DATE_SIZE;
}

bool pyro_value_write_date(struct pyro_values *values, const struct pyro_value *value)
{
	(void)add_date(values, value);
	pyro_buf_add_char(&values->text, ')');
	return true;
}

bool pyro_value_write_datetime(struct pyro_values *values, const struct pyro_value *value)
{
	const size_t at = add_date(values, value);

	pyro_buf_add_text(&values->text, ", ");
	add_clock(values, value, at);
	return true;
}

bool pyro_value_write_time(struct pyro_values *values, const struct pyro_value *value)
{
	pyro_buf_add_format(&values->text, "%s(", value->type->full);
	add_clock(values, value, pyro_value_head(values) + DATE_DATA);
	return true;
}

/* PyDateTime_Delta: hash, days, seconds, microseconds. */
bool pyro_value_write_timedelta(struct pyro_values *values, const struct pyro_value *value)
{
	static const char *const names[] = {"days", "seconds", "microseconds"};
	struct pyro_buf *text = &values->text;
	bool any = false;

	pyro_buf_add_format(text, "%s(", value->type->full);
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		const int32_t number =
			(int32_t)pyro_bytes_u32(value->bytes, pyro_value_head(values) + 8 + i * 4);

		if (number)
			pyro_buf_add_format(text, "%s%s=%" PRId32, any ? ", " : "", names[i],
					    number);
		any = any || number;
	}
	pyro_buf_add_text(text, any ? ")" : "0)");
	return true;
}

/* PyDateTime_TimeZone: offset, name. */
bool pyro_value_write_timezone(struct pyro_values *values, const struct pyro_value *value)
{
	const uint32_t head = pyro_value_head(values);
	const uint64_t name = pyro_value_u64(value, head + 8);
	struct pyro_buf *text = &values->text;
	const size_t start = text->size;

	pyro_buf_add_format(text, "%s(", value->type->full);
	pyro_value_add(values, pyro_value_u64(value, head));
	if (name) {
		pyro_buf_add_text(text, ", ");
		pyro_value_add(values, name);
	} else if (text->data &&
		   strcmp(text->data + start, "datetime.timezone(datetime.timedelta(0)") == 0) {
		text->size = start;
		pyro_buf_add_text(text, "datetime.timezone.utc");
		return true;
	}
	pyro_buf_add_char(text, ')');
	return true;
}

/* PyDecObject, Modules/_decimal: a hash, then an mpd_t: flags, exponent, digits, words in use,
 * words in all, pointer to the words, which have nineteen decimal digits each, the lowest first. */
#define DECIMAL_NEGATIVE 1u
#define DECIMAL_INFINITE 2u
#define DECIMAL_NAN      4u
#define DECIMAL_SIGNAL   8u
#define DECIMAL_WORDS    8u
#define WORD_DIGITS      19

/* As Decimal.__str__ lays it out. */
static void add_scientific(struct pyro_buf *text, const char *digits, int64_t exponent)
{
	const int64_t count = (int64_t)strlen(digits), left = exponent + count;

	if (exponent > 0 || left <= -6) {
		pyro_buf_add_format(text, "%c%s%s", digits[0], count > 1 ? "." : "", digits + 1);
		pyro_buf_add_format(text, "E%+" PRId64, left - 1);
	} else if (left <= 0) {
		pyro_buf_add_text(text, "0.");
		for (int64_t i = left; i < 0; i++)
			pyro_buf_add_char(text, '0');
		pyro_buf_add_text(text, digits);
	} else {
		pyro_buf_add(text, digits, (size_t)left);
		if (exponent < 0)
			pyro_buf_add_format(text, ".%s", digits + left);
	}
}

bool pyro_value_write_decimal(struct pyro_values *values, const struct pyro_value *value)
{
	const size_t head = pyro_value_head(values) + 8;
	const unsigned int flags = pyro_bytes_u8(value->bytes, head);
	const int64_t exponent = (int64_t)pyro_value_u64(value, head + 8);
	const uint64_t count = pyro_value_u64(value, head + 24);
	struct pyro_buf *text = &values->text, digits;
	uint64_t words[DECIMAL_WORDS];
	bool sane = true;

	pyro_buf_add_format(text, "%s('%s", value->type->name, flags & DECIMAL_NEGATIVE ? "-" : "");
	if (flags & (DECIMAL_INFINITE | DECIMAL_NAN | DECIMAL_SIGNAL)) {
		pyro_buf_add_text(text, flags & DECIMAL_INFINITE ? "Infinity"
					: flags & DECIMAL_NAN    ? "NaN"
								 : "sNaN");
	} else {
		if (count == 0 || count > DECIMAL_WORDS || exponent > INT64_MAX / 2 ||
		    exponent < INT64_MIN / 2 ||
		    !pyro_value_read(values, pyro_value_u64(value, head + 40), words, count * 8))
			return false;
		pyro_buf_init(&digits, DECIMAL_WORDS * 20 + 1);
		pyro_buf_add_format(&digits, "%" PRIu64, words[count - 1]);
		for (size_t i = count - 1; i > 0; i--)
			pyro_buf_add_format(&digits, "%0*" PRIu64, WORD_DIGITS, words[i - 1]);
		sane = !digits.failed;
		if (sane)
			add_scientific(text, digits.data, exponent);
		pyro_buf_deinit(&digits);
	}
	pyro_buf_add_text(text, "')");
	return sane;
}

/* Lib/pathlib keeps what it was made of, and its text once somebody asked for it: to 3.11 the
 * parts, of which the first has the root, then the arguments as they were given. */
bool pyro_value_write_path(struct pyro_values *values, const struct pyro_value *value)
{
	static const char *const names[] = {"_str", "_raw_paths", "_parts"};
	struct pyro_buf *text = &values->text;
	uint64_t items[PYRO_MAX_VALUE_ITEMS], addr = 0, count;
	struct pyro_value found;
	size_t at = 0, start;

	while (at < PYRO_COUNT(names) && addr == 0)
		addr = pyro_value_attribute(values, value, names[at++]);
	pyro_buf_add_format(text, "%s(", value->type->name);
	if (!pyro_value_open(values, addr, &found))
		return false;
	if (found.type->kind->write != pyro_value_write_list) {
		pyro_value_add(values, addr);
		pyro_buf_add_char(text, ')');
		return true;
	}
	count = pyro_value_u64(&found, pyro_value_head(values));
	if (count > PYRO_MAX_VALUE_ITEMS ||
	    !pyro_value_read(values, pyro_value_u64(&found, values->layout->list_items), items,
			     (size_t)count * 8))
		return false;
	pyro_buf_add_char(text, '\'');
	start = text->size;
	for (size_t i = 0; i < count; i++) {
		if (text->size > start && text->data[text->size - 1] != '/')
			pyro_buf_add_char(text, '/');
		if (!pyro_value_add_string(values, items[i], false, PYRO_MAX_VALUE_CHARS))
			return false;
	}
	pyro_buf_add_text(text, count ? "')" : ".')");
	return true;
}

/* PyArrayObject: data, number of dimensions, dimensions, strides, base, descr. PyArray_Descr: type,
 * then as characters its kind, its code and its byte order, then, behind a byte of flags, its
 * number. */
#define ARRAY_DIMENSIONS 64

static const char *const dtypes[] = {
	"bool",    "int8",       "uint8",     "int16",      "uint16",      "int32",
	"uint32",  "int64",      "uint64",    "int64",      "uint64",      "float32",
	"float64", "longdouble", "complex64", "complex128", "clongdouble", "object",
	"bytes",   "str",        "void",      "datetime64", "timedelta64", "float16",
};

static void add_dtype(struct pyro_values *values, uint64_t descr)
{
	const uint32_t head = pyro_value_head(values);
	uint8_t data[16];
	const struct pyro_bytes bytes = {data, sizeof(data)};
	uint32_t number;

	if (!pyro_value_read(values, descr + head + 8, data, sizeof(data))) {
		pyro_buf_add_text(&values->text, PYRO_UNREADABLE);
		return;
	}
	number = pyro_bytes_u32(bytes, 4);
	if (pyro_bytes_u8(bytes, 2) == '>')
		pyro_buf_add_char(&values->text, '>');
	if (number < PYRO_COUNT(dtypes))
		pyro_buf_add_text(&values->text, dtypes[number]);
	else
		pyro_buf_add_format(&values->text, "type %" PRIu32, number);
}

bool pyro_value_write_ndarray(struct pyro_values *values, const struct pyro_value *value)
{
	const uint32_t head = pyro_value_head(values);
	const uint32_t count = pyro_bytes_u32(value->bytes, head + 8);
	uint64_t dimensions[ARRAY_DIMENSIONS];
	struct pyro_buf *text = &values->text;

	if (count > ARRAY_DIMENSIONS ||
	    !pyro_value_read(values, pyro_value_u64(value, head + 16), dimensions, count * 8ul))
		return false;
	pyro_buf_add_format(text, "<%s shape=(", value->type->full);
	for (uint32_t i = 0; i < count; i++)
		pyro_buf_add_format(text, "%s%" PRId64, i ? ", " : "", (int64_t)dimensions[i]);
	pyro_buf_add_format(text, "%s) dtype=", count == 1 ? "," : "");
	add_dtype(values, pyro_value_u64(value, head + 40));
	pyro_buf_add_char(text, '>');
	return true;
}

static const struct {
	const char *name;
	char kind; /* as NumPy has it: boolean, signed, unsigned, floating */
	uint8_t bits;
} scalars[] = {
	{"bool", 'b', 8},     {"bool_", 'b', 8},    {"int8", 'i', 8},      {"int16", 'i', 16},
	{"int32", 'i', 32},   {"int64", 'i', 64},   {"longlong", 'i', 64}, {"uint8", 'u', 8},
	{"uint16", 'u', 16},  {"uint32", 'u', 32},  {"uint64", 'u', 64},   {"ulonglong", 'u', 64},
	{"float32", 'f', 32}, {"float64", 'f', 64},
};

static bool add_scalar(struct pyro_values *values, const char *name, uint64_t data)
{
	struct pyro_buf *text = &values->text;
	unsigned int spare;
	double number;
	float single;
	size_t i = 0;

	while (i < PYRO_COUNT(scalars) && strcmp(scalars[i].name, name) != 0)
		i++;
	if (i == PYRO_COUNT(scalars))
		return false;
	spare = 64u - scalars[i].bits;
	switch (scalars[i].kind) {
	case 'b':
		pyro_buf_add_text(text, data & 1 ? "True" : "False");
		break;
	case 'i':
		pyro_buf_add_format(text, "%" PRId64, (int64_t)(data << spare) >> spare);
		break;
	case 'u':
		pyro_buf_add_format(text, "%" PRIu64, data << spare >> spare);
		break;
	default:
		memcpy(&single, &data, sizeof(single));
		memcpy(&number, &data, sizeof(number));
		if (spare)
			pyro_buf_add_format(text, "%.9g", (double)single);
		else
			pyro_value_add_float(values, number, true);
	}
	return true;
}

/* A NumPy scalar: its value lies right behind the header. */
bool pyro_value_write_scalar(struct pyro_values *values, const struct pyro_value *value)
{
	const size_t start = values->text.size;

	pyro_buf_add_format(&values->text, "%s(", value->type->full);
	if (add_scalar(values, value->type->name, pyro_value_u64(value, pyro_value_head(values)))) {
		pyro_buf_add_char(&values->text, ')');
	} else {
		values->text.size = start;
		pyro_value_add_plain(values, value);
	}
	return true;
}
