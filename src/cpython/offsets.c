/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cpython/layout.h"

/* _Py_DebugOffsets: from 3.13 on a table at the head of _PyRuntime says where everything lies. Its
 * own shape is fixed within a minor release, its values are not. Include/internal/pycore_runtime.h
 * (3.13), pycore_debug_offsets.h (3.14 on). */

#define COOKIE      "xdebugpy"
#define COOKIE_SIZE 8
#define HEAD_SIZE   24 /* cookie, version, free_threaded */

#define MAX_STRUCT  (1u << 14) /* of small structures */
#define MAX_RUNTIME (1u << 24) /* of the runtime and an interpreter */

/* Every entry of every table, by its name there. */
#define TABLE_COMMON_INTERPRETER                                                                   \
	F(in_gc), F(in_modules), SKIP, SKIP, F(in_gil), F(in_own_gil), SKIP, F(gil_locked),        \
		F(gil_last_holder)
#define F(name) T_##name
#define SKIP    T_unused

enum table_field {
	T_unused,
	T_rt_size,
	T_rt_finalizing,
	T_rt_interpreters,
	T_in_size,
	T_in_id,
	T_in_next,
	T_in_threads,
	T_in_gc,
	T_in_modules,
	T_in_gil,
	T_in_own_gil,
	T_gil_locked,
	T_gil_last_holder,
	T_in_generation,
	T_ts_size,
	T_ts_next,
	T_ts_interp,
	T_ts_top,
	T_ts_base,
	T_ts_thread_id,
	T_ts_native_id,
	T_ts_chunk,
	T_ts_status,
	T_fr_size,
	T_fr_previous,
	T_fr_code,
	T_fr_instr,
	T_fr_localsplus,
	T_fr_owner,
	T_fr_locals,
	T_fr_stack,
	T_fr_tlbc,
	T_co_size,
	T_co_filename,
	T_co_name,
	T_co_qualname,
	T_co_linetable,
	T_co_first_line,
	T_co_argcount,
	T_co_localsplusnames,
	T_co_localspluskinds,
	T_co_code,
	T_co_tlbc,
	T_ob_size,
	T_ob_type,
	T_ty_size,
	T_ty_name,
	T_ty_flags,
	T_ty_basicsize,
	T_ty_dictoffset,
	T_ty_cached_keys,
	T_tuple_items,
	T_list_items,
	T_di_keys,
	T_di_values,
	T_long_digits,
	T_by_length,
	T_by_data,
	T_str_size,
	T_str_state,
	T_str_length,
	T_str_ascii,
	T_str_compact,
	T_gc_collecting,
	T_gen_frame,
	T_gen_state,
	TABLE_FIELDS
};

/* clang-format off: one line for each structure of the table */
static const uint8_t table_13[] = {
	F(rt_size),
	F(rt_finalizing),
	F(rt_interpreters),
	F(in_size),
	F(in_id),
	F(in_next),
	F(in_threads),
	TABLE_COMMON_INTERPRETER,
	F(ts_size),
	SKIP,
	F(ts_next),
	F(ts_interp),
	F(ts_top),
	F(ts_thread_id),
	F(ts_native_id),
	F(ts_chunk),
	F(ts_status),
	F(fr_size),
	F(fr_previous),
	F(fr_code),
	F(fr_instr),
	F(fr_localsplus),
	F(fr_owner),
	F(co_size),
	F(co_filename),
	F(co_name),
	F(co_qualname),
	F(co_linetable),
	F(co_first_line),
	F(co_argcount),
	F(co_localsplusnames),
	F(co_localspluskinds),
	F(co_code),
	F(ob_size),
	F(ob_type),
	F(ty_size),
	F(ty_name),
	SKIP,
	F(ty_flags),
	SKIP,
	F(tuple_items),
	SKIP, /* tuple */
	SKIP,
	F(list_items),
	SKIP, /* list */
	SKIP,
	F(di_keys),
	F(di_values),
	SKIP,
	SKIP, /* float */
	SKIP,
	SKIP,
	F(long_digits),
	SKIP,
	F(by_length),
	F(by_data),
	F(str_size),
	F(str_state),
	F(str_length),
	F(str_ascii),
	SKIP,
	F(gc_collecting),
};

