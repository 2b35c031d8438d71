/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_MAP_H
#define PYRO_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** Hash map from a 64-bit key to a 64-bit value. Open addressing; any key is allowed. Keys come
 *  from targets, so the hash is mixed with a seed. Not thread-safe. */
struct pyro_map {
	struct pyro_map_slot *slots;
	size_t count;
	size_t capacity; /**< power of two, 0 before the first put */
	size_t limit;    /**< entries at most; a put beyond returns PYRO_RC_LIMIT */
};

void pyro_map_init(struct pyro_map *map, size_t limit);
void pyro_map_deinit(struct pyro_map *map);
/** Empties the map, keeping its memory. */
void pyro_map_clear(struct pyro_map *map);
bool pyro_map_get(const struct pyro_map *map, uint64_t key, uint64_t *ret_value);
/** Sets or replaces. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_map_put(struct pyro_map *map, uint64_t key, uint64_t value) PYRO_NODISCARD;
bool pyro_map_remove(struct pyro_map *map, uint64_t key);
/** Iteration in slot order: start with *at = 0; false at the end. No put or remove meanwhile. */
bool pyro_map_next(const struct pyro_map *map, size_t *at, uint64_t *ret_key, uint64_t *ret_value);

/** 64-bit hash of bytes, the same in every run and on every machine. */
uint64_t pyro_hash_bytes(const void *bytes, size_t size);
/** Mixes two 64-bit values into one. */
uint64_t pyro_hash_pair(uint64_t a, uint64_t b);

/** Interns byte strings: equal bytes get the same small index, in order of first sight from 0. */
struct pyro_intern {
	struct pyro_intern_entry *entries;
	size_t count;
	size_t capacity;
	struct pyro_map by_hash;
	size_t bytes;
	size_t limit; /**< total bytes at most */
};

void pyro_intern_init(struct pyro_intern *intern, size_t limit);
void pyro_intern_deinit(struct pyro_intern *intern);
/** Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_intern_add(struct pyro_intern *intern, const void *bytes, size_t size,
			     uint32_t *ret_index) PYRO_NODISCARD;
/** NUL-terminated bytes of an entry; *ret_size (may be NULL) excludes the NUL. The pointer lives as
 *  long as the table. NULL for an index that was never given out. */
const char *pyro_intern_get(const struct pyro_intern *intern, uint32_t index, size_t *ret_size);

#endif
