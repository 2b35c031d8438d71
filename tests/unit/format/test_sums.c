/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "format/sums.h"
#include "support/sample_profile.h"
#include "support/task_profile.h"

#define MOST_TRACKS 1024

/* What samples add up to, by track, and what their order was. */
struct seen {
	uint64_t wall_ns[MOST_TRACKS], cpu_ns[MOST_TRACKS], held_ns[MOST_TRACKS];
	uint64_t reasons_ns[PYRO_REASON_COUNT];
	uint32_t tracks[MOST_TRACKS]; /* each once, as they came */
	uint32_t stacks[MOST_TRACKS];
	size_t track_count, stack_count;
};

static enum pyro_rc see(void *context, const struct pyro_format_sample *sample)
{
	struct seen *seen = context;

	assert_in_range(sample->track, 0, MOST_TRACKS - 1);
	assert_true(sample->wall_ns > 0);
	assert_int_equal(sample->at_ns, 0);
	if (!seen->track_count || seen->tracks[seen->track_count - 1] != sample->track) {
		for (size_t i = 0; i < seen->track_count; i++)
			assert_int_not_equal(seen->tracks[i], sample->track);
		seen->tracks[seen->track_count++] = sample->track;
	}
	if (seen->stack_count < MOST_TRACKS)
		seen->stacks[seen->stack_count++] = sample->stack;
	seen->wall_ns[sample->track] += sample->wall_ns;
	seen->cpu_ns[sample->track] += sample->cpu_ns;
	seen->held_ns[sample->track] += sample->holds_gil ? sample->wall_ns : 0;
	seen->reasons_ns[sample->reason] += sample->wall_ns - sample->cpu_ns;
	return PYRO_RC_OK;
}

static struct seen *look_at(struct pyro_profile *profile, enum pyro_metric metric)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct pyro_sums *sums = NULL;
	struct pyro_sample_source source;

	assert_non_null(seen);
	assert_int_equal(pyro_sums_create(profile, metric, &sums, NULL), PYRO_RC_OK);
	source = pyro_sums_source(sums);
	assert_int_equal(source.samples(source.context, see, seen, NULL), PYRO_RC_OK);
	pyro_sums_destroy(sums);
	return seen;
}

static uint64_t sum(struct pyro_profile *profile, uint32_t track, enum pyro_metric metric)
{
	struct pyro_profile_counts counts;
	uint64_t ns = 0;

	pyro_profile_counts(profile, &counts);
	for (size_t i = 0; i < counts.totals; i++) {
		const struct pyro_total *total = pyro_profile_total_get(profile, i);

		if (track == PYRO_NONE || total->track == track)
			ns += total->values[metric];
	}
	return ns;
}

static void every_metric_adds_up(void **state)
{
	struct pyro_profile *(*const makes[])(void) = {task_profile_logical, task_profile_create,
						       sample_profile_create};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(makes); i++) {
		struct pyro_profile *profile = makes[i]();
		struct seen *seen = look_at(profile, PYRO_METRIC_WALL);
		struct pyro_profile_counts counts;

		pyro_profile_counts(profile, &counts);
		for (uint32_t track = 0; track < counts.tracks; track++) {
			assert_int_equal(seen->wall_ns[track],
					 sum(profile, track, PYRO_METRIC_WALL));
			assert_int_equal(seen->cpu_ns[track], sum(profile, track, PYRO_METRIC_CPU));
			assert_int_equal(seen->held_ns[track],
					 sum(profile, track, PYRO_METRIC_GIL_HELD));
		}
		for (int reason = 1; reason < PYRO_REASON_COUNT; reason++)
			assert_int_equal(seen->reasons_ns[reason],
					 sum(profile, PYRO_NONE,
					     pyro_reason_info((enum pyro_reason)reason)->metric));
		free(seen);
		pyro_profile_destroy(profile);
	}
}

/* The longest first. */
static void in_order(void **state)
{
	struct pyro_profile *profile = task_profile_logical();
	struct seen *seen = look_at(profile, PYRO_METRIC_WALL);

	(void)state;
	for (size_t i = 1; i < seen->track_count; i++)
		assert_true(seen->wall_ns[seen->tracks[i - 1]] >= seen->wall_ns[seen->tracks[i]]);
	free(seen);
	seen = look_at(profile, PYRO_METRIC_CPU);
	for (size_t i = 1; i < seen->track_count; i++)
		assert_true(seen->cpu_ns[seen->tracks[i - 1]] >= seen->cpu_ns[seen->tracks[i]]);
	free(seen);
	pyro_profile_destroy(profile);
}

