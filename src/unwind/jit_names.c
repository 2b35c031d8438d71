/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/jit_names.h"

#include <string.h>

#include "base/limits.h"
#include "target/procfs.h"

#define MAX_TEXT (256u << 20) /* bytes of all names */

void pyro_jit_names_init(struct pyro_jit_names *names)
{
	*names = (struct pyro_jit_names){.items = NULL};
	pyro_intern_init(&names->names, MAX_TEXT);
	pyro_map_init(&names->by_start, PYRO_MAX_JIT_NAMES);
}

void pyro_jit_names_deinit(struct pyro_jit_names *names)
{
	free(names->items);
	pyro_intern_deinit(&names->names);
	pyro_map_deinit(&names->by_start);
	names->items = NULL;
	names->count = names->capacity = 0;
}

static void add(struct pyro_jit_names *names, uint64_t start, uint64_t size, const char *name,
		size_t name_size)
{
	const size_t capacity = names->capacity ? 2 * names->capacity : 256;
	struct pyro_jit_name *items;
	uint32_t index;

	if (size == 0 || size > UINT64_MAX - start || name_size == 0) {
		names->malformed++;
		return;
	}
	if (name_size > PYRO_MAX_NAME)
		name_size = PYRO_MAX_NAME;
	if (names->count == PYRO_MAX_JIT_NAMES ||
	    pyro_intern_add(&names->names, name, name_size, &index) != PYRO_RC_OK ||
	    pyro_map_put(&names->by_start, start, index) != PYRO_RC_OK) {
		names->dropped++;
		return;
	}
	if (names->count == names->capacity) {
		items = reallocarray(names->items, capacity, sizeof(*items));
		if (!items) {
			names->dropped++;
			return;
		}
		names->items = items;
		names->capacity = capacity;
	}
	names->items[names->count] = (struct pyro_jit_name){
		.start = start,
		.end = start + size,
		.name = index,
		.order = (uint32_t)names->count,
	};
	names->count++;
	names->sorted = false;
}

static void parse_line(struct pyro_jit_names *names, const char *line, const char *end)
{
	const char *at = line;
	uint64_t start, size;

	/* Some write a prefix before the numbers. */
	if (end - at > 2 && at[0] == '0' && at[1] == 'x')
		at += 2;
	if (!pyro_procfs_hex(&at, end, &start) || at == end || *at++ != ' ')
		goto malformed;
	if (end - at > 2 && at[0] == '0' && at[1] == 'x')
		at += 2;
	if (!pyro_procfs_hex(&at, end, &size) || at == end || *at++ != ' ' ||
	    memchr(at, 0, (size_t)(end - at)))
		goto malformed;
	add(names, start, size, at, (size_t)(end - at));
	return;
malformed:
	names->malformed++;
}

size_t pyro_jit_names_parse_map(struct pyro_jit_names *names, const char *text, size_t size)
{
	const char *at = text, *end;

	while (at < text + size && (end = memchr(at, '\n', size - (size_t)(at - text)))) {
		parse_line(names, at, end);
		at = end + 1;
	}
	return (size_t)(at - text);
}

/* All records begin with a kind, their size and a time; sizes count all of a record. */
enum {
	MAGIC = 0x4a695444, /* "JiTD" as the writer's machine has it */
	HEADER = 40,
	RECORD = 16,
	CODE_LOAD = 0,
	CODE_MOVE = 1
};

static void parse_load(struct pyro_jit_names *names, struct pyro_cursor *cursor)
{
	uint64_t start, size;
	const char *name, *end;

	(void)pyro_cursor_bytes(cursor, 16); /* pid, tid, vma */
	start = pyro_cursor_u64(cursor);
	size = pyro_cursor_u64(cursor);
	(void)pyro_cursor_u64(cursor); /* a number that is its own */
	name = (const char *)cursor->data + cursor->at;
	end = cursor->failed ? NULL : memchr(name, 0, cursor->size - cursor->at);
	if (end)
		add(names, start, size, name, (size_t)(end - name));
	else
		names->malformed++;
}

/* What began at that address is somewhere else now. */
static void parse_move(struct pyro_jit_names *names, struct pyro_cursor *cursor)
{
	uint64_t from, start, size, index;

	(void)pyro_cursor_bytes(cursor, 16);
	from = pyro_cursor_u64(cursor);
	start = pyro_cursor_u64(cursor);
	size = pyro_cursor_u64(cursor);
	if (!cursor->failed && pyro_map_get(&names->by_start, from, &index)) {
		size_t name_size;
		const char *name = pyro_intern_get(&names->names, (uint32_t)index, &name_size);

		add(names, start, size, name, name_size);
	} else {
		names->malformed++;
	}
}

static size_t parse_header(const uint8_t *data, size_t size, uint16_t machine)
{
	struct pyro_cursor cursor;
	uint32_t magic, version, header;

	pyro_cursor_init(&cursor, data, size);
	magic = pyro_cursor_u32(&cursor);
	version = pyro_cursor_u32(&cursor);
	header = pyro_cursor_u32(&cursor);
	if (magic != MAGIC || version != 1 || pyro_cursor_u32(&cursor) != machine ||
	    header < HEADER || header > size)
		return 0;
	return header;
}

size_t pyro_jit_names_parse_dump(struct pyro_jit_names *names, const uint8_t *data, size_t size,
				 uint64_t at, uint16_t machine)
{
	size_t used = at ? 0 : parse_header(data, size, machine);

	if (!at && !used)
		return 0;
	while (size - used >= RECORD) {
		struct pyro_cursor cursor;
		uint32_t kind, length;

		pyro_cursor_init(&cursor, data + used, size - used);
		kind = pyro_cursor_u32(&cursor);
		length = pyro_cursor_u32(&cursor);
		(void)pyro_cursor_u64(&cursor);
		if (length > size - used)
			break;
		if (length < RECORD) { /* there is no telling where the next one is */
			names->malformed++;
			return size;
		}
		cursor.size = length;
		if (kind == CODE_LOAD)
			parse_load(names, &cursor);
		else if (kind == CODE_MOVE)
			parse_move(names, &cursor);
		used += length;
	}
	return used;
}

static int by_place(const void *left, const void *right)
{
	const struct pyro_jit_name *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

const char *pyro_jit_names_find(struct pyro_jit_names *names, uint64_t addr, uint64_t *ret_start)
{
	enum {
		LOOK_BACK = 16
	};
	const struct pyro_jit_name *best = NULL;
	size_t low = 0, high = names->count;

	if (!names->sorted && names->count)
		qsort(names->items, names->count, sizeof(*names->items), by_place);
	names->sorted = true;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (names->items[middle].start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	/* Memory is used again: of those that hold the address the last that was made is meant. */
	for (size_t i = 0; i < LOOK_BACK && i < low; i++) {
		const struct pyro_jit_name *item = &names->items[low - 1 - i];

		if (addr < item->end && (!best || item->order > best->order))
			best = item;
	}
	if (!best)
		return NULL;
	*ret_start = best->start;
	return pyro_intern_get(&names->names, best->name, NULL);
}
