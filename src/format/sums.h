/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_SUMS_H
#define PYRO_FORMAT_SUMS_H

#include "format/formats.h"

/** So many tracks are kept apart: nobody finds one among more. */
#define PYRO_SUMS_TRACKS 256

/** The sums of a profile as samples, for one that has nothing else, such as a profile by tasks.
 * They are of no moment; stacks that begin alike come one after the other. */
struct pyro_sums;

/** Tracks with the most of @metric come first. Those beyond PYRO_SUMS_TRACKS become one, which is
 *  added to @profile. That is borrowed, and its totals must stay. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_sums_create(struct pyro_profile *profile, enum pyro_metric metric,
			      struct pyro_sums **ret_sums, struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_sums_destroy(struct pyro_sums *sums);
/** Lives as long as @sums. */
struct pyro_sample_source pyro_sums_source(struct pyro_sums *sums);

#endif
