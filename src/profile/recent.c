/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/recent.h"

#include <string.h>

#include "base/limits.h"
#include "profile/table.h"

/* What a total, of a thread or of tasks, has gathered, apart from what it is of. */
struct sum {
	uint64_t values[PYRO_METRIC_COUNT];
	double wall_squared;
	double cpu_squared;
};

/* What one total gained in one interval. */
struct gain {
	size_t total; /* in the profile */
	struct sum of;
};

/* Totals of one kind. */
struct kind {
	size_t (*count)(const struct pyro_profile_counts *counts);
	void (*get)(const struct pyro_profile *profile, size_t total, struct sum *ret_sum);
	enum pyro_rc (*take_changed)(struct pyro_profile *profile,
				     enum pyro_rc (*each)(void *context, size_t total),
				     void *context);
};

/* The past of the totals of one kind. */
struct strand {
	const struct kind *kind;
	struct pyro_profile *profile;
	struct pyro_table seen;  /* struct sum by total: what it was when last looked at */
	struct pyro_table base;  /* struct sum by total: what it was at the reset */
	struct pyro_table gains; /* struct gain, oldest first */
	size_t dropped;          /* gains forgotten, which intervals still count */
	struct pyro_table rows; /* uint32_t by total: its row while rows are made; else PYRO_NONE */
};

enum {
	THREADS,
	TASKS,
	STRANDS
};

struct interval {
	uint64_t begin_ns;
	uint64_t end_ns;
	size_t first[STRANDS]; /* in gains, counted over all that ever were */
	size_t count[STRANDS];
};

struct pyro_recent {
	struct pyro_alive *alive;
	uint64_t longest_ns;
	uint64_t reset_ns;
	uint64_t end_ns;
	struct strand strands[STRANDS];
	struct pyro_table intervals;
};

/* ---- the two kinds of totals ---- */

static size_t count_totals(const struct pyro_profile_counts *counts)
{
	return counts->totals;
}

static void get_total(const struct pyro_profile *profile, size_t index, struct sum *ret_sum)
{
	const struct pyro_total *total = pyro_profile_total_get(profile, index);

	memcpy(ret_sum->values, total->values, sizeof(ret_sum->values));
	ret_sum->wall_squared = total->wall_squared;
	ret_sum->cpu_squared = total->cpu_squared;
}

static void set_total(struct pyro_total *total, const struct sum *sum)
{
	memcpy(total->values, sum->values, sizeof(total->values));
	total->wall_squared = sum->wall_squared;
	total->cpu_squared = sum->cpu_squared;
}

static size_t count_task_totals(const struct pyro_profile_counts *counts)
{
	return counts->task_totals;
}

static void get_task_total(const struct pyro_profile *profile, size_t index, struct sum *ret_sum)
{
	const struct pyro_task_total *total = pyro_profile_task_total_get(profile, index);

	memcpy(ret_sum->values, total->values, sizeof(ret_sum->values));
	ret_sum->wall_squared = total->wall_squared;
	ret_sum->cpu_squared = total->cpu_squared;
}

static void set_task_total(struct pyro_task_total *total, const struct sum *sum)
{
	memcpy(total->values, sum->values, sizeof(total->values));
	total->wall_squared = sum->wall_squared;
	total->cpu_squared = sum->cpu_squared;
}

static const struct kind kinds[STRANDS] = {
	[THREADS] = {count_totals, get_total, pyro_profile_take_changed},
	[TASKS] = {count_task_totals, get_task_total, pyro_profile_take_task_totals},
};

/* ---- making ---- */

static void init_strand(struct strand *strand, const struct kind *kind,
			struct pyro_profile *profile)
{
	strand->kind = kind;
	strand->profile = profile;
	pyro_table_init(&strand->seen, sizeof(struct sum), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&strand->base, sizeof(struct sum), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&strand->rows, sizeof(uint32_t), PYRO_MAX_PROFILE_ROWS);
	pyro_table_init(&strand->gains, sizeof(struct gain), SIZE_MAX);
}

