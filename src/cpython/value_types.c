/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "cpython/value.h"

/* What a type is called, and by that how its objects are written. */

#define PAGE           4096u
#define MAX_NAMESPACE  2048 /* names of one class looked at */
#define ROOM_FOR_VALUE 1024 /* types that one value can bring, at most */

static const struct pyro_value_type *get_type(struct pyro_values *values, uint64_t addr,
					      unsigned int depth);

/* What a name may be: printable. */
static bool is_name(const char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		const uint32_t point = pyro_utf8_decode(text, size, &at);

		if (point == PYRO_UTF8_REPLACEMENT || pyro_utf8_is_active(point))
			return false;
	}
	return size > 0;
}

/* The C string at @addr. NULL if it is none, or is no name. */
static const char *read_name(struct pyro_values *values, uint64_t addr)
{
	char text[PYRO_MAX_VALUE_NAME];
	size_t size = 0;

	while (size < sizeof(text)) {
		const size_t rest = PAGE - (addr + size) % PAGE;
		size_t part = sizeof(text) - size < rest ? sizeof(text) - size : rest;

		/* Few are longer, and what follows may not be there. */
		if (part > 64)
			part = 64;
		if (!pyro_value_read(values, addr + size, text + size, part))
			return NULL;
		if (memchr(text + size, 0, part)) {
			size += strlen(text + size);
			return is_name(text, size) ? pyro_arena_dup(&values->type_arena, text, size)
						   : NULL;
		}
		size += part;
	}
	return NULL;
}

/* The str at @addr, if it is a name. */
static const char *read_string(struct pyro_values *values, uint64_t addr)
{
	struct pyro_buf *text = &values->text;
	const size_t start = text->size;
	const char *name = NULL;

	if (addr && pyro_value_add_string(values, addr, false, PYRO_MAX_VALUE_NAME) &&
	    !text->failed && is_name(text->data + start, text->size - start))
		name = pyro_arena_dup(&values->type_arena, text->data + start, text->size - start);
	text->failed = false;
	text->size = start;
	return name;
}

static uint64_t find_in(struct pyro_values *values, uint64_t dict, const char *name)
{
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};
	uint64_t found = 0;
	enum pyro_rc rc;

	if (dict == 0 || pyro_value_is_full(values))
		return 0;
	rc = pyro_dict_load_some(values->window, values->layout, dict, 0, MAX_NAMESPACE, &items);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(values->window, values->layout, &items, name, &found);
	return pyro_value_ok(values, rc) ? found : 0;
}

uint64_t pyro_value_type_find(struct pyro_values *values, const struct pyro_value_type *type,
			      const char *name)
{
	return find_in(values, type->dict, name);
}

/* A class that a program made has its module and its qualified name apart; others have all in
 * tp_name. */
static bool name_type(struct pyro_values *values, struct pyro_value_type *type, uint64_t tp_name)
{
	const struct pyro_layout *l = values->layout;
	const char *module, *dot;
	struct pyro_buf full;
	uint64_t addr;

	type->full = read_name(values, tp_name);
	if (!type->full)
		return false;
	dot = strrchr(type->full, '.');
	type->name = dot && dot[1] ? dot + 1 : type->full;
	type->qualname = type->name;
	if (!(type->flags & PYRO_TYPE_HEAP) || dot ||
	    !pyro_value_read(values, type->addr + l->ty_qualname, &addr, sizeof(addr)))
		return true;
	type->qualname = read_string(values, addr);
	if (!type->qualname)
		type->qualname = type->name;
	type->full = type->qualname;
	module = read_string(values, pyro_value_type_find(values, type, "__module__"));
	if (!module || strcmp(module, "builtins") == 0)
		return true;
	pyro_buf_init(&full, 2 * (PYRO_MAX_VALUE_NAME * (size_t)4) + 2);
	pyro_buf_add_format(&full, "%s.%s", module, type->qualname);
	type->full = full.failed ? NULL : pyro_arena_dup(&values->type_arena, full.data, full.size);
	pyro_buf_deinit(&full);
	return type->full;
}

