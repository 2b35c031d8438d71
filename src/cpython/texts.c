/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/texts.h"

#include <stdlib.h>

#define NO_HASH   UINT64_MAX
#define MAX_RAW   2048u /* bytes compared of a string without a hash */
#define TRAIL_RAW 512u  /* bytes of one, its head included, that come by a trail */

static enum pyro_rc find_or_add(struct pyro_codes *codes, uint64_t addr, uint32_t *ret_text)
{
	uint64_t found;

	if (pyro_map_get(&codes->text_by_addr, addr, &found)) {
		*ret_text = (uint32_t)found;
		return PYRO_RC_OK;
	}
	if (codes->text_count == PYRO_MAX_TEXTS)
		return PYRO_RC_LIMIT;
	if (codes->text_count == codes->text_capacity) {
		const size_t capacity = codes->text_capacity ? codes->text_capacity * 2 : 256;
		struct pyro_text *texts = realloc(codes->texts, capacity * sizeof(*texts));

		if (!texts)
			return PYRO_RC_NOMEM;
		codes->texts = texts;
		codes->text_capacity = capacity;
	}
	*ret_text = (uint32_t)codes->text_count;
	codes->texts[codes->text_count++] = (struct pyro_text){.addr = addr};
	return pyro_map_put(&codes->text_by_addr, addr, *ret_text);
}

static enum pyro_rc keep_raw(struct pyro_codes *codes, const struct pyro_window *window,
			     const struct pyro_string *string, struct pyro_text *text)
{
	struct pyro_bytes raw = pyro_string_raw(window, string);

	if (raw.size > MAX_RAW)
		raw.size = MAX_RAW;
	if (raw.size > text->raw_room) {
		text->raw_room = 0;
		text->raw_size = 0;
		text->raw = pyro_arena_alloc(&codes->raws, raw.size);
		if (!text->raw)
			return PYRO_RC_NOMEM;
		text->raw_room = (uint32_t)raw.size;
	}
	if (raw.size > 0)
		memcpy(text->raw, raw.data, raw.size);
	text->raw_size = (uint32_t)raw.size;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_texts_add(struct pyro_codes *codes, const struct pyro_window *window,
			    const struct pyro_layout *layout, uint64_t addr, size_t limit,
			    uint32_t *ret_text)
{
	struct pyro_string string;
	struct pyro_text *text;
	const char *utf8;
	uint32_t name;
	enum pyro_rc rc;

	if (!pyro_string_head(window, layout, addr, limit, &string))
		return PYRO_RC_FAULT;
	pyro_buf_reset(&codes->scratch);
	if (!pyro_string_utf8(window, &string, limit, &codes->scratch))
		return codes->scratch.failed ? PYRO_RC_NOMEM : PYRO_RC_FAULT;
	rc = pyro_intern_add(&codes->names, codes->scratch.data ? codes->scratch.data : "",
			     codes->scratch.size, &name);
	if (rc == PYRO_RC_OK)
		rc = find_or_add(codes, addr, ret_text);
	if (rc != PYRO_RC_OK)
		return rc;
	text = &codes->texts[*ret_text];
	utf8 = pyro_intern_get(&codes->names, name, NULL);
	/* Names are interned, so equal ones have equal addresses. */
	if (text->utf8 != utf8 || text->total != string.total)
		text->serial = ++codes->serial;
	text->utf8 = utf8;
	text->hash = string.hash;
	text->total = string.total;
	text->into = 0;
	if (string.text > addr && string.text - addr <= layout->str_compact)
		text->into = (uint32_t)(string.text - addr);
	text->checked = codes->stack;
	text->same = true;
	return string.hash == NO_HASH ? keep_raw(codes, window, &string, text) : PYRO_RC_OK;
}

void pyro_texts_plan(struct pyro_codes *codes, struct pyro_window *window,
		     const struct pyro_layout *layout, uint32_t text)
{
	const struct pyro_text *t;

	if (text >= codes->text_count)
		return;
	t = &codes->texts[text];
	if (t->hash == NO_HASH && t->into > 0)
		pyro_window_plan(window, t->addr, t->into + t->raw_size);
	else
		pyro_window_plan(window, t->addr + layout->str_length,
				 layout->str_hash + 8 - layout->str_length);
}

void pyro_texts_trail(const struct pyro_layout *layout, struct pyro_trail *trail)
{
	trail->pointed_from = layout->str_length;
	trail->pointed_size = layout->str_hash + 8 - layout->str_length;
	trail->pointed_unset = layout->str_hash - layout->str_length;
	trail->pointed_more = TRAIL_RAW;
}

bool pyro_texts_is_still(const struct pyro_codes *codes, const struct pyro_window *window,
			 const struct pyro_layout *layout, uint32_t text)
{
	const struct pyro_text *t = &codes->texts[text];
	const uint32_t low = layout->str_length;
	size_t size = layout->str_hash + 8 - low;
	uint8_t now[TRAIL_RAW];
	struct pyro_bytes then;

	if (t->hash == NO_HASH && t->into > 0)
		size = t->into + t->raw_size - low;
	if (size > sizeof(now) || (t->hash == NO_HASH && t->into == 0))
		return false;
	then = pyro_window_find_sealed(window, t->addr + low, size);
	return then.data && pyro_bytes_u64(then, 0) == t->total &&
	       pyro_bytes_u64(then, layout->str_hash - low) == t->hash &&
	       !pyro_reader_read(window->reader, t->addr + low, now, size) &&
	       memcmp(then.data, now, size) == 0;
}

static bool compare(const struct pyro_window *window, const struct pyro_layout *layout,
		    struct pyro_text *text)
{
	const uint32_t low = layout->str_length;
	const struct pyro_bytes head =
		pyro_window_find(window, text->addr + low, layout->str_hash + 8 - low);
	const uint64_t hash = pyro_bytes_u64(head, layout->str_hash - low);
	struct pyro_bytes raw;

	if (!head.data || pyro_bytes_u64(head, 0) != text->total)
		return false;
	if (text->hash != NO_HASH)
		return hash == text->hash;
	if (text->into == 0)
		return false;
	if (text->raw_size > 0) {
		raw = pyro_window_find(window, text->addr + text->into, text->raw_size);
		if (!raw.data || memcmp(raw.data, text->raw, text->raw_size) != 0)
			return false;
	}
	/* Somebody used it as a key since: from now on the hash will do. Of a string that was cut
	 * when compared, only the hash that came with all of it proves anything. */
	if (text->raw_size < MAX_RAW)
		text->hash = hash;
	return true;
}

bool pyro_texts_is_same(struct pyro_codes *codes, const struct pyro_window *window,
			const struct pyro_layout *layout, uint32_t text)
{
	struct pyro_text *t;

	if (text >= codes->text_count)
		return false;
	t = &codes->texts[text];
	if (t->checked != codes->stack) {
		t->checked = codes->stack;
		t->same = compare(window, layout, t);
	}
	return t->same;
}
