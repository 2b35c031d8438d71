/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_ARENA_H
#define PYRO_BASE_ARENA_H

#include <stddef.h>

#include "base/cleanup.h"

/** Memory that lives as long as its recording or report and is freed at once. Not thread-safe. */
struct pyro_arena {
	struct pyro_arena_block *blocks;
	size_t used;  /**< bytes handed out */
	size_t limit; /**< bytes that may be handed out; further requests return NULL */
};

void pyro_arena_init(struct pyro_arena *arena, size_t limit);
/** Frees everything that came from the arena. Accepts a zeroed arena. */
void pyro_arena_deinit(struct pyro_arena *arena);
/** @size zeroed bytes aligned for any type, or NULL when memory or the limit is exhausted. */
void *pyro_arena_alloc(struct pyro_arena *arena, size_t size) PYRO_NODISCARD;
/** A NUL-terminated copy of @size bytes. NULL as above. */
char *pyro_arena_dup(struct pyro_arena *arena, const void *bytes, size_t size) PYRO_NODISCARD;

#endif
