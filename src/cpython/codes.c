/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/codes.h"

#include <stdlib.h>

#include "cpython/texts.h"

/* CO_COROUTINE and CO_ITERABLE_COROUTINE of code.h, the same since 3.5. */
#define CO_ANY_COROUTINE 0x180u
#define MAX_SLOTS        (1u << 16)
#define MAX_RECORDS      (1u << 20)
#define MAX_NAMES        ((size_t)256 << 20) /* bytes of all names */
#define MAX_ARENA        ((size_t)512 << 20)
#define TABLE_GUESS      320 /* bytes of a line table read at first, its head included */
#define PAGE             4096u

void pyro_codes_init(struct pyro_codes *codes)
{
	memset(codes, 0, sizeof(*codes));
	pyro_map_init(&codes->by_addr, MAX_SLOTS);
	pyro_map_init(&codes->by_content, MAX_RECORDS);
	pyro_map_init(&codes->text_by_addr, PYRO_MAX_TEXTS);
	pyro_intern_init(&codes->names, MAX_NAMES);
	pyro_arena_init(&codes->arena, MAX_ARENA);
	pyro_arena_init(&codes->raws, MAX_ARENA);
	pyro_buf_init(&codes->scratch,
		      pyro_lines_bound(PYRO_MAX_LINE_TABLE) * sizeof(struct pyro_line_run));
}

void pyro_codes_deinit(struct pyro_codes *codes)
{
	for (size_t i = 0; i < codes->record_count; i++)
		free(codes->records[i]->table);
	free(codes->records);
	free(codes->slots);
	free(codes->texts);
	pyro_map_deinit(&codes->by_addr);
	pyro_map_deinit(&codes->by_content);
	pyro_map_deinit(&codes->text_by_addr);
	pyro_intern_deinit(&codes->names);
	pyro_arena_deinit(&codes->arena);
	pyro_arena_deinit(&codes->raws);
	pyro_buf_deinit(&codes->scratch);
}

/* Forgets what lies where, keeping the records: a program that makes code objects without end
 * fills the tables again and again. */
static void forget_addresses(struct pyro_codes *codes)
{
	pyro_map_clear(&codes->by_addr);
	pyro_map_clear(&codes->text_by_addr);
	pyro_arena_deinit(&codes->raws);
	pyro_arena_init(&codes->raws, MAX_ARENA);
	codes->slot_count = 0;
	codes->text_count = 0;
	codes->spare_count = 0;
}

void pyro_codes_begin(struct pyro_codes *codes)
{
	pyro_codes_settle(codes, false); /* of a stack that nobody settled */
	if (codes->slot_count > MAX_SLOTS - PYRO_MAX_STACK_DEPTH ||
	    codes->text_count > PYRO_MAX_TEXTS - 3 * PYRO_MAX_STACK_DEPTH)
		forget_addresses(codes);
	if (++codes->stack == 0) {
		/* Numbers come round after four thousand million stacks. */
		forget_addresses(codes);
		codes->stack = 1;
	}
}

void pyro_codes_settle(struct pyro_codes *codes, bool proved)
{
	for (size_t i = 0; i < codes->fresh_count; i++) {
		struct pyro_code_slot *slot = &codes->slots[codes->fresh[i]];

		slot->fresh = false;
		if (proved && slot->code != PYRO_CODE_NONE)
			continue;
		(void)pyro_map_remove(&codes->by_addr, slot->addr);
		slot->addr = 0;
		if (codes->spare_count < PYRO_COUNT(codes->spare))
			codes->spare[codes->spare_count++] = codes->fresh[i];
	}
	codes->fresh_count = 0;
}

uint32_t pyro_codes_slot(const struct pyro_codes *codes, uint64_t addr)
{
	uint64_t slot;

	return pyro_map_get(&codes->by_addr, addr, &slot) ? (uint32_t)slot : PYRO_CODE_NONE;
}

static bool is_trusted(const struct pyro_codes *codes, const struct pyro_code_slot *slot)
{
	return codes->epoch && slot->epoch == codes->epoch;
}

bool pyro_codes_must_check(const struct pyro_codes *codes, uint32_t slot, uint64_t interp,
			   uint64_t generation)
{
	const struct pyro_code_slot *s = &codes->slots[slot];

	if (s->checked == codes->stack || is_trusted(codes, s))
		return false;
	/* The generation counts the code objects that went away. */
	return generation == UINT64_MAX || s->generation != generation || s->interp != interp;
}

