/* SPDX-License-Identifier: Apache-2.0 */
#include "report/waits.h"

#include "base/limits.h"
#include "base/map.h"
#include "report/text.h"

/* A reason is the main one if it is this much of the waiting. */
#define MOST 0.6
/* Parts that would be shown as 0 are not. */
#define LEAST 0.005

struct part {
	const struct pyro_reason_info *reason;
	uint64_t ns;
};

static int longer(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->reason < y->reason ? -1 : x->reason > y->reason;
}

static void divide(const struct pyro_values *values, struct part parts[PYRO_REASON_COUNT])
{
	parts[0] = (struct part){0};
	for (unsigned i = 1; i < PYRO_REASON_COUNT; i++) {
		parts[i].reason = pyro_reason_info((enum pyro_reason)i);
		parts[i].ns = values->of[parts[i].reason->metric];
	}
	qsort(&parts[1], PYRO_REASON_COUNT - 1, sizeof(*parts), longer);
}

const char *pyro_waits_word(const struct pyro_reason_info *reason)
{
	if (!reason)
		return "";
	return reason->metric == PYRO_METRIC_GIL_WAIT ? "GIL" : reason->name;
}

void pyro_waits_add(struct pyro_buf *buf, const struct pyro_values *values, double whole_ns)
{
	struct part parts[PYRO_REASON_COUNT];
	bool first = true;

	divide(values, parts);
	for (unsigned i = 1; i < PYRO_REASON_COUNT; i++) {
		if ((double)parts[i].ns < LEAST * whole_ns || !parts[i].ns)
			continue;
		pyro_buf_add_format(buf, "%s%s" PYRO_MARK_SPACE "%.0f", first ? "" : ", ",
				    pyro_waits_word(parts[i].reason),
				    100 * (double)parts[i].ns / whole_ns);
		first = false;
	}
}

const struct pyro_reason_info *pyro_waits_main(const struct pyro_values *values)
{
	struct part parts[PYRO_REASON_COUNT];
	const double wait = (double)values->of[PYRO_METRIC_WAIT];

	divide(values, parts);
	return wait > 0 && (double)parts[1].ns >= MOST * wait ? parts[1].reason : NULL;
}

/* Whether each stack has @function on it. */
static bool *find_stacks(const struct pyro_profile *profile, uint32_t function, uint32_t count)
{
	bool *has = calloc((size_t)count + 1, sizeof(*has));

	for (uint32_t i = 0; has && i < count; i++) {
		const struct pyro_stack *stack = pyro_profile_stack_get(profile, i);

		has[i] = pyro_profile_frame_get(profile, stack->frame)->function == function ||
			 (stack->parent != PYRO_NONE && has[stack->parent]);
	}
	return has;
}

static enum pyro_rc add(struct pyro_waits_rows *rows, struct pyro_map *map,
			const struct pyro_waited *waited)
{
	const uint64_t key = (uint64_t)waited->track << 32 | waited->object;
	uint64_t at = rows->count;

	if (!pyro_map_get(map, key, &at)) {
		enum pyro_rc rc = pyro_map_put(map, key, at);

		if (rc)
			return rc;
		rows->rows[rows->count++] =
			(struct pyro_waits_row){.track = waited->track, .object = waited->object};
	}
	rows->rows[at].ns += waited->ns;
	rows->rows[at].samples += waited->samples;
	return PYRO_RC_OK;
}

static int longer_row(const void *a, const void *b)
{
	const struct pyro_waits_row *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->track != y->track)
		return x->track < y->track ? -1 : 1;
	return x->object < y->object ? -1 : x->object > y->object;
}

enum pyro_rc pyro_waits_rows(const struct pyro_profile *profile, uint32_t function,
			     struct pyro_waits_rows *ret_rows, struct pyro_err *err)
{
	struct pyro_profile_counts counts;
	struct pyro_map map PYRO_CLEANUP(pyro_map_deinit);
	PYRO_AUTO_FREE bool *has = NULL;
	enum pyro_rc rc = PYRO_RC_OK;

	pyro_profile_counts(profile, &counts);
	pyro_map_init(&map, PYRO_MAX_WAITS);
	*ret_rows = (struct pyro_waits_rows){
		.rows = calloc(counts.waits + 1, sizeof(*ret_rows->rows)),
	};
	if (function != PYRO_NONE)
		has = find_stacks(profile, function, counts.stacks);
	if (!ret_rows->rows || (function != PYRO_NONE && !has))
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (size_t i = 0; rc == PYRO_RC_OK && i < counts.waits; i++) {
		const struct pyro_waited *waited = pyro_profile_wait_get(profile, i);

		if (!has || (waited->stack != PYRO_NONE && has[waited->stack]))
			rc = add(ret_rows, &map, waited);
	}
	if (rc)
		return pyro_err_set(err, rc, "out of memory");
	if (ret_rows->count > 1)
		qsort(ret_rows->rows, ret_rows->count, sizeof(*ret_rows->rows), longer_row);
	return PYRO_RC_OK;
}

void pyro_waits_rows_deinit(struct pyro_waits_rows *rows)
{
	free(rows->rows);
	*rows = (struct pyro_waits_rows){0};
}
