/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_TRACK_H
#define PYRO_FORMAT_TRACK_H

#include "base/buf.h"
#include "profile/profile.h"

/** What a track is called where it stands alone: "worker-1 (thread 4129)"; tasks by their name. As
 *  the target has it: to be escaped. */
void pyro_format_track_name(struct pyro_buf *buf, const struct pyro_profile *profile,
			    const struct pyro_track *track);

#endif
