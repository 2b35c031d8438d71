/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/aggregate.h"

#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "profile/aggregate_inside.h"

void pyro_values_add(struct pyro_values *to, const struct pyro_values *more)
{
	for (int i = 0; i < PYRO_METRIC_COUNT; i++)
		to->of[i] += more->of[i];
	to->wall_squared += more->wall_squared;
	to->cpu_squared += more->cpu_squared;
}

bool pyro_values_any(const struct pyro_values *values)
{
	for (int i = 0; i < PYRO_METRIC_COUNT; i++)
		if (values->of[i])
			return true;
	return false;
}

struct pyro_share pyro_values_share(const struct pyro_values *part, const struct pyro_values *whole,
				    enum pyro_metric metric)
{
	/* The share of a metric without squares of its own is as uncertain as that of as many
	 * samples: scale the wall's squares to its sums. */
	struct pyro_weights p = {(double)part->of[metric], part->wall_squared};
	struct pyro_weights w = {(double)whole->of[metric], whole->wall_squared};
	if (metric == PYRO_METRIC_CPU) {
		p.squared = part->cpu_squared;
		w.squared = whole->cpu_squared;
	} else if (metric != PYRO_METRIC_WALL) {
		double wall = (double)whole->of[PYRO_METRIC_WALL];
		double scale = wall > 0 ? w.sum / wall : 0;
		w.squared *= scale * scale;
		p.squared = w.sum > 0 ? w.squared * (p.sum / w.sum) : 0;
	}
	return pyro_share_estimate(p, w);
}

const struct pyro_function *pyro_aggregate_function(const struct pyro_aggregate *a, uint32_t node,
						    uint32_t *ret_index, int32_t *ret_line)
{
	const struct pyro_frame *frame = pyro_profile_frame_get(a->profile, a->nodes[node].frame);
	*ret_index = frame->function;
	*ret_line = frame->line;
	return pyro_profile_function_get(a->profile, frame->function);
}

static bool is_library(const struct pyro_aggregate *a, uint32_t frame)
{
	uint32_t function = pyro_profile_frame_get(a->profile, frame)->function;
	uint32_t file = pyro_profile_function_get(a->profile, function)->file;
	return pyro_places_get(a->places, file)->library;
}

static enum pyro_rc find_node(struct pyro_aggregate *a, struct pyro_map *map, uint32_t parent,
			      uint32_t frame, uint32_t *ret_node)
{
	uint64_t found;
	uint64_t key = (uint64_t)parent << 32 | frame;
	if (pyro_map_get(map, key, &found)) {
		*ret_node = (uint32_t)found;
		return PYRO_RC_OK;
	}
	uint32_t node = a->node_count++;
	a->nodes[node] = (struct aggregate_node){.parent = parent, .frame = frame};
	*ret_node = node;
	return pyro_map_put(map, key, node);
}

/* Where each stack counts when library frames are left out. A frame of the user's own hangs on the
 * nearest own frame below it, a library frame is its nearest own caller. Library frames at the
 * bottom that lead to own code (a thread's start, a test runner) vanish; stacks of nothing but
 * library frames stay as they are, apart from the others. */
static enum pyro_rc fold(struct pyro_aggregate *a, const bool *used, uint32_t *node_of)
{
	struct pyro_map map;
	enum pyro_rc rc = PYRO_RC_OK;
	bool *has_own = calloc((size_t)a->counts.stacks + 1, 1);
	if (!has_own)
		return PYRO_RC_NOMEM;
	pyro_map_init(&map, PYRO_MAX_PROFILE_ROWS);
	for (uint32_t i = 0; rc == PYRO_RC_OK && i < a->counts.stacks; i++) {
		if (!used[i])
			continue;
		const struct pyro_stack *stack = pyro_profile_stack_get(a->profile, i);
		bool below_own = stack->parent != PYRO_NONE && has_own[stack->parent];
		bool library = is_library(a, stack->frame);
		uint32_t parent = PYRO_NONE;
		has_own[i] = below_own || !library;
		if (below_own && library) {
			node_of[i] = node_of[stack->parent];
			a->folded = true;
			continue;
		}
		if (stack->parent != PYRO_NONE && (below_own || library))
			parent = node_of[stack->parent];
		rc = find_node(a, &map, parent, stack->frame, &node_of[i]);
	}
	pyro_map_deinit(&map);
	free(has_own);
	return rc;
}

