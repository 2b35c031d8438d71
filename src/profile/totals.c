/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "profile/inside.h"

/* Finds or makes the total of (track, stack), with room for its mark, so that marking cannot fail
 * half-way. */
static enum pyro_rc total_of(struct pyro_profile *p, uint32_t track, uint32_t stack,
			     size_t *ret_total)
{
	uint64_t found;
	if (pyro_map_get(&p->total_by_key, pyro_key(track, stack), &found)) {
		*ret_total = (size_t)found;
		return PYRO_RC_OK;
	}
	if (track >= p->tracks.count || (stack != PYRO_NONE && stack >= p->stacks.count))
		return PYRO_RC_FORMAT;
	struct pyro_total row = {.track = track, .stack = stack};
	bool unmarked = false;
	enum pyro_rc rc = pyro_table_push(&p->totals, &row);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_table_push(&p->is_changed, &unmarked);
	if (rc != PYRO_RC_OK)
		goto undo_total;
	rc = pyro_map_put(&p->total_by_key, pyro_key(track, stack), p->totals.count - 1);
	if (rc != PYRO_RC_OK)
		goto undo_mark;
	*ret_total = p->totals.count - 1;
	return PYRO_RC_OK;
undo_mark:
	p->is_changed.count--;
undo_total:
	p->totals.count--;
	return rc;
}

static enum pyro_rc mark(struct pyro_profile *p, size_t total)
{
	bool *marked = pyro_table_at(&p->is_changed, total);
	if (*marked)
		return PYRO_RC_OK;
	enum pyro_rc rc = pyro_table_push(&p->changed, &total);
	if (rc == PYRO_RC_OK)
		*marked = true;
	return rc;
}

enum pyro_rc pyro_profile_add(struct pyro_profile *p, uint32_t track, uint32_t stack,
			      const uint64_t values[PYRO_METRIC_COUNT])
{
	double wall = (double)values[PYRO_METRIC_WALL];
	double cpu = (double)values[PYRO_METRIC_CPU];
	/* One call may stand for several looks at a thread that did not change: each took its part.
	 */
	double looks = values[PYRO_METRIC_SAMPLES] > 1 ? (double)values[PYRO_METRIC_SAMPLES] : 1;
	struct pyro_total sample = {
		.track = track,
		.stack = stack,
		.wall_squared = wall * wall / looks,
		.cpu_squared = cpu * cpu / looks,
	};
	memcpy(sample.values, values, sizeof(sample.values));
	return pyro_profile_add_total(p, &sample);
}

enum pyro_rc pyro_profile_add_total(struct pyro_profile *p, const struct pyro_total *total)
{
	size_t index = 0;
	enum pyro_rc rc = total_of(p, total->track, total->stack, &index);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = mark(p, index);
	if (rc != PYRO_RC_OK)
		return rc;
	struct pyro_total *sum = pyro_table_at(&p->totals, index);
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		sum->values[i] += total->values[i];
	/* Derived, so that nobody need give it and older captures have it. */
	const uint64_t wall = sum->values[PYRO_METRIC_WALL], cpu = sum->values[PYRO_METRIC_CPU];
	sum->values[PYRO_METRIC_WAIT] = wall > cpu ? wall - cpu : 0;
	sum->wall_squared += total->wall_squared;
	sum->cpu_squared += total->cpu_squared;
	return PYRO_RC_OK;
}

const struct pyro_total *pyro_profile_total_get(const struct pyro_profile *p, size_t total)
{
	return pyro_table_at(&p->totals, total);
}

enum pyro_rc pyro_profile_take_changed(struct pyro_profile *p,
				       enum pyro_rc (*each)(void *context, size_t total),
				       void *context)
{
	enum pyro_rc rc = PYRO_RC_OK;
	size_t taken = 0;
	for (; taken < p->changed.count; taken++) {
		size_t total = *(const size_t *)pyro_table_at(&p->changed, taken);
		rc = each(context, total);
		if (rc != PYRO_RC_OK)
			break;
		*(bool *)pyro_table_at(&p->is_changed, total) = false;
	}
	if (taken > 0) {
		size_t *rows = p->changed.rows;
		memmove(rows, rows + taken, (p->changed.count - taken) * sizeof(*rows));
		p->changed.count -= taken;
	}
	return rc;
}
