/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/stack_memory.h"

#include <string.h>

#include "base/limits.h"

enum {
	PAGE = 4096
};

void pyro_stack_memory_init(struct pyro_stack_memory *memory, uint64_t addr, const void *data,
			    size_t size, struct pyro_reader *reader)
{
	memory->addr = addr;
	memory->data = data;
	memory->size = data ? size : 0;
	memory->reader = reader;
	pyro_stack_memory_forget(memory);
}

void pyro_stack_memory_forget(struct pyro_stack_memory *memory)
{
	memory->block_size = 0;
	memory->budget = PYRO_MAX_NATIVE_STACK;
}

static bool holds(uint64_t addr, size_t size, uint64_t from, size_t have)
{
	return addr >= from && addr - from <= have && size <= have - (addr - from);
}

/* Stacks are read upwards, so what follows is likely wanted next. Where that is not there, the
 * page alone may be: a stack ends somewhere. */
static bool fill(struct pyro_stack_memory *memory, uint64_t addr, size_t size)
{
	const uint64_t start = addr / PAGE * PAGE;
	const size_t least = addr - start + size <= PAGE ? PAGE : 2 * PAGE;
	const size_t sizes[] = {sizeof(memory->block), least};

	memory->block_size = 0;
	for (size_t i = 0; i < PYRO_COUNT(sizes); i++) {
		if (start > UINT64_MAX - sizes[i] || sizes[i] > memory->budget)
			continue;
		memory->budget -= sizes[i];
		if (pyro_reader_read(memory->reader, start, memory->block, sizes[i]) != PYRO_RC_OK)
			continue;
		memory->block_addr = start;
		memory->block_size = sizes[i];
		return true;
	}
	return false;
}

bool pyro_stack_memory_read(struct pyro_stack_memory *memory, uint64_t addr, void *into,
			    size_t size)
{
	if (holds(addr, size, memory->addr, memory->size)) {
		memcpy(into, memory->data + (addr - memory->addr), size);
		return true;
	}
	if (!holds(addr, size, memory->block_addr, memory->block_size) &&
	    (size > PAGE || !memory->reader || !fill(memory, addr, size)))
		return false;
	memcpy(into, memory->block + (addr - memory->block_addr), size);
	return true;
}
