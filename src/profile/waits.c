/* SPDX-License-Identifier: Apache-2.0 */
/* What threads wait for, and how long each stack of each did. */
#include <string.h>

#include "base/limits.h"
#include "profile/inside.h"

struct row {
	struct pyro_waited sum;
	bool changed; /* is it in `waits_changed`? */
};

/* Finds the row for which @same holds, or a key that is free. Rows have more numbers than a key
 * holds, so it is a hash of them, and who finds another there goes on from it. */
bool pyro_profile_find(const struct pyro_map *map, const struct pyro_table *table, uint64_t *key,
		       const void *wanted, bool (*same)(const void *a, const void *b),
		       size_t *ret_index)
{
	uint64_t found;

	for (; pyro_map_get(map, *key, &found); *key = pyro_hash_pair(*key, found)) {
		if (!same(pyro_table_at(table, (size_t)found), wanted))
			continue;
		*ret_index = (size_t)found;
		return true;
	}
	return false;
}

enum pyro_rc pyro_profile_push(struct pyro_map *map, struct pyro_table *table, uint64_t key,
			       const void *row)
{
	enum pyro_rc rc = pyro_table_push(table, row);

	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_map_put(map, key, table->count - 1);
	if (rc != PYRO_RC_OK)
		table->count--;
	return rc;
}

static bool same_object(const void *a, const void *b)
{
	const struct pyro_object *x = a, *y = b;

	return x->metric == y->metric && x->kind == y->kind && x->name == y->name &&
	       x->track == y->track && x->frame == y->frame;
}

static bool exists(uint32_t index, size_t count)
{
	return index == PYRO_NONE || index < count;
}

enum pyro_rc pyro_profile_object(struct pyro_profile *p, const struct pyro_object *object,
				 uint32_t *ret_object)
{
	uint64_t key = pyro_hash_pair(pyro_key(object->kind, object->name),
				      pyro_key(object->track, object->frame));
	size_t index;
	enum pyro_rc rc;

	if ((unsigned)object->metric >= PYRO_METRIC_COUNT || object->kind >= p->strings.count ||
	    object->name >= p->strings.count || !exists(object->track, p->tracks.count) ||
	    !exists(object->frame, p->frames.count))
		return PYRO_RC_FORMAT;
	if (pyro_profile_find(&p->object_by_hash, &p->objects, &key, object, same_object, &index)) {
		*ret_object = (uint32_t)index;
		return PYRO_RC_OK;
	}
	rc = pyro_profile_push(&p->object_by_hash, &p->objects, key, object);
	if (rc == PYRO_RC_OK)
		*ret_object = (uint32_t)(p->objects.count - 1);
	return rc;
}

static bool same_wait(const void *a, const void *b)
{
	const struct row *x = a;
	const struct pyro_waited *y = b;

	return x->sum.track == y->track && x->sum.stack == y->stack && x->sum.object == y->object;
}

/* The row of the wait, made if there is none. */
static enum pyro_rc row_of(struct pyro_profile *p, const struct pyro_waited *waited,
			   size_t *ret_index)
{
	uint64_t key = pyro_hash_pair(pyro_key(waited->track, waited->stack), waited->object);
	const struct row none = {
		.sum = {.track = waited->track, .stack = waited->stack, .object = waited->object}};
	enum pyro_rc rc;

	if (pyro_profile_find(&p->wait_by_hash, &p->waits, &key, waited, same_wait, ret_index))
		return PYRO_RC_OK;
	if (waited->track >= p->tracks.count || waited->object >= p->objects.count ||
	    !exists(waited->stack, p->stacks.count))
		return PYRO_RC_FORMAT;
	rc = pyro_profile_push(&p->wait_by_hash, &p->waits, key, &none);
	if (rc == PYRO_RC_OK)
		*ret_index = p->waits.count - 1;
	return rc;
}

enum pyro_rc pyro_profile_wait(struct pyro_profile *p, const struct pyro_waited *waited)
{
	struct row *row;
	size_t index;
	enum pyro_rc rc = row_of(p, waited, &index);

	if (rc != PYRO_RC_OK)
		return rc;
	row = pyro_table_at(&p->waits, index);
	if (!row->changed)
		rc = pyro_table_push(&p->waits_changed, &index);
	if (rc != PYRO_RC_OK)
		return rc;
	row->changed = true;
	row->sum.ns += waited->ns;
	row->sum.samples += waited->samples;
	return PYRO_RC_OK;
}

const struct pyro_object *pyro_profile_object_get(const struct pyro_profile *p, uint32_t object)
{
	return pyro_table_at(&p->objects, object);
}

const struct pyro_waited *pyro_profile_wait_get(const struct pyro_profile *p, size_t wait)
{
	const struct row *row = pyro_table_at(&p->waits, wait);

	return row ? &row->sum : NULL;
}

enum pyro_rc pyro_profile_take_waits(struct pyro_profile *p,
				     enum pyro_rc (*each)(void *context, size_t wait),
				     void *context)
{
	/* From the end, so that what is left after an error is still in its place. */
	while (p->waits_changed.count > 0) {
		const size_t wait = *(const size_t *)pyro_table_at(&p->waits_changed,
								   p->waits_changed.count - 1);
		enum pyro_rc rc = each(context, wait);

		if (rc != PYRO_RC_OK)
			return rc;
		((struct row *)pyro_table_at(&p->waits, wait))->changed = false;
		p->waits_changed.count--;
	}
	return PYRO_RC_OK;
}

void pyro_profile_waits_init(struct pyro_profile *p)
{
	pyro_table_init(&p->objects, sizeof(struct pyro_object), PYRO_MAX_OBJECTS);
	pyro_table_init(&p->waits, sizeof(struct row), PYRO_MAX_WAITS);
	pyro_table_init(&p->waits_changed, sizeof(size_t), PYRO_MAX_WAITS);
	pyro_map_init(&p->object_by_hash, PYRO_MAX_OBJECTS);
	pyro_map_init(&p->wait_by_hash, PYRO_MAX_WAITS);
}

void pyro_profile_waits_deinit(struct pyro_profile *p)
{
	pyro_table_deinit(&p->objects);
	pyro_table_deinit(&p->waits);
	pyro_table_deinit(&p->waits_changed);
	pyro_map_deinit(&p->object_by_hash);
	pyro_map_deinit(&p->wait_by_hash);
}
