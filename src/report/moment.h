/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_MOMENT_H
#define PYRO_REPORT_MOMENT_H

#include "base/buf.h"
#include "profile/moment.h"
#include "report/look.h"

/** What each thread does, and its frames from the innermost on, for people. Threads that do the
 *  same in the same place are shown once. Errors: NOMEM. */
enum pyro_rc pyro_report_moment(const struct pyro_moment *moment,
				const struct pyro_report_look *look, struct pyro_buf *buf,
				struct pyro_err *err) PYRO_NODISCARD;

/** The same as one JSON object and a newline; docs/dump-json.md describes it. Errors: NOMEM. */
enum pyro_rc pyro_report_moment_json(const struct pyro_moment *moment,
				     struct pyro_buf *buf) PYRO_NODISCARD;

#endif
