/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cpython/value.h"

/* Which types are known, by the names that they have in CPython 3.8 to 3.15 and in their own
 * libraries. What is derived from one of them is written like it. */

static const struct pyro_value_kind kinds[] = {
	{"NoneType", pyro_value_write_constant, PYRO_KIND_OWN},
	{"ellipsis", pyro_value_write_constant, PYRO_KIND_OWN},
	{"NotImplementedType", pyro_value_write_constant, PYRO_KIND_OWN},
	{"bool", pyro_value_write_bool, PYRO_KIND_OWN},
	{"int", pyro_value_write_int, PYRO_KIND_WRAPPED},
	{"float", pyro_value_write_float, PYRO_KIND_WRAPPED},
	{"complex", pyro_value_write_complex, PYRO_KIND_WRAPPED},
	{"str", pyro_value_write_str, PYRO_KIND_WRAPPED},
	{"bytes", pyro_value_write_bytes, PYRO_KIND_WRAPPED},
	{"bytearray", pyro_value_write_bytearray, PYRO_KIND_OWN},
	{"list", pyro_value_write_list, PYRO_KIND_WRAPPED},
	{"tuple", pyro_value_write_tuple, PYRO_KIND_OWN},
	{"dict", pyro_value_write_dict, PYRO_KIND_WRAPPED},
	{"frozendict", pyro_value_write_frozendict, PYRO_KIND_OWN},
	{"set", pyro_value_write_set, PYRO_KIND_OWN},
	{"frozenset", pyro_value_write_set, PYRO_KIND_OWN},
	{"range", pyro_value_write_range, PYRO_KIND_OWN},
	{"slice", pyro_value_write_slice, PYRO_KIND_OWN},
	{"BaseException", pyro_value_write_exception, PYRO_KIND_OWN},
	{"cell", pyro_value_write_cell, PYRO_KIND_OWN},
	{"module", pyro_value_write_module, PYRO_KIND_DEFINITION},
	{"type", pyro_value_write_class, PYRO_KIND_DEFINITION},
	{"function", pyro_value_write_function, PYRO_KIND_DEFINITION},
	{"generator", pyro_value_write_generator, PYRO_KIND_OWN},
	{"coroutine", pyro_value_write_generator, PYRO_KIND_OWN},
	{"async_generator", pyro_value_write_generator, PYRO_KIND_OWN},
	{"method", pyro_value_write_method, PYRO_KIND_OWN},
	{"builtin_function_or_method", pyro_value_write_builtin, PYRO_KIND_DEFINITION},
	{"collections.OrderedDict", pyro_value_write_ordered, PYRO_KIND_OWN},
	{"collections.defaultdict", pyro_value_write_default, PYRO_KIND_OWN},
	{"collections.deque", pyro_value_write_deque, PYRO_KIND_OWN},
	{"datetime.date", pyro_value_write_date, PYRO_KIND_OWN},
	{"datetime.time", pyro_value_write_time, PYRO_KIND_OWN},
	{"datetime.datetime", pyro_value_write_datetime, PYRO_KIND_OWN},
	{"datetime.timedelta", pyro_value_write_timedelta, PYRO_KIND_OWN},
	{"datetime.timezone", pyro_value_write_timezone, PYRO_KIND_OWN},
	{"decimal.Decimal", pyro_value_write_decimal, PYRO_KIND_OWN},
	{"pathlib.PurePath", pyro_value_write_path, PYRO_KIND_OWN},
	{"pathlib._local.PurePath", pyro_value_write_path, PYRO_KIND_OWN},
	{"numpy.ndarray", pyro_value_write_ndarray, PYRO_KIND_OWN},
	{"numpy.generic", pyro_value_write_scalar, PYRO_KIND_OWN},
};

const struct pyro_value_kind pyro_value_kind_object = {"object", pyro_value_write_instance,
						       PYRO_KIND_OWN};
const struct pyro_value_kind pyro_value_kind_enum = {"enum.Enum", pyro_value_write_enum,
						     PYRO_KIND_OWN};

const struct pyro_value_kind *pyro_value_kind_find(const char *name)
{
	for (size_t i = 0; i < PYRO_COUNT(kinds); i++) {
		if (strcmp(kinds[i].type, name) == 0)
			return &kinds[i];
	}
	return NULL;
}