static void take_stacks(struct pyro_aggregate *a, const bool *used, uint32_t *node_of)
{
	for (uint32_t i = 0; i < a->counts.stacks; i++) {
		if (!used[i])
			continue;
		const struct pyro_stack *stack = pyro_profile_stack_get(a->profile, i);
		uint32_t parent = stack->parent == PYRO_NONE ? PYRO_NONE : node_of[stack->parent];
		node_of[i] = a->node_count;
		a->nodes[a->node_count++] = (struct aggregate_node){parent, stack->frame, 0, 0};
	}
}

/* Sums upwards and links children; parents come first, so one pass from the end does. */
static void link_nodes(struct pyro_aggregate *a)
{
	a->first_root = PYRO_NONE;
	for (uint32_t i = 0; i < a->node_count; i++)
		a->nodes[i].first_child = PYRO_NONE;
	for (uint32_t i = a->node_count; i-- > 0;) {
		struct aggregate_node *node = &a->nodes[i];
		uint32_t *first = node->parent == PYRO_NONE ? &a->first_root
							    : &a->nodes[node->parent].first_child;
		node->next_sibling = *first;
		*first = i;
		pyro_values_add(&a->total[i], &a->self[i]);
		if (node->parent != PYRO_NONE)
			pyro_values_add(&a->total[node->parent], &a->total[i]);
	}
}

static bool chosen(const struct pyro_aggregate *a, const struct pyro_aggregate_options *options,
		   const bool *stack_matches, const struct pyro_total *total)
{
	const struct pyro_track *track =
		pyro_profile_track_get((struct pyro_profile *)a->profile, total->track);
	if (options->track != PYRO_NONE && options->track != total->track)
		return false;
	if (options->process != PYRO_NONE && options->process != track->process)
		return false;
	if (options->having < PYRO_METRIC_COUNT && total->values[options->having] == 0)
		return false;
	return !stack_matches || (total->stack != PYRO_NONE && stack_matches[total->stack]);
}

static size_t total_count(const struct pyro_aggregate *a,
			  const struct pyro_aggregate_options *options)
{
	return options->totals ? options->total_count : a->counts.totals;
}

static const struct pyro_total *total_at(const struct pyro_aggregate *a,
					 const struct pyro_aggregate_options *options, size_t index)
{
	return options->totals ? &options->totals[index]
			       : pyro_profile_total_get(a->profile, index);
}

/* Which stacks count, or lead to one that does; how many is *ret_count. Of a moment of a long
 * recording these are few, and nothing is spent on the others. */
static void mark_used(const struct pyro_aggregate *a, const struct pyro_aggregate_options *options,
		      const bool *stack_matches, bool *used, uint32_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < total_count(a, options); i++) {
		const struct pyro_total *total = total_at(a, options, i);
		uint32_t at = total->stack;
		if (!chosen(a, options, stack_matches, total))
			continue;
		while (at != PYRO_NONE && !used[at]) {
			used[at] = true;
			++*ret_count;
			at = pyro_profile_stack_get(a->profile, at)->parent;
		}
	}
}

static void gather(struct pyro_aggregate *a, const struct pyro_aggregate_options *options,
		   const bool *stack_matches, const uint32_t *node_of)
{
	for (size_t i = 0; i < total_count(a, options); i++) {
		const struct pyro_total *total = total_at(a, options, i);
		struct pyro_values values = {.wall_squared = total->wall_squared,
					     .cpu_squared = total->cpu_squared};
		if (!chosen(a, options, stack_matches, total))
			continue;
		memcpy(values.of, total->values, sizeof(values.of));
		pyro_values_add(&a->whole, &values);
		pyro_values_add(&a->tracks[total->track], &values);
		pyro_values_add(total->stack == PYRO_NONE ? &a->outside
							  : &a->self[node_of[total->stack]],
				&values);
	}
}

