/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/layout.h"

#define MAX_TABLE   2048
#define LEVEL_RC    0xc /* release level in PY_VERSION_HEX: 0xa, 0xb, 0xc, 0xf */
#define LEVEL_FINAL 0xf

#define MAX_RUNTIME (1u << 24)
#define MAX_OBJECT  4096u

const char *pyro_python_supported(void)
{
	return "CPython 3.8 to 3.15";
}

static bool fits(uint32_t offset, uint32_t width, uint32_t size)
{
	return offset != PYRO_ABSENT && width <= size && offset <= size - width;
}

static bool fits_or_absent(uint32_t offset, uint32_t width, uint32_t size)
{
	return offset == PYRO_ABSENT || fits(offset, width, size);
}

static bool threads_are_sound(const struct pyro_layout *l)
{
	return fits(l->rt_finalizing, 8, MAX_RUNTIME) && fits(l->rt_interpreters, 8, MAX_RUNTIME) &&
	       fits_or_absent(l->rt_main_thread, 8, MAX_RUNTIME) &&
	       fits_or_absent(l->rt_gil, PYRO_READ_GIL, MAX_RUNTIME) &&
	       fits_or_absent(l->rt_collecting, 4, MAX_RUNTIME) && fits(l->in_id, 8, MAX_RUNTIME) &&
	       fits(l->in_next, 8, MAX_RUNTIME) && fits(l->in_threads, 8, MAX_RUNTIME) &&
	       fits_or_absent(l->in_collecting, 4, MAX_RUNTIME) &&
	       fits(l->in_modules, 8, MAX_RUNTIME) && fits_or_absent(l->in_gil, 8, MAX_RUNTIME) &&
	       fits_or_absent(l->in_own_gil, 8, MAX_RUNTIME) &&
	       fits_or_absent(l->in_generation, 8, MAX_RUNTIME) &&
	       (l->rt_gil != PYRO_ABSENT || l->in_gil != PYRO_ABSENT) &&
	       fits(l->ts_next, 8, PYRO_READ_THREAD) && fits(l->ts_interp, 8, PYRO_READ_THREAD) &&
	       fits(l->ts_top, 8, PYRO_READ_THREAD) && fits(l->ts_thread_id, 8, PYRO_READ_THREAD) &&
	       fits_or_absent(l->ts_native_id, 8, PYRO_READ_THREAD) &&
	       fits_or_absent(l->ts_status, 4, PYRO_READ_THREAD) &&
	       fits_or_absent(l->ts_cframe, 8, PYRO_READ_THREAD) &&
	       fits_or_absent(l->ts_chunk, 8, PYRO_READ_THREAD) &&
	       fits(l->gil_interval, 8, PYRO_READ_GIL) &&
	       fits(l->gil_last_holder, 8, PYRO_READ_GIL) &&
	       fits(l->gil_locked, 4, PYRO_READ_GIL) &&
	       fits(l->gil_switch_number, 8, PYRO_READ_GIL) && l->gil_cond <= l->gil_end &&
	       l->gil_end <= MAX_OBJECT;
}

static bool codes_are_sound(const struct pyro_layout *l)
{
	const bool frames =
		fits(l->fr_previous, 8, PYRO_READ_FRAME) && fits(l->fr_code, 8, PYRO_READ_FRAME) &&
		fits(l->fr_instr, 8, PYRO_READ_FRAME) && fits_or_absent(l->cf_frame, 8, 64) &&
		fits_or_absent(l->fr_owner, 1, PYRO_READ_FRAME) &&
		fits_or_absent(l->fr_tlbc, 4, PYRO_READ_FRAME);

	/* Where instructions follow the fixed part they need not be read. */
	return frames && fits_or_absent(l->co_units, 8, PYRO_READ_CODE) &&
	       fits(l->co_code, 0, PYRO_READ_CODE) && fits(l->co_first_line, 4, PYRO_READ_CODE) &&
	       fits(l->co_filename, 8, PYRO_READ_CODE) && fits(l->co_name, 8, PYRO_READ_CODE) &&
	       fits_or_absent(l->co_qualname, 8, PYRO_READ_CODE) &&
	       fits(l->co_linetable, 8, PYRO_READ_CODE) &&
	       fits_or_absent(l->co_tlbc, 8, PYRO_READ_CODE) && l->co_id < l->co_id_end &&
	       l->co_id_end <= PYRO_READ_CODE && l->co_id_end - l->co_id <= PYRO_READ_ID &&
	       (l->co_hole == PYRO_ABSENT ||
		(l->co_hole >= l->co_id && l->co_hole <= l->co_hole_end &&
		 l->co_hole_end <= l->co_id_end)) &&
	       (l->co_version == PYRO_ABSENT || (l->co_version >= l->co_id && l->co_id_end >= 4 &&
						 l->co_version <= l->co_id_end - 4)) &&
	       l->co_filename >= l->co_id && l->co_name >= l->co_id &&
	       l->co_linetable >= l->co_id && fits(l->ob_type, 8, PYRO_READ_CODE);
}

