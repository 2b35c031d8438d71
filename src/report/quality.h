/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_QUALITY_H
#define PYRO_REPORT_QUALITY_H

#include "base/buf.h"
#include "profile/profile.h"
#include "report/look.h"

/** "all proved", "99.8 % proved": for the headline. */
void pyro_quality_short(const struct pyro_quality *quality, struct pyro_buf *buf);

/** How far the numbers can be believed: how samples were proved, what was not, what was missed, cut
 *  or lost, what the recording cost. One paragraph; what is zero is not mentioned. */
void pyro_quality_print(struct pyro_profile *profile, bool incomplete,
			const struct pyro_report_look *look, struct pyro_buf *buf);

/** True if how running divides into Python, native and system is an estimate: not known from whole
 *  stacks of machine code. False also where nothing is known of it. */
bool pyro_quality_parts_estimated(const struct pyro_quality *quality);

/** What the target lost by being recorded, as a share of the time it ran: the fact "overhead" of
 *  the recorder; without it the time that threads were held. False if nothing was measured. */
bool pyro_quality_overhead(struct pyro_profile *profile, double *ret_share);

#endif
