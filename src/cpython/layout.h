/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_LAYOUT_H
#define PYRO_CPYTHON_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cpython/python.h"

/** An offset of something that this version does not have. */
#define PYRO_ABSENT UINT32_MAX

/** Every offset, in bytes, that the decoder uses. Named as in CPython's headers, shortened:
 *  rt _PyRuntimeState, in PyInterpreterState, ts PyThreadState, cf _PyCFrame, gil struct
 *  _gil_runtime_state, fr PyFrameObject (to 3.10) or _PyInterpreterFrame, co PyCodeObject, str
 *  PyUnicodeObject, by PyBytesObject, di PyDictObject, ty PyTypeObject, mod PyModuleObject, exc
 *  PyBaseExceptionObject, func PyFunctionObject, meth PyMethodObject, builtin PyCFunctionObject,
 * gen PyGenObject and its like. */
#define PYRO_LAYOUT_FIELDS(X)                                                                      \
	X(rt_finalizing)                                                                           \
	X(rt_interpreters)                                                                         \
	X(rt_main_thread) /* pthread_t of the main thread; to 3.12 */                              \
	X(rt_gil)         /* to 3.11 */                                                            \
	X(rt_collecting)  /* 3.8 */                                                                \
	X(in_id)                                                                                   \
	X(in_next)                                                                                 \
	X(in_threads)                                                                              \
	X(in_collecting) /* 3.9 on */                                                              \
	X(in_modules)                                                                              \
	X(in_gil)        /* pointer to the GIL in use; 3.12 on */                                  \
	X(in_own_gil)    /* the interpreter's own; 3.12 on */                                      \
	X(in_generation) /* code_object_generation; 3.14 on */                                     \
	X(ts_next)                                                                                 \
	X(ts_interp)                                                                               \
	X(ts_top)    /* frame (to 3.10), cframe (3.11, 3.12), current_frame (3.13 on) */           \
	X(ts_cframe) /* 3.10 to 3.12 */                                                            \
	X(ts_base)   /* pointer to the frame below all others; 3.15 on */                          \
	X(ts_thread_id)                                                                            \
	X(ts_native_id) /* 3.11 on */                                                              \
	X(ts_status)    /* 3.12 on */                                                              \
	X(ts_chunk)     /* 3.11 on */                                                              \
	X(ts_data_top)  /* end of the newest frame on the data stack; 3.12 on */                   \
	X(cf_frame)     /* 3.11, 3.12 */                                                           \
	X(cf_previous)  /* 3.11, 3.12 */                                                           \
	X(gil_interval)                                                                            \
	X(gil_last_holder)                                                                         \
	X(gil_locked)                                                                              \
	X(gil_switch_number)                                                                       \
	X(gil_cond)                                                                                \
	X(gil_end)                                                                                 \
	X(fr_previous)                                                                             \
	X(fr_code)                                                                                 \
	X(fr_instr)  /* f_lasti (to 3.10), prev_instr (3.11, 3.12), instr_ptr */                   \
	X(fr_owner)  /* 3.11 on */                                                                 \
	X(fr_entry)  /* the first frame of its cframe; 3.11 */                                     \
	X(fr_tlbc)   /* free-threaded, 3.14 on */                                                  \
	X(ts_dict)   /* to 3.12 */                                                                 \
	X(ts_loop)   /* asyncio_running_loop; 3.13 */                                              \
	X(fr_stack)  /* f_stacktop (3.8, 3.9), f_stackdepth (3.10), stacktop (to 3.13),            \
			stackpointer */                                                            \
	X(fr_values) /* f_valuestack; to 3.10 */                                                   \
	X(gen_frame) /* pointer to the frame (to 3.10), the frame itself */                        \
	X(gen_state) /* 3.11 on */                                                                 \
	X(co_units)  /* number of code units; 3.11 on */                                           \
	X(co_code)   /* pointer to bytes (to 3.10), the instructions themselves */                 \
	X(co_first_line)                                                                           \
	X(co_stacksize) /* values; to 3.9 */                                                       \
	X(co_framesize) /* in words; 3.12 on */                                                    \
	X(co_filename)                                                                             \
	X(co_name)                                                                                 \
	X(co_qualname) /* 3.11 on */                                                               \
	X(co_linetable)                                                                            \
	X(co_version)  /* 3.12 on */                                                               \
	X(co_tlbc)     /* free-threaded, 3.14 on */                                                \
	X(co_id)       /* first byte of what identifies a code object ... */                       \
	X(co_hole)     /* ... except what changes while it lives, from here ... */                 \
	X(co_hole_end) /* ... to here ... */                                                       \
	X(co_id_end)   /* ... and its end */                                                       \
	X(ob_type)                                                                                 \
	X(str_length)                                                                              \
	X(str_hash)                                                                                \
	X(str_state)                                                                               \
	X(str_wide)    /* wchar_t pointer of a string that is not ready; to 3.11 */                \
	X(str_ascii)   /* size of PyASCIIObject: where ASCII text lies */                          \
	X(str_compact) /* size of PyCompactUnicodeObject: where other text lies */                 \
	X(by_length)                                                                               \
	X(by_data)                                                                                 \
	X(di_keys)                                                                                 \
	X(di_values)                                                                               \
	X(ty_name)                                                                                 \
	X(ty_basicsize)                                                                            \
	X(ty_dictoffset)                                                                           \
	X(ty_flags)                                                                                \
	X(ty_cached_keys) /* PyHeapTypeObject.ht_cached_keys */                                    \
	X(mod_dict)                                                                                \
	X(long_digits) /* where a long's digits begin; ob_size or lv_tag lies 8 before */          \
	/* what values need */                                                                     \
	X(fr_globals)                                                                              \
	X(fr_locals)     /* the namespace of a module or class body */                             \
	X(fr_localsplus) /* fast locals */                                                         \
	X(co_argcount)                                                                             \
	X(co_kwonly)                                                                               \
	X(co_flags)                                                                                \
	X(co_nlocals) /* co_nlocals (to 3.10), co_nlocalsplus */                                   \
	X(co_locals)  /* names: co_varnames (to 3.10), co_localsplusnames */                       \
	X(co_cells)   /* names; to 3.10 */                                                         \
	X(co_frees)   /* names; to 3.10 */                                                         \
	X(co_kinds)   /* bytes, one for each of `co_locals`; 3.11 on */                            \
	X(ty_itemsize)                                                                             \
	X(ty_members)                                                                              \
	X(ty_base)                                                                                 \
	X(ty_dict)                                                                                 \
	X(ty_qualname) /* PyHeapTypeObject.ht_qualname */                                          \
	X(di_used)                                                                                 \
	X(set_used)                                                                                \
	X(set_mask)                                                                                \
	X(set_table)                                                                               \
	X(list_items)                                                                              \
	X(tuple_items)                                                                             \
	X(float_value)                                                                             \
	X(complex_value)                                                                           \
	X(bytearray_start)                                                                         \
	X(slice_start)                                                                             \
	X(cell_content)                                                                            \
	X(exc_args)                                                                                \
	X(func_qualname)                                                                           \
	X(meth_func)   /* im_self lies 8 behind */                                                 \
	X(builtin_def) /* m_self lies 8 behind */                                                  \
	X(gen_qualname)

