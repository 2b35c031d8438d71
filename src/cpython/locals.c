/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cpython/value.h"

#define CO_OPTIMIZED   0x1u
#define CO_VARARGS     0x4u
#define CO_VARKEYWORDS 0x8u
#define KIND_CELL      0x40u /* CO_FAST_CELL, pycore_code.h; 3.11 on */
#define KIND_FREE      0x80u /* CO_FAST_FREE */
#define TAG_BITS       3u    /* of a _PyStackRef, pycore_stackref.h; 3.14 on */
#define TAG_INT        3u
#define PART           128 /* entries of a namespace read at once ... */
#define PARTS          64  /* ... so often */

const char *pyro_local_kind_name(enum pyro_local_kind kind)
{
	static const char *const names[PYRO_LOCAL_KINDS] = {"argument", "local", "cell", "free",
							    "global"};

	return kind < PYRO_LOCAL_KINDS ? names[kind] : "unknown";
}

/* A frame while its variables are read. */
struct frame {
	struct pyro_values *values;
	const struct pyro_frame_place *place;
	uint8_t data[PYRO_READ_FRAME];
	uint8_t code[PYRO_READ_CODE];
	uint32_t argument_count;
	uint64_t arguments[64]; /* addresses of their names */
	uint64_t slots;         /* address of the fast locals */
	struct pyro_frame_locals *found;
	size_t text; /* bytes of its values */
};

static uint64_t in_frame(const struct frame *frame, uint32_t offset)
{
	return pyro_bytes_u64((struct pyro_bytes){frame->data, sizeof(frame->data)}, offset);
}

static uint64_t in_code(const struct frame *frame, uint32_t offset)
{
	return pyro_bytes_u64((struct pyro_bytes){frame->code, sizeof(frame->code)}, offset);
}

static uint32_t in_code_u32(const struct frame *frame, uint32_t offset)
{
	return (uint32_t)in_code(frame, offset);
}

/* Reads the head of the frame; whether it is at the place where its stack was read. */
static bool is_there(struct frame *frame)
{
	const struct pyro_layout *l = frame->values->layout;
	const struct pyro_frame_place *place = frame->place;
	uint64_t code, instr;

	if (!pyro_value_read(frame->values, place->frame, frame->data,
			     frame->values->python->frame_read))
		return false;
	code = in_frame(frame, l->fr_code);
	if (l->minor >= 14)
		code &= PYRO_CODE_MASK;
	instr = in_frame(frame, l->fr_instr);
	if (l->fr_owner == PYRO_ABSENT)
		instr = (uint32_t)instr;
	return code == place->code && instr == place->instr;
}

/* Whether the first of @count variables finds room. Else they are counted. */
static bool has_room(struct frame *frame, uint64_t count)
{
	const struct pyro_values *values = frame->values;

	if (values->rc == PYRO_RC_OK && frame->found->count < PYRO_MAX_FRAME_LOCALS &&
	    frame->text < PYRO_MAX_FRAME_TEXT && values->total < PYRO_MAX_DUMP_TEXT)
		return true;
	frame->found->left_out += count;
	return false;
}

/* What was written is the value of @name. */
static void keep(struct frame *frame, const char *name, enum pyro_local_kind kind)
{
	struct pyro_values *values = frame->values;
	const struct pyro_buf *text = &values->text;
	char *value = pyro_arena_dup(&values->arena, text->data, text->size);

	if (!value) {
		values->rc = PYRO_RC_NOMEM;
		return;
	}
	values->locals[frame->found->count++] =
		(struct pyro_local){.name = name, .value = value, .kind = kind};
	frame->text += text->size;
	values->total += text->size;
}

/* The name at @addr, in the arena. NULL if it is none. */
static const char *read_name(struct frame *frame, uint64_t addr)
{
	struct pyro_values *values = frame->values;
	const char *name;

	pyro_value_begin(values);
	if (!pyro_value_add_string(values, addr, false, PYRO_MAX_VALUE_NAME))
		return NULL;
	name = pyro_arena_dup(&values->arena, values->text.data ? values->text.data : "",
			      values->text.size);
	if (!name)
		values->rc = PYRO_RC_NOMEM;
	return name;
}

/* An int that the interpreter keeps in a slot without an object; 3.14 on. */
static bool add_tagged(struct frame *frame, uint64_t slot)
{
	if (frame->values->layout->minor < 14 || (slot & TAG_BITS) != TAG_INT)
		return false;
	pyro_buf_add_format(&frame->values->text, "%" PRId64, (int64_t)slot >> 2);
	return true;
}

