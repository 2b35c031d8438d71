/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One total: of which track, in the order of those written, and where its stack comes. */
struct sum {
	size_t total;
	uint32_t slot;
	uint32_t place;
};

struct pyro_sums {
	struct pyro_profile *profile;
	struct sum *sums;
	size_t count;
	uint32_t tracks[PYRO_SUMS_TRACKS + 1]; /* by slot; the last: those that are one */
};

/* ---- the order of stacks ---- */

/* A tree by first child and next sibling. */
struct tree {
	uint32_t *child, *next;
	uint32_t *places; /* by stack: from 1 on, each before what was called from it */
	uint32_t first;   /* root */
	uint32_t count;
};

static void tree_deinit(struct tree *tree)
{
	free(tree->child);
	free(tree->next);
	free(tree->places);
}

static void grow_tree(const struct pyro_profile *profile, struct tree *tree)
{
	/* Backwards, so that children come in the order of their numbers. */
	for (uint32_t i = tree->count; i-- > 0;) {
		const struct pyro_stack *stack = pyro_profile_stack_get(profile, i);
		uint32_t *head =
			stack->parent == PYRO_NONE ? &tree->first : &tree->child[stack->parent];

		tree->next[i] = *head;
		*head = i;
	}
}

static void number_stacks(const struct pyro_profile *profile, struct tree *tree)
{
	uint32_t place = 0, at = tree->first;

	while (at != PYRO_NONE) {
		tree->places[at] = ++place;
		if (tree->child[at] != PYRO_NONE) {
			at = tree->child[at];
			continue;
		}
		while (at != PYRO_NONE && tree->next[at] == PYRO_NONE)
			at = pyro_profile_stack_get(profile, at)->parent;
		if (at != PYRO_NONE)
			at = tree->next[at];
	}
}

static enum pyro_rc order_stacks(const struct pyro_profile *profile, uint32_t count,
				 struct tree *tree, struct pyro_err *err)
{
	const size_t bytes = ((size_t)count + 1) * sizeof(uint32_t);

	*tree = (struct tree){
		.child = malloc(bytes),
		.next = malloc(bytes),
		.places = malloc(bytes),
		.first = PYRO_NONE,
		.count = count,
	};
	if (!tree->child || !tree->next || !tree->places)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	memset(tree->child, 0xff, bytes); /* PYRO_NONE */
	grow_tree(profile, tree);
	number_stacks(profile, tree);
	return PYRO_RC_OK;
}

/* ---- the order of tracks ---- */

struct weight {
	uint64_t ns;
	uint32_t track;
};

static int by_weight(const void *a, const void *b)
{
	const struct weight *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return (x->track > y->track) - (x->track < y->track);
}

static enum pyro_rc add_rest(struct pyro_sums *sums, const struct weight *first, size_t count)
{
	struct pyro_track track = *pyro_profile_track_get(sums->profile, first->track);
	char name[32];
	enum pyro_rc rc;

	snprintf(name, sizeof(name), "%zu more", count);
	track.main = false;
	track.task = true;
	track.tid = 0;
	rc = pyro_profile_string(sums->profile, name, strlen(name), &track.name);
	return rc ? rc : pyro_profile_track(sums->profile, &track, &sums->tracks[PYRO_SUMS_TRACKS]);
}

/* Gives each track its slot: of what was weighed. */
static enum pyro_rc order_tracks(struct pyro_sums *sums, struct weight *weights, size_t count,
				 uint32_t *slots)
{
	const size_t apart = count <= PYRO_SUMS_TRACKS ? count : PYRO_SUMS_TRACKS;

	if (count > 1)
		qsort(weights, count, sizeof(*weights), by_weight);
	for (size_t i = 0; i < count; i++) {
		slots[weights[i].track] = (uint32_t)(i < apart ? i : apart);
		if (i < apart)
			sums->tracks[i] = weights[i].track;
	}
	return count > apart ? add_rest(sums, &weights[apart], count - apart) : PYRO_RC_OK;
}

/* ---- all of it ---- */

static int by_slot_and_place(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return (x->total > y->total) - (x->total < y->total);
}

static enum pyro_rc sort_totals(struct pyro_sums *sums, const struct pyro_profile_counts *counts,
				enum pyro_metric metric, const struct tree *tree,
				struct weight *weights, uint32_t *slots)
{
	enum pyro_rc rc;

	for (uint32_t i = 0; i < counts->tracks; i++)
		weights[i].track = i;
	for (size_t i = 0; i < counts->totals; i++) {
		const struct pyro_total *total = pyro_profile_total_get(sums->profile, i);

		weights[total->track].ns += total->values[metric];
	}
	rc = order_tracks(sums, weights, counts->tracks, slots);
	for (size_t i = 0; i < counts->totals && !rc; i++) {
		const struct pyro_total *total = pyro_profile_total_get(sums->profile, i);

		sums->sums[sums->count++] = (struct sum){
			.total = i,
			.slot = slots[total->track],
			.place = total->stack == PYRO_NONE ? 0 : tree->places[total->stack],
		};
	}
	if (sums->count > 1)
		qsort(sums->sums, sums->count, sizeof(*sums->sums), by_slot_and_place);
	return rc;
}