static void deinit_strand(struct strand *strand)
{
	pyro_table_deinit(&strand->seen);
	pyro_table_deinit(&strand->base);
	pyro_table_deinit(&strand->gains);
	pyro_table_deinit(&strand->rows);
}

enum pyro_rc pyro_recent_create(struct pyro_profile *profile, struct pyro_alive *alive,
				uint64_t longest_ns, struct pyro_recent **ret_recent)
{
	struct pyro_recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return PYRO_RC_NOMEM;
	recent->alive = alive;
	recent->longest_ns = longest_ns;
	for (size_t i = 0; i < STRANDS; i++)
		init_strand(&recent->strands[i], &kinds[i], profile);
	pyro_table_init(&recent->intervals, sizeof(struct interval), SIZE_MAX);
	*ret_recent = recent;
	return PYRO_RC_OK;
}

void pyro_recent_destroy(struct pyro_recent *recent)
{
	if (!recent)
		return;
	for (size_t i = 0; i < STRANDS; i++)
		deinit_strand(&recent->strands[i]);
	pyro_table_deinit(&recent->intervals);
	free(recent);
}

/* ---- time goes on ---- */

static void add(struct sum *to, const struct sum *more)
{
	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		to->values[i] += more->values[i];
	to->wall_squared += more->wall_squared;
	to->cpu_squared += more->cpu_squared;
}

/* Totals only grow, and a sum of squares that is left is never below nothing. */
static struct sum difference(const struct sum *now, const struct sum *before)
{
	struct sum gained = *now;

	for (size_t i = 0; i < PYRO_METRIC_COUNT; i++)
		gained.values[i] -= before->values[i];
	gained.wall_squared -= before->wall_squared;
	gained.cpu_squared -= before->cpu_squared;
	return gained;
}

/* Totals that came into being were nothing before. */
static enum pyro_rc grow_seen(struct strand *strand, size_t count)
{
	const struct sum nothing = {.wall_squared = 0};
	const uint32_t none = PYRO_NONE;
	enum pyro_rc rc = PYRO_RC_OK;

	while (!rc && strand->rows.count < count)
		rc = pyro_table_push(&strand->rows, &none);
	while (!rc && strand->seen.count < count)
		rc = pyro_table_push(&strand->seen, &nothing);
	return rc;
}

static enum pyro_rc take_gain(void *context, size_t total)
{
	struct strand *strand = context;
	struct sum *before = pyro_table_at(&strand->seen, total);
	struct gain gain = {.total = total};
	struct sum now;
	enum pyro_rc rc;

	strand->kind->get(strand->profile, total, &now);
	gain.of = difference(&now, before);
	rc = pyro_table_push(&strand->gains, &gain);
	if (!rc)
		*before = now;
	return rc;
}

static enum pyro_rc take_gains(struct strand *strand, size_t *ret_first, size_t *ret_count)
{
	struct pyro_profile_counts counts;
	enum pyro_rc rc;

