/* SPDX-License-Identifier: Apache-2.0 */
#include "view/columns.h"

#include <string.h>

void pyro_view_columns_strings(struct pyro_buf *buf, const struct pyro_profile *profile)
{
	struct pyro_profile_counts counts;
	size_t size;

	pyro_profile_counts(profile, &counts);
	pyro_buf_add_varint(buf, counts.strings);
	for (uint32_t i = 0; i < counts.strings; i++) {
		pyro_profile_string_get(profile, i, &size);
		pyro_buf_add_varint(buf, size);
	}
	for (uint32_t i = 0; i < counts.strings; i++) {
		const char *text = pyro_profile_string_get(profile, i, &size);

		pyro_buf_add(buf, text, size);
	}
}

void pyro_view_columns_files(struct pyro_buf *buf, const struct pyro_view_files *files)
{
	pyro_buf_add_varint(buf, files->count);
	for (size_t i = 0; i < files->count; i++)
		pyro_buf_add_varint(buf, files->files[i].string);
	for (size_t i = 0; i < files->count; i++)
		pyro_buf_add_varint(buf, (uint64_t)files->files[i].place->kind);
	for (size_t i = 0; i < files->count; i++) {
		const char *display = files->files[i].place->display;

		pyro_buf_add_varint(buf, strlen(display));
		pyro_buf_add_text(buf, display);
	}
}

void pyro_view_columns_functions(struct pyro_buf *buf, const struct pyro_profile *profile,
				 const struct pyro_view_files *files)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(profile, &counts);
	pyro_buf_add_varint(buf, counts.functions);
	for (uint32_t i = 0; i < counts.functions; i++)
		pyro_buf_add_varint(buf, pyro_profile_function_get(profile, i)->name);
	for (uint32_t i = 0; i < counts.functions; i++)
		pyro_buf_add_varint(buf, files->of_function[i]);
	for (uint32_t i = 0; i < counts.functions; i++)
		pyro_buf_add_varint_signed(buf, pyro_profile_function_get(profile, i)->first_line);
}

void pyro_view_columns_frames(struct pyro_buf *buf, const struct pyro_profile *profile)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(profile, &counts);
	pyro_buf_add_varint(buf, counts.frames);
	for (uint32_t i = 0; i < counts.frames; i++)
		pyro_buf_add_varint(buf, pyro_profile_frame_get(profile, i)->function);
	for (uint32_t i = 0; i < counts.frames; i++)
		pyro_buf_add_varint_signed(buf, pyro_profile_frame_get(profile, i)->line);
}

void pyro_view_columns_stacks(struct pyro_buf *buf, const struct pyro_profile *profile)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(profile, &counts);
	pyro_buf_add_varint(buf, counts.stacks);
	for (uint32_t i = 0; i < counts.stacks; i++) {
		uint32_t parent = pyro_profile_stack_get(profile, i)->parent;

		pyro_buf_add_varint(buf, parent == PYRO_NONE ? 0 : i - parent);
	}
	for (uint32_t i = 0; i < counts.stacks; i++)
		pyro_buf_add_varint(buf, pyro_profile_stack_get(profile, i)->frame);
}

static void add_float(struct pyro_buf *buf, double value)
{
	float narrow = (float)value;
	uint32_t bits;
	unsigned char bytes[4];

	memcpy(&bits, &narrow, sizeof(bits));
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(bits >> 8 * i);
	pyro_buf_add(buf, bytes, sizeof(bytes));
}

/* The number that the viewer knows a stack by; wraps PYRO_NONE to 0. */
static int64_t stack_number(const struct pyro_total *total)
{
	return total->stack == PYRO_NONE ? 0 : (int64_t)total->stack + 1;
}

void pyro_view_columns_totals(struct pyro_buf *buf, const struct pyro_profile *profile)
{
	struct pyro_profile_counts counts;
	int64_t before = 0;

	pyro_profile_counts(profile, &counts);
	pyro_buf_add_varint(buf, counts.totals);
	for (size_t i = 0; i < counts.totals; i++) {
		int64_t track = pyro_profile_total_get(profile, i)->track;

		pyro_buf_add_varint_signed(buf, track - before);
		before = track;
	}
	before = 0;
	for (size_t i = 0; i < counts.totals; i++) {
		int64_t stack = stack_number(pyro_profile_total_get(profile, i));

		pyro_buf_add_varint_signed(buf, stack - before);
		before = stack;
	}
	for (size_t metric = 0; metric < PYRO_METRIC_COUNT; metric++)
		for (size_t i = 0; i < counts.totals; i++)
			pyro_buf_add_varint(buf,
					    pyro_profile_total_get(profile, i)->values[metric]);
	for (size_t i = 0; i < counts.totals; i++)
		add_float(buf, pyro_profile_total_get(profile, i)->wall_squared);
	for (size_t i = 0; i < counts.totals; i++)
		add_float(buf, pyro_profile_total_get(profile, i)->cpu_squared);
}