static const uint8_t table_14[] = {
	F(rt_size),
	F(rt_finalizing),
	F(rt_interpreters),
	F(in_size),
	F(in_id),
	F(in_next),
	F(in_threads),
	SKIP,
	TABLE_COMMON_INTERPRETER,
	F(in_generation),
	SKIP,
	F(ts_size),
	SKIP,
	F(ts_next),
	F(ts_interp),
	F(ts_top),
	F(ts_thread_id),
	F(ts_native_id),
	F(ts_chunk),
	F(ts_status),
	F(fr_size),
	F(fr_previous),
	F(fr_code),
	F(fr_instr),
	F(fr_localsplus),
	F(fr_owner),
	F(fr_stack),
	F(fr_tlbc),
	F(co_size),
	F(co_filename),
	F(co_name),
	F(co_qualname),
	F(co_linetable),
	F(co_first_line),
	F(co_argcount),
	F(co_localsplusnames),
	F(co_localspluskinds),
	F(co_code),
	F(co_tlbc),
	F(ob_size),
	F(ob_type),
	F(ty_size),
	F(ty_name),
	SKIP,
	F(ty_flags),
	SKIP,
	F(tuple_items),
	SKIP, /* tuple */
	SKIP,
	F(list_items),
	SKIP, /* list */
	SKIP,
	SKIP,
	SKIP,
	SKIP, /* set */
	SKIP,
	F(di_keys),
	F(di_values),
	SKIP,
	SKIP, /* float */
	SKIP,
	SKIP,
	F(long_digits),
	SKIP,
	F(by_length),
	F(by_data),
	F(str_size),
	F(str_state),
	F(str_length),
	F(str_ascii),
	SKIP,
	F(gc_collecting),
	SKIP,
	SKIP,
	F(gen_frame),
	F(gen_state), /* generator */
};

static const uint8_t table_15[] = {
	F(rt_size),
	F(rt_finalizing),
	F(rt_interpreters),
	F(in_size),
	F(in_id),
	F(in_next),
	F(in_threads),
	SKIP,
	TABLE_COMMON_INTERPRETER,
	F(in_generation),
	SKIP,
	F(ts_size),
	SKIP,
	F(ts_next),
	F(ts_interp),
	F(ts_top),
	F(ts_base),
	SKIP,
	SKIP,
	F(ts_thread_id),
	F(ts_native_id),
	F(ts_chunk),
	F(ts_status),
	SKIP,
	SKIP,
	SKIP,
	SKIP,
	SKIP, /* exception stack item */
	F(fr_size),
	F(fr_previous),
	F(fr_code),
	F(fr_instr),
	F(fr_localsplus),
	F(fr_owner),
	F(fr_stack),
	F(fr_tlbc),
	F(co_size),
	F(co_filename),
	F(co_name),
	F(co_qualname),
	F(co_linetable),
	F(co_first_line),
	F(co_argcount),
	F(co_localsplusnames),
	F(co_localspluskinds),
	F(co_code),
	F(co_tlbc),
	F(ob_size),
	F(ob_type),
	F(ty_size),
	F(ty_name),
	SKIP,
	F(ty_flags),
	F(ty_basicsize),
	F(ty_dictoffset),
	SKIP,
	F(ty_cached_keys),
	SKIP,
	F(tuple_items),
	SKIP, /* tuple */
	SKIP,
	F(list_items),
	SKIP, /* list */
	SKIP,
	SKIP,
	SKIP,
	SKIP, /* set */
	SKIP,
	F(di_keys),
	F(di_values),
	SKIP,
	SKIP, /* float */
	SKIP,
	SKIP,
	F(long_digits),
	SKIP,
	F(by_length),
	F(by_data),
	F(str_size),
	F(str_state),
	F(str_length),
	F(str_ascii),
	F(str_compact),
	SKIP,
	F(gc_collecting),
	SKIP,
	SKIP,
	SKIP,
	SKIP,
	SKIP,
	F(gen_frame),
	F(gen_state), /* generator */
};
/* clang-format on */

static const struct {
	uint32_t minor;
	uint32_t entries;
	const uint8_t *fields;
} tables[] = {
	{13, PYRO_COUNT(table_13), table_13},
	{14, PYRO_COUNT(table_14), table_14},
	{15, PYRO_COUNT(table_15), table_15},
};

uint32_t pyro_offsets_size(uint32_t minor)
{
	for (size_t i = 0; i < PYRO_COUNT(tables); i++) {
		if (tables[i].minor == minor)
			return HEAD_SIZE + tables[i].entries * 8;
	}
	return 0;
}

/* What belongs to which structure, and how large that says it is. */
static const struct {
	uint8_t first, last; /* members */
	uint8_t size;
	uint32_t max;
} spans[] = {
	{T_rt_finalizing, T_rt_interpreters, T_rt_size, MAX_RUNTIME},
	{T_in_id, T_in_own_gil, T_in_size, MAX_RUNTIME},
	{T_ts_next, T_ts_status, T_ts_size, MAX_STRUCT},
	{T_fr_previous, T_fr_tlbc, T_fr_size, MAX_STRUCT},
	{T_co_filename, T_co_tlbc, T_co_size, MAX_STRUCT},
	{T_ob_type, T_ob_type, T_ob_size, MAX_STRUCT},
	{T_ty_name, T_ty_flags, T_ty_size, MAX_STRUCT},
	{T_str_state, T_str_length, T_str_size, MAX_STRUCT},
};

