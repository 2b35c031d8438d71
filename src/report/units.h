/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_UNITS_H
#define PYRO_REPORT_UNITS_H

#include "base/buf.h"
#include "profile/stats.h"

/* Quantities as people read them. The decimal point is a point in every locale. */

/** 840 ns, 12.3 us, 184 ms, 4.21 s, 3 min 12 s, 3 h 12 min. */
void pyro_units_duration(struct pyro_buf *buf, uint64_t ns);
/** 512 B, 184 kB, 1.2 GB: powers of 1000. */
void pyro_units_bytes(struct pyro_buf *buf, uint64_t bytes);
/** 2,104 */
void pyro_units_count(struct pyro_buf *buf, uint64_t count);
/** @count and @noun, with an s unless it is 1: "1 thread", "2,104 samples". Nouns in
 *  s or h take es. */
void pyro_units_plural(struct pyro_buf *buf, uint64_t count, const char *noun);
/** 38 %, 3.2 %, <0.1 %, 0 %, 1,240 %. */
void pyro_units_percent(struct pyro_buf *buf, double share);
/** The same with as many digits as the interval bears: "3.2 %" only if it is known to less than
 *  one point. */
void pyro_units_share(struct pyro_buf *buf, const struct pyro_share *share);
/** Half the interval in points, rounded up, with the sign @plus_minus before it: "±2". */
void pyro_units_margin(struct pyro_buf *buf, const struct pyro_share *share,
		       const char *plus_minus);
/** A number in [-1e9, 1e9] with @decimals (at most 6) digits after the point, as JSON has it. */
void pyro_units_decimal(struct pyro_buf *buf, double value, unsigned decimals);

#endif
