/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/recent.h"

#include <string.h>

#include "base/limits.h"
#include "profile/table.h"

/* What one total gained in one interval. */
struct gain {
	size_t total; /* in the profile */
	struct pyro_total of;
};

struct interval {
	uint64_t begin_ns;
	uint64_t end_ns;
	size_t first; /* in gains, counted over all that ever were */
	size_t count;
};

struct pyro_recent {
	struct pyro_profile *profile;
	uint64_t longest_ns;
	uint64_t reset_ns;
	uint64_t end_ns;
	struct pyro_table seen;  /* by total: what it was when last looked at */
	struct pyro_table base;  /* by total: what it was at the reset */
	struct pyro_table gains; /* struct gain, oldest first */
	struct pyro_table intervals;
	size_t dropped;         /* gains forgotten, which `first` still counts */
	struct pyro_table rows; /* uint32_t by total: its row while rows are made; else PYRO_NONE */
};

enum pyro_rc pyro_recent_create(struct pyro_profile *profile, uint64_t longest_ns,
				struct pyro_recent **ret_recent)
{
	struct pyro_recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return PYRO_RC_NOMEM;
	recent->profile = profile;
	recent->longest_ns = longest_ns;
	pyro_table_init(&recent->seen, sizeof(struct pyro_total), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&recent->base, sizeof(struct pyro_total), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&recent->rows, sizeof(uint32_t), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&recent->gains, sizeof(struct gain), SIZE_MAX);
	pyro_table_init(&recent->intervals, sizeof(struct interval), SIZE_MAX);
	*ret_recent = recent;
	return PYRO_RC_OK;
}

void pyro_recent_destroy(struct pyro_recent *recent)
{
	if (!recent)
		return;
	pyro_table_deinit(&recent->seen);
	pyro_table_deinit(&recent->base);
	pyro_table_deinit(&recent->gains);
	pyro_table_deinit(&recent->intervals);
	pyro_table_deinit(&recent->rows);
	free(recent);
}

static void add(struct pyro_total *to, const struct pyro_total *more)
{
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		to->values[i] += more->values[i];
	to->wall_squared += more->wall_squared;
	to->cpu_squared += more->cpu_squared;
}

/* Totals only grow, and a sum of squares that is left is never below nothing. */
static struct pyro_total difference(const struct pyro_total *now, const struct pyro_total *before)
{
	struct pyro_total gained = *now;

	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		gained.values[i] -= before->values[i];
	gained.wall_squared -= before->wall_squared;
	gained.cpu_squared -= before->cpu_squared;
	return gained;
}

/* Totals that came into being were nothing before. */
static enum pyro_rc grow_seen(struct pyro_recent *recent, size_t count)
{
	const uint32_t none = PYRO_NONE;
	enum pyro_rc rc = PYRO_RC_OK;

	while (!rc && recent->rows.count < count)
		rc = pyro_table_push(&recent->rows, &none);
	while (!rc && recent->seen.count < count) {
		struct pyro_total fresh =
			*pyro_profile_total_get(recent->profile, recent->seen.count);

		memset(fresh.values, 0, sizeof(fresh.values));
		fresh.wall_squared = fresh.cpu_squared = 0;
		rc = pyro_table_push(&recent->seen, &fresh);
	}
	return rc;
}

static enum pyro_rc take_gain(void *context, size_t total)
{
	struct pyro_recent *recent = context;
	const struct pyro_total *now = pyro_profile_total_get(recent->profile, total);
	struct pyro_total *before = pyro_table_at(&recent->seen, total);
	const struct gain gain = {.total = total, .of = difference(now, before)};
	enum pyro_rc rc = pyro_table_push(&recent->gains, &gain);

	if (!rc)
		*before = *now;
	return rc;
}

static void drop_rows(struct pyro_table *table, size_t count)
{
	if (count == 0)
		return;
	memmove(table->rows, (char *)table->rows + count * table->row_size,
		(table->count - count) * table->row_size);
	table->count -= count;
}

/* The intervals that no window reaches any more, or that there is no room for. */
static void forget_old(struct pyro_recent *recent)
{
	const struct interval *intervals = recent->intervals.rows;
	size_t old = 0, gains = 0;

	while (old + 1 < recent->intervals.count &&
	       (intervals[old].end_ns + recent->longest_ns <= recent->end_ns ||
		recent->gains.count - gains > PYRO_MAX_GAINS)) {
		gains += intervals[old].count;
		old++;
	}
	/* Moved together now and then rather than a little each time. */
	if (gains < recent->gains.count / 4 && old < recent->intervals.count / 4)
		return;
	drop_rows(&recent->intervals, old);
	drop_rows(&recent->gains, gains);
	recent->dropped += gains;
}