static bool values_are_sound(const uint64_t values[TABLE_FIELDS])
{
	for (size_t i = 1; i < TABLE_FIELDS; i++) {
		if (values[i] >= MAX_RUNTIME)
			return false;
	}
	for (size_t i = 0; i < PYRO_COUNT(spans); i++) {
		const uint64_t size = values[spans[i].size];

		if (size > spans[i].max)
			return false;
		for (size_t j = spans[i].first; j <= spans[i].last; j++) {
			if (values[j] >= size)
				return false;
		}
	}
	return true;
}

/* What only values need. tools/layouts verifies these distances as well. */
static void derive_values(const uint64_t v[TABLE_FIELDS], struct pyro_layout *l)
{
	const uint32_t head = (uint32_t)v[T_ob_size];

	l->fr_globals = (uint32_t)v[T_fr_previous] + 16;
	l->fr_locals = (uint32_t)v[T_fr_previous] + 32;
	l->fr_localsplus = (uint32_t)v[T_fr_localsplus];
	l->co_argcount = (uint32_t)v[T_co_argcount];
	l->co_kwonly = (uint32_t)v[T_co_argcount] + 8;
	l->co_flags = (uint32_t)v[T_co_argcount] - 4;
	l->co_nlocals = (uint32_t)v[T_co_first_line] + 4;
	l->co_locals = (uint32_t)v[T_co_localsplusnames];
	l->co_kinds = (uint32_t)v[T_co_localspluskinds];
	l->ty_itemsize = (uint32_t)v[T_ty_name] + 16;
	l->ty_members = (uint32_t)v[T_ty_name] + 216;
	l->ty_base = (uint32_t)v[T_ty_name] + 232;
	l->ty_dict = (uint32_t)v[T_ty_name] + 240;
	l->ty_qualname = l->ty_cached_keys - 8;
	l->di_used = l->di_keys - 16;
	l->set_used = head + 8;
	l->set_mask = head + 16;
	l->set_table = head + 24;
	l->list_items = (uint32_t)v[T_list_items];
	l->tuple_items = (uint32_t)v[T_tuple_items];
	l->float_value = head;
	l->complex_value = head;
	l->bytearray_start = head + 24;
	l->slice_start = head;
	l->cell_content = head;
	l->exc_args = head + 8;
	l->func_qualname = head + 24;
	l->meth_func = head;
	l->builtin_def = head;
	l->gen_qualname = head + 16;
}

static void derive(const uint64_t v[TABLE_FIELDS], struct pyro_layout *l)
{
	const uint32_t head = (uint32_t)v[T_ob_size]; /* of an object */

	/* Bits of the GIL that the table leaves out follow those it names; pycore_gil.h is the same
	 * since 3.8. tools/layouts verifies these distances. */
	l->gil_last_holder = (uint32_t)(v[T_gil_last_holder] - v[T_in_own_gil]);
	l->gil_locked = (uint32_t)(v[T_gil_locked] - v[T_in_own_gil]);
	l->gil_interval = l->gil_last_holder - 8;
	l->gil_switch_number = l->gil_locked + 8;
	l->gil_cond = l->gil_locked + 16;
	l->gil_end = l->gil_cond + 176;
	l->in_collecting = (uint32_t)(v[T_in_gc] + v[T_gc_collecting]);
	l->co_units = head;
	l->co_id = head;
	l->co_hole = (uint32_t)v[T_co_argcount] - 4; /* co_flags */
	l->co_hole_end = (uint32_t)v[T_co_argcount];
	l->co_id_end = (uint32_t)v[T_co_linetable] + 8;
	l->co_version = (uint32_t)v[T_co_localsplusnames] - 4;
	l->co_framesize = (uint32_t)v[T_co_first_line] + 8;
	l->ts_data_top = (uint32_t)v[T_ts_chunk] + 8;
	l->str_hash = (uint32_t)v[T_str_length] + 8;
	l->str_compact = (uint32_t)(v[T_str_compact] ? v[T_str_compact] : v[T_str_ascii] + 16);
	l->di_values = (uint32_t)v[T_di_keys] + 8;
	l->ty_basicsize = (uint32_t)v[T_ty_name] + 8;
	l->ty_dictoffset = (uint32_t)v[T_ty_name] + 264;
	l->ty_cached_keys = (uint32_t)(v[T_ty_cached_keys] ? v[T_ty_cached_keys] : 864 + head);
	l->mod_dict = head;
	derive_values(v, l);
	if (!l->free_threaded || l->minor < 14) {
		l->fr_tlbc = PYRO_ABSENT;
		l->co_tlbc = PYRO_ABSENT;
	}
	if (l->minor < 14) {
		l->in_generation = PYRO_ABSENT;
		l->ts_loop = (uint32_t)v[T_ts_size]; /* first of _PyThreadStateImpl's own */
		l->fr_stack = l->fr_instr + 8;
		l->gen_state = head + 51;
		l->gen_frame = head + 56;
	}
	if (l->minor < 15)
		l->ts_base = PYRO_ABSENT;
}

