/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "format/gather.h"

#define MS 1000000ull

struct stage {
	struct pyro_profile *profile;
	struct pyro_gather gather;
	struct pyro_buf notes;
	uint32_t clock, counter;
};

static void open_stage(struct stage *stage)
{
	assert_int_equal(pyro_profile_create(&stage->profile, NULL), PYRO_RC_OK);
	pyro_gather_init(&stage->gather, stage->profile);
	pyro_buf_init(&stage->notes, 4096);
	assert_int_equal(pyro_gather_event(&stage->gather, "cycles", 6, false, &stage->counter),
			 PYRO_RC_OK);
	assert_int_equal(pyro_gather_event(&stage->gather, "cpu-clock", 9, true, &stage->clock),
			 PYRO_RC_OK);
}

static void close_stage(struct stage *stage)
{
	pyro_gather_deinit(&stage->gather);
	pyro_profile_destroy(stage->profile);
	pyro_buf_deinit(&stage->notes);
}

static void add(struct stage *stage, int32_t tid, uint32_t event, uint64_t at_ns, uint64_t period)
{
	struct pyro_gather_sample sample = {.at_ns = at_ns,
					    .weight_ns = period,
					    .stack = PYRO_NONE,
					    .event = event,
					    .part = PYRO_METRIC_CPU_NATIVE};

	assert_int_equal(pyro_gather_thread(&stage->gather, tid, &sample.thread), PYRO_RC_OK);
	assert_int_equal(pyro_gather_sample(&stage->gather, &sample), PYRO_RC_OK);
}

struct seen {
	struct pyro_format_sample samples[16];
	size_t count;
};

static enum pyro_rc see(void *context, const struct pyro_format_sample *sample)
{
	struct seen *seen = context;

	assert_true(seen->count < 16);
	seen->samples[seen->count++] = *sample;
	return PYRO_RC_OK;
}

static void finish(struct stage *stage, struct seen *seen)
{
	const struct pyro_sample_source source = pyro_gather_source(&stage->gather);

	seen->count = 0;
	assert_int_equal(pyro_gather_finish(&stage->gather, &stage->notes), PYRO_RC_OK);
	assert_int_equal(source.samples(source.context, see, seen, NULL), PYRO_RC_OK);
}

/* A clock is taken before what is more frequent, in time order, from the start of the first. */
static void test_clock(void **state)
{
	struct stage stage;
	struct seen seen;

	open_stage(&stage);
	add(&stage, 7, stage.clock, 30 * MS, 5 * MS);
	add(&stage, 8, stage.clock, 12 * MS, 2 * MS);
	add(&stage, 7, stage.counter, 31 * MS, 5);
	add(&stage, 7, stage.counter, 32 * MS, 5);
	add(&stage, 7, stage.counter, 33 * MS, 5);
	add(&stage, 7, stage.clock, 20 * MS, 5 * MS);
	finish(&stage, &seen);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.samples[0].at_ns, 10 * MS);
	assert_int_equal(seen.samples[0].wall_ns, 5 * MS);
	assert_int_equal(seen.samples[0].cpu_ns, 5 * MS);
	assert_int_equal(seen.samples[1].at_ns, 20 * MS);
	assert_int_equal(seen.samples[2].at_ns, 2 * MS);
	assert_int_equal(seen.samples[1].track, 0);
	assert_int_equal(seen.samples[2].track, 1);
	assert_int_equal(pyro_profile_duration(stage.profile), 20 * MS);
	assert_int_equal(pyro_profile_track_get(stage.profile, 0)->start_ns, 5 * MS);
	assert_int_equal(pyro_profile_track_get(stage.profile, 0)->end_ns, 20 * MS);
	assert_int_equal(pyro_profile_track_get(stage.profile, 0)->wall_ns, 10 * MS);
	assert_string_equal(stage.notes.data,
			    "Samples are of cpu-clock and weigh their period. "
			    "Left out: 3 of cycles.");
	assert_string_equal(pyro_profile_meta_get(stage.profile, "weights"), "period");
	close_stage(&stage);
}

