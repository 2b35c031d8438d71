/* SPDX-License-Identifier: Apache-2.0 */
#include "support/follower.h"

#include <string.h>

#define SPAN_MAX 16384
#define MET_MAX  8192
#define PIECE    64

struct walk {
	struct follower *follower;
	const struct pyro_trail *trail;
	pyro_reader_found *found;
	void *context;
	uint8_t block[SPAN_MAX];
	bool has_block;
	uint64_t met[MET_MAX];
	size_t met_count;
};

/* Of an image, which does not have whole pages, as much as there is. */
static bool bring(struct walk *walk, uint64_t addr, uint8_t *into, size_t size)
{
	if (size > SPAN_MAX)
		return false;
	while (pyro_reader_read(walk->follower->inner, addr, into, size)) {
		if (size <= PIECE)
			return false;
		size -= PIECE;
	}
	walk->found(walk->context, addr, into, size);
	return true;
}

static uint64_t word_in(const uint8_t *data, uint32_t offset)
{
	uint64_t word;

	memcpy(&word, data + offset, sizeof(word));
	return word;
}

static bool meet(struct walk *walk, uint64_t addr)
{
	for (size_t i = 0; i < walk->met_count; i++) {
		if (walk->met[i] == addr)
			return false;
	}
	if (walk->met_count < MET_MAX)
		walk->met[walk->met_count++] = addr;
	return addr != 0;
}

static void bring_pointed(struct walk *walk, uint64_t addr)
{
	const struct pyro_trail *trail = walk->trail;
	const uint64_t to_page_end = 4096 - addr % 4096;
	uint8_t data[SPAN_MAX] = {0};

	if (!meet(walk, addr) ||
	    !bring(walk, addr + trail->pointed_from, data, trail->pointed_size))
		return;
	if (word_in(data, trail->pointed_unset) == UINT64_MAX &&
	    !bring(walk, addr, data, trail->pointed_more) && to_page_end < trail->pointed_more)
		(void)bring(walk, addr, data, to_page_end);
}

static void bring_object(struct walk *walk, uint64_t addr)
{
	const struct pyro_trail *trail = walk->trail;
	uint8_t data[SPAN_MAX] = {0};

	if (!meet(walk, addr) || !bring(walk, addr, data, trail->object_size))
		return;
	if (trail->versioned && (uint32_t)word_in(data, trail->version))
		return;
	for (size_t i = 0; i < trail->pointed_count; i++)
		bring_pointed(walk, word_in(data, trail->pointed[i]));
}

static void follow_trail(struct walk *walk)
{
	const struct pyro_trail *trail = walk->trail;
	struct pyro_reader *inner = walk->follower->inner;
	uint8_t link[SPAN_MAX];
	uint64_t addr;

	if (pyro_reader_read(inner, trail->head, &addr, sizeof(addr)) ||
	    (trail->indirect && pyro_reader_read(inner, addr + trail->via, &addr, sizeof(addr))))
		return;
	walk->has_block =
		trail->block_size && bring(walk, trail->block, walk->block, trail->block_size);
	for (uint32_t i = 0; i < trail->limit && addr && addr != trail->end; i++) {
		const uint64_t into = addr - trail->block;

		if (walk->has_block && into < trail->block_size &&
		    trail->block_size - into >= trail->size)
			memcpy(link, walk->block + into, trail->size);
		else if (!bring(walk, addr, link, trail->size))
			return;
		if (trail->object_size &&
		    (!trail->kinds || (uint8_t)word_in(link, trail->kind) < trail->kinds))
			bring_object(walk, word_in(link, trail->object) & trail->object_mask);
		addr = word_in(link, trail->next);
	}
}

static bool follower_can(const struct pyro_reader *reader)
{
	return ((const struct follower *)reader)->armed;
}

static enum pyro_rc follower_follow(struct pyro_reader *reader, const struct pyro_span *spans,
				    size_t count, size_t *ret_done, const struct pyro_trail *trails,
				    size_t trail_count, pyro_reader_found *found, void *context)
{
	struct follower *follower = (struct follower *)reader;
	static struct walk walk;
	enum pyro_rc rc = pyro_reader_readv(follower->inner, spans, count, ret_done);

	follower->armed = false;
	walk.follower = follower;
	walk.found = found;
	walk.context = context;
	walk.met_count = 0;
	for (size_t i = 0; i < trail_count; i++) {
		walk.trail = &trails[i];
		follow_trail(&walk);
	}
	if (follower->after)
		follower->after(follower->context);
	follower->late = 0;
	return rc;
}

static enum pyro_rc follower_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				   size_t count, size_t *ret_done)
{
	struct follower *follower = (struct follower *)reader;

	follower->late++;
	return pyro_reader_readv(follower->inner, spans, count, ret_done);
}

void follower_init(struct follower *follower, struct pyro_reader *inner)
{
	*follower = (struct follower){
		.reader = {.readv = follower_readv,
			   .can_follow = follower_can,
			   .follow = follower_follow},
		.inner = inner,
	};
}
