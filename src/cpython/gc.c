/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/gc.h"

/* The collector keeps all containers in a few lists that go round in circles through their heads,
 * which lie in its state, before the flag that says that it collects (struct _gc_runtime_state).
 * How many there are and where differs from version to version, so they are found by what they are:
 * a pair of links to objects that link back. Each object has its pair before it (PyGC_Head). */
#define HEAD      16u  /* of an object: the links */
#define STATE     512u /* bytes of the state in which heads are looked for */
#define MAX_HEADS 8
#define LINK_MASK (~(uint64_t)7) /* the rest are flags */

static bool links_back(struct pyro_objects *objects, uint64_t at, uint64_t offset, uint64_t head)
{
	uint64_t link;

	return pyro_objects_u64(objects, at + offset, &link) == PYRO_RC_OK &&
	       (link & LINK_MASK) == head;
}

static enum pyro_rc find_heads(struct pyro_objects *objects, uint64_t end, uint64_t *heads,
			       size_t *ret_count)
{
	const uint64_t first = end - STATE;
	struct pyro_bytes bytes;
	uint64_t words[STATE / 8];
	enum pyro_rc rc = pyro_objects_get(objects, first, STATE, &bytes);

	*ret_count = 0;
	if (rc != PYRO_RC_OK)
		return rc;
	memcpy(words, bytes.data, sizeof(words));
	for (size_t i = 0; i + 1 < PYRO_COUNT(words) && *ret_count < MAX_HEADS; i++) {
		const uint64_t at = first + i * 8, next = words[i] & LINK_MASK,
			       previous = words[i + 1] & LINK_MASK;

		/* Empty ones are of no interest. */
		if (next != 0 && previous != 0 && next != at && links_back(objects, next, 8, at) &&
		    links_back(objects, previous, 0, at))
			heads[(*ret_count)++] = at;
	}
	return PYRO_RC_OK;
}

static bool is_head(const uint64_t *heads, size_t count, uint64_t at)
{
	for (size_t i = 0; i < count; i++) {
		if (heads[i] == at)
			return true;
	}
	return false;
}

enum pyro_rc pyro_gc_walk(struct pyro_python *python, struct pyro_objects *objects,
			  const struct pyro_interp *interp, enum pyro_kind kind,
			  enum pyro_rc (*each)(void *context, uint64_t addr), void *context,
			  bool *ret_whole)
{
	const struct pyro_layout *l = &python->layout;
	uint64_t heads[MAX_HEADS], end;
	size_t count, walked = 0;
	enum pyro_rc rc;

	*ret_whole = true;
	if (l->free_threaded)
		return PYRO_RC_UNSUPPORTED;
	end = l->rt_collecting != PYRO_ABSENT ? python->origin.runtime_addr + l->rt_collecting
					      : interp->addr + l->in_collecting;
	rc = find_heads(objects, end & ~(uint64_t)7, heads, &count);
	if (rc != PYRO_RC_OK)
		return rc == PYRO_RC_FAULT ? PYRO_RC_UNSUPPORTED : rc;
	for (size_t i = 0; i < count; i++) {
		uint64_t at = heads[i];

		for (;;) {
			rc = pyro_objects_u64(objects, at, &at);
			at &= LINK_MASK;
			/* A list ends at its head; at that of another if it was joined to that. */
			if (rc != PYRO_RC_OK || is_head(heads, count, at))
				break;
			if (++walked > PYRO_MAX_GC_OBJECTS) {
				*ret_whole = false;
				return PYRO_RC_OK;
			}
			if (pyro_objects_kind(objects, at + HEAD) != kind)
				continue;
			rc = each(context, at + HEAD);
			if (rc != PYRO_RC_OK)
				return rc;
		}
		if (rc == PYRO_RC_FAULT || at != heads[i])
			*ret_whole = false;
		else if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}
