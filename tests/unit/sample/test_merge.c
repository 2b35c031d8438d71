/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sample/merge.h"

/* Stacks as texts, leaf first. Python: a letter a frame, a capital one was called by C code.
 * Machine code: L is the loop, p a part of it, any other character a function; what comes out names
 * Python's letters and those of functions, in turn, and the kernel's by what stands for them. */
static const char kernel[] = "!?";
static size_t kernel_count;

static struct pyro_raw_stack *python;
static struct pyro_native_stack *native;
static struct pyro_merged *merged;

static int set_up(void **state)
{
	python = calloc(1, sizeof(*python));
	native = calloc(1, sizeof(*native));
	merged = calloc(1, sizeof(*merged));
	return python && native && merged ? 0 : -1;
}

static int tear_down(void **state)
{
	free(python);
	free(native);
	free(merged);
	return 0;
}

static void check(const char *frames, const char *code, enum pyro_stack_end end,
		  enum pyro_merge_fit fit, const char *expected)
{
	char text[256] = "";

	python->count = strlen(frames);
	for (size_t i = 0; i < python->count; i++)
		python->entries[i] = frames[i] < 'a';
	native->count = strlen(code);
	native->end = end;
	for (size_t i = 0; i < native->count; i++)
		native->frames[i].kind = code[i] == 'L'   ? PYRO_CODE_LOOP
					 : code[i] == 'p' ? PYRO_CODE_LOOP_PART
							  : PYRO_CODE_NATIVE;
	pyro_merge(python, native, kernel_count, merged);
	for (size_t i = 0; i < merged->count; i++) {
		const char *const of[] = {[PYRO_MERGED_PYTHON] = frames,
					  [PYRO_MERGED_NATIVE] = code,
					  [PYRO_MERGED_KERNEL] = kernel};

		text[i] = of[merged->frames[i].kind][merged->frames[i].at];
	}
	assert_string_equal(text, expected);
	assert_int_equal(merged->fit, fit);
}

static void each_run_takes_the_place_of_a_loop(void **state)
{
	const enum pyro_stack_end end = PYRO_STACK_END_COMPLETE;

	/* Python alone, in one run; what is rootward of it says nothing. */
	check("abC", "L123", end, PYRO_MERGE_WHOLE, "abC");
	/* C called by Python. */
	check("abC", "12L34", end, PYRO_MERGE_WHOLE, "12abC");
	/* C called back. */
	check("aBcD", "1L23L45", end, PYRO_MERGE_WHOLE, "1aB23cD");
	/* To 3.10 each frame is a run. */
	check("ABC", "L1L2L3", end, PYRO_MERGE_WHOLE, "A1B2C");
	/* Parts of the loop have no place of their own. */
	check("abC", "1pL2", end, PYRO_MERGE_WHOLE, "1abC");
}

static void the_innermost_may_be_on_its_way(void **state)
{
	const enum pyro_stack_end end = PYRO_STACK_END_COMPLETE;

	/* The loop has no frame yet, or any more. */
	check("aBcD", "L1L23L4", end, PYRO_MERGE_EDGE, "1aB23cD");
	check("", "L12", end, PYRO_MERGE_EDGE, "12");
	/* The frame is there, its loop is not. */
	check("AbC", "12L3", end, PYRO_MERGE_EDGE, "A12bC");
}

static void what_does_not_fit_is_python_alone(void **state)
{
	const enum pyro_stack_end end = PYRO_STACK_END_COMPLETE;

	check("aB", "LLL1", end, PYRO_MERGE_NONE, "aB");
	check("AB", "12", end, PYRO_MERGE_NONE, "AB");
	check("ABC", "L", end, PYRO_MERGE_NONE, "ABC");
}

static void what_broke_off_is_merged_from_the_leaf(void **state)
{
	check("aBcD", "1L23", PYRO_STACK_END_NO_RULE, PYRO_MERGE_CUT, "1aB23cD");
	check("aBcD", "1", PYRO_STACK_END_UNREADABLE, PYRO_MERGE_CUT, "1aBcD");
	check("aBcD", "1L2L3", PYRO_STACK_END_TOO_DEEP, PYRO_MERGE_CUT, "1aB2cD");
	/* Python's stack is cut: its last run has no end. */
	python->truncated = true;
	check("aBcd", "1L2L3L4", PYRO_STACK_END_COMPLETE, PYRO_MERGE_CUT, "1aB2cd3");
	python->truncated = false;
}

static void without_python_all_is_machine_code(void **state)
{
	check("", "123", PYRO_STACK_END_COMPLETE, PYRO_MERGE_WHOLE, "123");
	check("", "", PYRO_STACK_END_UNREADABLE, PYRO_MERGE_CUT, "");
	check("aB", "", PYRO_STACK_END_UNREADABLE, PYRO_MERGE_CUT, "aB");
}

static void the_kernel_is_on_top_of_machine_code(void **state)
{
	const enum pyro_stack_end end = PYRO_STACK_END_COMPLETE;

	kernel_count = 2;
	check("abC", "12L3", end, PYRO_MERGE_WHOLE, "!?12abC");
	/* The loop itself met with a page fault. */
	check("abC", "L3", end, PYRO_MERGE_WHOLE, "!?abC");
	check("AbC", "12L3", end, PYRO_MERGE_EDGE, "!?A12bC");
	check("aBcD", "1L23", PYRO_STACK_END_NO_RULE, PYRO_MERGE_CUT, "!?1aB23cD");
	check("", "12", end, PYRO_MERGE_WHOLE, "!?12");
	/* Where the code below is not known, it is not shown. */
	check("AB", "12", end, PYRO_MERGE_NONE, "AB");
	check("aB", "", PYRO_STACK_END_UNREADABLE, PYRO_MERGE_CUT, "aB");
	check("", "", PYRO_STACK_END_UNREADABLE, PYRO_MERGE_CUT, "");
	kernel_count = 0;
}

/* The deepest of all fit in. */
static void the_deepest_have_room(void **state)
{
	python->count = native->count = PYRO_MAX_STACK_DEPTH;
	native->end = PYRO_STACK_END_TOO_DEEP;
	for (size_t i = 0; i < PYRO_MAX_STACK_DEPTH; i++) {
		python->entries[i] = false;
		native->frames[i].kind = PYRO_CODE_NATIVE;
	}
	pyro_merge(python, native, SIZE_MAX, merged);
	assert_int_equal(merged->count, 2 * PYRO_MAX_STACK_DEPTH + PYRO_MAX_KERNEL_STACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_run_takes_the_place_of_a_loop),
		cmocka_unit_test(the_innermost_may_be_on_its_way),
		cmocka_unit_test(what_does_not_fit_is_python_alone),
		cmocka_unit_test(what_broke_off_is_merged_from_the_leaf),
		cmocka_unit_test(without_python_all_is_machine_code),
		cmocka_unit_test(the_kernel_is_on_top_of_machine_code),
		cmocka_unit_test(the_deepest_have_room),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
