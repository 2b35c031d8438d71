/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "sample/prompt.h"

#define SOON 50000
#define LATE 1000000

/* Late wake-ups in a row until the prompt calls it crowded. */
static int late_until_crowded(struct pyro_prompt *prompt)
{
	int count = 0;

	while (!prompt->crowded && count < 100) {
		pyro_prompt_woke(prompt, LATE);
		count++;
	}
	return count;
}

static void bears_a_late_wake_up_now_and_then(void **state)
{
	struct pyro_prompt prompt = {.may_preempt = false};

	for (int i = 0; i < 1000; i++)
		pyro_prompt_woke(&prompt, i % 10 ? SOON : LATE);
	assert_int_equal(prompt.crowded, 0);
}

static void notices_a_crowd_and_tries_again(void **state)
{
	struct pyro_prompt prompt = {.may_preempt = false};
	uint32_t crowded;

	assert_in_range(late_until_crowded(&prompt), 2, 8);
	crowded = prompt.crowded;
	assert_true(crowded > 8);
	for (uint32_t i = 0; i < crowded; i++)
		pyro_prompt_woke(&prompt, LATE);
	assert_int_equal(prompt.crowded, 0);
	assert_int_equal(prompt.late, 0);
}

static void preempts_as_it_is_told(void **state)
{
	struct pyro_prompt prompt;

	pyro_prompt_init(&prompt, true, true);
	if (!prompt.may_preempt) {
		assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
		print_message("skipped: no real-time priority here\n");
		skip();
	}
	assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
	/* Whoever preempts is never late for want of a processor. */
	pyro_prompt_woke(&prompt, LATE);
	assert_int_equal(prompt.late, 0);
	pyro_prompt_set(&prompt, false);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
	late_until_crowded(&prompt);
	pyro_prompt_set(&prompt, false);
	assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
	while (prompt.crowded)
		pyro_prompt_woke(&prompt, SOON);
	pyro_prompt_set(&prompt, false);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
	pyro_prompt_set(&prompt, true);
	assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
}

static int nice_before;

static int remember(void **state)
{
	nice_before = getpriority(PRIO_PROCESS, 0);
	return 0;
}

static int restore(void **state)
{
	const struct sched_param none = {.sched_priority = 0};

	return sched_setscheduler(0, SCHED_OTHER, &none) ||
	       setpriority(PRIO_PROCESS, 0, nice_before);
}

static void hurry_is_undone(void **state)
{
	const int before = sched_getscheduler(0);
	const int policy = pyro_prompt_hurry();

	(void)state;
	if (policy < 0) {
		assert_int_equal(sched_getscheduler(0), before);
		print_message("skipped: no real-time priority here\n");
		skip();
	}
	assert_int_equal(policy, before);
	assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
	/* What is hurried already stays so. */
	assert_int_equal(pyro_prompt_hurry(), -1);
	pyro_prompt_relax(-1);
	assert_int_equal(sched_getscheduler(0), SCHED_FIFO);
	pyro_prompt_relax(policy);
	assert_int_equal(sched_getscheduler(0), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bears_a_late_wake_up_now_and_then),
		cmocka_unit_test(hurry_is_undone),
		cmocka_unit_test(notices_a_crowd_and_tries_again),
		cmocka_unit_test_setup_teardown(preempts_as_it_is_told, remember, restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