static bool objects_are_sound(const struct pyro_layout *l)
{
	return fits(l->str_length, 8, l->str_ascii) && fits(l->str_hash, 8, l->str_ascii) &&
	       fits(l->str_state, 4, l->str_ascii) &&
	       fits_or_absent(l->str_wide, 8, l->str_ascii) && l->str_ascii <= 128 &&
	       l->str_compact <= 128 && l->str_compact >= l->str_ascii &&
	       fits(l->by_length, 8, 128) && fits(l->by_data, 0, 128) && fits(l->di_keys, 8, 256) &&
	       fits(l->di_values, 8, 256) && fits(l->ty_name, 8, MAX_OBJECT) &&
	       fits(l->ty_basicsize, 8, MAX_OBJECT) && fits(l->ty_dictoffset, 8, MAX_OBJECT) &&
	       fits(l->ty_flags, 8, MAX_OBJECT) && fits(l->ty_cached_keys, 8, MAX_OBJECT) &&
	       fits(l->mod_dict, 8, 256) && fits(l->long_digits, 8, 128) && l->long_digits >= 8;
}

static bool generators_are_sound(const struct pyro_layout *l)
{
	return fits_or_absent(l->ts_dict, 8, PYRO_READ_THREAD) &&
	       fits_or_absent(l->ts_loop, 8, MAX_OBJECT) && fits(l->fr_localsplus, 8, MAX_OBJECT) &&
	       fits(l->fr_stack, 8, PYRO_READ_FRAME) &&
	       fits_or_absent(l->fr_values, 8, PYRO_READ_FRAME) &&
	       fits(l->gen_frame, 8, MAX_OBJECT) && fits_or_absent(l->gen_state, 1, MAX_OBJECT);
}

static bool values_are_sound(const struct pyro_layout *l)
{
	const uint32_t heads[] = {
		l->di_used,     l->set_used,     l->set_mask,      l->set_table,
		l->list_items,  l->tuple_items,  l->float_value,   l->bytearray_start,
		l->slice_start, l->cell_content, l->exc_args,      l->func_qualname,
		l->meth_func,   l->builtin_def,  l->complex_value, l->gen_qualname,
	};

	for (size_t i = 0; i < PYRO_COUNT(heads); i++) {
		if (!fits(heads[i], 16, PYRO_READ_VALUE))
			return false;
	}
	return fits(l->fr_globals, 8, PYRO_READ_FRAME) && fits(l->fr_locals, 8, PYRO_READ_FRAME) &&
	       fits(l->fr_localsplus, 0, MAX_OBJECT) && fits(l->co_argcount, 4, PYRO_READ_CODE) &&
	       fits(l->co_kwonly, 4, PYRO_READ_CODE) && fits(l->co_flags, 4, PYRO_READ_CODE) &&
	       fits(l->co_nlocals, 4, PYRO_READ_CODE) && fits(l->co_locals, 8, PYRO_READ_CODE) &&
	       fits_or_absent(l->co_cells, 8, PYRO_READ_CODE) &&
	       fits_or_absent(l->co_frees, 8, PYRO_READ_CODE) &&
	       fits_or_absent(l->co_kinds, 8, PYRO_READ_CODE) &&
	       fits_or_absent(l->co_stacksize, 4, PYRO_READ_CODE) &&
	       fits(l->ty_itemsize, 8, PYRO_READ_TYPE) && fits(l->ty_members, 8, PYRO_READ_TYPE) &&
	       fits(l->ty_base, 8, PYRO_READ_TYPE) && fits(l->ty_dict, 8, PYRO_READ_TYPE) &&
	       fits(l->ty_name, 8, PYRO_READ_TYPE) && fits(l->ty_basicsize, 8, PYRO_READ_TYPE) &&
	       fits(l->ty_flags, 8, PYRO_READ_TYPE) && fits(l->ty_dictoffset, 8, PYRO_READ_TYPE) &&
	       fits(l->ty_qualname, 8, MAX_OBJECT);
}

bool pyro_layout_is_sound(const struct pyro_layout *layout)
{
	return threads_are_sound(layout) && codes_are_sound(layout) && objects_are_sound(layout) &&
	       values_are_sound(layout) && generators_are_sound(layout);
}

static enum pyro_rc unsupported(const struct pyro_python_origin *origin, struct pyro_err *err)
{
	return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "CPython %s is not supported; %s are",
			    origin->version_text[0] ? origin->version_text : "of unknown version",
			    pyro_python_supported());
}

enum pyro_rc pyro_layout_find(struct pyro_reader *reader, const struct pyro_python_origin *origin,
			      struct pyro_layout *ret_layout, struct pyro_err *err)
{
	const uint32_t minor = origin->version >> 16 & 0xff, level = origin->version >> 4 & 0xf;
	const struct pyro_layout *row = pyro_layout_row(minor);
	const uint32_t size = pyro_offsets_size(minor);
	uint8_t table[MAX_TABLE];
	enum pyro_rc rc;

	/* Before its release candidates a version's structures still change. */
	if (origin->version >> 24 != 3 || (level != LEVEL_FINAL && level != LEVEL_RC) ||
	    (!row && size == 0) || size > sizeof(table))
		return unsupported(origin, err);
	if (row) {
		if (origin->free_threaded)
			return unsupported(origin, err);
		*ret_layout = *row;
		if (!pyro_layout_is_sound(row))
			return pyro_err_set(err, PYRO_RC_FORMAT, "the row of CPython 3.%u is wrong",
					    minor);
		return PYRO_RC_OK;
	}
	rc = pyro_reader_read(reader, origin->runtime_addr, table, size);
	if (rc != PYRO_RC_OK)
		return pyro_err_set_addr(err, rc, origin->runtime_addr,
					 "cannot read the offsets of CPython %s",
					 origin->version_text);
	return pyro_offsets_decode(table, size, origin, ret_layout, err);
}
