/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_WINDOW_H
#define PYRO_CPYTHON_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rc.h"
#include "target/reader.h"

#define PYRO_WINDOW_SPANS 16384 /**< reads between two resets */
#define PYRO_WINDOW_BYTES                                                                          \
	((size_t)8 << 20) /**< read between two resets; touched only when used                     \
			   */

/** A stretch of the target's memory, copied. Getters return 0 beyond its end. */
struct pyro_bytes {
	const uint8_t *data; /**< NULL: not read */
	size_t size;
};

static inline bool pyro_bytes_get(struct pyro_bytes bytes, size_t offset, void *into, size_t size)
{
	if (!bytes.data || offset > bytes.size || size > bytes.size - offset)
		return false;
	memcpy(into, bytes.data + offset, size);
	return true;
}
static inline uint8_t pyro_bytes_u8(struct pyro_bytes bytes, size_t offset)
{
	uint8_t value = 0;

	(void)pyro_bytes_get(bytes, offset, &value, sizeof(value));
	return value;
}
static inline uint32_t pyro_bytes_u32(struct pyro_bytes bytes, size_t offset)
{
	uint32_t value = 0;

	(void)pyro_bytes_get(bytes, offset, &value, sizeof(value));
	return value;
}
static inline uint64_t pyro_bytes_u64(struct pyro_bytes bytes, size_t offset)
{
	uint64_t value = 0;

	(void)pyro_bytes_get(bytes, offset, &value, sizeof(value));
	return value;
}

struct pyro_window_span {
	uint64_t low;
	uint64_t high;
	size_t data;   /**< where its bytes lie in `data` */
	int32_t older; /**< another span that begins in the same page, -1: none */
	bool read;
	bool region; /**< is not found by its page */
};

struct pyro_window_page {
	uint64_t page;
	uint32_t round;
	int32_t span;
};

/** What was read of the target at one moment. Plan what will be wanted, fetch it by one call, find
 *  it. Wishes in one page become one read, because each read costs the kernel as much as copying a
 *  page. Everything lives until the next reset; nothing is allocated after the start. */
struct pyro_window {
	struct pyro_reader *reader;
	struct pyro_window_span *spans;
	struct pyro_span *wire;
	struct pyro_window_page *pages;
	uint8_t *data;
	size_t used;
	uint32_t count;
	uint32_t fetched;
	uint32_t round;
	uint32_t slots;      /**< of `pages` that are in use */
	uint32_t large[256]; /**< spans that were planned as a region */
	uint32_t large_count;
	struct pyro_trail trails[2]; /**< to be followed by the next fetch */
	size_t trail_count;
	uint32_t moment; /**< spans that are of one moment; 0: no trail was followed */
	bool sealed;     /**< nothing may be read any more, as it would be of another */
	uint64_t reads;
	uint64_t bytes;
	uint64_t faults;
};

/** Errors: NOMEM. */
enum pyro_rc pyro_window_init(struct pyro_window *window,
			      struct pyro_reader *reader) PYRO_NODISCARD;
void pyro_window_deinit(struct pyro_window *window);
void pyro_window_reset(struct pyro_window *window);
/** Wishes for @size bytes (a page at most) at @addr. Over the limits it is dropped: not found. */
void pyro_window_plan(struct pyro_window *window, uint64_t addr, size_t size);
/** Wishes for a region of any size, which later wishes are found in. */
void pyro_window_plan_region(struct pyro_window *window, uint64_t addr, size_t size);
/** Wishes for what @trail leads to. The fetch that follows seals the window. Only where its reader
 *  can follow, and no more than two. */
void pyro_window_plan_trail(struct pyro_window *window, const struct pyro_trail *trail);
/** Whether something planned awaits pyro_window_fetch. */
static inline bool pyro_window_pending(const struct pyro_window *window)
{
	return window->fetched < window->count;
}
/** Reads what was planned since the last fetch. Addresses that cannot be read are not found, which
 *  is no error. Errors: SHORT (the window is sealed), TORN (a trail was not followed), GONE,
 *  PERM, NOMEM. */
enum pyro_rc pyro_window_fetch(struct pyro_window *window) PYRO_NODISCARD;
/** The bytes at @addr if all @size of them were read; else .data is NULL. */
struct pyro_bytes pyro_window_find(const struct pyro_window *window, uint64_t addr, size_t size);
/** The word at @addr; 0 if it was not read. */
static inline uint64_t pyro_window_u64(const struct pyro_window *window, uint64_t addr)
{
	return pyro_bytes_u64(pyro_window_find(window, addr, 8), 0);
}
/** pyro_window_find, as it was when the window was sealed. */
struct pyro_bytes pyro_window_find_sealed(const struct pyro_window *window, uint64_t addr,
					  size_t size);
/** Plans, fetches if need be, finds. */
enum pyro_rc pyro_window_get(struct pyro_window *window, uint64_t addr, size_t size,
			     struct pyro_bytes *ret_bytes) PYRO_NODISCARD;

#endif
