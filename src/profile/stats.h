/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_STATS_H
#define PYRO_PROFILE_STATS_H

#include <stdbool.h>

/** What is known of a set of weighted samples: the sum of their weights and of the weights'
 *  squares (as struct pyro_total keeps for wall and cpu). */
struct pyro_weights {
	double sum;
	double squared;
};

/** A share with its 95 % interval; all within [0, 1], low <= share <= high. With no sample at all
 *  the share is 0 and the interval [0, 1]: nothing is known. */
struct pyro_share {
	double share;
	double low;
	double high;
	double samples; /**< effective number of samples behind it, see pyro_weights_effective() */
};

/** A difference of two shares (new minus base) with its 95 % interval, within [-1, 1]. */
struct pyro_difference {
	double change;
	double low;
	double high;
	bool distinct; /**< the interval leaves 0 out */
};

/** How many equal samples tell as much as these (Kish): sum^2 / squared. 0 without samples. */
double pyro_weights_effective(struct pyro_weights weights);

/** The share of @whole that @part, a subset of its samples, holds. */
struct pyro_share pyro_share_estimate(struct pyro_weights part, struct pyro_weights whole);

/** Half the interval's width, for "38 % ± 2": the larger of the two sides. */
double pyro_share_margin(const struct pyro_share *share);

/** Are two independent shares different beyond noise? */
struct pyro_difference pyro_share_difference(const struct pyro_share *base,
					     const struct pyro_share *new_share);

#endif
