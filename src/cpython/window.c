/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/window.h"

#include <stdlib.h>

#define PAGE       4096u
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

void pyro_window_plan(struct pyro_window *window, uint64_t addr, size_t size)
{
	struct pyro_window_page *slot;
	struct pyro_window_span *span;
	int32_t older = -1;

	if (!is_sane(addr, size) || size > PAGE)
		return;
	slot = page_slot(window, addr);
	if (slot->round == window->round) {
		older = slot->span;
		for (int32_t i = older; i >= 0; i = window->spans[i].older) {
			span = &window->spans[i];
			if (span->low <= addr && addr + size <= span->high)
				return; /* planned or read already */
		}
		span = &window->spans[older];
		/* What crosses into the next page stays alone: that page may not be there. */
		if ((uint32_t)older >= window->fetched && span->high <= (addr / PAGE + 1) * PAGE &&
		    addr + size <= (addr / PAGE + 1) * PAGE) {
			if (addr < span->low)
				span->low = addr;
			if (addr + size > span->high)
				span->high = addr + size;
			return;
		}
	}
	if (window->count == PYRO_WINDOW_SPANS)
		return;
	if (window->slots == FEW_SLOTS && window->count >= FEW_SLOTS / 2) {
		widen(window);
		slot = page_slot(window, addr);
	}
	*slot = (struct pyro_window_page){addr / PAGE, window->round, (int32_t)window->count};
	window->spans[window->count++] =
		(struct pyro_window_span){.low = addr, .high = addr + size, .older = older};
}

void pyro_window_plan_region(struct pyro_window *window, uint64_t addr, size_t size)
{
	if (!is_sane(addr, size) || window->count == PYRO_WINDOW_SPANS ||
	    window->large_count == PYRO_COUNT(window->large))
		return;
	window->large[window->large_count++] = window->count;
	window->spans[window->count++] = (struct pyro_window_span){
		.low = addr, .high = addr + size, .older = -1, .region = true};
}

enum pyro_rc pyro_window_fetch(struct pyro_window *window)
{
	uint32_t at = window->fetched, end;
	int faults = 0;

	for (end = at; end < window->count; end++) {
		struct pyro_window_span *span = &window->spans[end];
		const size_t size = span->high - span->low;

		if (size > PYRO_WINDOW_BYTES - window->used)
			break;
		span->data = window->used;
		window->wire[end] =
			(struct pyro_span){span->low, window->data + window->used, size};
		/* Aligned, so that the copies stay quick. */
		window->used += (size + 15) & ~(size_t)15;
		if (window->used > PYRO_WINDOW_BYTES)
			window->used = PYRO_WINDOW_BYTES;
	}
	window->fetched = window->count;
	while (at < end) {
		size_t done = 0;
		enum pyro_rc rc =
			pyro_reader_readv(window->reader, window->wire + at, end - at, &done);

		window->reads++;
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
		if (++faults == MAX_FAULTS)
			break;
		at++; /* this one cannot be read; the rest may */
	}
	return PYRO_RC_OK;
}

static struct pyro_bytes in_span(const struct pyro_window *window,
				 const struct pyro_window_span *span, uint64_t addr, size_t size)
{
	if (!span->read || addr < span->low || addr > span->high || size > span->high - addr)
		return (struct pyro_bytes){NULL, 0};
	return (struct pyro_bytes){window->data + span->data + (addr - span->low), size};
}

struct pyro_bytes pyro_window_find(const struct pyro_window *window, uint64_t addr, size_t size)
{
	struct pyro_bytes found = {NULL, 0};
	const struct pyro_window_page *slot;

	for (uint32_t i = window->large_count; i > 0; i--) {
		found = in_span(window, &window->spans[window->large[i - 1]], addr, size);
		if (found.data)
			return found;
	}
	slot = page_slot(window, addr);
	if (slot->round != window->round)
		return found;
	for (int32_t i = slot->span; i >= 0 && !found.data; i = window->spans[i].older)
		found = in_span(window, &window->spans[i], addr, size);
	return found;
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
