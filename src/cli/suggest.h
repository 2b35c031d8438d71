/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_SUGGEST_H
#define PYRO_CLI_SUGGEST_H

#include <stddef.h>

/** How many letters must be changed, added, left out or swapped with a neighbour to make @b of @a.
 *  Only the first 63 letters of each count. */
size_t pyro_suggest_distance(const char *a, const char *b);

/** The nearest of several names to a mistyped one: feed each with _try, then look at `best`, which
 *  is NULL when none is near enough to be meant. */
struct pyro_suggest {
	const char *typed;
	const char *best; /**< borrowed from the _try */
	size_t distance;
};

void pyro_suggest_init(struct pyro_suggest *suggest, const char *typed);
void pyro_suggest_try(struct pyro_suggest *suggest, const char *name);

#endif