enum pyro_rc pyro_recent_advance(struct pyro_recent *recent, uint64_t now_ns)
{
	struct interval interval = {
		.begin_ns = recent->end_ns,
		.end_ns = now_ns > recent->end_ns ? now_ns : recent->end_ns,
		.first = recent->dropped + recent->gains.count,
	};
	struct pyro_profile_counts counts;
	enum pyro_rc rc;

	pyro_profile_counts(recent->profile, &counts);
	rc = grow_seen(recent, counts.totals);
	if (!rc)
		rc = pyro_profile_take_changed(recent->profile, take_gain, recent);
	interval.count = recent->dropped + recent->gains.count - interval.first;
	if (!rc)
		rc = pyro_table_push(&recent->intervals, &interval);
	if (rc)
		return rc;
	recent->end_ns = interval.end_ns;
	forget_old(recent);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_recent_reset(struct pyro_recent *recent, uint64_t now_ns)
{
	enum pyro_rc rc = pyro_recent_advance(recent, now_ns);

	recent->base.count = 0;
	for (size_t i = 0; !rc && i < recent->seen.count; i++)
		rc = pyro_table_push(&recent->base, pyro_table_at(&recent->seen, i));
	if (rc)
		return rc;
	recent->reset_ns = recent->end_ns;
	recent->dropped += recent->gains.count;
	recent->gains.count = 0;
	recent->intervals.count = 0;
	return PYRO_RC_OK;
}

/* What each total has gained since the reset. */
static enum pyro_rc take_all(const struct pyro_recent *recent, struct pyro_stretch *stretch)
{
	struct pyro_total *rows = malloc((recent->seen.count + 1) * sizeof(*rows));
	size_t count = 0;

	if (!rows)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < recent->seen.count; i++) {
		const struct pyro_total *now = pyro_table_at(&recent->seen, i);
		const struct pyro_total *before = pyro_table_at(&recent->base, i);

		if (before && memcmp(now->values, before->values, sizeof(now->values)) == 0)
			continue;
		rows[count++] = before ? difference(now, before) : *now;
	}
	*stretch = (struct pyro_stretch){rows, count, recent->reset_ns, recent->end_ns};
	return PYRO_RC_OK;
}

/* The first interval of a window of @span_ns; there is at least one. */
static size_t first_interval(const struct pyro_recent *recent, uint64_t span_ns)
{
	const struct interval *intervals = recent->intervals.rows;
	size_t first = recent->intervals.count - 1;

	while (first > 0) {
		const struct interval *before = &intervals[first - 1];
		const uint64_t middle_ns =
			before->begin_ns + (before->end_ns - before->begin_ns) / 2;

		if (recent->end_ns - middle_ns > span_ns)
			break;
		first--;
	}
	return first;
}

enum pyro_rc pyro_recent_take(struct pyro_recent *recent, uint64_t span_ns,
			      struct pyro_stretch *ret_stretch)
{
	const struct gain *gains = recent->gains.rows;
	uint64_t begin_ns = recent->end_ns;
	size_t first = recent->gains.count, count = 0;
	struct pyro_total *rows;

	if (span_ns == 0)
		return take_all(recent, ret_stretch);
	if (recent->intervals.count > 0) {
		const struct interval *from =
			pyro_table_at(&recent->intervals, first_interval(recent, span_ns));

		begin_ns = from->begin_ns;
		first = from->first - recent->dropped;
	}
	rows = calloc(recent->gains.count - first + 1, sizeof(*rows));
	if (!rows)
		return PYRO_RC_NOMEM;
	for (size_t i = first; i < recent->gains.count; i++) {
		uint32_t *row = pyro_table_at(&recent->rows, gains[i].total);

		if (*row == PYRO_NONE) {
			*row = (uint32_t)count;
			rows[count++] = gains[i].of;
		} else {
			add(&rows[*row], &gains[i].of);
		}
	}
	for (size_t i = first; i < recent->gains.count; i++)
		*(uint32_t *)pyro_table_at(&recent->rows, gains[i].total) = PYRO_NONE;
	*ret_stretch = (struct pyro_stretch){rows, count, begin_ns, recent->end_ns};
	return PYRO_RC_OK;
}

void pyro_stretch_deinit(struct pyro_stretch *stretch)
{
	free(stretch->rows);
	*stretch = (struct pyro_stretch){0};
}
