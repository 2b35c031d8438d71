/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_STACK_MEMORY_H
#define PYRO_UNWIND_STACK_MEMORY_H

#include "target/reader.h"

/** The memory that a stack is in: a copied piece of it, a reader for the rest, or both. What the
 *  reader brings is kept in blocks as long as the struct. Never more than @budget bytes are read.
 *  Not thread-safe. */
struct pyro_stack_memory {
	uint64_t addr;       /**< where the copied piece lies in the target */
	const uint8_t *data; /**< NULL: there is none */
	size_t size;
	struct pyro_reader *reader; /**< NULL: nothing but the piece */
	size_t budget;
	uint64_t block_addr;
	size_t block_size;
	uint8_t block[16384];
};

/** Sets @memory up; @data and @reader are borrowed, and may each be NULL. */
void pyro_stack_memory_init(struct pyro_stack_memory *memory, uint64_t addr, const void *data,
			    size_t size, struct pyro_reader *reader);
/** Forgets what the reader brought: it may have changed. */
void pyro_stack_memory_forget(struct pyro_stack_memory *memory);
/** @size bytes, 4096 at most, at @addr; false if they cannot be had. */
bool pyro_stack_memory_read(struct pyro_stack_memory *memory, uint64_t addr, void *into,
			    size_t size);

#endif