	pyro_profile_counts(strand->profile, &counts);
	*ret_first = strand->dropped + strand->gains.count;
	rc = grow_seen(strand, strand->kind->count(&counts));
	if (!rc)
		rc = strand->kind->take_changed(strand->profile, take_gain, strand);
	*ret_count = strand->dropped + strand->gains.count - *ret_first;
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

/* Whether there are more gains than there is room for, without those that are @old. */
static bool too_many(const struct pyro_recent *recent, const size_t old[STRANDS])
{
	for (size_t i = 0; i < STRANDS; i++) {
		if (recent->strands[i].gains.count - old[i] > PYRO_MAX_GAINS)
			return true;
	}
	return false;
}

/* The intervals that no window reaches any more, or that there is no room for. */
static void forget_old(struct pyro_recent *recent)
{
	const struct interval *intervals = recent->intervals.rows;
	size_t gains[STRANDS] = {0};
	bool many = false;
	size_t old = 0;

	while (old + 1 < recent->intervals.count &&
	       (intervals[old].end_ns + recent->longest_ns <= recent->end_ns ||
		too_many(recent, gains))) {
		for (size_t i = 0; i < STRANDS; i++)
			gains[i] += intervals[old].count[i];
		old++;
	}
	/* Moved together now and then rather than a little each time. */
	for (size_t i = 0; i < STRANDS; i++)
		many |= gains[i] >= recent->strands[i].gains.count / 4 && gains[i];
	if (!many && old < recent->intervals.count / 4)
		return;
	drop_rows(&recent->intervals, old);
	for (size_t i = 0; i < STRANDS; i++) {
		drop_rows(&recent->strands[i].gains, gains[i]);
		recent->strands[i].dropped += gains[i];
	}
}

enum pyro_rc pyro_recent_advance(struct pyro_recent *recent, uint64_t now_ns)
{
	struct interval interval = {
		.begin_ns = recent->end_ns,
		.end_ns = now_ns > recent->end_ns ? now_ns : recent->end_ns,
	};
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; !rc && i < STRANDS; i++)
		rc = take_gains(&recent->strands[i], &interval.first[i], &interval.count[i]);
	if (!rc)
		rc = pyro_table_push(&recent->intervals, &interval);
	if (!rc && recent->alive)
		rc = pyro_alive_advance(recent->alive, interval.end_ns);
	if (rc)
		return rc;
	recent->end_ns = interval.end_ns;
	forget_old(recent);
	return PYRO_RC_OK;
}

static enum pyro_rc reset_strand(struct strand *strand)
{
	enum pyro_rc rc = PYRO_RC_OK;

	strand->base.count = 0;
	for (size_t i = 0; !rc && i < strand->seen.count; i++)
		rc = pyro_table_push(&strand->base, pyro_table_at(&strand->seen, i));
	if (rc)
		return rc;
	strand->dropped += strand->gains.count;
	strand->gains.count = 0;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_recent_reset(struct pyro_recent *recent, uint64_t now_ns)
{
	enum pyro_rc rc = pyro_recent_advance(recent, now_ns);

	for (size_t i = 0; !rc && i < STRANDS; i++)
		rc = reset_strand(&recent->strands[i]);
	if (rc)
		return rc;
	recent->reset_ns = recent->end_ns;
	recent->intervals.count = 0;
	return PYRO_RC_OK;
}

/* ---- windows ---- */

/* The gains of a strand in some time, one for each total that has any. */
struct gained {
	struct gain *rows;
	size_t count;
};

/* What each total has gained since the reset. */
static enum pyro_rc gain_all(const struct strand *strand, struct gained *ret_gained)
{
	struct gain *rows = malloc((strand->seen.count + 1) * sizeof(*rows));
	size_t count = 0;

	if (!rows)
		return PYRO_RC_NOMEM;
	for (size_t i = 0; i < strand->seen.count; i++) {
		const struct sum *now = pyro_table_at(&strand->seen, i);
		const struct sum *before = pyro_table_at(&strand->base, i);

		if (before && memcmp(now->values, before->values, sizeof(now->values)) == 0)
			continue;
		rows[count++] = (struct gain){i, before ? difference(now, before) : *now};
	}
	*ret_gained = (struct gained){rows, count};
	return PYRO_RC_OK;
}

/* What each has gained from the gain @first on. */
static enum pyro_rc gain_from(const struct strand *strand, size_t first, struct gained *ret_gained)
{
	const struct gain *gains = strand->gains.rows;
	struct gain *rows = calloc(strand->gains.count - first + 1, sizeof(*rows));
	size_t count = 0;

