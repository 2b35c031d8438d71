/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <string.h>

#define SEED 0x9e3779b97f4a7c15ull

struct pyro_map_slot {
	uint64_t key;
	uint64_t value;
	uint8_t used;
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	return x;
}

uint64_t pyro_hash_pair(uint64_t a, uint64_t b)
{
	return mix(mix(a ^ SEED) + b * SEED);
}

uint64_t pyro_hash_bytes(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t hash = SEED ^ size;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = mix(hash ^ word) + SEED;
	}
	word = 0;
	if (size)
		memcpy(&word, at, size);
	return mix(hash ^ word);
}

void pyro_map_init(struct pyro_map *map, size_t limit)
{
	*map = (struct pyro_map){.limit = limit};
}

void pyro_map_deinit(struct pyro_map *map)
{
	free(map->slots);
	*map = (struct pyro_map){.limit = map->limit};
}

void pyro_map_clear(struct pyro_map *map)
{
	if (map->slots)
		memset(map->slots, 0, map->capacity * sizeof(*map->slots));
	map->count = 0;
}

/* The slot of @key, or the free slot where it belongs. The table is never full. */
static struct pyro_map_slot *find(const struct pyro_map *map, uint64_t key)
{
	size_t at = mix(key ^ SEED) & (map->capacity - 1);

	while (map->slots[at].used && map->slots[at].key != key)
		at = (at + 1) & (map->capacity - 1);
	return &map->slots[at];
}

bool pyro_map_get(const struct pyro_map *map, uint64_t key, uint64_t *ret_value)
{
	const struct pyro_map_slot *slot;

	if (!map->count)
		return false;
	slot = find(map, key);
	if (!slot->used)
		return false;
	*ret_value = slot->value;
	return true;
}

static enum pyro_rc grow(struct pyro_map *map)
{
	struct pyro_map bigger = {
		.capacity = map->capacity ? map->capacity * 2 : 16,
		.limit = map->limit,
		.count = map->count,
	};

	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < map->capacity; i++) {
		if (map->slots[i].used)
			*find(&bigger, map->slots[i].key) = map->slots[i];
	}
	free(map->slots);
	*map = bigger;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_map_put(struct pyro_map *map, uint64_t key, uint64_t value)
{
	struct pyro_map_slot *slot;

	if (map->capacity) {
		slot = find(map, key);
		if (slot->used) {
			slot->value = value;
			return PYRO_RC_OK;
		}
	}
	if (map->count >= map->limit)
		return PYRO_RC_LIMIT;
	if (map->count + 1 > map->capacity - map->capacity / 4) {
		enum pyro_rc rc = grow(map);

		if (rc)
			return rc;
	}
	*find(map, key) = (struct pyro_map_slot){.key = key, .value = value, .used = 1};
	map->count++;
	return PYRO_RC_OK;
}

bool pyro_map_remove(struct pyro_map *map, uint64_t key)
{
	const size_t mask = map->capacity - 1;
	struct pyro_map_slot *slot;
	size_t hole, at;

	if (!map->count)
		return false;
	slot = find(map, key);
	if (!slot->used)
		return false;
	/* Close the gap: move back every follower whose home does not lie behind the hole. */
	hole = (size_t)(slot - map->slots);
	for (at = (hole + 1) & mask; map->slots[at].used; at = (at + 1) & mask) {
		size_t home = mix(map->slots[at].key ^ SEED) & mask;

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			map->slots[hole] = map->slots[at];
			hole = at;
		}
	}
	map->slots[hole].used = 0;
	map->count--;
	return true;
}

bool pyro_map_next(const struct pyro_map *map, size_t *at, uint64_t *ret_key, uint64_t *ret_value)
{
	for (; *at < map->capacity; ++*at) {
		const struct pyro_map_slot *slot = &map->slots[*at];

		if (slot->used) {
			*ret_key = slot->key;
			*ret_value = slot->value;
			++*at;
			return true;
		}
	}
	return false;
}
