/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/rate.h"

#include <math.h>

#include "base/clock.h"

/* Slow enough to be a mean over many looks, quick enough to follow a change within a second: one
 * look in some is measured. */
#define SMOOTHING 0.05
/* Until measured: what a look at a shallow stack takes. */
#define COST_NS_START 25000
/* One look in many is far dearer than the rest (new threads, new code): it must not stop the
 * others. */
#define OUTLIER 8
/* One look in twenty that finds the target kept from a processor is much: then all steps are
 * memoryless. */
#define SHARED_WEIGHT 20
/* Looks at the same moment would be one look. */
#define STEP_MIN 0.05
/* The running time in which a debt is paid back. A debt, as the first look's, slows looks down to a
 * half at most; of a budget that is not used little is kept. */
#define REPAY_NS    PYRO_NS_PER_S
#define SLOWEST     0.5
#define KEPT_UNUSED 0.1
/* Even a dear look is worth having ten times a second: below that a profile says nothing. */
#define HZ_MIN 10.0

void pyro_rate_init(struct pyro_rate *rate, double hz_max, double budget, uint64_t now_ns,
		    uint64_t seed)
{
	*rate = (struct pyro_rate){
		.budget = budget,
		.hz_max = hz_max,
		.hz = hz_max,
		.cost_ns = COST_NS_START,
		.due_ns = now_ns,
		.random = seed | 1,
	};
}

/* xorshift64*: the jitter must be uncorrelated with the program, not secret. */
static double next_random(struct pyro_rate *rate)
{
	uint64_t x = rate->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	rate->random = x;
	return (double)((x * 0x2545f4914f6cdd1dull) >> 11) / (double)(1ull << 53);
}

/* The next step, in periods. */
static double next_step(struct pyro_rate *rate)
{
	if (next_random(rate) >= rate->shared * SHARED_WEIGHT)
		return 0.5 + next_random(rate);
	return STEP_MIN - (1 - STEP_MIN) * log(1 - next_random(rate));
}

void pyro_rate_next(struct pyro_rate *rate, uint64_t now_ns)
{
	const double period = (double)PYRO_NS_PER_S / rate->hz;

	rate->due++;
	rate->due_ns += (uint64_t)(period * next_step(rate));
	if (rate->due_ns > now_ns)
		return;
	const uint64_t missed = (uint64_t)((double)(now_ns - rate->due_ns) / period);

	rate->late += missed;
	rate->due += missed;
	/* Not further behind than now: the moment that is due comes at once. */
	rate->due_ns = now_ns + (uint64_t)(period * 0.25 * next_random(rate));
}

uint64_t pyro_rate_batch(struct pyro_rate *rate, uint64_t now_ns, uint32_t batch, uint32_t more)
{
	const double span = batch * (double)PYRO_NS_PER_S / rate->hz * (0.5 + next_random(rate));

	rate->due_ns += (uint64_t)span;
	/* Whoever comes late makes it up, in half the time at the least. */
	if (rate->due_ns < now_ns + (uint64_t)(span / 2))
		rate->due_ns = now_ns + (uint64_t)(span / 2);
	/* The last one is to be there by then. */
	return (uint64_t)((double)(rate->due_ns - now_ns) / (batch + more + 0.5));
}

void pyro_rate_taken(struct pyro_rate *rate, uint64_t taken, uint64_t late)
{
	rate->due += taken + late;
	rate->late += late;
}

void pyro_rate_shared(struct pyro_rate *rate, bool kept)
{
	rate->shared += SMOOTHING * (kept - rate->shared);
}

void pyro_rate_ran(struct pyro_rate *rate, uint64_t run_ns)
{
	const double least = -KEPT_UNUSED * rate->budget * REPAY_NS;

	rate->debt_ns -= rate->budget * (double)run_ns;
	if (rate->debt_ns < least)
		rate->debt_ns = least;
}

void pyro_rate_spent(struct pyro_rate *rate, uint32_t looks, uint64_t held_ns)
{
	double cost = (double)held_ns / looks;
	double share;

	rate->debt_ns += (double)held_ns;
	if (cost > OUTLIER * rate->cost_ns)
		cost = OUTLIER * rate->cost_ns;
	rate->cost_ns += SMOOTHING * (cost - rate->cost_ns);
	if (rate->budget <= 0)
		return;
	share = rate->budget - rate->debt_ns / REPAY_NS;
	if (share < SLOWEST * rate->budget)
		share = SLOWEST * rate->budget;
	rate->hz = share * (double)PYRO_NS_PER_S / rate->cost_ns;
	if (rate->hz > rate->hz_max)
		rate->hz = rate->hz_max;
	if (rate->hz < HZ_MIN)
		rate->hz = rate->hz_max < HZ_MIN ? rate->hz_max : HZ_MIN;
}
