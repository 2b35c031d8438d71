/* SPDX-License-Identifier: Apache-2.0 */
#include "format/track.h"

void pyro_format_track_name(struct pyro_buf *buf, const struct pyro_profile *profile,
			    const struct pyro_track *track)
{
	const char *name = pyro_profile_string_get(profile, track->name, NULL);

	if (name && *name)
		pyro_buf_add_text(buf, name);
	else
		pyro_buf_add_text(buf, track->task ? "task" : "thread");
	if (!track->task)
		pyro_buf_add_format(buf, " (thread %d)", track->tid);
}
