/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "support/sample_profile.h"

static int setup(void **state)
{
	*state = sample_profile_create();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	pyro_profile_destroy(*state);
	return 0;
}

static struct pyro_object lock_of(uint32_t track)
{
	return (struct pyro_object){
		.metric = PYRO_METRIC_WAIT_LOCK, .track = track, .frame = PYRO_NONE};
}

static void objects_are_interned(void **state)
{
	struct pyro_profile_counts before, after;
	struct pyro_object object = lock_of(1);
	uint32_t first, second, third;

	pyro_profile_counts(*state, &before);
	assert_int_equal(pyro_profile_object(*state, &object, &first), PYRO_RC_OK);
	assert_int_equal(first, before.objects);
	assert_int_equal(pyro_profile_object(*state, &object, &second), PYRO_RC_OK);
	assert_int_equal(first, second);
	object.frame = 0;
	assert_int_equal(pyro_profile_object(*state, &object, &third), PYRO_RC_OK);
	assert_int_not_equal(first, third);
	object.metric = PYRO_METRIC_WAIT_IO;
	assert_int_equal(pyro_profile_object(*state, &object, &third), PYRO_RC_OK);
	pyro_profile_counts(*state, &after);
	assert_int_equal(after.objects, before.objects + 3);
	assert_int_equal(pyro_profile_object_get(*state, first)->track, 1);
	assert_null(pyro_profile_object_get(*state, after.objects));
}

static void what_does_not_exist_is_refused(void **state)
{
	struct pyro_profile_counts counts;
	struct pyro_object object;
	struct pyro_waited waited = {.track = 0, .stack = 0, .object = 0};
	uint32_t index;

	pyro_profile_counts(*state, &counts);
	object = lock_of(counts.tracks);
	assert_int_equal(pyro_profile_object(*state, &object, &index), PYRO_RC_FORMAT);
	object = lock_of(PYRO_NONE);
	object.frame = counts.frames;
	assert_int_equal(pyro_profile_object(*state, &object, &index), PYRO_RC_FORMAT);
	object = lock_of(PYRO_NONE);
	object.name = counts.strings;
	assert_int_equal(pyro_profile_object(*state, &object, &index), PYRO_RC_FORMAT);
	object = lock_of(PYRO_NONE);
	object.metric = PYRO_METRIC_COUNT;
	assert_int_equal(pyro_profile_object(*state, &object, &index), PYRO_RC_FORMAT);
	waited.object = counts.objects;
	assert_int_equal(pyro_profile_wait(*state, &waited), PYRO_RC_FORMAT);
	waited.object = 0;
	waited.track = counts.tracks;
	assert_int_equal(pyro_profile_wait(*state, &waited), PYRO_RC_FORMAT);
	waited.track = 0;
	waited.stack = counts.stacks;
	assert_int_equal(pyro_profile_wait(*state, &waited), PYRO_RC_FORMAT);
}

struct taken {
	size_t list[8];
	size_t count;
	size_t most;
};

static enum pyro_rc take(void *context, size_t wait)
{
	struct taken *taken = context;

	if (taken->count == taken->most)
		return PYRO_RC_IO;
	taken->list[taken->count++] = wait;
	return PYRO_RC_OK;
}

static void waits_add_up_and_are_taken_once(void **state)
{
	struct pyro_profile_counts counts;
	struct pyro_object object = lock_of(PYRO_NONE);
	struct pyro_waited waited = {.track = 1, .stack = PYRO_NONE, .ns = 5, .samples = 1};
	struct taken taken = {.most = 8};
	uint32_t lock;

	assert_int_equal(pyro_profile_take_waits(*state, take, &taken), PYRO_RC_OK);
	pyro_profile_counts(*state, &counts);
	assert_int_equal(taken.count, counts.waits);
	assert_int_equal(pyro_profile_object(*state, &object, &lock), PYRO_RC_OK);
	waited.object = lock;
	assert_int_equal(pyro_profile_wait(*state, &waited), PYRO_RC_OK);
	waited.ns = 7;
	waited.samples = 3;
	assert_int_equal(pyro_profile_wait(*state, &waited), PYRO_RC_OK);
	waited.stack = 0;
	assert_int_equal(pyro_profile_wait(*state, &waited), PYRO_RC_OK);
	assert_int_equal(pyro_profile_wait_get(*state, counts.waits)->ns, 12);
	assert_int_equal(pyro_profile_wait_get(*state, counts.waits)->samples, 4);
	assert_int_equal(pyro_profile_wait_get(*state, counts.waits + 1)->ns, 7);
	assert_null(pyro_profile_wait_get(*state, counts.waits + 2));
	/* What could not be taken stays. */
	taken = (struct taken){.most = 1};
	assert_int_equal(pyro_profile_take_waits(*state, take, &taken), PYRO_RC_IO);
	taken.most = 8;
	assert_int_equal(pyro_profile_take_waits(*state, take, &taken), PYRO_RC_OK);
	assert_int_equal(taken.count, 2);
	assert_int_not_equal(taken.list[0], taken.list[1]);
	assert_int_equal(pyro_profile_take_waits(*state, take, &taken), PYRO_RC_OK);
	assert_int_equal(taken.count, 2);
}

static void every_reason_has_a_metric_of_its_own(void **state)
{
	(void)state;
	assert_null(pyro_reason_info(PYRO_REASON_NONE));
	assert_null(pyro_reason_info(PYRO_REASON_COUNT));
	for (int i = PYRO_REASON_NONE + 1; i < PYRO_REASON_COUNT; i++) {
		assert_non_null(pyro_reason_info((enum pyro_reason)i));
		for (int j = PYRO_REASON_NONE + 1; j < i; j++)
			assert_int_not_equal(pyro_reason_info((enum pyro_reason)i)->metric,
					     pyro_reason_info((enum pyro_reason)j)->metric);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(objects_are_interned, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_exist_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_add_up_and_are_taken_once, setup, teardown),
		cmocka_unit_test(every_reason_has_a_metric_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