/* Which stacks have a frame whose function matches. */
static enum pyro_rc match_stacks(const struct pyro_aggregate *a, const char *expression,
				 bool **ret_matches, struct pyro_err *err)
{
	PYRO_AUTO_FREE bool *functions = NULL;
	enum pyro_rc rc = pyro_match_functions(a->profile, a->places, expression, &functions, err);
	if (rc != PYRO_RC_OK)
		return rc;
	bool *matches = calloc((size_t)a->counts.stacks + 1, 1);
	if (!matches)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (uint32_t i = 0; i < a->counts.stacks; i++) {
		const struct pyro_stack *stack = pyro_profile_stack_get(a->profile, i);
		const struct pyro_frame *frame = pyro_profile_frame_get(a->profile, stack->frame);
		matches[i] = functions[frame->function] ||
			     (stack->parent != PYRO_NONE && matches[stack->parent]);
	}
	*ret_matches = matches;
	return PYRO_RC_OK;
}

static enum pyro_rc build(struct pyro_aggregate *a, const struct pyro_aggregate_options *options,
			  struct pyro_err *err)
{
	PYRO_AUTO_FREE bool *stack_matches = NULL;
	size_t stacks = (size_t)a->counts.stacks + 1;
	PYRO_AUTO_FREE uint32_t *node_of = malloc(stacks * sizeof(*node_of));
	PYRO_AUTO_FREE bool *used = calloc(stacks, sizeof(*used));
	uint32_t used_count;
	enum pyro_rc rc = PYRO_RC_OK;
	if (!options->places)
		rc = pyro_places_create(a->profile, &a->own_places, err);
	a->places = options->places ? options->places : a->own_places;
	if (rc == PYRO_RC_OK && options->stacks_matching)
		rc = match_stacks(a, options->stacks_matching, &stack_matches, err);
	if (rc != PYRO_RC_OK)
		return rc;
	if (!node_of || !used)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	mark_used(a, options, stack_matches, used, &used_count);
	a->nodes = calloc((size_t)used_count + 1, sizeof(*a->nodes));
	a->tracks = calloc((size_t)a->counts.tracks + 1, sizeof(*a->tracks));
	if (!a->nodes || !a->tracks)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	if (options->fold_library)
		rc = fold(a, used, node_of);
	else
		take_stacks(a, used, node_of);
	if (rc != PYRO_RC_OK)
		return pyro_err_set(err, rc, "out of memory");
	a->self = calloc((size_t)a->node_count + 1, sizeof(*a->self));
	a->total = calloc((size_t)a->node_count + 1, sizeof(*a->total));
	if (!a->self || !a->total)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	gather(a, options, stack_matches, node_of);
	link_nodes(a);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_aggregate_create(const struct pyro_profile *profile,
				   const struct pyro_aggregate_options *options,
				   struct pyro_aggregate **ret_aggregate, struct pyro_err *err)
{
	struct pyro_aggregate *a = calloc(1, sizeof(*a));
	if (!a)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	a->profile = profile;
	pyro_profile_counts(profile, &a->counts);
	enum pyro_rc rc = build(a, options, err);
	if (rc != PYRO_RC_OK) {
		pyro_aggregate_destroy(a);
		return rc;
	}
	*ret_aggregate = a;
	return PYRO_RC_OK;
}

void pyro_aggregate_destroy(struct pyro_aggregate *a)
{
	if (!a)
		return;
	pyro_places_destroy(a->own_places);
	free(a->nodes);
	free(a->self);
	free(a->total);
	free(a->tracks);
	free(a);
}

const struct pyro_places *pyro_aggregate_places(const struct pyro_aggregate *a)
{
	return a->places;
}

bool pyro_aggregate_folded(const struct pyro_aggregate *a)
{
	return a->folded;
}

void pyro_aggregate_whole(const struct pyro_aggregate *a, struct pyro_values *ret_whole,
			  struct pyro_values *ret_outside)
{
	*ret_whole = a->whole;
	if (ret_outside)
		*ret_outside = a->outside;
}
