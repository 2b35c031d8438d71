/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE 65536

struct pyro_arena_block {
	struct pyro_arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

void pyro_arena_init(struct pyro_arena *arena, size_t limit)
{
	*arena = (struct pyro_arena){.limit = limit};
}

void pyro_arena_deinit(struct pyro_arena *arena)
{
	while (arena->blocks) {
		struct pyro_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}

void *pyro_arena_alloc(struct pyro_arena *arena, size_t size)
{
	struct pyro_arena_block *block = arena->blocks;
	const size_t align = alignof(max_align_t);
	void *result;

	if (size > SIZE_MAX / 2 || size > arena->limit - arena->used)
		return NULL;
	size = size ? (size + align - 1) & ~(align - 1) : align;
	if (size > arena->limit - arena->used)
		return NULL;
	if (!block || size > block->size - block->used) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
		struct pyro_arena_block *fresh = malloc(sizeof(*fresh) + room);

		if (!fresh)
			return NULL;
		fresh->used = 0;
		fresh->size = room;
		/* A large request gets a block of its own, behind the one being filled. */
		if (block && size > BLOCK_SIZE / 4) {
			fresh->next = block->next;
			block->next = fresh;
		} else {
			fresh->next = block;
			arena->blocks = fresh;
		}
		block = fresh;
	}
	result = block->data + block->used;
	block->used += size;
	arena->used += size;
	memset(result, 0, size);
	return result;
}

char *pyro_arena_dup(struct pyro_arena *arena, const void *bytes, size_t size)
{
	char *copy;

	if (size == SIZE_MAX)
		return NULL;
	copy = pyro_arena_alloc(arena, size + 1);
	if (copy && size)
		memcpy(copy, bytes, size);
	return copy;
}