struct pyro_layout {
	uint32_t minor; /**< 8 for 3.8 */
	bool free_threaded;
#define PYRO_LAYOUT_MEMBER(name) uint32_t name;
	PYRO_LAYOUT_FIELDS(PYRO_LAYOUT_MEMBER)
#undef PYRO_LAYOUT_MEMBER
};

/* What the decoder reads at once of each structure; every offset is validated against these. */
#define PYRO_READ_THREAD 512 /**< of a PyThreadState */
#define PYRO_READ_FRAME  160 /**< of a frame */
#define PYRO_READ_CODE   240 /**< of a code object, its instructions excluded */
#define PYRO_READ_GIL    64  /**< of a GIL, its condition variables excluded */
#define PYRO_READ_ID     160 /**< of what identifies a code object */
#define PYRO_READ_VALUE  144 /**< of the fixed part of an object */
#define PYRO_READ_TYPE   320 /**< of a PyTypeObject: its first part */

/** The row of 3.@minor, NULL where there is none (3.13 on publishes its offsets). Static. */
const struct pyro_layout *pyro_layout_row(uint32_t minor);

/** Fills @ret_layout for the interpreter at @origin: from the rows, or from the table that 3.13 and
 *  later publish at the head of _PyRuntime. Validated: every offset fits what is read. Errors:
 *  UNSUPPORTED, FORMAT, and those of the reader. */
enum pyro_rc pyro_layout_find(struct pyro_reader *reader, const struct pyro_python_origin *origin,
			      struct pyro_layout *ret_layout, struct pyro_err *err) PYRO_NODISCARD;

/** Bytes of the table that @minor publishes, 0 where it publishes none. */
uint32_t pyro_offsets_size(uint32_t minor);
/** Decodes a published table of @size bytes that nobody has to trust. */
enum pyro_rc pyro_offsets_decode(const void *table, size_t size,
				 const struct pyro_python_origin *origin,
				 struct pyro_layout *ret_layout,
				 struct pyro_err *err) PYRO_NODISCARD;
/** Whether every offset of @layout lies in what the decoder reads. */
bool pyro_layout_is_sound(const struct pyro_layout *layout);

#endif
