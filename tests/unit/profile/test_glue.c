/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "profile/glue.h"

/* What only leads from one frame to the next, in some version between 3.8 and 3.15. */
static void test_glue(void **state)
{
	static const char *const glue[] = {
		"PyCFunction_Call",      /* the first of the table */
		"wrapperdescr_raw_call", /* the last */
		"_PyEval_EvalFrameDefault",
		"_PyEval_EvalFrameDefault.cold",
		"_PyEval_EvalFrameDefault.lto_priv.0",
		"_TAIL_CALL_LOAD_FAST",
		"_TAIL_CALL_BINARY_OP.llvm.1234",
		"py_trampoline_evaluator",
		"_PyEval_Vector",
		"_PyEval_EvalCodeWithName",
		"_PyFunction_Vectorcall",
		"_PyFunction_Vectorcall.constprop.0",
		"function_code_fastcall",
		"call_function",
		"cfunction_vectorcall_FASTCALL",
		"cfunction_vectorcall_FASTCALL_KEYWORDS_METHOD",
		"method_vectorcall",
		"method_vectorcall_NOARGS",
		"_PyObject_MakeTpCall",
		"PyObject_CallOneArg",
		"PyObject_CallMethodObjArgs",
		"_PyObject_Call_Prepend",
		"_PyObject_CallFunction_SizeT",
		"_Py_VectorCall_StackRefSteal",
		"_Py_BuiltinCallFastWithKeywords_StackRef",
		"slot_tp_init",
		"slot_nb_add",
		"slot_tp_richcompare.part.0",
		"type_call",
		"Py_RunMain",
		"Py_BytesMain@plt",
		"pymain_run_python.constprop.0",
		"run_mod",
		"PyEval_EvalCode",
		"_PyRun_SimpleFileObject",
		"PyRun_AnyFileExFlags",
		"thread_run",
		"pythread_wrapper",
		"start_thread",
		"clone3",
		"_start",
		"__libc_start_main@@GLIBC_2.34",
		"__libc_start_call_main",
	};

	for (size_t i = 0; i < PYRO_COUNT(glue); i++) {
		if (!pyro_glue_is(glue[i]))
			fail_msg("%s is taken for work", glue[i]);
	}
}

static void test_work(void **state)
{
	static const char *const work[] = {
		"",
		".",
		".cold",
		"@plt",
		"_",
		"_sta",
		"_starting",
		"list_sort",
		"list_sort_impl.isra.0",
		"dict_repr",
		"sre_ucs1_match",
		"PyUnicode_Join",
		"long_add",
		"gc_collect_main",
		"builtin_exec",
		"slots_resolve",
		"PyObject_Calloc",
		"_PyObject_Calloc",
		"_PyObject_Calloc.cold",
		"PyObject_Str",
		"_PyEval_ImportName",
		"_PyEval_EvalFrameDefaultX",
		"main",
		"start_threads",
		"py::start_thread:/srv/start.py",
		"call_function(int)",
	};

	for (size_t i = 0; i < PYRO_COUNT(work); i++) {
		if (pyro_glue_is(work[i]))
			fail_msg("%s is taken for glue", work[i]);
	}
}

static void test_loop(void **state)
{
	assert_true(pyro_glue_is_loop("_PyEval_EvalFrameDefault"));
	assert_true(pyro_glue_is_loop("_PyEval_EvalFrameDefault.cold"));
	assert_true(pyro_glue_is_loop("_TAIL_CALL_CALL"));
	assert_false(pyro_glue_is_loop("_PyEval_EvalFrame"));
	assert_false(pyro_glue_is_loop("_PyEval_EvalFrameDefaultX"));
	assert_false(pyro_glue_is_loop("py_trampoline_evaluator"));
	assert_false(pyro_glue_is_loop(""));
}

static void test_own_name(void **state)
{
	static const struct {
		const char *function, *own;
	} names[] = {
		{"list_sort", "list_sort"},
		{"encoder_listencode_dict.part.0", "encoder_listencode_dict"},
		{"sift.constprop.0.isra.0", "sift"},
		{"deflate.cold", "deflate"},
		{"foo(int) [clone .part.0]", "foo(int)"},
		{"core::num::<impl f64>::powi.llvm.123", "core::num::<impl f64>::powi"},
		{"libz.so.1+0x1a2b", "libz.so.1+0x1a2b"},
		{".cold", ".cold"},
		{"", ""},
	};
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		print_message("%s\n", names[i].function);
		assert_int_equal(pyro_glue_own_size(names[i].function), strlen(names[i].own));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glue),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
