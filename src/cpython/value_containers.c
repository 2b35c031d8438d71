/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cpython/value.h"

#define MAX_COUNT   (UINT64_C(1) << 40) /* items */
#define SET_PART    64u                 /* entries of a set's table read at once ... */
#define SET_PARTS   16u                 /* ... so often, since they may be far apart */
#define SET_DUMMY   UINT64_MAX          /* hash of an entry that was deleted */
#define BLOCK_ITEMS 64u                 /* of a deque: BLOCKLEN in Modules/_collectionsmodule.c */

static bool add_items(struct pyro_values *values, const uint64_t *items, size_t read,
		      uint64_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!pyro_value_next(values, i, count))
			break;
		if (i >= read)
			return false;
		pyro_value_add(values, items[i]);
	}
	return true;
}

bool pyro_value_add_items(struct pyro_values *values, uint64_t addr, const char *open,
			  uint64_t items, uint64_t count, const char *close)
{
	const size_t read = count < PYRO_MAX_VALUE_ITEMS ? (size_t)count : PYRO_MAX_VALUE_ITEMS;
	uint64_t pointers[PYRO_MAX_VALUE_ITEMS];

	if (count > MAX_COUNT || !pyro_value_read(values, items, pointers, read * 8))
		return false;
	if (!pyro_value_enter(values, addr, open, count, close))
		return true;
	if (!add_items(values, pointers, read, count))
		return false;
	pyro_value_leave(values, close);
	return true;
}

bool pyro_value_write_list(struct pyro_values *values, const struct pyro_value *value)
{
	return pyro_value_add_items(values, value->addr, "[",
				    pyro_value_u64(value, values->layout->list_items),
				    pyro_value_u64(value, pyro_value_head(values)), "]");
}

/* By the names of its fields, a tuple of str. */
static bool add_named(struct pyro_values *values, const struct pyro_value *value, uint64_t count)
{
	const struct pyro_layout *l = values->layout;
	uint64_t items[PYRO_MAX_VALUE_ITEMS], names[PYRO_MAX_VALUE_ITEMS], name_count;
	const size_t read = count < PYRO_MAX_VALUE_ITEMS ? (size_t)count : PYRO_MAX_VALUE_ITEMS;
	const uint64_t fields = value->type->fields;

	if (!pyro_value_read(values, fields + pyro_value_head(values), &name_count, 8) ||
	    name_count < count ||
	    !pyro_value_read(values, fields + l->tuple_items, names, read * 8) ||
	    !pyro_value_read(values, value->addr + l->tuple_items, items, read * 8))
		return false;
	pyro_buf_add_text(&values->text, value->type->name);
	if (!pyro_value_enter(values, value->addr, "(", count, ")"))
		return true;
	for (size_t i = 0; i < count && pyro_value_next(values, i, count); i++) {
		if (!pyro_value_add_string(values, names[i], false, PYRO_MAX_VALUE_NAME))
			return false;
		pyro_buf_add_char(&values->text, '=');
		pyro_value_add(values, items[i]);
	}
	pyro_value_leave(values, ")");
	return true;
}

bool pyro_value_write_tuple(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t count = pyro_value_u64(value, pyro_value_head(values));
	const size_t start = values->text.size, depth = values->depth;

	if (value->type->fields && count <= MAX_COUNT) {
		if (add_named(values, value, count))
			return true;
		values->depth = depth;
		values->text.size = start;
	}
	if (!value->type->exact)
		pyro_buf_add_format(&values->text, "%s(", value->type->name);
	if (!pyro_value_add_items(values, value->addr, "(",
				  value->addr + values->layout->tuple_items, count,
				  count == 1 ? ",)" : ")"))
		return false;
	if (!value->type->exact)
		pyro_buf_add_char(&values->text, ')');
	return true;
}

/* The first items of a set, in the order of its table. Returns how many. */
static size_t read_set(struct pyro_values *values, uint64_t table, uint64_t slots,
		       uint64_t items[PYRO_MAX_VALUE_ITEMS])
{
	uint64_t entries[SET_PART][2]; /* key, hash */
	size_t count = 0;

	for (size_t part = 0; part < SET_PARTS && part * SET_PART < slots; part++) {
		const size_t first = part * SET_PART;
		const size_t size = slots - first < SET_PART ? (size_t)slots - first : SET_PART;

		if (!pyro_value_read(values, table + first * 16, entries, size * 16))
			break;
		for (size_t i = 0; i < size; i++) {
			if (entries[i][0] == 0 || entries[i][1] == SET_DUMMY)
				continue;
			items[count++] = entries[i][0];
			if (count == PYRO_MAX_VALUE_ITEMS)
				return count;
		}
	}
	return count;
}