/* The object in @slot, or what the cell in it holds; 0 if nothing is bound. */
static uint64_t follow(struct frame *frame, uint64_t slot, bool cell)
{
	struct pyro_values *values = frame->values;
	struct pyro_value value;

	if (values->layout->minor >= 14)
		slot &= ~(uint64_t)TAG_BITS;
	/* The argument itself lies in the slot until the function makes the cell. */
	if (slot == 0 || !cell || !pyro_value_open(values, slot, &value) ||
	    value.type->kind->write != pyro_value_write_cell)
		return slot;
	return pyro_value_u64(&value, values->layout->cell_content);
}

static void add_local(struct frame *frame, uint64_t slot, uint64_t name, bool cell,
		      enum pyro_local_kind kind)
{
	struct pyro_values *values = frame->values;
	const char *text;
	uint64_t addr;

	pyro_value_begin(values);
	addr = follow(frame, slot, cell);
	if (addr == 0 || !has_room(frame, 1))
		return;
	text = read_name(frame, name);
	if (!text)
		text = PYRO_UNREADABLE;
	pyro_value_begin(values);
	if (!add_tagged(frame, slot))
		pyro_value_add(values, addr);
	keep(frame, text, kind);
}

/* A tuple of names. */
struct names {
	uint64_t items; /* address */
	uint64_t count;
};

static bool read_names(struct frame *frame, uint32_t offset, struct names *ret_names)
{
	struct pyro_values *values = frame->values;
	const uint64_t tuple = in_code(frame, offset);

	ret_names->items = tuple + values->layout->tuple_items;
	return pyro_value_read(values, tuple + pyro_value_head(values), &ret_names->count,
			       sizeof(ret_names->count)) &&
	       ret_names->count <= PYRO_MAX_FRAME_SLOTS;
}

/* To 3.10 an argument that functions inside use is among the cells, by the very same name. */
static bool is_argument(const struct frame *frame, uint64_t name)
{
	for (size_t i = 0; i < frame->argument_count && i < PYRO_COUNT(frame->arguments); i++) {
		if (frame->arguments[i] == name)
			return true;
	}
	return false;
}

/* What kind the variable @at of its slots is, and whether it is in a cell. @bits: from 3.11 on. */
static enum pyro_local_kind kind_of(const struct frame *frame, uint64_t at, uint64_t name,
				    enum pyro_local_kind kind, uint8_t bits, bool *ret_cell)
{
	if (bits & KIND_CELL)
		kind = PYRO_LOCAL_CELL;
	else if (bits & KIND_FREE)
		kind = PYRO_LOCAL_FREE;
	*ret_cell = kind == PYRO_LOCAL_CELL || kind == PYRO_LOCAL_FREE;
	if (at < frame->argument_count || (kind == PYRO_LOCAL_CELL && is_argument(frame, name)))
		return PYRO_LOCAL_ARGUMENT;
	return kind;
}

/* The slots from @first on, one for each of @names. @kinds: address of a byte for each, from 3.11
 * on; before they are all of @kind, but for the arguments. */
static bool add_slots(struct frame *frame, uint64_t first, const struct names *names,
		      enum pyro_local_kind kind, uint64_t kinds)
{
	struct pyro_values *values = frame->values;
	uint64_t slots[PART], addrs[PART];
	uint8_t bits[PART] = {0};

	for (uint64_t i = 0; i < names->count; i += PART) {
		const size_t part = names->count - i < PART ? (size_t)(names->count - i) : PART;

		/* Beyond the limits it does not matter which of them are bound. */
		if (!has_room(frame, names->count - i))
			return true;
		pyro_value_begin(values);
		if (!pyro_value_read(values, frame->slots + (first + i) * 8, slots, part * 8) ||
		    !pyro_value_read(values, names->items + i * 8, addrs, part * 8) ||
		    (kinds && !pyro_value_read(values, kinds + i, bits, part)))
			return false;
		for (size_t j = 0; j < part; j++) {
			bool cell;
			const enum pyro_local_kind own =
				kind_of(frame, first + i + j, addrs[j], kind, bits[j], &cell);

			if (own == PYRO_LOCAL_ARGUMENT && i + j < PYRO_COUNT(frame->arguments))
				frame->arguments[i + j] = addrs[j];
			add_local(frame, slots[j], addrs[j], cell, own);
		}
	}
	return true;
}