	if (!rows)
		return PYRO_RC_NOMEM;
	for (size_t i = first; i < strand->gains.count; i++) {
		uint32_t *row = pyro_table_at(&strand->rows, gains[i].total);

		if (*row == PYRO_NONE) {
			*row = (uint32_t)count;
			rows[count++] = gains[i];
		} else {
			add(&rows[*row].of, &gains[i].of);
		}
	}
	for (size_t i = 0; i < count; i++)
		*(uint32_t *)pyro_table_at(&strand->rows, rows[i].total) = PYRO_NONE;
	*ret_gained = (struct gained){rows, count};
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

/* Some time up to now. */
struct window {
	bool all;                    /* since the reset */
	const struct interval *from; /* else from this one on; NULL: there is none yet */
	uint64_t begin_ns;
};

static struct window window_of(const struct pyro_recent *recent, uint64_t span_ns)
{
	const struct interval *from;

	if (span_ns == 0)
		return (struct window){.all = true, .begin_ns = recent->reset_ns};
	if (recent->intervals.count == 0)
		return (struct window){.begin_ns = recent->end_ns};
	from = pyro_table_at(&recent->intervals, first_interval(recent, span_ns));
	return (struct window){.from = from, .begin_ns = from->begin_ns};
}

static enum pyro_rc gain(const struct pyro_recent *recent, int which, const struct window *window,
			 struct gained *ret_gained)
{
	const struct strand *strand = &recent->strands[which];
	size_t first = strand->gains.count;

	if (window->all)
		return gain_all(strand, ret_gained);
	if (window->from)
		first = window->from->first[which] - strand->dropped;
	return gain_from(strand, first, ret_gained);
}

static enum pyro_rc take_threads(const struct pyro_recent *recent, const struct window *window,
				 struct pyro_stretch *stretch)
{
	const struct pyro_profile *profile = recent->strands[THREADS].profile;
	struct gained gained;
	enum pyro_rc rc = gain(recent, THREADS, window, &gained);

	if (rc)
		return rc;
	stretch->rows = calloc(gained.count + 1, sizeof(*stretch->rows));
	for (size_t i = 0; stretch->rows && i < gained.count; i++) {
		stretch->rows[i] = *pyro_profile_total_get(profile, gained.rows[i].total);
		set_total(&stretch->rows[i], &gained.rows[i].of);
	}
	stretch->count = gained.count;
	free(gained.rows);
	return stretch->rows ? PYRO_RC_OK : PYRO_RC_NOMEM;
}

static enum pyro_rc take_tasks(const struct pyro_recent *recent, const struct window *window,
			       struct pyro_stretch *stretch)
{
	const struct pyro_profile *profile = recent->strands[TASKS].profile;
	struct gained gained;
	enum pyro_rc rc = gain(recent, TASKS, window, &gained);

	if (rc)
		return rc;
	stretch->tasks = calloc(gained.count + 1, sizeof(*stretch->tasks));
	for (size_t i = 0; stretch->tasks && i < gained.count; i++) {
		stretch->tasks[i] = *pyro_profile_task_total_get(profile, gained.rows[i].total);
		set_task_total(&stretch->tasks[i], &gained.rows[i].of);
	}
	stretch->task_count = gained.count;
	free(gained.rows);
	return stretch->tasks ? PYRO_RC_OK : PYRO_RC_NOMEM;
}

enum pyro_rc pyro_recent_take(struct pyro_recent *recent, uint64_t span_ns,
			      struct pyro_stretch *ret_stretch)
{
	const struct window window = window_of(recent, span_ns);
	struct pyro_stretch stretch = {
		.begin_ns = window.begin_ns,
		.end_ns = recent->end_ns,
	};
	enum pyro_rc rc = take_threads(recent, &window, &stretch);

	if (!rc)
		rc = take_tasks(recent, &window, &stretch);
	if (!rc && recent->alive)
		rc = pyro_alive_take(recent->alive, stretch.begin_ns, stretch.end_ns,
				     &stretch.alive);
	if (rc)
		pyro_stretch_deinit(&stretch);
	else
		*ret_stretch = stretch;
	return rc;
}

void pyro_stretch_deinit(struct pyro_stretch *stretch)
{
	free(stretch->rows);
	free(stretch->tasks);
	pyro_alive_rows_deinit(&stretch->alive);
	*stretch = (struct pyro_stretch){0};
}
