/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/window.h"

#include <stdlib.h>

#define PAGE       4096u
#define BLOCK      1024u /* what is larger is found by any of its pages */
#define HEAD       256u  /* what begins in the page before and is asked for in parts */
#define PAGE_SLOTS (PYRO_WINDOW_SPANS * 2u)
#define FEW_SLOTS  1024u /* enough for nearly every stack, and for the nearest cache */
#define MAX_FAULTS 64    /* in one fetch: each costs a call */

enum pyro_rc pyro_window_init(struct pyro_window *window, struct pyro_reader *reader)
{
	memset(window, 0, sizeof(*window));
	window->reader = reader;
	window->spans = calloc(PYRO_WINDOW_SPANS, sizeof(*window->spans));
	window->wire = calloc(PYRO_WINDOW_SPANS, sizeof(*window->wire));
	window->pages = calloc(PAGE_SLOTS, sizeof(*window->pages));
	window->data = malloc(PYRO_WINDOW_BYTES);
	if (!window->spans || !window->wire || !window->pages || !window->data) {
		pyro_window_deinit(window);
		return PYRO_RC_NOMEM;
	}
	window->round = 1;
	window->slots = FEW_SLOTS;
	return PYRO_RC_OK;
}

void pyro_window_deinit(struct pyro_window *window)
{
	free(window->spans);
	free(window->wire);
	free(window->pages);
	free(window->data);
	window->spans = NULL;
	window->wire = NULL;
	window->pages = NULL;
	window->data = NULL;
}

static void forget_pages(struct pyro_window *window)
{
	if (++window->round == 0) {
		memset(window->pages, 0, PAGE_SLOTS * sizeof(*window->pages));
		window->round = 1;
	}
}

void pyro_window_reset(struct pyro_window *window)
{
	window->used = 0;
	window->count = 0;
	window->fetched = 0;
	window->large_count = 0;
	window->trail_count = 0;
	window->moment = 0;
	window->sealed = false;
	window->slots = FEW_SLOTS;
	forget_pages(window);
}

/* The slot of the page of @addr: its own, or the free one where it belongs. There are always free
 * ones, since there are more slots than spans. */
static struct pyro_window_page *page_slot(const struct pyro_window *window, uint64_t addr)
{
	const uint64_t page = addr / PAGE;
	uint32_t at = (uint32_t)((page * 0x9e3779b97f4a7c15ull) >> 40) % window->slots;

	while (window->pages[at].round == window->round && window->pages[at].page != page)
		at = (at + 1) % window->slots;
	return &window->pages[at];
}

/* Spreads the spans over all slots that there are. */
static void widen(struct pyro_window *window)
{
	window->slots = PAGE_SLOTS;
	forget_pages(window);
	for (uint32_t i = 0; i < window->count; i++) {
		struct pyro_window_span *span = &window->spans[i];
		struct pyro_window_page *slot;

		if (span->region)
			continue;
		slot = page_slot(window, span->low);
		span->older = slot->round == window->round ? slot->span : -1;
		*slot = (struct pyro_window_page){span->low / PAGE, window->round, (int32_t)i};
	}
}

static bool is_sane(uint64_t addr, size_t size)
{
	return size > 0 && addr >= PAGE && addr <= UINT64_MAX - size;
}

/* Of the spans before @limit that are no regions, one that all of these bytes lie in, or will;
 * @read: do. NULL if there is none. */
static const struct pyro_window_span *covering(const struct pyro_window *window, uint32_t limit,
					       uint64_t addr, size_t size, bool read)
{
	for (uint64_t in = addr;; in -= HEAD) {
		const struct pyro_window_page *slot = page_slot(window, in);
		int32_t i = slot->round == window->round ? slot->span : -1;

		for (; i >= 0; i = window->spans[i].older) {
			const struct pyro_window_span *span = &window->spans[i];

			if ((uint32_t)i < limit && span->low <= addr && addr + size <= span->high &&
			    (!read || span->read))
				return span;
		}
		if (in != addr || addr % PAGE >= HEAD)
			return NULL;
	}
}

/* One span more, in the slot of its page; NULL if there are too many. */
static struct pyro_window_span *add_span(struct pyro_window *window, uint64_t addr, size_t size)
{
	struct pyro_window_page *slot;
	int32_t older;

	if (window->count == PYRO_WINDOW_SPANS)
		return NULL;
	if (window->slots == FEW_SLOTS && window->count >= FEW_SLOTS / 2)
		widen(window);
	slot = page_slot(window, addr);
	older = slot->round == window->round ? slot->span : -1;
	*slot = (struct pyro_window_page){addr / PAGE, window->round, (int32_t)window->count};
	window->spans[window->count] =
		(struct pyro_window_span){.low = addr, .high = addr + size, .older = older};
	return &window->spans[window->count++];
}

void pyro_window_plan(struct pyro_window *window, uint64_t addr, size_t size)
{
	const struct pyro_window_page *slot;
	struct pyro_window_span *span;

	if (!is_sane(addr, size) || size > PAGE ||
	    covering(window, window->count, addr, size, false))
		return;
	slot = page_slot(window, addr);
	if (slot->round == window->round) {
		const int32_t newest = slot->span;

		span = &window->spans[newest];
		/* What crosses into the next page stays alone: that page may not be there. */
		if ((uint32_t)newest >= window->fetched && span->high <= (addr / PAGE + 1) * PAGE &&
		    addr + size <= (addr / PAGE + 1) * PAGE) {
			if (addr < span->low)
				span->low = addr;
			if (addr + size > span->high)
				span->high = addr + size;
			return;
		}
	}
	(void)add_span(window, addr, size);
}