/* Pauses do not count, whoever has no neighbours weighs what is usual. */
static void test_gaps(void **state)
{
	static const uint64_t at[] = {10, 11, 12, 90, 91, 93};
	struct stage stage;
	struct seen seen;

	open_stage(&stage);
	for (size_t i = 0; i < PYRO_COUNT(at); i++)
		add(&stage, 7, stage.counter, at[i] * MS, 123456789);
	add(&stage, 8, stage.counter, 50 * MS, 1);
	finish(&stage, &seen);
	assert_int_equal(seen.count, 7);
	for (size_t i = 0; i < seen.count; i++)
		assert_int_equal(seen.samples[i].wall_ns, 1 * MS);
	assert_string_equal(pyro_profile_meta_get(stage.profile, "weights"), "median gap");
	assert_string_equal(pyro_profile_meta_get(stage.profile, "event"), "cycles");
	close_stage(&stage);
}

/* A clock whose periods were not printed is weighed by gaps too; what lies is bounded. */
static void test_odd_periods(void **state)
{
	struct stage stage;
	struct seen seen;

	open_stage(&stage);
	add(&stage, 7, stage.clock, 10 * MS, UINT64_MAX);
	add(&stage, 7, stage.clock, 14 * MS, 0);
	finish(&stage, &seen);
	assert_int_equal(seen.samples[0].wall_ns, 4 * MS);
	assert_int_equal(seen.samples[1].wall_ns, 4 * MS);
	close_stage(&stage);

	open_stage(&stage);
	add(&stage, 7, stage.clock, UINT64_MAX, UINT64_MAX);
	finish(&stage, &seen);
	assert_int_equal(seen.samples[0].wall_ns, 100000 * MS);
	close_stage(&stage);

	open_stage(&stage);
	add(&stage, 7, stage.counter, 0, 5);
	finish(&stage, &seen);
	assert_int_equal(seen.samples[0].wall_ns, 1 * MS);
	assert_int_equal(seen.samples[0].at_ns, 0);
	close_stage(&stage);
}

/* Threads of a process are one; a thread whose process is not known is one by itself. */
static void test_processes(void **state)
{
	struct stage stage;
	struct pyro_profile_counts counts;
	struct seen seen;
	uint32_t thread;

	open_stage(&stage);
	add(&stage, 8, stage.clock, 10 * MS, MS);
	add(&stage, 7, stage.clock, 10 * MS, MS);
	add(&stage, 9, stage.clock, 10 * MS, MS);
	assert_int_equal(pyro_gather_thread(&stage.gather, 10, &thread), PYRO_RC_OK);
	pyro_gather_thread_get(&stage.gather, 0)->pid = 7;
	assert_int_equal(pyro_profile_string(stage.profile, "shop", 4,
					     &pyro_gather_thread_get(&stage.gather, 1)->name),
			 PYRO_RC_OK);
	finish(&stage, &seen);
	pyro_profile_counts(stage.profile, &counts);
	assert_int_equal(counts.processes, 2);
	assert_int_equal(counts.tracks, 3);
	assert_int_equal(pyro_profile_process_get(stage.profile, 0)->pid, 7);
	assert_string_equal(
		pyro_profile_string_get(stage.profile,
					pyro_profile_process_get(stage.profile, 0)->command, NULL),
		"shop");
	assert_int_equal(pyro_profile_process_get(stage.profile, 1)->pid, 9);
	assert_false(pyro_profile_track_get(stage.profile, 0)->main);
	assert_true(pyro_profile_track_get(stage.profile, 1)->main);
	close_stage(&stage);
}

static void test_what_does_not_exist(void **state)
{
	struct pyro_gather_sample sample = {.stack = PYRO_NONE};
	struct stage stage;

	open_stage(&stage);
	assert_int_equal(pyro_gather_sample(&stage.gather, &sample), PYRO_RC_FORMAT);
	assert_int_equal(pyro_gather_thread(&stage.gather, 7, &sample.thread), PYRO_RC_OK);
	assert_int_equal(pyro_gather_sample(&stage.gather, &sample), PYRO_RC_OK);
	sample.stack = 0;
	assert_int_equal(pyro_gather_sample(&stage.gather, &sample), PYRO_RC_FORMAT);
	sample.stack = PYRO_NONE;
	sample.event = 2;
	assert_int_equal(pyro_gather_sample(&stage.gather, &sample), PYRO_RC_FORMAT);
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_odd_periods),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_what_does_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
