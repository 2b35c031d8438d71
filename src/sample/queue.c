/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/queue.h"

#include <stdatomic.h>
#include <string.h>

/* Records are whole and contiguous: where one would wrap, a filler is put up to the end. */
struct header {
	uint32_t size; /* of the payload */
	uint32_t filler;
};

#define ALIGNMENT 8u
#define PADDED(n) (((n) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1))

struct pyro_queue {
	_Alignas(64) _Atomic uint64_t head; /* written by the producer */
	_Alignas(64) _Atomic uint64_t tail; /* written by the consumer */
	_Alignas(64) size_t size;
	uint8_t *data;
};

enum pyro_rc pyro_queue_create(size_t size, struct pyro_queue **ret_queue)
{
	struct pyro_queue *queue = aligned_alloc(64, sizeof(*queue));
	size_t rounded = 4096;

	if (!queue)
		return PYRO_RC_NOMEM;
	while (rounded < size && rounded <= SIZE_MAX / 4)
		rounded *= 2;
	memset(queue, 0, sizeof(*queue));
	queue->size = rounded;
	queue->data = aligned_alloc(64, rounded);
	if (!queue->data) {
		free(queue);
		return PYRO_RC_NOMEM;
	}
	*ret_queue = queue;
	return PYRO_RC_OK;
}

void pyro_queue_destroy(struct pyro_queue *queue)
{
	if (!queue)
		return;
	free(queue->data);
	free(queue);
}

bool pyro_queue_put(struct pyro_queue *queue, const void *head_part, size_t head_size,
		    const void *tail_part, size_t tail_size)
{
	const uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
	const uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	const size_t free_size = queue->size - (size_t)(head - tail);
	size_t at = (size_t)head & (queue->size - 1);
	const size_t to_end = queue->size - at;
	struct header header;
	size_t need, skip = 0;

	if (head_size > queue->size || tail_size > queue->size)
		return false;
	need = sizeof(header) + PADDED(head_size + tail_size);
	if (need > to_end)
		skip = to_end;
	if (need + skip > free_size)
		return false;
	if (skip) {
		header = (struct header){.size = (uint32_t)(skip - sizeof(header)), .filler = 1};
		memcpy(queue->data + at, &header, sizeof(header));
		at = 0;
	}
	header = (struct header){.size = (uint32_t)(head_size + tail_size)};
	memcpy(queue->data + at, &header, sizeof(header));
	memcpy(queue->data + at + sizeof(header), head_part, head_size);
	if (tail_size)
		memcpy(queue->data + at + sizeof(header) + head_size, tail_part, tail_size);
	atomic_store_explicit(&queue->head, head + skip + need, memory_order_release);
	return true;
}

size_t pyro_queue_used(const struct pyro_queue *queue)
{
	const uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	const uint64_t head = atomic_load_explicit(&queue->head, memory_order_acquire);

	return (size_t)(head - tail);
}

static struct header header_at(const struct pyro_queue *queue, uint64_t tail)
{
	struct header header;

	memcpy(&header, queue->data + ((size_t)tail & (queue->size - 1)), sizeof(header));
	return header;
}

const void *pyro_queue_peek(struct pyro_queue *queue, size_t *ret_size)
{
	uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	const uint64_t head = atomic_load_explicit(&queue->head, memory_order_acquire);

	while (tail != head) {
		const struct header header = header_at(queue, tail);

		if (!header.filler) {
			*ret_size = header.size;
			return queue->data + ((size_t)tail & (queue->size - 1)) + sizeof(header);
		}
		tail += sizeof(header) + PADDED(header.size);
		atomic_store_explicit(&queue->tail, tail, memory_order_release);
	}
	return NULL;
}

void pyro_queue_drop(struct pyro_queue *queue)
{
	const uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	const struct header header = header_at(queue, tail);

	atomic_store_explicit(&queue->tail, tail + sizeof(header) + PADDED(header.size),
			      memory_order_release);
}
