/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cpython/value.h"

/* Objects with attributes: in slots, in a dict, or in the values that 3.11 and later keep in place
 * of one. */

#define MEMBER_SIZE   40u /* PyMemberDef: name, type, offset, flags, doc */
#define MAX_MEMBERS   64u /* of one class */
#define MEMBER_OBJECT 16u /* Py_T_OBJECT_EX: what __slots__ makes */
#define MAX_OFFSET    (1u << 20)
#define MAX_COUNT     (UINT64_C(1) << 40)
#define PLAIN_DEPTH   1 /* containers inside of which the attributes of plain objects are shown */

/* An attribute that is to be found, or the list that is being written. */
struct attributes {
	const struct pyro_value *value;
	const char *wanted; /* NULL: all are written */
	uint64_t found;
	uint64_t count; /* of those there are so far, set ones */
	const char *before, *between;
	bool stopped;
};

static bool has_attributes(const struct pyro_value_type *type)
{
	return (type->flags & PYRO_TYPE_MANAGED_DICT) || type->dictoffset != 0;
}

static bool begin_attribute(struct pyro_values *values, struct attributes *all)
{
	pyro_buf_add_text(&values->text, all->count == 0 ? all->before : "");
	all->stopped = !pyro_value_next(values, all->count, 0);
	all->count++;
	return !all->stopped;
}

/* The C string at @addr, of a slot. */
static bool read_slot_name(struct pyro_values *values, uint64_t addr, char *name, size_t room)
{
	const size_t rest = 4096 - addr % 4096;
	const size_t size = rest < room - 1 ? rest : room - 1;

	memset(name, 0, room);
	if (!pyro_value_read(values, addr, name, size))
		return false;
	/* One that goes on in the next page. */
	if (!memchr(name, 0, size) && size < room - 1)
		return pyro_value_read(values, addr + size, name + size, room - 1 - size);
	return true;
}

