/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/glue.h"

#include <string.h>

#include "base/cleanup.h"

/* In the order of strcmp. Not here is what does work that a person may want to see, as list_sort,
 * dict_repr, PyUnicode_Join, builtin_exec or gc_collect_main. */
static const char *const names[] = {
	"PyCFunction_Call",
	"PyEval_CallFunction",
	"PyEval_CallMethod",
	"PyEval_CallObjectWithKeywords",
	"PyEval_EvalCode",
	"PyEval_EvalCodeEx",
	"PyEval_EvalFrame",
	"PyEval_EvalFrameEx",
	"PyGen_am_send",
	"PyIter_Next",
	"PyIter_NextItem",
	"PyIter_Send",
	"PyObject_Vectorcall",
	"PyObject_VectorcallDict",
	"PyObject_VectorcallMethod",
	"PyVectorcall_Call",
	"PyVectorcall_Function",
	"PyVectorcall_NARGS",
	"Py_BytesMain",
	"Py_Main",
	"Py_RunMain",
	"_PyCFunction_FastCallDict",
	"_PyCFunction_FastCallKeywords",
	"_PyCFunction_Vectorcall",
	"_PyEvalFrameClearAndPop",
	"_PyEvalFramePushAndInit",
	"_PyEvalFramePushAndInit_Ex",
	"_PyEval_EvalCode",
	"_PyEval_EvalCodeWithName",
	"_PyEval_EvalFrame",
	"_PyEval_EvalFrameDefault",
	"_PyEval_FrameClearAndPop",
	"_PyEval_FramePushAndInit",
	"_PyEval_MakeFrameVector",
	"_PyEval_Vector",
	"_PyFunction_FastCall",
	"_PyFunction_FastCallDict",
	"_PyFunction_Vectorcall",
	"_PyGen_Send",
	"_PyMethodDef_RawFastCallDict",
	"_PyMethodDef_RawFastCallKeywords",
	"_PyMethodDescr_FastCallKeywords",
	"_PyMethodDescr_Vectorcall",
	"_PyMethod_Vectorcall",
	"_PyObject_FastCall",
	"_PyObject_FastCallDict",
	"_PyObject_FastCallDictTstate",
	"_PyObject_FastCallTstate",
	"_PyObject_MakeTpCall",
	"_PyObject_Vectorcall",
	"_PyObject_VectorcallDictTstate",
	"_PyObject_VectorcallMethod",
	"_PyObject_VectorcallMethodId",
	"_PyObject_VectorcallPrepend",
	"_PyObject_VectorcallTstate",
	"_PyVectorcall_Call",
	"_PyVectorcall_Function",
	"_PyVectorcall_FunctionInline",
	"_Py_CheckFunctionResult",
	"_Py_trampoline_func_start",
	"__clone",
	"__clone3",
	"__libc_start_call_main",
	"__libc_start_main",
	"__libc_start_main_impl",
	"_start",
	"call_function",
	"call_maybe",
	"call_method",
	"call_unbound",
	"call_unbound_noarg",
	"cfunction_call",
	"cfunction_call_varargs",
	"cfunction_check_kwargs",
	"cfunction_enter_call",
	"classmethoddescr_call",
	"clone",
	"clone3",
	"cm_call",
	"do_call_core",
	"function_code_fastcall",
	"gen_iternext",
	"gen_send",
	"gen_send_ex",
	"gen_send_ex2",
	"initialize_locals",
	"instancemethod_call",
	"method_call",
	"method_vectorcall",
	"methoddescr_call",
	"object_vacall",
	"py_trampoline_evaluator",
	"pymain_main",
	"pyrun_file",
	"pyrun_simple_file",
	"pythread_wrapper",
	"run_eval_code_obj",
	"run_mod",
	"sm_call",
	"start_thread",
	"t_bootstrap",
	"thread_run",
	"trace_call_function",
	"type_call",
	"type_vectorcall",
	"vectorcall_maybe",
	"vectorcall_method",
	"vectorcall_unbound",
	"wrap_call",
	"wrap_init",
	"wrapper_call",
	"wrapperdescr_call",
	"wrapperdescr_raw_call",
};

/* Families, by how their names begin. */
static const char *const families[] = {
	"PyObject_Call", /* …Function, …MethodObjArgs, …OneArg, … */
	"PyRun_",
	"_PyCallMethodDescriptor", /* 3.15's calls on behalf of the loop */
	"_PyObject_Call",
	"_PyRun_",
	"_Py_BuiltinCall",
	"_Py_CallBuiltinClass",
	"_Py_VectorCall",
	"cfunction_vectorcall_",
	"method_vectorcall_",
	"pymain_run_",
	"slot_am_", /* from a type's slots in C to its methods in Python */
	"slot_bf_",
	"slot_mp_",
	"slot_nb_",
	"slot_sq_",
	"slot_tp_",
};

/* Named like a family, but none of it. */
static const char *const strangers[] = {"PyObject_Calloc", "_PyObject_Calloc"};

static const char loop[] = "_PyEval_EvalFrameDefault";
static const char loop_parts[] =
	"_TAIL_CALL_"; /* builds that have a function for each instruction */

/* How much of it is the name that the source has. */
static size_t own_size(const char *function)
{
	return strcspn(function, ".@");
}

size_t pyro_glue_own_size(const char *function)
{
	static const char *const appended[] = {" [clone ", ".part.",     ".constprop.", ".isra.",
					       ".cold",    ".lto_priv.", ".llvm."};
	size_t size = strlen(function);

	for (size_t i = 0; i < PYRO_COUNT(appended); i++) {
		const char *at = strstr(function, appended[i]);

		if (at && at != function && (size_t)(at - function) < size)
			size = (size_t)(at - function);
	}
	return size;
}

static bool begins(const char *function, const char *start)
{
	return strncmp(function, start, strlen(start)) == 0;
}

static bool equals(const char *function, size_t size, const char *name)
{
	return strncmp(function, name, size) == 0 && name[size] == '\0';
}

bool pyro_glue_is_loop(const char *function)
{
	return equals(function, own_size(function), loop) || begins(function, loop_parts);
}

static bool is_named(const char *function, size_t size)
{
	size_t low = 0, high = PYRO_COUNT(names);

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strncmp(function, names[middle], size);

		if (order == 0 && names[middle][size] == '\0')
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool pyro_glue_is(const char *function)
{
	const size_t size = own_size(function);

	for (size_t i = 0; i < PYRO_COUNT(strangers); i++) {
		if (equals(function, size, strangers[i]))
			return false;
	}
	for (size_t i = 0; i < PYRO_COUNT(families); i++) {
		if (begins(function, families[i]))
			return true;
	}
	return is_named(function, size) || begins(function, loop_parts);
}
