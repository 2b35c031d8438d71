/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks of asyncio, and what each group of them did at each place. */
#include "base/limits.h"
#include "profile/inside.h"

struct row {
	struct pyro_task_total sum;
	bool changed; /* is it in `tasks_changed`? */
};

enum pyro_rc pyro_profile_task(struct pyro_profile *p, const struct pyro_task_group *task,
			       uint32_t *ret_task)
{
	enum pyro_rc rc;

	if (task->process >= p->processes.count || task->name >= p->strings.count ||
	    task->function >= p->functions.count ||
	    (task->track != PYRO_NONE && task->track >= p->tracks.count))
		return PYRO_RC_FORMAT;
	rc = pyro_table_push(&p->tasks, task);
	if (rc == PYRO_RC_OK)
		*ret_task = (uint32_t)(p->tasks.count - 1);
	return rc;
}

static bool same_total(const void *a, const void *b)
{
	const struct row *x = a;
	const struct pyro_task_total *y = b;

	return x->sum.task == y->task && x->sum.stack == y->stack && x->sum.wait == y->wait;
}

/* The row of (task, stack, wait), made if there is none. */
static enum pyro_rc row_of(struct pyro_profile *p, const struct pyro_task_total *total,
			   size_t *ret_index)
{
	uint64_t key = pyro_hash_pair(pyro_key(total->task, total->stack), total->wait);
	const struct row none = {
		.sum = {.task = total->task, .stack = total->stack, .wait = total->wait}};
	enum pyro_rc rc;

	if (pyro_profile_find(&p->task_total_by_hash, &p->task_totals, &key, total, same_total,
			      ret_index))
		return PYRO_RC_OK;
	if (total->task >= p->tasks.count || total->stack >= p->stacks.count ||
	    total->wait >= p->strings.count)
		return PYRO_RC_FORMAT;
	rc = pyro_profile_push(&p->task_total_by_hash, &p->task_totals, key, &none);
	if (rc == PYRO_RC_OK)
		*ret_index = p->task_totals.count - 1;
	return rc;
}

enum pyro_rc pyro_profile_task_add(struct pyro_profile *p, const struct pyro_task_total *total)
{
	struct row *row;
	size_t index;
	enum pyro_rc rc = row_of(p, total, &index);

	if (rc != PYRO_RC_OK)
		return rc;
	row = pyro_table_at(&p->task_totals, index);
	if (!row->changed)
		rc = pyro_table_push(&p->tasks_changed, &index);
	if (rc != PYRO_RC_OK)
		return rc;
	row->changed = true;
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		row->sum.values[i] += total->values[i];
	const uint64_t wall = row->sum.values[PYRO_METRIC_WALL];
	const uint64_t cpu = row->sum.values[PYRO_METRIC_CPU];

	row->sum.values[PYRO_METRIC_WAIT] = wall > cpu ? wall - cpu : 0;
	row->sum.wall_squared += total->wall_squared;
	row->sum.cpu_squared += total->cpu_squared;
	return PYRO_RC_OK;
}

struct pyro_task_group *pyro_profile_task_get(struct pyro_profile *p, uint32_t task)
{
	return pyro_table_at(&p->tasks, task);
}

const struct pyro_task_total *pyro_profile_task_total_get(const struct pyro_profile *p,
							  size_t total)
{
	const struct row *row = pyro_table_at(&p->task_totals, total);

	return row ? &row->sum : NULL;
}

enum pyro_rc pyro_profile_take_task_totals(struct pyro_profile *p,
					   enum pyro_rc (*each)(void *context, size_t total),
					   void *context)
{
	/* From the end, so that what is left after an error is still in its place. */
	while (p->tasks_changed.count > 0) {
		const size_t total = *(const size_t *)pyro_table_at(&p->tasks_changed,
								    p->tasks_changed.count - 1);
		enum pyro_rc rc = each(context, total);

		if (rc != PYRO_RC_OK)
			return rc;
		((struct row *)pyro_table_at(&p->task_totals, total))->changed = false;
		p->tasks_changed.count--;
	}
	return PYRO_RC_OK;
}

void pyro_profile_tasks_init(struct pyro_profile *p)
{
	pyro_table_init(&p->tasks, sizeof(struct pyro_task_group), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->task_totals, sizeof(struct row), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&p->tasks_changed, sizeof(size_t), PYRO_MAX_PROFILE_ROWS);
	pyro_map_init(&p->task_total_by_hash, PYRO_MAX_PROFILE_ROWS);
}

void pyro_profile_tasks_deinit(struct pyro_profile *p)
{
	pyro_table_deinit(&p->tasks);
	pyro_table_deinit(&p->task_totals);
	pyro_table_deinit(&p->tasks_changed);
	pyro_map_deinit(&p->task_total_by_hash);
}