static void add_slot_name(struct pyro_buf *text, const char *name)
{
	for (; *name; name++)
		pyro_buf_add_char(text, (uint8_t)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

/* The slots that the class itself has, not those it is derived from. */
static void walk_slots(struct pyro_values *values, struct attributes *all,
		       const struct pyro_value_type *type)
{
	uint8_t member[MEMBER_SIZE];
	const struct pyro_bytes bytes = {member, sizeof(member)};

	for (size_t i = 0; type->members && i < MAX_MEMBERS && !all->stopped; i++) {
		char name[64];
		uint64_t slot, offset;

		if (!pyro_value_read(values, type->members + i * MEMBER_SIZE, member,
				     sizeof(member)) ||
		    pyro_bytes_u64(bytes, 0) == 0)
			return;
		offset = pyro_bytes_u64(bytes, 16);
		if (pyro_bytes_u32(bytes, 8) != MEMBER_OBJECT || offset > MAX_OFFSET ||
		    !pyro_value_read(values, all->value->addr + offset, &slot, sizeof(slot)) ||
		    slot == 0 ||
		    !read_slot_name(values, pyro_bytes_u64(bytes, 0), name, sizeof(name)))
			continue;
		if (all->wanted) {
			if (strcmp(all->wanted, name) == 0) {
				all->found = slot;
				all->stopped = true;
			}
		} else if (begin_attribute(values, all)) {
			add_slot_name(&values->text, name);
			pyro_buf_add_text(&values->text, all->between);
			pyro_value_add(values, slot);
		}
	}
}

static void walk_dict(struct pyro_values *values, struct attributes *all)
{
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};

	if (pyro_value_is_full(values) ||
	    !pyro_value_ok(values, pyro_attributes_load(values->window, values->layout,
							all->value->addr, &items)))
		return;
	if (all->wanted) {
		(void)pyro_value_ok(values, pyro_items_find(values->window, values->layout, &items,
							    all->wanted, &all->found));
		return;
	}
	for (size_t i = 0; i < items.count && !all->stopped; i++) {
		if (items.items[i].value == 0 || !begin_attribute(values, all))
			continue;
		if (!pyro_value_add_string(values, items.items[i].key, false, PYRO_MAX_VALUE_NAME))
			pyro_buf_add_text(&values->text, PYRO_UNREADABLE);
		pyro_buf_add_text(&values->text, all->between);
		pyro_value_add(values, items.items[i].value);
	}
}

/* Slots of classes further down come first, as they were made first. */
static void walk_attributes(struct pyro_values *values, struct attributes *all)
{
	const struct pyro_value_type *chain[PYRO_MAX_VALUE_BASES];
	const struct pyro_value_type *type = all->value->type;
	size_t count = 0;

	while ((type->flags & PYRO_TYPE_HEAP) && count < PYRO_COUNT(chain)) {
		const struct pyro_value_type *base =
			type->base ? pyro_value_type(values, type->base) : NULL;

		chain[count++] = type;
		if (!base)
			break;
		type = base;
	}
	while (count > 0 && !all->stopped)
		walk_slots(values, all, chain[--count]);
	if (!all->stopped && has_attributes(all->value->type))
		walk_dict(values, all);
}

uint64_t pyro_value_attribute(struct pyro_values *values, const struct pyro_value *value,
			      const char *name)
{
	struct attributes all = {.value = value, .wanted = name};

	walk_attributes(values, &all);
	return all.found;
}

/* Class(a=1, b=2) where Python would write it like this, else <module.Class at 0x… a=1, b=2>. */
bool pyro_value_write_instance(struct pyro_values *values, const struct pyro_value *value)
{
	const bool dataclass = value->type->dataclass;
	struct attributes all = {.value = value, .before = dataclass ? "" : " ", .between = "="};
	struct pyro_buf *text = &values->text;

	for (size_t i = 0; i < values->depth; i++) {
		if (values->path[i] == value->addr) {
			if (dataclass)
				pyro_buf_add_text(text, "...");
			else
				pyro_value_add_plain(values, value);
			return true;
		}
	}
	if (values->depth >= (dataclass ? PYRO_MAX_VALUE_DEPTH : PLAIN_DEPTH + 1) ||
	    (!dataclass && !(value->type->flags & PYRO_TYPE_HEAP) &&
	     !has_attributes(value->type))) {
		pyro_value_add_plain(values, value);
		return true;
	}
	if (dataclass)
		pyro_buf_add_format(text, "%s(", value->type->qualname);
	else
		pyro_buf_add_format(text, "<%s at %#" PRIx64, value->type->full, value->addr);
	values->path[values->depth++] = value->addr;
	walk_attributes(values, &all);
	pyro_value_leave(values, dataclass ? ")" : ">");
	return true;
}

bool pyro_value_write_enum(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t name = pyro_value_attribute(values, value, "_name_");
	const uint64_t number = pyro_value_attribute(values, value, "_value_");

	pyro_buf_add_format(&values->text, "<%s", value->type->name);
	/* A combination of flags has none before 3.11. */
	if (name) {
		const size_t start = values->text.size;

		pyro_buf_add_char(&values->text, '.');
		if (!pyro_value_add_string(values, name, false, PYRO_MAX_VALUE_NAME))
			values->text.size = start;
	}
	pyro_buf_add_text(&values->text, ": ");
	pyro_value_add(values, number);
	pyro_buf_add_char(&values->text, '>');
	return true;
}

/* PyBaseExceptionObject has its arguments in a tuple. */
bool pyro_value_write_exception(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t args = pyro_value_u64(value, values->layout->exc_args);
	uint64_t count;

	pyro_buf_add_text(&values->text, value->type->name);
	if (args == 0) {
		pyro_buf_add_text(&values->text, "()");
		return true;
	}
	return pyro_value_read(values, args + pyro_value_head(values), &count, sizeof(count)) &&
	       pyro_value_add_items(values, value->addr, "(", args + values->layout->tuple_items,
				    count, ")");
}
