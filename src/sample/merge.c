/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/merge.h"

/* Each activation of the interpreter's loop is one frame of machine code, and runs the Python
 * frames from one that C code called to the next such: a run of them. To 3.10 a run is one frame.
 */

static void add(struct pyro_merged *merged, enum pyro_merged_kind kind, size_t at)
{
	merged->frames[merged->count++] =
		(struct pyro_merged_frame){.kind = kind, .at = (uint32_t)at};
}

/* Adds the run of Python frames that begins, leafward, at *@at, which is moved past it. */
static void add_run(const struct pyro_raw_stack *python, size_t *at, struct pyro_merged *merged)
{
	while (*at < python->count) {
		add(merged, PYRO_MERGED_PYTHON, *at);
		if (python->entries[(*at)++])
			break;
	}
}

static size_t count_runs(const struct pyro_raw_stack *python)
{
	size_t runs = 0;

	for (size_t i = 0; i < python->count; i++)
		runs += python->entries[i] || i == python->count - 1;
	return runs;
}

static size_t count_loops(const struct pyro_native_stack *native)
{
	size_t loops = 0;

	for (size_t i = 0; i < native->count; i++)
		loops += native->frames[i].kind == PYRO_CODE_LOOP;
	return loops;
}

static void only_python(const struct pyro_raw_stack *python, struct pyro_merged *merged)
{
	merged->count = 0;
	merged->fit = PYRO_MERGE_NONE;
	for (size_t i = 0; i < python->count; i++)
		add(merged, PYRO_MERGED_PYTHON, i);
}

/* Leaf to root; the first @empty activations of the loop have no frames. */
static void interleave(const struct pyro_raw_stack *python, size_t at,
		       const struct pyro_native_stack *native, size_t loops, size_t empty,
		       struct pyro_merged *merged)
{
	for (size_t i = 0; i < native->count; i++) {
		switch (native->frames[i].kind) {
		case PYRO_CODE_LOOP:
			if (empty)
				empty--;
			else
				add_run(python, &at, merged);
			loops--;
			break;
		case PYRO_CODE_LOOP_PART:
			break;
		default:
			add(merged, PYRO_MERGED_NATIVE, i);
		}
		if (loops == 0 && at == python->count && python->count)
			break;
	}
	/* The machine code that called these is not known. */
	while (at < python->count)
		add_run(python, &at, merged);
}

/* It was entered from the leaf of the machine code: without that there is no telling from where. */
static void add_kernel(const struct pyro_native_stack *native, size_t count,
		       struct pyro_merged *merged)
{
	for (size_t i = 0; i < count && i < PYRO_MAX_KERNEL_STACK && native->count; i++)
		add(merged, PYRO_MERGED_KERNEL, i);
}

void pyro_merge(const struct pyro_raw_stack *python, const struct pyro_native_stack *native,
		size_t kernel_count, struct pyro_merged *merged)
{
	const size_t runs = count_runs(python), loops = count_loops(native);
	const bool whole = native->end == PYRO_STACK_END_COMPLETE && !python->truncated;
	size_t at = 0;

	merged->count = 0;
	merged->fit = PYRO_MERGE_CUT;
	add_kernel(native, kernel_count, merged);
	if (!whole) {
		interleave(python, 0, native, loops, 0, merged);
		return;
	}
	/* At the root both are still: what is at the leaf may be about to come or just gone. */
	if (loops > runs + 1 || runs > loops + 1) {
		only_python(python, merged);
		return;
	}
	merged->fit = runs == loops ? PYRO_MERGE_WHOLE : PYRO_MERGE_EDGE;
	if (runs > loops)
		add_run(python, &at, merged);
	interleave(python, at, native, loops, loops > runs ? 1 : 0, merged);
}
