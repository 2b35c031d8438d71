/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/perf_stack.h"

#define PYTHON "/usr/bin/python3.13"

/* Chains, leaf first, and what is left of them, root first. */
static const struct {
	const char *frames[8];
	const char *expected;
	enum pyro_metric part;
} chains[] = {
	{{"_PyEval_EvalFrameDefault (" PYTHON ")", "py::f:/a.py (/tmp/perf-7.map)",
	  "py_trampoline_evaluator (" PYTHON ")", "main (" PYTHON ")"},
	 "f",
	 PYRO_METRIC_CPU_PYTHON},
	/* A run of the loop that no function of Python is named for. */
	{{"_PyEval_EvalFrameDefault (" PYTHON ")", "_PyEval_Vector (" PYTHON ")",
	  "list_sort (" PYTHON ")", "_PyEval_EvalFrameDefault (" PYTHON ")",
	  "py::f:/a.py (/tmp/perf-7.map)"},
	 "f;list_sort;_PyEval_EvalFrameDefault",
	 PYRO_METRIC_CPU_PYTHON},
	/* Without any, runs that follow each other are one. */
	{{"long_add (" PYTHON ")", "_PyEval_EvalFrameDefault (" PYTHON ")",
	  "_PyEval_Vector (" PYTHON ")", "_PyEval_EvalFrameDefault (" PYTHON ")",
	  "Py_RunMain (" PYTHON ")", "_start (" PYTHON ")"},
	 "_PyEval_EvalFrameDefault;long_add",
	 PYRO_METRIC_CPU_NATIVE},
	/* Names of glue in files that have none, and where nothing else is left. */
	{{"call_function (/srv/x.so)", "start_thread ([kernel.kallsyms])"},
	 "start_thread;call_function",
	 PYRO_METRIC_CPU_NATIVE},
	{{"Py_RunMain (" PYTHON ")", "_start (" PYTHON ")"}, "Py_RunMain", PYRO_METRIC_CPU_NATIVE},
	{{"start_thread (/lib/libc.so.6)", "clone3 (/lib/libc.so.6)"},
	 "start_thread",
	 PYRO_METRIC_CPU_NATIVE},
	/* What has no name. */
	{{"1 [unknown] (/x.so)", "2 [unknown] (/x.so)", "3 [unknown] (/y.so)",
	  "4 [unknown] (/x.so)", "5 [unknown] ([unknown])", "main (/bin/x)"},
	 "main;[unknown];[unknown];[unknown]",
	 PYRO_METRIC_CPU_NATIVE},
	{{"1 [unknown] (" PYTHON ")", "py::f:/a.py (/tmp/perf-7.map)", "2 [unknown] (" PYTHON ")",
	  "py::g:/a.py (/tmp/perf-7.map)", "3 [unknown] (" PYTHON ")"},
	 "g;f",
	 PYRO_METRIC_CPU_PYTHON},
	{{"1 [unknown] ([unknown])"}, "[unknown]", PYRO_METRIC_CPU_NATIVE},
	{{"vfs_read ([kernel.kallsyms])", "read (/lib/libc.so.6)"},
	 "read;vfs_read",
	 PYRO_METRIC_CPU_SYSTEM},
	{{"vfs_read (/usr/lib/debug/boot/vmlinux-6.1)", "read (/lib/libc.so.6)"},
	 "read;vfs_read",
	 PYRO_METRIC_CPU_SYSTEM},
	{{"xfs_read (/lib/modules/6.1/xfs.ko.xz)"}, "xfs_read", PYRO_METRIC_CPU_SYSTEM},
	{{"clock_gettime ([vdso])"}, "clock_gettime", PYRO_METRIC_CPU_NATIVE},
	{{NULL}, "", PYRO_METRIC_CPU_NATIVE},
};

static void describe(struct pyro_profile *profile, uint32_t index, char *text, size_t capacity)
{
	const struct pyro_stack *stack = pyro_profile_stack_get(profile, index);
	const struct pyro_function *function;
	size_t used;

	if (!stack)
		return;
	describe(profile, stack->parent, text, capacity);
	function = pyro_profile_function_get(
		profile, pyro_profile_frame_get(profile, stack->frame)->function);
	used = strlen(text);
	snprintf(text + used, capacity - used, "%s%s", used ? ";" : "",
		 pyro_profile_string_get(profile, function->name, NULL));
}