static enum pyro_rc fill(struct pyro_sums *sums, enum pyro_metric metric, struct pyro_err *err)
{
	struct pyro_profile_counts counts;
	struct tree tree PYRO_CLEANUP(tree_deinit) = {.child = NULL};
	struct weight *weights PYRO_AUTO_FREE = NULL;
	uint32_t *slots PYRO_AUTO_FREE = NULL;
	enum pyro_rc rc;

	pyro_profile_counts(sums->profile, &counts);
	rc = order_stacks(sums->profile, counts.stacks, &tree, err);
	if (rc)
		return rc;
	weights = calloc((size_t)counts.tracks + 1, sizeof(*weights));
	slots = calloc((size_t)counts.tracks + 1, sizeof(*slots));
	sums->sums = calloc(counts.totals + 1, sizeof(*sums->sums));
	rc = weights && slots && sums->sums
		     ? sort_totals(sums, &counts, metric, &tree, weights, slots)
		     : PYRO_RC_NOMEM;
	return rc ? pyro_err_set(err, rc, "cannot put the sums in order: %s", pyro_rc_text(rc))
		  : PYRO_RC_OK;
}

enum pyro_rc pyro_sums_create(struct pyro_profile *profile, enum pyro_metric metric,
			      struct pyro_sums **ret_sums, struct pyro_err *err)
{
	struct pyro_sums *sums = calloc(1, sizeof(*sums));
	enum pyro_rc rc;

	if (!sums)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	sums->profile = profile;
	rc = fill(sums, metric, err);
	if (rc) {
		pyro_sums_destroy(sums);
		return rc;
	}
	*ret_sums = sums;
	return PYRO_RC_OK;
}

void pyro_sums_destroy(struct pyro_sums *sums)
{
	if (!sums)
		return;
	free(sums->sums);
	free(sums);
}

/* ---- as samples ---- */

struct giving {
	pyro_format_sample_fn *each;
	void *context;
	struct pyro_format_sample sample;
	uint64_t held_ns; /* with the GIL, of what is still to be given */
};

/* @ns of one reason, or on the processor: in two if the GIL was held for a part of it. */
static enum pyro_rc give(struct giving *giving, uint64_t ns, bool cpu, enum pyro_reason reason)
{
	const uint64_t held = ns < giving->held_ns ? ns : giving->held_ns;
	const uint64_t parts[] = {held, ns - held};
	enum pyro_rc rc = PYRO_RC_OK;

	giving->held_ns -= held;
	giving->sample.reason = reason;
	for (size_t i = 0; i < PYRO_COUNT(parts) && !rc; i++) {
		giving->sample.wall_ns = parts[i];
		giving->sample.cpu_ns = cpu ? parts[i] : 0;
		giving->sample.holds_gil = i == 0;
		if (parts[i])
			rc = giving->each(giving->context, &giving->sample);
	}
	return rc;
}

static enum pyro_rc give_total(struct giving *giving, const struct pyro_total *total)
{
	const uint64_t *values = total->values;
	uint64_t left = values[PYRO_METRIC_WALL];
	enum pyro_rc rc;

	giving->held_ns = values[PYRO_METRIC_GIL_HELD];
	rc = give(giving, values[PYRO_METRIC_CPU], true, PYRO_REASON_NONE);
	left -= left < values[PYRO_METRIC_CPU] ? left : values[PYRO_METRIC_CPU];
	for (int i = 0; i < PYRO_REASON_COUNT && !rc; i++) {
		const enum pyro_reason reason = (enum pyro_reason)i;
		const struct pyro_reason_info *info = pyro_reason_info(reason);
		const uint64_t ns = info ? values[info->metric] : 0;

		if (info && left)
			rc = give(giving, ns < left ? ns : left, false, reason);
		left -= ns < left ? ns : left;
	}
	return rc ? rc : give(giving, left, false, PYRO_REASON_NONE);
}

static enum pyro_rc give_all(void *context, pyro_format_sample_fn *each, void *each_context,
			     struct pyro_err *err)
{
	const struct pyro_sums *sums = context;
	struct giving giving = {.each = each, .context = each_context};
	enum pyro_rc rc = PYRO_RC_OK;

	(void)err;
	for (size_t i = 0; i < sums->count && !rc; i++) {
		const struct pyro_total *total =
			pyro_profile_total_get(sums->profile, sums->sums[i].total);

		giving.sample = (struct pyro_format_sample){
			.track = sums->tracks[sums->sums[i].slot],
			.stack = total->stack,
		};
		rc = give_total(&giving, total);
	}
	return rc;
}

struct pyro_sample_source pyro_sums_source(struct pyro_sums *sums)
{
	return (struct pyro_sample_source){.context = sums, .samples = give_all};
}