static bool has_base(struct pyro_values *values, const struct pyro_value_type *type,
		     const char *const names[2])
{
	for (int i = 0; type && i < PYRO_MAX_VALUE_BASES; i++) {
		if (strcmp(type->full, names[0]) == 0 || strcmp(type->full, names[1]) == 0)
			return true;
		type = type->base ? get_type(values, type->base, PYRO_MAX_VALUE_BASES / 2) : NULL;
	}
	return false;
}

/* How its objects are written: as what it is, or as what it is derived from. */
static void choose_kind(struct pyro_values *values, struct pyro_value_type *type, uint64_t meta,
			unsigned int depth)
{
	static const char *const enums[2] = {"enum.EnumMeta", "enum.EnumType"};
	const struct pyro_value_type *base = NULL;

	type->kind = pyro_value_kind_find(type->full);
	type->exact = type->kind;
	if (type->exact)
		return;
	if (type->base)
		base = get_type(values, type->base, depth + 1);
	type->kind = base ? base->kind : &pyro_value_kind_object;
	if (base) {
		type->dataclass = base->dataclass;
		type->enumeration = base->enumeration;
		type->fields = base->fields;
	}
	if (!(type->flags & PYRO_TYPE_HEAP))
		return;
	if (!type->enumeration)
		type->enumeration = has_base(values, get_type(values, meta, depth + 1), enums);
	if (type->enumeration)
		type->kind = &pyro_value_kind_enum;
	else if (type->kind->write == pyro_value_write_tuple && !type->fields)
		type->fields = pyro_value_type_find(values, type, "_fields");
	else if (type->kind->write == pyro_value_write_instance && !type->dataclass)
		type->dataclass = pyro_value_type_find(values, type, "__dataclass_fields__");
}

static const struct pyro_value_type *read_type(struct pyro_values *values, uint64_t addr,
					       unsigned int depth)
{
	const struct pyro_layout *l = values->layout;
	struct pyro_value_type *type;
	uint8_t data[PYRO_READ_TYPE];
	const struct pyro_bytes bytes = {data, sizeof(data)};
	uint64_t meta, meta_flags;

	if (!pyro_value_read(values, addr, data, sizeof(data)))
		return NULL;
	meta = pyro_bytes_u64(bytes, l->ob_type);
	if (!(pyro_bytes_u64(bytes, l->ty_flags) & PYRO_TYPE_READY) ||
	    !pyro_value_read(values, meta + l->ty_flags, &meta_flags, sizeof(meta_flags)) ||
	    !(meta_flags & PYRO_TYPE_IS_TYPE))
		return NULL;
	type = pyro_arena_alloc(&values->type_arena, sizeof(*type));
	if (!type)
		return NULL;
	type->addr = addr;
	type->flags = pyro_bytes_u64(bytes, l->ty_flags);
	type->base = pyro_bytes_u64(bytes, l->ty_base);
	type->dict = pyro_bytes_u64(bytes, l->ty_dict);
	type->members = pyro_bytes_u64(bytes, l->ty_members);
	type->dictoffset = pyro_bytes_u64(bytes, l->ty_dictoffset);
	if (!name_type(values, type, pyro_bytes_u64(bytes, l->ty_name)))
		return NULL;
	choose_kind(values, type, meta, depth);
	return type;
}

static const struct pyro_value_type *get_type(struct pyro_values *values, uint64_t addr,
					      unsigned int depth)
{
	const struct pyro_value_type *type;
	uint64_t found;

	if (pyro_map_get(&values->types, addr, &found))
		return (const struct pyro_value_type *)(uintptr_t)found;
	if (depth >= PYRO_MAX_VALUE_BASES || addr % 8 != 0)
		return NULL;
	type = read_type(values, addr, depth);
	if (type && pyro_map_put(&values->types, addr, (uintptr_t)type) != PYRO_RC_OK)
		return NULL;
	return type;
}

const struct pyro_value_type *pyro_value_type(struct pyro_values *values, uint64_t addr)
{
	return get_type(values, addr, 0);
}

void pyro_value_types_limit(struct pyro_values *values)
{
	if (values->types.count <= PYRO_MAX_VALUE_TYPES - ROOM_FOR_VALUE &&
	    values->type_arena.used <= values->type_arena.limit / 2)
		return;
	pyro_map_clear(&values->types);
	pyro_arena_deinit(&values->type_arena);
	pyro_arena_init(&values->type_arena, PYRO_MAX_VALUE_TYPES * (size_t)2048);
}
