/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/stats.h"

static void nothing_is_known_without_samples(void **state)
{
	struct pyro_weights none = {0};
	struct pyro_share share = pyro_share_estimate(none, none);
	(void)state;
	assert_true(share.share == 0 && share.low == 0 && share.high == 1 && share.samples == 0);
}

static void one_sample_is_wide(void **state)
{
	struct pyro_weights one = {1e6, 1e12};
	struct pyro_weights none = {0};
	(void)state;
	struct pyro_share all = pyro_share_estimate(one, one);
	assert_true(all.share == 1 && all.high == 1 && all.low > 0.1 && all.low < 0.3);
	struct pyro_share nothing = pyro_share_estimate(none, one);
	assert_true(nothing.share == 0 && nothing.low == 0 && nothing.high > 0.7 &&
		    nothing.high < 0.9);
}

/* Wilson 1927 by hand: 38 of 100. */
static void known_interval(void **state)
{
	struct pyro_share share =
		pyro_share_estimate((struct pyro_weights){38, 38}, (struct pyro_weights){100, 100});
	(void)state;
	assert_true(fabs(share.samples - 100) < 1e-9);
	assert_true(fabs(share.low - 0.2909) < 1e-3);
	assert_true(fabs(share.high - 0.4779) < 1e-3);
	assert_true(fabs(pyro_share_margin(&share) - 0.0979) < 1e-3);
}

static void unequal_weights_count_for_less(void **state)
{
	/* Ten samples, one of them as heavy as the other nine together. */
	struct pyro_weights whole = {18, 9 + 81};
	(void)state;
	assert_true(fabs(pyro_weights_effective(whole) - 3.6) < 1e-9);
	struct pyro_share share = pyro_share_estimate((struct pyro_weights){9, 81}, whole);
	assert_true(share.samples <= 3.6 + 1e-9);
	assert_true(share.high - share.low > 0.6);
}

static void differences(void **state)
{
	struct pyro_share a =
		pyro_share_estimate((struct pyro_weights){50, 50}, (struct pyro_weights){100, 100});
	struct pyro_share b =
		pyro_share_estimate((struct pyro_weights){55, 55}, (struct pyro_weights){100, 100});
	struct pyro_share c =
		pyro_share_estimate((struct pyro_weights){81, 81}, (struct pyro_weights){100, 100});
	(void)state;
	assert_false(pyro_share_difference(&a, &b).distinct);
	struct pyro_difference d = pyro_share_difference(&a, &c);
	assert_true(d.distinct && fabs(d.change - 0.31) < 1e-12);
	assert_true(d.low > 0.17 && d.low < 0.2 && d.high > 0.41 && d.high < 0.45);
	/* Newcombe 1998, table II, 56/70 against 48/80: 0.0524 to 0.3339 */
	struct pyro_share n1 =
		pyro_share_estimate((struct pyro_weights){56, 56}, (struct pyro_weights){70, 70});
	struct pyro_share n2 =
		pyro_share_estimate((struct pyro_weights){48, 48}, (struct pyro_weights){80, 80});
	d = pyro_share_difference(&n2, &n1);
	assert_true(fabs(d.low - 0.0524) < 5e-4 && fabs(d.high - 0.3339) < 5e-4);
}

/* xorshift64*: the same numbers in every run. */
static double uniform(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (double)((*seed * 0x2545f4914f6cdd1dull) >> 11) / 9007199254740992.0;
}

struct weighting {
	const char *name;
	double (*draw)(uint64_t *seed);
};

static double equal(uint64_t *seed)
{
	(void)seed;
	return 1;
}

static double jittered(uint64_t *seed)
{
	return 0.5 + uniform(seed);
}

/* Mostly regular ticks, now and then one that stands for ten: the sampler fell behind. */
static double gappy(uint64_t *seed)
{
	double late = uniform(seed);
	return (late < 0.05 ? 10 : 1) * (0.5 + uniform(seed));
}

static double coverage(double p, int n, double (*draw)(uint64_t *), uint64_t *seed)
{
	enum {
		TRIALS = 4000
	};
	int covered = 0;
	for (int trial = 0; trial < TRIALS; trial++) {
		struct pyro_weights part = {0};
		struct pyro_weights whole = {0};
		for (int i = 0; i < n; i++) {
			double w = draw(seed);
			whole.sum += w;
			whole.squared += w * w;
			if (uniform(seed) < p) {
				part.sum += w;
				part.squared += w * w;
			}
		}
		struct pyro_share share = pyro_share_estimate(part, whole);
		covered += share.low <= p && p <= share.high;
	}
	return (double)covered / TRIALS;
}

/* A binomial is discrete: with few samples the score interval's coverage swings around 95 %
 * (Brown, Cai, DasGupta 2001, figure 5), a little below it at worst. */
static void intervals_cover(void **state)
{
	static const struct weighting weightings[] = {
		{"equal", equal}, {"jittered", jittered}, {"gappy", gappy}};
	static const double shares[] = {0.01, 0.1, 0.5, 0.9};
	static const int counts[] = {20, 100, 1000};
	uint64_t seed = 20260301;
	double sum = 0;
	int cases = 0;
	(void)state;
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < 4; i++)
			for (size_t j = 0; j < 3; j++) {
				double got =
					coverage(shares[i], counts[j], weightings[k].draw, &seed);
				print_message("%-9s p %.2f n %4d: %.3f\n", weightings[k].name,
					      shares[i], counts[j], got);
				assert_true(got >= 0.92);
				sum += got;
				cases++;
			}
	print_message("mean %.4f\n", sum / cases);
	assert_true(sum / cases >= 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_without_samples),
		cmocka_unit_test(one_sample_is_wide),
		cmocka_unit_test(known_interval),
		cmocka_unit_test(unequal_weights_count_for_less),
		cmocka_unit_test(differences),
		cmocka_unit_test(intervals_cover),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