void pyro_codes_plan(struct pyro_codes *codes, struct pyro_window *window,
		     const struct pyro_layout *layout, uint32_t slot)
{
	const struct pyro_code_slot *s;

	if (slot >= codes->slot_count || codes->slots[slot].addr == 0)
		return;
	s = &codes->slots[slot];
	if (is_trusted(codes, s))
		return;
	pyro_window_plan(window, s->addr + layout->co_id, layout->co_id_end - layout->co_id);
	for (size_t i = 0; !s->versioned && i < PYRO_COUNT(s->texts); i++)
		pyro_texts_plan(codes, window, layout, s->texts[i]);
}

void pyro_codes_trail(const struct pyro_layout *layout, struct pyro_trail *trail)
{
	trail->object_size = layout->co_id_end;
	trail->versioned = layout->co_version != PYRO_ABSENT;
	trail->version = layout->co_version;
	trail->pointed[trail->pointed_count++] = layout->co_name;
	trail->pointed[trail->pointed_count++] = layout->co_filename;
	if (layout->co_qualname != PYRO_ABSENT)
		trail->pointed[trail->pointed_count++] = layout->co_qualname;
	pyro_texts_trail(layout, trail);
}

static bool same_id(const struct pyro_layout *l, const uint8_t *a, const uint8_t *b)
{
	const size_t size = l->co_id_end - l->co_id;
	size_t hole, end;

	if (l->co_hole == PYRO_ABSENT)
		return memcmp(a, b, size) == 0;
	hole = l->co_hole - l->co_id;
	end = l->co_hole_end - l->co_id;
	return memcmp(a, b, hole) == 0 && memcmp(a + end, b + end, size - end) == 0;
}

static bool is_same(struct pyro_codes *codes, const struct pyro_window *window,
		    const struct pyro_layout *l, uint32_t slot)
{
	const struct pyro_code_slot *s = &codes->slots[slot];
	const size_t size = l->co_id_end - l->co_id;
	const struct pyro_bytes now = pyro_window_find(window, s->addr + l->co_id, size);

	if (!now.data || !same_id(l, now.data, s->id))
		return false;
	for (size_t i = 0; !s->versioned && i < PYRO_COUNT(s->texts); i++) {
		if (!pyro_texts_is_same(codes, window, l, s->texts[i]) ||
		    codes->texts[s->texts[i]].serial != s->serials[i])
			return false;
	}
	return true;
}

/* A slot for @addr, to be decoded. */
static enum pyro_rc add_slot(struct pyro_codes *codes, uint64_t addr, uint32_t *ret_slot)
{
	uint32_t slot;
	enum pyro_rc rc;

	if (codes->spare_count > 0) {
		slot = codes->spare[--codes->spare_count];
	} else {
		if (codes->slot_count == codes->slot_capacity) {
			const size_t capacity =
				codes->slot_capacity ? codes->slot_capacity * 2 : 256;
			struct pyro_code_slot *slots =
				realloc(codes->slots, capacity * sizeof(*slots));

			if (!slots)
				return PYRO_RC_NOMEM;
			codes->slots = slots;
			codes->slot_capacity = capacity;
		}
		slot = (uint32_t)codes->slot_count++;
	}
	codes->slots[slot] = (struct pyro_code_slot){
		.addr = addr,
		.code = PYRO_CODE_NONE,
		.size = UINT32_MAX,
		.generation = UINT64_MAX,
	};
	rc = pyro_map_put(&codes->by_addr, addr, slot);
	*ret_slot = slot;
	return rc;
}

static void set_fresh(struct pyro_codes *codes, uint32_t slot)
{
	if (codes->fresh_count == PYRO_COUNT(codes->fresh))
		return; /* cannot be: a stack has no more frames */
	codes->slots[slot].fresh = true;
	codes->slots[slot].checked = codes->stack;
	codes->fresh[codes->fresh_count++] = slot;
}

/* The pointers of the code object at a fresh slot. */
struct parts {
	struct pyro_bytes code;
	uint64_t texts[3];
	uint64_t table;
};

