/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample/rate.h"

static void keeps_the_mean_and_jitters(void **state)
{
	struct pyro_rate rate;
	uint64_t last = 1000, least = UINT64_MAX, most = 0;
	const int looks = 100000;

	pyro_rate_init(&rate, 1000, 0, last, 42);
	for (int i = 0; i < looks; i++) {
		uint64_t step;

		pyro_rate_next(&rate, rate.due_ns);
		step = rate.due_ns - last;
		last = rate.due_ns;
		least = step < least ? step : least;
		most = step > most ? step : most;
	}
	assert_true(least >= 500000 && least < 510000);
	assert_true(most <= 1500000 && most > 1490000);
	assert_true(fabs((double)last / looks - 1e6) < 5e3);
	assert_int_equal(rate.late, 0);
	assert_int_equal(rate.due, looks);
}

/* A program with the sampler's own period must be met in all its phases alike. */
static void cannot_beat_with_a_rhythm(void **state)
{
	struct pyro_rate rate;
	int first_half = 0;
	const int looks = 20000;

	pyro_rate_init(&rate, 1000, 0, 0, 7);
	for (int i = 0; i < looks; i++) {
		pyro_rate_next(&rate, rate.due_ns);
		first_half += rate.due_ns % 1000000 < 500000;
	}
	assert_true(abs(first_half - looks / 2) < 400);
}

/* Where processors are shared, a look gives the program its next turn. What it does first in that
 * turn, here for a fifth of a period, must be met as often as the rest of it. */
static void meets_what_follows_a_look(void **state)
{
	struct pyro_rate rate;
	double sum = 0;
	int soon = 0;
	const int looks = 100000;

	pyro_rate_init(&rate, 1000, 0, 0, 7);
	for (int i = 0; i < 1000; i++)
		pyro_rate_shared(&rate, true);
	for (int i = 0; i < looks; i++) {
		const uint64_t last = rate.due_ns;

		pyro_rate_next(&rate, last);
		sum += (double)(rate.due_ns - last);
		soon += rate.due_ns - last < 200000;
	}
	assert_true(fabs(sum / looks - 1e6) < 1e4);
	/* A fifth of the looks, but for the twentieth of a period that two are apart at least. */
	assert_true(soon > 0.14 * looks && soon < 0.2 * looks);

	/* And even moments again once it has them to itself. */
	for (int i = 0; i < 1000; i++)
		pyro_rate_shared(&rate, false);
	soon = 0;
	for (int i = 0; i < looks; i++) {
		const uint64_t last = rate.due_ns;

		pyro_rate_next(&rate, last);
		soon += rate.due_ns - last < 500000;
	}
	assert_int_equal(soon, 0);
}

static void counts_what_it_skips(void **state)
{
	struct pyro_rate rate;

	pyro_rate_init(&rate, 1000, 0, 0, 7);
	pyro_rate_next(&rate, 50500000); /* fifty periods later */
	assert_true(rate.late >= 48 && rate.late <= 50);
	assert_int_equal(rate.due, rate.late + 1);
	assert_true(rate.due_ns > 50499999 && rate.due_ns < 51500000);
}

/* Looks at a program that runs all the time, at the rate's own pace. */
/* Looks that a timer takes are as many in the mean and meet all phases alike, and a batch that is
 * worked off late takes nothing from the next. */
static void batches_keep_the_mean(void **state)
{
	struct pyro_rate rate;
	const uint32_t batch = 8;
	const int batches = 20000;
	uint64_t at = 0, looks = 0, first_half = 0;

	(void)state;
	pyro_rate_init(&rate, 1000, 0, 0, 42);
	for (int i = 0; i < batches; i++) {
		const uint64_t now_ns = rate.due_ns + 300000;
		const uint64_t period_ns = pyro_rate_batch(&rate, now_ns, batch, 0);

		assert_true(period_ns > 200000 && period_ns < 1500000);
		at = now_ns + period_ns;
		for (uint64_t end = rate.due_ns + 300000; at <= end; at += period_ns) {
			looks++;
			first_half += at % 1000000 < 500000;
		}
	}
	pyro_rate_taken(&rate, looks, 7);
	assert_int_equal(rate.due, looks + 7);
	assert_int_equal(rate.late, 7);
	assert_true(fabs((double)rate.due_ns / batches - batch * 1e6) < 5e4);
	assert_true(looks >= (uint64_t)batches * batch);
	assert_true(looks < (uint64_t)batches * batch * 1.1);
	assert_true(fabs((double)first_half / (double)looks - 0.5) < 0.02);
	/* What is owed comes in the same time. */
	at = rate.due_ns;
	looks = pyro_rate_batch(&rate, at, batch, batch);
	assert_true(fabs((double)looks * (2 * batch + 0.5) - (double)(rate.due_ns - at)) < 100);
	/* One who is later than the whole batch does not run after it. */
	pyro_rate_batch(&rate, rate.due_ns + 50000000, batch, 0);
	assert_true(pyro_rate_batch(&rate, rate.due_ns + 50000000, batch, 0) > 200000);
}

static void run_for(struct pyro_rate *rate, int looks, uint64_t cost_ns)
{
	for (int i = 0; i < looks; i++) {
		pyro_rate_ran(rate, (uint64_t)(1e9 / rate->hz));
		pyro_rate_spent(rate, 1, cost_ns);
	}
}

static void follows_the_budget(void **state)
{
	struct pyro_rate rate;

	pyro_rate_init(&rate, 1000, 0.02, 0, 7);
	run_for(&rate, 2000, 40000);
	assert_true(fabs(rate.hz - 500) < 1);
	run_for(&rate, 2000, 5000);
	assert_true(fabs(rate.hz - 1000) < 1);
	run_for(&rate, 300, 100000000);
	assert_true(fabs(rate.hz - 10) < 0.001);
}

/* What is spent stays within the budget in a run of some seconds, with a first look that decodes
 * everything and some dear ones later. */
static void keeps_to_the_budget(void **state)
{
	struct pyro_rate rate;
	uint64_t held_ns = 0;
	int looks = 0;

	pyro_rate_init(&rate, 1000, 0.02, 0, 7);
	while (rate.due_ns < 3000000000) {
		const uint64_t last = rate.due_ns;
		const uint64_t cost_ns = looks == 0 ? 4000000 : looks % 50 == 0 ? 1000000 : 35000;

		looks++;
		held_ns += cost_ns;
		pyro_rate_spent(&rate, 1, cost_ns);
		pyro_rate_next(&rate, last);
		pyro_rate_ran(&rate, rate.due_ns - last);
	}
	assert_true(held_ns < 0.022 * 3e9 && held_ns > 0.018 * 3e9);
}

static void a_fixed_rate_stays(void **state)
{
	struct pyro_rate rate;

	pyro_rate_init(&rate, 10000, 0, 0, 7);
	for (int i = 0; i < 1000; i++)
		pyro_rate_spent(&rate, 1, 90000);
	assert_true(fabs(rate.hz - 10000) < 0.001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_mean_and_jitters),
		cmocka_unit_test(cannot_beat_with_a_rhythm),
		cmocka_unit_test(meets_what_follows_a_look),
		cmocka_unit_test(counts_what_it_skips),
		cmocka_unit_test(batches_keep_the_mean),
		cmocka_unit_test(follows_the_budget),
		cmocka_unit_test(keeps_to_the_budget),
		cmocka_unit_test(a_fixed_rate_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