enum pyro_rc pyro_offsets_decode(const void *table, size_t size,
				 const struct pyro_python_origin *origin,
				 struct pyro_layout *ret_layout, struct pyro_err *err)
{
	const uint32_t minor = origin->version >> 16 & 0xff;
	uint64_t values[TABLE_FIELDS] = {0}, version, threaded;
	const uint8_t *bytes = table;
	struct pyro_layout *l = ret_layout;
	size_t at = 0;

	while (at < PYRO_COUNT(tables) && tables[at].minor != minor)
		at++;
	if (at == PYRO_COUNT(tables))
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "CPython %s is not supported; %s are",
				    origin->version_text, pyro_python_supported());
	if (size < pyro_offsets_size(minor) || memcmp(bytes, COOKIE, COOKIE_SIZE) != 0)
		return pyro_err_set_addr(err, PYRO_RC_FORMAT, origin->runtime_addr,
					 "no table of offsets where CPython %s should have it",
					 origin->version_text);
	memcpy(&version, bytes + 8, sizeof(version));
	memcpy(&threaded, bytes + 16, sizeof(threaded));
	if (version != origin->version || threaded > 1)
		return pyro_err_set_addr(err, PYRO_RC_FORMAT, origin->runtime_addr,
					 "the table of offsets is of version %#llx, not of %s",
					 (unsigned long long)version, origin->version_text);
	for (size_t i = 0; i < tables[at].entries; i++)
		memcpy(&values[tables[at].fields[i]], bytes + HEAD_SIZE + i * 8, 8);
	values[T_unused] = 0;
	memset(l, 0xff, sizeof(*l));
	l->minor = minor;
	l->free_threaded = threaded;
	if (values_are_sound(values)) {
#define PYRO_TAKE(name) l->name = (uint32_t)values[T_##name];
		PYRO_TAKE(rt_finalizing)
		PYRO_TAKE(rt_interpreters)
		PYRO_TAKE(in_id)
		PYRO_TAKE(in_next)
		PYRO_TAKE(in_threads)
		PYRO_TAKE(in_modules)
		PYRO_TAKE(in_gil)
		PYRO_TAKE(in_own_gil)
		PYRO_TAKE(in_generation)
		PYRO_TAKE(ts_next)
		PYRO_TAKE(ts_interp)
		PYRO_TAKE(ts_top)
		PYRO_TAKE(ts_base)
		PYRO_TAKE(ts_thread_id)
		PYRO_TAKE(ts_native_id)
		PYRO_TAKE(ts_chunk)
		PYRO_TAKE(ts_status)
		PYRO_TAKE(fr_previous)
		PYRO_TAKE(fr_code)
		PYRO_TAKE(fr_instr)
		PYRO_TAKE(fr_owner)
		PYRO_TAKE(fr_tlbc)
		PYRO_TAKE(fr_stack)
		PYRO_TAKE(gen_frame)
		PYRO_TAKE(gen_state)
		PYRO_TAKE(co_filename)
		PYRO_TAKE(co_name)
		PYRO_TAKE(co_qualname)
		PYRO_TAKE(co_linetable)
		PYRO_TAKE(co_first_line)
		PYRO_TAKE(co_code)
		PYRO_TAKE(co_tlbc)
		PYRO_TAKE(ob_type)
		PYRO_TAKE(ty_name)
		PYRO_TAKE(ty_flags)
		PYRO_TAKE(di_keys)
		PYRO_TAKE(long_digits)
		PYRO_TAKE(by_length)
		PYRO_TAKE(by_data)
		PYRO_TAKE(str_state)
		PYRO_TAKE(str_length)
		PYRO_TAKE(str_ascii)
#undef PYRO_TAKE
		derive(values, l);
		if (pyro_layout_is_sound(l))
			return PYRO_RC_OK;
	}
	return pyro_err_set_addr(err, PYRO_RC_FORMAT, origin->runtime_addr,
				 "the offsets that CPython %s publishes make no sense",
				 origin->version_text);
}
