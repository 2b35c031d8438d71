/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/stats.h"

#include <math.h>

#define Z95 1.959963984540054 /* the normal distribution's 97.5 % point */

double pyro_weights_effective(struct pyro_weights weights)
{
	/* Kish, Survey Sampling (1965). */
	if (weights.sum <= 0 || weights.squared <= 0)
		return 0;
	return weights.sum * weights.sum / weights.squared;
}

static double clamp(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

/* Wilson, Probable Inference, JASA 22 (1927): the score interval keeps its 95 % where the usual
 * p ± 1.96 s fails, with few samples and near 0 and 1 (Brown, Cai, DasGupta, Statistical Science
 * 16, 2001). Samples have unequal weights, so n is their effective number, by Korn and Graubard,
 * Survey Methodology 24 (1998): the number of equal samples whose binomial variance is that of the
 * weighted share. That variance is the ratio estimator's by linearisation (Cochran, Sampling
 * Techniques, 1977): sum over samples of w^2 (x - p)^2 / W^2, with x = 1 in the part, 0 outside.
 * Kish's n bounds it where the share is 0 or 1 and the variance says nothing, and from above
 * always: a share of few heavy samples must not look certain. */
static double samples_behind(struct pyro_weights part, struct pyro_weights whole, double p)
{
	double kish = pyro_weights_effective(whole);
	double rest = whole.squared - part.squared;
	if (rest < 0)
		rest = 0;
	double variance =
		((1 - p) * (1 - p) * part.squared + p * p * rest) / (whole.sum * whole.sum);
	if (p <= 0 || p >= 1 || variance <= 0)
		return kish;
	double n = p * (1 - p) / variance;
	return n < kish ? n : kish;
}

struct pyro_share pyro_share_estimate(struct pyro_weights part, struct pyro_weights whole)
{
	struct pyro_share share = {.low = 0, .high = 1};
	if (!(whole.sum > 0) || !(whole.squared > 0))
		return share;
	double p = clamp(part.sum / whole.sum, 0, 1);
	double n = samples_behind(part, whole, p);
	/* One sample at least stands behind a sum above 0, whatever rounding left of it. */
	if (n < 1)
		n = 1;
	double z2n = Z95 * Z95 / n;
	double middle = (p + z2n / 2) / (1 + z2n);
	double half = Z95 / (1 + z2n) * sqrt(p * (1 - p) / n + z2n / (4 * n));
	share.share = p;
	share.samples = n;
	share.low = p <= 0 ? 0 : clamp(middle - half, 0, p);
	share.high = p >= 1 ? 1 : clamp(middle + half, p, 1);
	return share;
}

double pyro_share_margin(const struct pyro_share *share)
{
	return fmax(share->high - share->share, share->share - share->low);
}

/* Newcombe, Interval Estimation for the Difference Between Independent Proportions, Statistics in
 * Medicine 17 (1998), method 10: the two score intervals' sides added as squares. */
struct pyro_difference pyro_share_difference(const struct pyro_share *base,
					     const struct pyro_share *new_share)
{
	double change = new_share->share - base->share;
	double down = hypot(new_share->share - new_share->low, base->high - base->share);
	double up = hypot(new_share->high - new_share->share, base->share - base->low);
	struct pyro_difference difference = {
		.change = change,
		.low = clamp(change - down, -1, change),
		.high = clamp(change + up, change, 1),
	};
	difference.distinct = difference.low > 0 || difference.high < 0;
	return difference;
}
