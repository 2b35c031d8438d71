/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_RATE_H
#define PYRO_SAMPLE_RATE_H

#include <stdbool.h>
#include <stdint.h>

/** When to look next at one process: absolute, jittered moments whose rate follows what looking was
 *  measured to cost the target. */
struct pyro_rate {
	double budget;   /**< share of the target's running time that may be spent; 0: rate is fixed
			  */
	double hz_max;   /**< never faster */
	double hz;       /**< now */
	double cost_ns;  /**< measured cost of one look to the target, smoothed */
	double debt_ns;  /**< spent beyond the budget so far; below 0: left of it */
	uint64_t due_ns; /**< next moment, CLOCK_MONOTONIC */
	uint64_t late;   /**< moments skipped because they had passed already */
	uint64_t due;    /**< moments that came due, skipped ones included */
	double shared;   /**< how many of the latest looks found it kept from a processor, 0 to 1 */
	uint64_t random;
};

/** With @budget 0 the rate is @hz_max throughout. @seed makes the jitter of each process its own.
 */
void pyro_rate_init(struct pyro_rate *rate, double hz_max, double budget, uint64_t now_ns,
		    uint64_t seed);
/** Sets the next moment: the last one plus a random time of one period on average, so that no
 *  rhythm of the program can beat with it. Where the target has its processors to itself the time
 *  is between half and one and a half periods, as even moments give the least error. Where it must
 *  share them it has an exponential distribution. For each look ends in a choice by the scheduler
 *  of who runs next: the program's turns begin at looks, and what it does first in a turn would not
 *  be seen if the next look were never soon. Only moments without memory meet all alike (Wolff,
 *  Poisson Arrivals See Time Averages, Operations Research 30, 1982).
 *  Moments that have passed at @now_ns are counted as late, and the next lies ahead. */
void pyro_rate_next(struct pyro_rate *rate, uint64_t now_ns);
/** The same for the next @batch looks, which a timer takes: they are due together, and so many
 * @more that are still owed. Returns the time between two of them, which is as random. */
uint64_t pyro_rate_batch(struct pyro_rate *rate, uint64_t now_ns, uint32_t batch, uint32_t more);
/** Counts the looks that a timer has @taken, and those that came too @late to be. */
void pyro_rate_taken(struct pyro_rate *rate, uint64_t taken, uint64_t late);
/** Takes in whether a thread was @kept from a processor since the last look at it. */
void pyro_rate_shared(struct pyro_rate *rate, bool kept);
/** Takes in that the target ran for @run_ns, of which the budget is a share. */
void pyro_rate_ran(struct pyro_rate *rate, uint64_t run_ns);
/** Takes in what @looks cost together: they held the target's running thread for @held_ns. */
void pyro_rate_spent(struct pyro_rate *rate, uint32_t looks, uint64_t held_ns);

#endif
