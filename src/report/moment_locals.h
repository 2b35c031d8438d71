/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_MOMENT_LOCALS_H
#define PYRO_REPORT_MOMENT_LOCALS_H

#include "base/buf.h"
#include "profile/moment.h"
#include "report/look.h"

/** The variables of a frame, one a line or a few, below it. */
void pyro_moment_locals_text(const struct pyro_moment_frame *frame,
			     const struct pyro_report_look *look, struct pyro_buf *buf);
/** The same as members of the JSON object of the frame. */
void pyro_moment_locals_json(const struct pyro_moment_frame *frame, struct pyro_buf *buf);
/** The same for equal variables with equal values, and seldom for others. */
uint64_t pyro_moment_locals_hash(const struct pyro_moment_thread *thread);

#endif
