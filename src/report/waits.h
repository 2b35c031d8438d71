/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_WAITS_H
#define PYRO_REPORT_WAITS_H

#include "base/buf.h"
#include "profile/aggregate.h"

/* What threads wait for, in words and by object. Where an earlier version recorded, no reasons but
 * the GIL are known, and nothing is said of the rest. */

/** "lock 18, net 9, sleep 2": percent of @whole_ns, longest first, none under half a percent.
 *  Nothing if no reason is known. */
void pyro_waits_add(struct pyro_buf *buf, const struct pyro_values *values, double whole_ns);
/** The reason of most of the waiting; NULL: there is no such, or it is not known. */
const struct pyro_reason_info *pyro_waits_main(const struct pyro_values *values);
/** One word for it, "" for NULL: "lock", "GIL". Static. */
const char *pyro_waits_word(const struct pyro_reason_info *reason);

/** How long one thread waited for one object, over all its stacks. */
struct pyro_waits_row {
	uint32_t track;
	uint32_t object;
	uint64_t ns;
	uint64_t samples;
};

struct pyro_waits_rows {
	struct pyro_waits_row *rows; /**< longest first */
	size_t count;
};

/** @function: only of stacks with that function on them; PYRO_NONE: all. To be closed whatever the
 *  result. Errors: NOMEM. */
enum pyro_rc pyro_waits_rows(const struct pyro_profile *profile, uint32_t function,
			     struct pyro_waits_rows *ret_rows, struct pyro_err *err) PYRO_NODISCARD;
void pyro_waits_rows_deinit(struct pyro_waits_rows *rows);

#endif