static bool find_parts(const struct pyro_codes *codes, const struct pyro_window *window,
		       const struct pyro_layout *l, uint32_t slot, struct parts *ret_parts)
{
	const uint64_t addr = codes->slots[slot].addr;
	struct parts *p = ret_parts;

	p->code = pyro_window_find(window, addr, l->co_id_end);
	p->texts[0] = pyro_bytes_u64(p->code, l->co_name);
	p->texts[1] = l->co_qualname == PYRO_ABSENT ? p->texts[0]
						    : pyro_bytes_u64(p->code, l->co_qualname);
	p->texts[2] = pyro_bytes_u64(p->code, l->co_filename);
	p->table = pyro_bytes_u64(p->code, l->co_linetable);
	return p->code.data != NULL && p->table != 0;
}

/* Whether a type is one: the type of types is its own. */
static enum pyro_rc is_type(struct pyro_window *window, const struct pyro_layout *l, uint64_t type,
			    bool *ret_is_type)
{
	uint64_t meta;
	struct pyro_bytes bytes;
	enum pyro_rc rc = pyro_window_get(window, type + l->ob_type, 8, &bytes);

	*ret_is_type = false;
	if (rc != PYRO_RC_OK)
		return rc;
	meta = pyro_bytes_u64(bytes, 0);
	rc = pyro_window_get(window, meta + l->ob_type, 8, &bytes);
	if (rc == PYRO_RC_OK)
		*ret_is_type = meta != 0 && pyro_bytes_u64(bytes, 0) == meta;
	return rc;
}

/* Code objects have one type, known by its name. A core lacks that without the interpreter's file,
 * where the name is a constant: there an object passes that has all the parts of one. */
static enum pyro_rc check_type(struct pyro_codes *codes, struct pyro_window *window,
			       const struct pyro_layout *l, uint64_t type, bool *ret_is_code)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc;

	*ret_is_code = type != 0 && type == codes->code_type;
	if (*ret_is_code || codes->code_type != 0 || type == 0)
		return PYRO_RC_OK;
	rc = pyro_window_get(window, type + l->ty_name, 8, &bytes);
	if (rc == PYRO_RC_OK) {
		rc = pyro_window_get(window, pyro_bytes_u64(bytes, 0), 5, &bytes);
		if (rc == PYRO_RC_FAULT) {
			rc = is_type(window, l, type, ret_is_code);
		} else if (rc == PYRO_RC_OK && memcmp(bytes.data, "code", 5) == 0) {
			*ret_is_code = true;
			codes->code_type = type;
		}
	}
	return rc == PYRO_RC_FAULT ? PYRO_RC_OK : rc;
}

static void plan_table(struct pyro_window *window, const struct pyro_layout *l, uint64_t addr)
{
	const size_t rest = PAGE - addr % PAGE;
	size_t size = TABLE_GUESS < rest ? TABLE_GUESS : rest;

	if (size < l->by_data)
		size = l->by_data;
	pyro_window_plan(window, addr, size);
}

/* The line table, @plan: makes sure that it will be read; false when there is none. */
static bool find_table(struct pyro_window *window, const struct pyro_layout *l, uint64_t addr,
		       bool plan, struct pyro_bytes *ret_table)
{
	const struct pyro_bytes head = pyro_window_find(window, addr, l->by_data);
	uint64_t size = pyro_bytes_u64(head, l->by_length);

	if (!head.data || size > UINT32_MAX)
		return false;
	if (size > PYRO_MAX_LINE_TABLE)
		size = PYRO_MAX_LINE_TABLE;
	if (size == 0) {
		*ret_table = head;
		ret_table->size = 0;
		return true;
	}
	if (plan && size <= PAGE)
		pyro_window_plan(window, addr + l->by_data, size);
	else if (plan)
		pyro_window_plan_region(window, addr + l->by_data, size);
	*ret_table = pyro_window_find(window, addr + l->by_data, size);
	return plan || ret_table->data;
}

/* _Py_InitCleanup (Objects/codeobject.c, 3.12 on): the trampoline beneath an inlined call of a
 * class, which checks what __init__ returned. Its file is "__init__", which no program's is. */
static bool is_internal(const struct pyro_code *code)
{
	return strcmp(code->file, "__init__") == 0 && strcmp(code->name, "__init__") == 0;
}

static enum pyro_rc add_record(struct pyro_codes *codes, const struct pyro_code *code,
			       struct pyro_bytes table, uint64_t content, uint32_t *ret_code)
{
	struct pyro_code_record *record;