static void test_chains(void **state)
{
	struct pyro_perf_stack stack;
	struct pyro_profile *profile;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	pyro_perf_stack_init(&stack);
	for (size_t i = 0; i < PYRO_COUNT(chains); i++) {
		char text[256] = "";
		uint32_t index;

		pyro_perf_stack_reset(&stack);
		for (size_t k = 0; k < 8 && chains[i].frames[k]; k++) {
			struct pyro_perf_frame frame;

			assert_true(pyro_perf_frame_parse(chains[i].frames[k],
							  strlen(chains[i].frames[k]), &frame));
			assert_int_equal(pyro_perf_stack_add(&stack, &frame), PYRO_RC_OK);
		}
		assert_int_equal(pyro_perf_stack_part(&stack), chains[i].part);
		assert_int_equal(pyro_perf_stack_settle(&stack, profile, &index), PYRO_RC_OK);
		describe(profile, index, text, sizeof(text));
		assert_string_equal(text, chains[i].expected);
	}
	pyro_perf_stack_deinit(&stack);
	pyro_profile_destroy(profile);
}

/* Python, machine code and the kernel, which is one file however perf calls it. */
static void test_kinds(void **state)
{
	static const struct {
		const char *line, *file;
		enum pyro_function_kind kind;
	} cases[] = {
		{"vfs_read ([kernel.kallsyms])", "[kernel]", PYRO_FUNCTION_KERNEL},
		{"vfs_write ([kernel.vmlinux])", "[kernel]", PYRO_FUNCTION_KERNEL},
		{"do_futex (/usr/lib/debug/boot/vmlinux-6.1)", "[kernel]", PYRO_FUNCTION_KERNEL},
		{"xfs_read ([xfs])", "[xfs]", PYRO_FUNCTION_KERNEL},
		{"1 [unknown] ([kernel.kallsyms])", "[kernel]", PYRO_FUNCTION_KERNEL},
		{"clock_gettime ([vdso])", "[vdso]", PYRO_FUNCTION_NATIVE},
		{"read (/lib/libc.so.6)", "/lib/libc.so.6", PYRO_FUNCTION_NATIVE},
		{"py::f:/a.py (/tmp/perf-7.map)", "/a.py", PYRO_FUNCTION_PYTHON},
	};
	struct pyro_perf_stack stack;
	struct pyro_profile *profile;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	pyro_perf_stack_init(&stack);
	for (uint32_t i = 0; i < PYRO_COUNT(cases); i++) {
		const struct pyro_function *function;
		struct pyro_perf_frame frame;
		uint32_t index;

		pyro_perf_stack_reset(&stack);
		assert_true(pyro_perf_frame_parse(cases[i].line, strlen(cases[i].line), &frame));
		assert_int_equal(pyro_perf_stack_add(&stack, &frame), PYRO_RC_OK);
		assert_int_equal(pyro_perf_stack_settle(&stack, profile, &index), PYRO_RC_OK);
		function = pyro_profile_function_get(profile, i);
		assert_int_equal(function->kind, cases[i].kind);
		assert_string_equal(pyro_profile_string_get(profile, function->file, NULL),
				    cases[i].file);
	}
	pyro_perf_stack_deinit(&stack);
	pyro_profile_destroy(profile);
}

/* What was inlined is where the frame is that it was inlined into. */
static void test_inlined(void **state)
{
	static const char *const lines[] = {"\t1 inner (inlined)", "\t1 outer (/lib/libx.so)"};
	struct pyro_perf_stack stack;
	struct pyro_profile *profile;
	struct pyro_profile_counts counts;
	struct pyro_perf_frame frame;
	uint32_t index;

	assert_int_equal(pyro_profile_create(&profile, NULL), PYRO_RC_OK);
	pyro_perf_stack_init(&stack);
	for (size_t i = 0; i < PYRO_COUNT(lines); i++) {
		assert_true(pyro_perf_frame_parse(lines[i], strlen(lines[i]), &frame));
		assert_int_equal(pyro_perf_stack_add(&stack, &frame), PYRO_RC_OK);
	}
	assert_int_equal(pyro_perf_stack_settle(&stack, profile, &index), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_int_equal(counts.functions, 2);
	assert_int_equal(pyro_profile_function_get(profile, 0)->file,
			 pyro_profile_function_get(profile, 1)->file);
	pyro_perf_stack_deinit(&stack);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_inlined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