static struct pyro_window_span *add_region(struct pyro_window *window, uint64_t addr, size_t size)
{
	if (window->count == PYRO_WINDOW_SPANS || window->large_count == PYRO_COUNT(window->large))
		return NULL;
	window->large[window->large_count++] = window->count;
	window->spans[window->count] = (struct pyro_window_span){
		.low = addr, .high = addr + size, .older = -1, .region = true};
	return &window->spans[window->count++];
}

void pyro_window_plan_region(struct pyro_window *window, uint64_t addr, size_t size)
{
	if (is_sane(addr, size))
		(void)add_region(window, addr, size);
}

void pyro_window_plan_trail(struct pyro_window *window, const struct pyro_trail *trail)
{
	if (window->trail_count < PYRO_COUNT(window->trails))
		window->trails[window->trail_count++] = *trail;
}

/* Room for @size bytes more in the window's data, SIZE_MAX if there is none. */
static size_t take_room(struct pyro_window *window, size_t size)
{
	const size_t at = window->used;

	if (size > PYRO_WINDOW_BYTES - at)
		return SIZE_MAX;
	/* Aligned, so that the copies stay quick. */
	window->used += (size + 15) & ~(size_t)15;
	if (window->used > PYRO_WINDOW_BYTES)
		window->used = PYRO_WINDOW_BYTES;
	return at;
}

/* Takes in what was met on a trail. */
static void on_found(void *context, uint64_t addr, const void *data, size_t size)
{
	struct pyro_window *window = context;
	struct pyro_window_span *span;
	size_t at;

	if (!is_sane(addr, size))
		return;
	at = take_room(window, size);
	if (at == SIZE_MAX)
		return;
	span = size > BLOCK ? add_region(window, addr, size) : add_span(window, addr, size);
	if (!span)
		return;
	memcpy(window->data + at, data, size);
	span->data = at;
	span->read = true;
	window->bytes += size;
}

/* Reads spans @at to @end of the wire, and follows the trails if there are any. */
static enum pyro_rc read_wire(struct pyro_window *window, uint32_t at, uint32_t end,
			      size_t *ret_done)
{
	struct pyro_reader *reader = window->reader;
	const size_t trails = window->trail_count;

	window->trail_count = 0;
	window->reads++;
	if (!trails)
		return pyro_reader_readv(reader, window->wire + at, end - at, ret_done);
	return reader->follow(reader, window->wire + at, end - at, ret_done, window->trails, trails,
			      on_found, window);
}

enum pyro_rc pyro_window_fetch(struct pyro_window *window)
{
	const bool follows = window->trail_count > 0;
	uint32_t at = window->fetched, end;
	int faults = 0;

	if (window->sealed && at < window->count)
		return PYRO_RC_SHORT;
	for (end = at; end < window->count; end++) {
		struct pyro_window_span *span = &window->spans[end];
		const size_t size = span->high - span->low;

		span->data = take_room(window, size);
		if (span->data == SIZE_MAX)
			break;
		window->wire[end] = (struct pyro_span){span->low, window->data + span->data, size};
	}
	window->fetched = window->count;
	while (at < end) {
		size_t done = 0;
		enum pyro_rc rc = read_wire(window, at, end, &done);

		if (done > end - at)
			done = end - at;
		for (size_t i = 0; i < done; i++) {
			window->spans[at + i].read = true;
			window->bytes += window->wire[at + i].size;
		}
		at += (uint32_t)done;
		if (rc == PYRO_RC_OK)
			break;
		if (rc != PYRO_RC_FAULT && rc != PYRO_RC_SHORT)
			return rc;
		window->faults++;
		if (follows || ++faults == MAX_FAULTS)
			break;
		at++; /* this one cannot be read; the rest may */
	}
	if (follows) {
		window->fetched = window->moment = window->count;
		window->sealed = true;
	}
	return PYRO_RC_OK;
}

static struct pyro_bytes in_span(const struct pyro_window *window,
				 const struct pyro_window_span *span, uint64_t addr, size_t size)
{
	if (!span || !span->read || addr < span->low || addr > span->high ||
	    size > span->high - addr)
		return (struct pyro_bytes){NULL, 0};
	return (struct pyro_bytes){window->data + span->data + (addr - span->low), size};
}

struct pyro_bytes pyro_window_find(const struct pyro_window *window, uint64_t addr, size_t size)
{
	struct pyro_bytes found = {NULL, 0};

	for (uint32_t i = window->large_count; i > 0; i--) {
		found = in_span(window, &window->spans[window->large[i - 1]], addr, size);
		if (found.data)
			return found;
	}
	return in_span(window, covering(window, window->count, addr, size, true), addr, size);
}

struct pyro_bytes pyro_window_find_sealed(const struct pyro_window *window, uint64_t addr,
					  size_t size)
{
	return in_span(window, covering(window, window->moment, addr, size, true), addr, size);
}

enum pyro_rc pyro_window_get(struct pyro_window *window, uint64_t addr, size_t size,
			     struct pyro_bytes *ret_bytes)
{
	enum pyro_rc rc;

	*ret_bytes = pyro_window_find(window, addr, size);
	if (ret_bytes->data)
		return PYRO_RC_OK;
	pyro_window_plan(window, addr, size);
	rc = pyro_window_fetch(window);
	if (rc != PYRO_RC_OK)
		return rc;
	*ret_bytes = pyro_window_find(window, addr, size);
	return ret_bytes->data ? PYRO_RC_OK : PYRO_RC_FAULT;
}