	if (codes->record_count == MAX_RECORDS)
		return PYRO_RC_LIMIT;
	if (codes->record_count == codes->record_capacity) {
		const size_t capacity = codes->record_capacity ? codes->record_capacity * 2 : 256;
		struct pyro_code_record **records =
			realloc(codes->records, capacity * sizeof(struct pyro_code_record *));

		if (!records)
			return PYRO_RC_NOMEM;
		codes->records = records;
		codes->record_capacity = capacity;
	}
	record = pyro_arena_alloc(&codes->arena, sizeof(*record));
	if (!record)
		return PYRO_RC_NOMEM;
	record->code = *code;
	record->internal = is_internal(code);
	record->table = malloc(table.size ? table.size : 1);
	if (!record->table)
		return PYRO_RC_NOMEM;
	if (table.size > 0)
		memcpy(record->table, table.data, table.size);
	record->table_size = (uint32_t)table.size;
	*ret_code = (uint32_t)codes->record_count;
	codes->records[codes->record_count++] = record;
	codes->decoded++;
	return pyro_map_put(&codes->by_content, content, *ret_code);
}

/* Makes the record of a fresh slot, or finds the one that holds the same. */
static enum pyro_rc finish_slot(struct pyro_codes *codes, struct pyro_window *window,
				const struct pyro_layout *l, uint32_t slot)
{
	struct pyro_code code = {0};
	struct pyro_bytes table;
	struct parts parts;
	uint64_t content, found, units, version = 0;
	uint32_t texts[3], record;
	struct pyro_code_slot *s;
	enum pyro_rc rc;
	bool is_code;

	if (!find_parts(codes, window, l, slot, &parts))
		return PYRO_RC_FAULT;
	rc = check_type(codes, window, l, pyro_bytes_u64(parts.code, l->ob_type), &is_code);
	if (rc != PYRO_RC_OK)
		return rc;
	if (!is_code || !find_table(window, l, parts.table, false, &table))
		return PYRO_RC_FAULT;
	for (size_t i = 0; i < PYRO_COUNT(texts); i++) {
		const size_t limit = i == 2 ? PYRO_MAX_PATH : PYRO_MAX_NAME;

		rc = pyro_texts_add(codes, window, l, parts.texts[i], limit, &texts[i]);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	code.name = codes->texts[texts[0]].utf8;
	code.qualname = codes->texts[texts[1]].utf8;
	code.file = codes->texts[texts[2]].utf8;
	code.first_line = (int32_t)pyro_bytes_u32(parts.code, l->co_first_line);
	code.coroutine = pyro_bytes_u32(parts.code, l->co_flags) & CO_ANY_COROUTINE;
	units = l->co_units == PYRO_ABSENT ? UINT64_MAX : pyro_bytes_u64(parts.code, l->co_units);
	/* Names are interned, so equal ones have equal addresses. */
	content = pyro_hash_bytes(table.data, table.size);
	content = pyro_hash_pair(content, (uintptr_t)code.name);
	content = pyro_hash_pair(content, (uintptr_t)code.qualname);
	content = pyro_hash_pair(content, (uintptr_t)code.file);
	content = pyro_hash_pair(content, (uint64_t)(uint32_t)code.first_line << 32 | table.size);
	if (pyro_map_get(&codes->by_content, content, &found)) {
		record = (uint32_t)found;
	} else {
		rc = add_record(codes, &code, table, content, &record);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	s = &codes->slots[slot];
	if (s->code != PYRO_CODE_NONE && s->code != record)
		codes->reused++;
	s->code = record;
	s->size = units > PYRO_MAX_CODE_UNITS / 2 ? UINT32_MAX : (uint32_t)units * 2;
	for (size_t i = 0; i < PYRO_COUNT(texts); i++) {
		s->texts[i] = texts[i];
		s->serials[i] = codes->texts[texts[i]].serial;
	}
	if (l->co_version != PYRO_ABSENT)
		version = pyro_bytes_u32(parts.code, l->co_version);
	s->versioned = version != 0;
	memcpy(s->id, parts.code.data + l->co_id, l->co_id_end - l->co_id);
	return PYRO_RC_OK;
}

/* Reads the fresh slots from @first on whole, all of them together: the objects, what they point
 * to, what of that is longer than usual. */
static enum pyro_rc decode_fresh(struct pyro_codes *codes, struct pyro_window *window,
				 const struct pyro_layout *l, size_t first)
{
	struct pyro_string string;
	struct pyro_bytes table;
	struct parts parts;
	enum pyro_rc rc;

	for (size_t i = first; i < codes->fresh_count; i++)
		pyro_window_plan(window, codes->slots[codes->fresh[i]].addr, l->co_id_end);
	rc = pyro_window_fetch(window);
	for (size_t i = first; rc == PYRO_RC_OK && i < codes->fresh_count; i++) {
		if (!find_parts(codes, window, l, codes->fresh[i], &parts))
			continue;
		for (size_t j = 0; j < PYRO_COUNT(parts.texts); j++)
			pyro_string_plan(window, l, parts.texts[j]);
		plan_table(window, l, parts.table);
	}
	if (rc == PYRO_RC_OK)
		rc = pyro_window_fetch(window);
	for (size_t i = first; rc == PYRO_RC_OK && i < codes->fresh_count; i++) {
		if (!find_parts(codes, window, l, codes->fresh[i], &parts))
			continue;
		for (size_t j = 0; j < PYRO_COUNT(parts.texts); j++) {
			if (pyro_string_head(window, l, parts.texts[j], PYRO_MAX_PATH, &string))
				pyro_string_plan_text(window, &string);
		}
		(void)find_table(window, l, parts.table, true, &table);
	}
	if (rc == PYRO_RC_OK && pyro_window_pending(window))
		rc = pyro_window_fetch(window);
	for (size_t i = first; rc == PYRO_RC_OK && i < codes->fresh_count; i++) {
		const uint32_t slot = codes->fresh[i];

		rc = finish_slot(codes, window, l, slot);
		if (rc == PYRO_RC_FAULT || rc == PYRO_RC_LIMIT) {
			codes->slots[slot].code = PYRO_CODE_NONE;
			rc = PYRO_RC_OK;
		}
	}
	return rc;
}

/* Memory that was freed still has most of what was in it. What held an object then has a count of
 * references of 0, or an allocator's pointer in its place. From 3.14 on the count has 32 bits,
 * and flags above the next 16. */
static bool is_alive(const struct pyro_layout *l, uint64_t references)
{
	if (l->minor >= 14)
		return (uint32_t)references != 0 && (references >> 32 & 0xffff) == 0;
	return references != 0 && references >> 40 == 0;
}

/* Whether what was read late of a fresh slot is of the code object that the sealed window shows:
 * that is still there, and so it was all the time. One without a version of its own could be
 * another with strings at the same addresses, which must be the same too. */
static bool is_still(const struct pyro_codes *codes, const struct pyro_window *window,
		     const struct pyro_layout *l, uint32_t slot)
{
	const struct pyro_code_slot *s = &codes->slots[slot];
	const struct pyro_bytes then = pyro_window_find_sealed(window, s->addr, l->co_id_end);
	uint8_t buffer[PYRO_READ_CODE];
	const struct pyro_bytes now = {buffer, l->co_id_end};

	if (s->code == PYRO_CODE_NONE || !then.data ||
	    pyro_reader_read(window->reader, s->addr, buffer, now.size) ||
	    !same_id(l, then.data + l->co_id, now.data + l->co_id) ||
	    pyro_bytes_u64(then, l->ob_type) != pyro_bytes_u64(now, l->ob_type))
		return false;
	/* Free-threaded, the count is not in one place. */
	if (!l->free_threaded && !is_alive(l, pyro_bytes_u64(now, 0)))
		return false;
	for (size_t i = 0; !s->versioned && i < PYRO_COUNT(s->texts); i++) {
		if (!pyro_texts_is_still(codes, window, l, s->texts[i]))
			return false;
	}
	return true;
}

/* Whether no code object has gone since @generation. */
static bool none_went(const struct pyro_window *window, const struct pyro_layout *l,
		      uint64_t interp, uint64_t generation)
{
	uint64_t now;

	return l->in_generation != PYRO_ABSENT && generation != UINT64_MAX &&
	       !pyro_reader_read(window->reader, interp + l->in_generation, &now, sizeof(now)) &&
	       now == generation;
}

static enum pyro_rc decode_late(struct pyro_codes *codes, struct pyro_window *window,
				const struct pyro_layout *l, uint64_t interp, uint64_t generation,
				size_t first)
{
	enum pyro_rc rc;

	for (size_t i = first; i < codes->fresh_count; i++) {
		const uint64_t addr = codes->slots[codes->fresh[i]].addr;

		if (!pyro_window_find(window, addr, l->co_id_end).data)
			return PYRO_RC_SHORT;
	}
	window->sealed = false;
	rc = decode_fresh(codes, window, l, first);
	window->sealed = true;
	for (size_t i = first; rc == PYRO_RC_OK && i < codes->fresh_count; i++) {
		if (!is_still(codes, window, l, codes->fresh[i]))
			rc = PYRO_RC_SHORT;
	}
	if (rc == PYRO_RC_OK && l->free_threaded && !none_went(window, l, interp, generation))
		rc = PYRO_RC_SHORT;
	return rc;
}

enum pyro_rc pyro_codes_identify(struct pyro_codes *codes, struct pyro_window *window,
				 const struct pyro_layout *layout, uint64_t interp,
				 uint64_t generation, const uint64_t *addrs, size_t count,
				 uint32_t *ret_slots)
{
	const size_t first = codes->fresh_count; /* those before are another state's */
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; i < count; i++) {
		/* Recursion repeats; spare it the look-up. */
		if (i > 0 && addrs[i] == addrs[i - 1]) {
			ret_slots[i] = ret_slots[i - 1];
			continue;
		}
		ret_slots[i] = pyro_codes_slot(codes, addrs[i]);
		if (ret_slots[i] == PYRO_CODE_NONE) {
			rc = add_slot(codes, addrs[i], &ret_slots[i]);
			if (rc != PYRO_RC_OK)
				return rc;
			set_fresh(codes, ret_slots[i]);
		} else if (pyro_codes_must_check(codes, ret_slots[i], interp, generation)) {
			pyro_codes_plan(codes, window, layout, ret_slots[i]);
		}
	}
	if (pyro_window_pending(window)) {
		rc = pyro_window_fetch(window);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	for (size_t i = 0; i < count; i++) {
		const uint32_t slot = ret_slots[i];

		if (!pyro_codes_must_check(codes, slot, interp, generation))
			continue;
		if (is_same(codes, window, layout, slot))
			codes->slots[slot].checked = codes->stack;
		else
			set_fresh(codes, slot);
		codes->slots[slot].interp = interp;
		codes->slots[slot].generation = generation;
		codes->slots[slot].epoch = codes->epoch;
	}
	if (codes->fresh_count > first) {
		rc = window->sealed ? decode_late(codes, window, layout, interp, generation, first)
				    : decode_fresh(codes, window, layout, first);
		for (size_t i = first; i < codes->fresh_count; i++) {
			codes->slots[codes->fresh[i]].interp = interp;
			codes->slots[codes->fresh[i]].generation = generation;
		}
	}
	return rc;
}

static enum pyro_rc decode_lines(struct pyro_codes *codes, uint32_t minor,
				 struct pyro_code_record *record)
{
	const size_t bound = pyro_lines_bound(record->table_size);
	struct pyro_line_run *runs;
	size_t count;

	pyro_buf_reset(&codes->scratch);
	runs = (struct pyro_line_run *)(void *)pyro_buf_reserve(&codes->scratch,
								bound * sizeof(*runs));
	if (!runs)
		return PYRO_RC_NOMEM;
	count = pyro_lines_decode(minor, record->table, record->table_size, record->code.first_line,
				  runs);
	record->runs = pyro_arena_alloc(&codes->arena, (count ? count : 1) * sizeof(*runs));
	if (!record->runs)
		return PYRO_RC_NOMEM;
	memcpy(record->runs, runs, count * sizeof(*runs));
	record->run_count = (uint32_t)count;
	free(record->table);
	record->table = NULL;
	return PYRO_RC_OK;
}

int32_t pyro_codes_line(struct pyro_codes *codes, const struct pyro_layout *layout, uint32_t code,
			uint32_t offset)
{
	struct pyro_code_record *record;

	if (code >= codes->record_count)
		return 0;
	record = codes->records[code];
	if (!record->runs && decode_lines(codes, layout->minor, record) != PYRO_RC_OK)
		return record->code.first_line;
	return pyro_lines_find(record->runs, record->run_count, record->code.first_line, offset);
}