/* What begins with the same frames is together, whenever it was met. */
static void stacks_that_begin_alike(void **state)
{
	const struct pyro_track track = {.process = 0};
	struct pyro_profile *profile = sample_profile_create();
	uint32_t roots[2], leaves[4], index;
	uint64_t values[PYRO_METRIC_COUNT] = {[PYRO_METRIC_WALL] = 1};
	struct seen *seen;

	(void)state;
	assert_int_equal(pyro_profile_track(profile, &track, &index), PYRO_RC_OK);
	for (uint32_t i = 0; i < 4; i++) {
		struct pyro_frame frame = {.function = SAMPLE_MAIN, .line = 7 + (int32_t)(i % 2)};
		uint32_t at;

		assert_int_equal(pyro_profile_frame(profile, &frame, &at), PYRO_RC_OK);
		assert_int_equal(pyro_profile_stack(profile, PYRO_NONE, at, &roots[i % 2]),
				 PYRO_RC_OK);
		frame = (struct pyro_frame){.function = SAMPLE_FIB, .line = 40 + (int32_t)i};
		assert_int_equal(pyro_profile_frame(profile, &frame, &at), PYRO_RC_OK);
		assert_int_equal(pyro_profile_stack(profile, roots[i % 2], at, &leaves[i]),
				 PYRO_RC_OK);
	}
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(pyro_profile_add(profile, index, leaves[i], values), PYRO_RC_OK);
	assert_int_equal(pyro_profile_add(profile, index, roots[1], values), PYRO_RC_OK);
	assert_int_equal(pyro_profile_add(profile, index, PYRO_NONE, values), PYRO_RC_OK);
	seen = look_at(profile, PYRO_METRIC_WALL);
	/* The track with the least comes last. */
	assert_int_equal(seen->tracks[seen->track_count - 1], index);
	assert_memory_equal(
		&seen->stacks[seen->stack_count - 6],
		((uint32_t[]){PYRO_NONE, leaves[0], leaves[2], roots[1], leaves[1], leaves[3]}),
		6 * sizeof(uint32_t));
	free(seen);
	pyro_profile_destroy(profile);
}

/* Beyond so many they are one. */
static void many_tracks(void **state)
{
	const unsigned int counts[] = {PYRO_SUMS_TRACKS - 2, PYRO_SUMS_TRACKS + 100};

	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(counts); i++) {
		struct pyro_profile *profile = task_profile_many(counts[i]);
		const uint64_t whole = sum(profile, PYRO_NONE, PYRO_METRIC_WALL);
		struct seen *seen = look_at(profile, PYRO_METRIC_WALL);
		const bool rest = counts[i] + 2 > PYRO_SUMS_TRACKS;
		const struct pyro_track *last;
		uint64_t all = 0;

		assert_int_equal(seen->track_count, rest ? PYRO_SUMS_TRACKS + 1 : counts[i] + 2);
		for (size_t track = 0; track < MOST_TRACKS; track++)
			all += seen->wall_ns[track];
		assert_int_equal(all, whole);
		last = pyro_profile_track_get(profile, seen->tracks[seen->track_count - 1]);
		assert_int_equal(
			strcmp(pyro_profile_string_get(profile, last->name, NULL), "102 more") == 0,
			rest);
		free(seen);
		pyro_profile_destroy(profile);
	}
}

static void convert(const char *name, const struct pyro_format_options *options, const char *golden)
{
	struct pyro_profile *profile = task_profile_logical();
	struct pyro_sums *sums = NULL;
	struct pyro_buf buf;
	const struct pyro_format_sink sink = {&buf, fixture_write};
	struct pyro_sample_source source;

	assert_int_equal(pyro_sums_create(profile, options->metric, &sums, NULL), PYRO_RC_OK);
	source = pyro_sums_source(sums);
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_format_find(name)->write(profile, &source, options, &sink, NULL),
			 PYRO_RC_OK);
	fixture_assert_golden(&buf, golden);
	pyro_buf_deinit(&buf);
	pyro_sums_destroy(sums);
	pyro_profile_destroy(profile);
}

static void test_golden(void **state)
{
	(void)state;
	convert("speedscope", &(struct pyro_format_options){.metric = PYRO_METRIC_WALL},
		"tasks.speedscope.json");
	convert("folded",
		&(struct pyro_format_options){
			.metric = PYRO_METRIC_WAIT, .by_line = true, .threads = true},
		"tasks.folded");
}

static enum pyro_rc refuse(void *context, const struct pyro_format_sample *sample)
{
	(void)sample;
	return --*(int *)context ? PYRO_RC_OK : PYRO_RC_FULL;
}

static void the_first_error_ends_it(void **state)
{
	struct pyro_profile *profile = task_profile_logical();
	struct pyro_sums *sums = NULL;
	struct pyro_sample_source source;
	int left = 3;

	(void)state;
	assert_int_equal(pyro_sums_create(profile, PYRO_METRIC_WALL, &sums, NULL), PYRO_RC_OK);
	source = pyro_sums_source(sums);
	assert_int_equal(source.samples(source.context, refuse, &left, NULL), PYRO_RC_FULL);
	assert_int_equal(left, 0);
	pyro_sums_destroy(sums);
	pyro_sums_destroy(NULL);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_metric_adds_up),
		cmocka_unit_test(in_order),
		cmocka_unit_test(stacks_that_begin_alike),
		cmocka_unit_test(many_tracks),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(the_first_error_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