static bool add_fast(struct frame *frame)
{
	const struct pyro_layout *l = frame->values->layout;
	struct names locals, cells, frees;
	uint64_t count;

	if (!read_names(frame, l->co_locals, &locals))
		return false;
	if (l->co_kinds != PYRO_ABSENT) {
		const uint64_t kinds = in_code(frame, l->co_kinds);

		return pyro_value_read(frame->values, kinds + l->by_length, &count,
				       sizeof(count)) &&
		       count >= locals.count &&
		       add_slots(frame, 0, &locals, PYRO_LOCAL_LOCAL, kinds + l->by_data);
	}
	return read_names(frame, l->co_cells, &cells) && read_names(frame, l->co_frees, &frees) &&
	       add_slots(frame, 0, &locals, PYRO_LOCAL_LOCAL, 0) &&
	       add_slots(frame, locals.count, &cells, PYRO_LOCAL_CELL, 0) &&
	       add_slots(frame, locals.count + cells.count, &frees, PYRO_LOCAL_FREE, 0);
}

/* A variable of a module or class body, unless it is what every one has, or a definition. */
static void add_name(struct frame *frame, const struct pyro_item *item, enum pyro_local_kind kind)
{
	struct pyro_values *values = frame->values;
	struct pyro_value value;
	const char *name = read_name(frame, item->key);
	const size_t size = name ? strlen(name) : 0;

	if (size > 4 && memcmp(name, "__", 2) == 0 && memcmp(name + size - 2, "__", 2) == 0)
		return;
	pyro_value_begin(values);
	if (pyro_value_open(values, item->value, &value) &&
	    value.type->kind->style == PYRO_KIND_DEFINITION) {
		frame->found->definitions++;
		return;
	}
	if (!has_room(frame, 1))
		return;
	pyro_value_begin(values);
	pyro_value_add(values, item->value);
	keep(frame, name ? name : PYRO_UNREADABLE, kind);
}

static bool add_namespace(struct frame *frame)
{
	struct pyro_values *values = frame->values;
	const struct pyro_layout *l = values->layout;
	const uint64_t dict = in_frame(frame, l->fr_locals);
	const enum pyro_local_kind kind =
		dict == in_frame(frame, l->fr_globals) ? PYRO_LOCAL_GLOBAL : PYRO_LOCAL_LOCAL;
	struct pyro_value value;

	pyro_value_begin(values);
	if (dict == 0)
		return true;
	if (!pyro_value_open(values, dict, &value))
		return false;
	if (!(value.type->flags & PYRO_TYPE_IS_DICT))
		return true; /* some other mapping, which only its own code can read */
	for (size_t first = 0; first < (size_t)PART * PARTS; first += PART) {
		struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};

		if (!pyro_value_ok(values, pyro_dict_load_some(values->window, l, dict, first, PART,
							       &items)))
			return false;
		if (first < items.total && !has_room(frame, items.total - first))
			return true;
		for (size_t i = 0; i < items.count; i++) {
			if (items.items[i].value)
				add_name(frame, &items.items[i], kind);
		}
		if (first + PART >= items.total)
			return true;
	}
	return true;
}

static bool add_all(struct frame *frame)
{
	struct pyro_values *values = frame->values;
	const struct pyro_layout *l = values->layout;
	uint32_t flags, arguments;

	if (!pyro_value_read(values, frame->place->code, frame->code, values->python->code_read))
		return false;
	flags = in_code_u32(frame, l->co_flags);
	arguments = in_code_u32(frame, l->co_argcount) + in_code_u32(frame, l->co_kwonly);
	frame->argument_count = arguments + !!(flags & CO_VARARGS) + !!(flags & CO_VARKEYWORDS);
	frame->slots = frame->place->frame + l->fr_localsplus;
	if (!add_fast(frame))
		return false;
	return (flags & CO_OPTIMIZED) || add_namespace(frame);
}

enum pyro_rc pyro_values_frame(struct pyro_values *values, const struct pyro_frame_place *place,
			       struct pyro_frame_locals *ret_locals)
{
	struct frame frame = {.values = values, .place = place, .found = ret_locals};

	pyro_arena_deinit(&values->arena);
	pyro_arena_init(&values->arena, PYRO_MAX_FRAME_TEXT * (size_t)8);
	*ret_locals = (struct pyro_frame_locals){.locals = values->locals};
	pyro_value_begin(values);
	if (place->frame == 0 || !is_there(&frame)) {
		ret_locals->changed = true;
		return values->rc;
	}
	if (!add_all(&frame) && values->rc == PYRO_RC_OK)
		ret_locals->unreadable = true;
	pyro_value_begin(values);
	if (!is_there(&frame))
		ret_locals->changed = true;
	return values->rc;
}
