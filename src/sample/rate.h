/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_RATE_H
#define PYRO_SAMPLE_RATE_H

#include <stdint.h>

/** When to look next at one process: absolute, jittered moments whose rate follows what looking was
 *  measured to cost the target. */
struct pyro_rate {
	double budget;   /**< share of the target's running time that may be spent; 0: rate is fixed
			  */
	double hz_max;   /**< never faster */
	double hz;       /**< now */
	double cost_ns;  /**< measured cost of one look to the target, smoothed */
	uint64_t due_ns; /**< next moment, CLOCK_MONOTONIC */
	uint64_t late;   /**< moments skipped because they had passed already */
	uint64_t due;    /**< moments that came due, skipped ones included */
	uint64_t random;
};

/** With @budget 0 the rate is @hz_max throughout. @seed makes the jitter of each process its own.
 */
void pyro_rate_init(struct pyro_rate *rate, double hz_max, double budget, uint64_t now_ns,
		    uint64_t seed);
/** Sets the next moment: the last one plus a random time between half and one and a half periods,
 *  so that no rhythm of the program can beat with it. Moments that have passed at @now_ns are
 *  counted as late, and the next lies ahead. */
void pyro_rate_next(struct pyro_rate *rate, uint64_t now_ns);
/** Takes in what one look cost: it held the target's running thread for @held_ns. */
void pyro_rate_spent(struct pyro_rate *rate, uint64_t held_ns);

#endif
