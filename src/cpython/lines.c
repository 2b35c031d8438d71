/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/lines.h"

#include <stdbool.h>

#define NO_LINE 0

struct runs {
	struct pyro_line_run *items;
	size_t count;
};

/* Adds a run, dropping what has no length and joining what has the same line. */
static void add_run(struct runs *runs, uint32_t start, int32_t line)
{
	if (line < 0)
		line = NO_LINE;
	if (runs->count > 0 && runs->items[runs->count - 1].start == start)
		runs->count--;
	if (runs->count > 0 && runs->items[runs->count - 1].line == line)
		return;
	runs->items[runs->count++] = (struct pyro_line_run){start, line};
}

static int32_t add_line(int32_t line, int64_t delta)
{
	const int64_t sum = line + delta;

	return sum > INT32_MAX || sum < INT32_MIN ? line : (int32_t)sum;
}

static uint32_t add_offset(uint32_t offset, uint32_t delta)
{
	return delta > UINT32_MAX - 1 - offset ? UINT32_MAX - 1 : offset + delta;
}

/* 3.8 and 3.9, Objects/lnotab_notes.txt: pairs (offset delta, signed line delta); the line changes
 * at the offset reached. */
static void decode_lnotab(const uint8_t *table, size_t size, int32_t line, struct runs *runs)
{
	uint32_t offset = 0;

	add_run(runs, 0, line);
	for (size_t i = 0; i + 1 < size; i += 2) {
		offset = add_offset(offset, table[i]);
		line = add_line(line, (int8_t)table[i + 1]);
		add_run(runs, offset, line);
	}
}

/* 3.10, Objects/lnotab_notes.txt: pairs (length, signed line delta); the delta comes first, -128
 * means no line. */
static void decode_pairs(const uint8_t *table, size_t size, int32_t line, struct runs *runs)
{
	uint32_t offset = 0;

	for (size_t i = 0; i + 1 < size; i += 2) {
		const int8_t delta = (int8_t)table[i + 1];

		if (delta != -128)
			line = add_line(line, delta);
		if (table[i] > 0)
			add_run(runs, offset, delta == -128 ? NO_LINE : line);
		offset = add_offset(offset, table[i]);
	}
	add_run(runs, offset, NO_LINE);
}

static int64_t signed_varint(const uint8_t *table, size_t size, size_t at)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	while (at < size && shift < 36) {
		value |= (uint64_t)(table[at] & 63) << shift;
		if (!(table[at] & 64))
			break;
		shift += 6;
		at++;
	}
	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

/* 3.11 on, Objects/locations.md: an entry begins with a byte over 127 that holds its kind and its
 * length in code units; the rest of the entry has smaller bytes. */
static void decode_locations(const uint8_t *table, size_t size, int32_t line, struct runs *runs)
{
	uint32_t offset = 0;
	size_t i = 0;

	while (i < size) {
		const unsigned int kind = (table[i] >> 3) & 15;
		const uint32_t length = ((table[i] & 7) + 1) * 2;

		if (kind == 13 || kind == 14)
			line = add_line(line, signed_varint(table, size, i + 1));
		else if (kind >= 10 && kind <= 12)
			line = add_line(line, kind - 10);
		add_run(runs, offset, kind == 15 ? NO_LINE : line);
		offset = add_offset(offset, length);
		for (i++; i < size && table[i] < 128; i++)
			;
	}
	add_run(runs, offset, NO_LINE);
}

size_t pyro_lines_bound(size_t size)
{
	return size + 2;
}

size_t pyro_lines_decode(uint32_t minor, const uint8_t *table, size_t size, int32_t first_line,
			 struct pyro_line_run *ret_runs)
{
	struct runs runs = {ret_runs, 0};

	if (minor < 10)
		decode_lnotab(table, size, first_line, &runs);
	else if (minor == 10)
		decode_pairs(table, size, first_line, &runs);
	else
		decode_locations(table, size, first_line, &runs);
	return runs.count;
}

int32_t pyro_lines_find(const struct pyro_line_run *runs, size_t count, int32_t first_line,
			uint32_t offset)
{
	size_t low = 0, high = count;

	if (offset == UINT32_MAX)
		return first_line;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (runs[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return first_line;
	/* Neighbours differ, so a run without a line is the first with one only at the start. */
	if (runs[low - 1].line == NO_LINE && low == 1)
		return first_line;
	return runs[low - 1].line;
}