bool pyro_value_write_set(struct pyro_values *values, const struct pyro_value *value)
{
	const struct pyro_layout *l = values->layout;
	const uint64_t used = pyro_value_u64(value, l->set_used);
	const uint64_t mask = pyro_value_u64(value, l->set_mask);
	const bool plain = value->type->exact && strcmp(value->type->name, "set") == 0;
	uint64_t items[PYRO_MAX_VALUE_ITEMS];
	size_t count;

	if (used > MAX_COUNT || mask > MAX_COUNT * 8 || used > mask + 1)
		return false;
	if (!plain || used == 0)
		pyro_buf_add_format(&values->text, "%s(", value->type->name);
	if (used > 0) {
		count = read_set(values, pyro_value_u64(value, l->set_table), mask + 1, items);
		if (pyro_value_enter(values, value->addr, "{", used, "}")) {
			if (count < used && count < PYRO_MAX_VALUE_ITEMS) {
				/* Its table was not read to the end. */
				(void)add_items(values, items, count, count);
				pyro_buf_add_format(&values->text, "%s... %" PRIu64 " more",
						    count ? ", " : "", used - count);
			} else {
				(void)add_items(values, items, count, used);
			}
			pyro_value_leave(values, "}");
		}
	}
	if (!plain || used == 0)
		pyro_buf_add_char(&values->text, ')');
	return true;
}

/* dequeobject, Modules/_collectionsmodule.c: size, leftblock, rightblock, leftindex, rightindex,
 * state, maxlen; a block is the link to the left, the items, the link to the right. */
static bool read_deque(struct pyro_values *values, uint64_t block, uint64_t index, size_t count,
		       uint64_t *items)
{
	for (size_t done = 0; done < count; index = 0) {
		size_t part;

		if (index >= BLOCK_ITEMS)
			return false;
		part = BLOCK_ITEMS - index < count - done ? (size_t)(BLOCK_ITEMS - index)
							  : count - done;
		if (!pyro_value_read(values, block + 8 + index * 8, items + done, part * 8))
			return false;
		done += part;
		if (done < count &&
		    !pyro_value_read(values, block + 8 + BLOCK_ITEMS * 8, &block, sizeof(block)))
			return false;
	}
	return true;
}

bool pyro_value_write_deque(struct pyro_values *values, const struct pyro_value *value)
{
	const uint32_t head = pyro_value_head(values);
	const uint64_t count = pyro_value_u64(value, head),
		       limit = pyro_value_u64(value, head + 48);
	const size_t read = count < PYRO_MAX_VALUE_ITEMS ? (size_t)count : PYRO_MAX_VALUE_ITEMS;
	uint64_t items[PYRO_MAX_VALUE_ITEMS];

	if (count > MAX_COUNT || !read_deque(values, pyro_value_u64(value, head + 8),
					     pyro_value_u64(value, head + 24), read, items))
		return false;
	pyro_buf_add_format(&values->text, "%s(", value->type->name);
	if (pyro_value_enter(values, value->addr, "[", count, "]")) {
		(void)add_items(values, items, read, count);
		pyro_value_leave(values, "]");
	}
	if ((int64_t)limit >= 0) /* -1: none */
		pyro_buf_add_format(&values->text, ", maxlen=%" PRIu64, limit);
	pyro_buf_add_char(&values->text, ')');
	return true;
}

/* rangeobject, Objects/rangeobject.c: start, stop, step, length. */
bool pyro_value_write_range(struct pyro_values *values, const struct pyro_value *value)
{
	const uint32_t head = pyro_value_head(values);
	struct pyro_buf *text = &values->text;
	size_t step;

	pyro_buf_add_text(text, "range(");
	pyro_value_add(values, pyro_value_u64(value, head));
	pyro_buf_add_text(text, ", ");
	pyro_value_add(values, pyro_value_u64(value, head + 8));
	step = text->size;
	pyro_buf_add_text(text, ", ");
	pyro_value_add(values, pyro_value_u64(value, head + 16));
	if (text->data && strcmp(text->data + step, ", 1") == 0)
		text->size = step;
	pyro_buf_add_char(text, ')');
	return true;
}

bool pyro_value_write_slice(struct pyro_values *values, const struct pyro_value *value)
{
	const uint32_t start = values->layout->slice_start;

	pyro_buf_add_text(&values->text, "slice(");
	for (uint32_t i = 0; i < 3; i++) {
		pyro_buf_add_text(&values->text, i ? ", " : "");
		pyro_value_add(values, pyro_value_u64(value, start + i * 8));
	}
	pyro_buf_add_char(&values->text, ')');
	return true;
}
