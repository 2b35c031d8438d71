/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_QUEUE_H
#define PYRO_SAMPLE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** A ring of bytes between the sampler's thread, which only puts, and the recorder's, which only
 *  takes. No lock and no allocation: what does not fit is refused, and the sampler counts it. */
struct pyro_queue;

/** @size is rounded up to a power of two. */
enum pyro_rc pyro_queue_create(size_t size, struct pyro_queue **ret_queue) PYRO_NODISCARD;
void pyro_queue_destroy(struct pyro_queue *queue);

/** Puts one record made of two parts (the second may be empty). False if there is no room.
 *  Producer only. */
bool pyro_queue_put(struct pyro_queue *queue, const void *head, size_t head_size, const void *tail,
		    size_t tail_size) PYRO_NODISCARD;
/** Bytes waiting to be taken. Either side. */
size_t pyro_queue_used(const struct pyro_queue *queue);
/** The oldest record, 8-byte aligned, valid until pyro_queue_drop; NULL if empty. Consumer only. */
const void *pyro_queue_peek(struct pyro_queue *queue, size_t *ret_size);
void pyro_queue_drop(struct pyro_queue *queue);

#endif
