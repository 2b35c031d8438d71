/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_FINDINGS_H
#define PYRO_REPORT_FINDINGS_H

#include "report/scope.h"

#define PYRO_MAX_FINDINGS 8

/** One thing that stands out, as a paragraph (see report/text.h). Every number in it comes from the
 *  profile, and the lower end of its interval is above the threshold for being said. */
struct pyro_finding {
	double weight; /**< the share it speaks of: larger ones come first */
	struct pyro_buf text;
};

struct pyro_findings {
	struct pyro_finding list[PYRO_MAX_FINDINGS]; /**< sorted, heaviest first */
	size_t count;
};

/** What stands out beyond noise; nothing if nothing does. To be deinitialised whatever the result.
 *  Errors: NOMEM. */
enum pyro_rc pyro_findings_collect(const struct pyro_scope *scope,
				   const struct pyro_report_look *look,
				   struct pyro_findings *ret_findings,
				   struct pyro_err *err) PYRO_NODISCARD;
void pyro_findings_deinit(struct pyro_findings *findings);

#endif
