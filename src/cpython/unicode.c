/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/unicode.h"

#include "base/utf8.h"

#define PAGE 4096u

/* Cut at the end of the page, since what follows the string may not be mapped; but never shorter
 * than the smallest string. */
void pyro_string_plan(struct pyro_window *window, const struct pyro_layout *layout, uint64_t addr)
{
	const size_t rest = PAGE - addr % PAGE;
	size_t size = PYRO_READ_STRING < rest ? PYRO_READ_STRING : rest;

	if (size < layout->str_ascii + 1)
		size = layout->str_ascii + 1;
	pyro_window_plan(window, addr, size);
}

static uint8_t width_of(unsigned int kind)
{
	return kind == 1 || kind == 2 || kind == 4 ? (uint8_t)kind : 0;
}

bool pyro_string_head(const struct pyro_window *window, const struct pyro_layout *layout,
		      uint64_t addr, size_t limit, struct pyro_string *ret_string)
{
	const struct pyro_bytes head = pyro_window_find(window, addr, layout->str_ascii + 1);
	uint32_t state = pyro_bytes_u32(head, layout->str_state);
	bool compact, ready = true;
	unsigned int kind;
	uint64_t length = pyro_bytes_u64(head, layout->str_length);

	if (!head.data)
		return false;
	/* Bits of Include/cpython/unicodeobject.h: interned 2, kind 3, compact, ascii, then ready
	 * to 3.11. Free-threaded builds from 3.14 give `interned` a byte of its own. */
	state >>= layout->free_threaded && layout->minor >= 14 ? 8 : 2;
	kind = state & 7;
	compact = state >> 3 & 1;
	if (layout->str_wide != PYRO_ABSENT)
		ready = state >> 5 & 1;
	*ret_string = (struct pyro_string){
		.addr = addr,
		.hash = pyro_bytes_u64(head, layout->str_hash),
		.ascii = state >> 4 & 1,
		.width = width_of(kind),
	};
	if (compact && ready) {
		ret_string->text =
			addr + (ret_string->ascii ? layout->str_ascii : layout->str_compact);
	} else if (layout->str_wide != PYRO_ABSENT || !compact) {
		/* Of a subclass of str, or a legacy string: its characters lie elsewhere. Not
		 * ready, to 3.11, it has wchar_t alone, counted in
		 * PyCompactUnicodeObject.wstr_length. */
		const struct pyro_bytes more =
			pyro_window_find(window, addr, layout->str_compact + sizeof(uint64_t));

		if (!more.data)
			return false;
		if (ready) {
			ret_string->text = pyro_bytes_u64(more, layout->str_compact);
		} else {
			ret_string->text = pyro_bytes_u64(more, layout->str_wide);
			ret_string->width = 4;
			length = pyro_bytes_u64(more, layout->str_compact - sizeof(uint64_t));
		}
	} else {
		return false;
	}
	if (ret_string->width == 0 || length > UINT32_MAX ||
	    (ret_string->ascii && ret_string->width != 1))
		return false;
	ret_string->total = length;
	ret_string->count = length < limit ? length : limit;
	return true;
}

void pyro_string_plan_text(struct pyro_window *window, const struct pyro_string *string)
{
	const size_t size = string->count * string->width;

	if (size == 0)
		return;
	if (size > PAGE)
		pyro_window_plan_region(window, string->text, size);
	else
		pyro_window_plan(window, string->text, size);
}

struct pyro_bytes pyro_string_raw(const struct pyro_window *window,
				  const struct pyro_string *string)
{
	static const uint8_t nothing[1];

	if (string->count == 0)
		return (struct pyro_bytes){nothing, 0};
	return pyro_window_find(window, string->text, string->count * string->width);
}

uint32_t pyro_string_point(struct pyro_bytes raw, uint8_t width, size_t at)
{
	uint16_t two = 0;

	switch (width) {
	case 1:
		return pyro_bytes_u8(raw, at);
	case 2:
		(void)pyro_bytes_get(raw, at * 2, &two, sizeof(two));
		return two;
	default:
		return pyro_bytes_u32(raw, at * 4);
	}
}

enum pyro_rc pyro_string_load(struct pyro_window *window, const struct pyro_layout *layout,
			      uint64_t addr, size_t limit, struct pyro_string *ret_string)
{
	enum pyro_rc rc;

	pyro_window_reset(window);
	pyro_string_plan(window, layout, addr);
	rc = pyro_window_fetch(window);
	if (rc != PYRO_RC_OK)
		return rc;
	if (!pyro_string_head(window, layout, addr, limit, ret_string))
		return PYRO_RC_FAULT;
	pyro_string_plan_text(window, ret_string);
	rc = pyro_window_fetch(window);
	if (rc != PYRO_RC_OK)
		return rc;
	return pyro_string_raw(window, ret_string).data ? PYRO_RC_OK : PYRO_RC_FAULT;
}

bool pyro_string_utf8(const struct pyro_window *window, const struct pyro_string *string,
		      size_t limit, struct pyro_buf *buf)
{
	const struct pyro_bytes raw = pyro_string_raw(window, string);
	size_t used = 0;

	if (!raw.data)
		return false;
	for (size_t i = 0; i < string->count; i++) {
		const uint32_t point = pyro_string_point(raw, string->width, i);
		char text[4];
		size_t size;

		/* Text is NUL-terminated here, so a NUL inside is replaced as well. */
		size = pyro_utf8_encode(point == 0 ? PYRO_UTF8_REPLACEMENT : point, text);
		if (size > limit - used)
			break;
		pyro_buf_add(buf, text, size);
		used += size;
	}
	return !buf->failed;
}
