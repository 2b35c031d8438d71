/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_capture.h"

#include "support/sample_profile.h"

struct feed {
	struct pyro_capture_writer *writer;
	enum pyro_rc rc;
};

static void feed_one(void *context, const struct sample_moment *moment)
{
	struct feed *feed = context;
	struct pyro_capture_sample sample = {
		.at_ns = moment->at_ns,
		.track = moment->track,
		.stack = moment->stack,
		.wall_ns = 1000000,
		.cpu_ns = moment->running ? 1000000 : 0,
		.on_cpu = moment->running,
		.holds_gil = moment->running,
		.reason = moment->reason,
		.proof = moment->running ? PYRO_PROOF_SWITCH : PYRO_PROOF_SAME,
	};
	if (feed->rc == PYRO_RC_OK)
		feed->rc = pyro_capture_writer_sample(feed->writer, &sample);
}

enum pyro_rc sample_capture_write(const char *path, struct pyro_err *err)
{
	struct pyro_profile *profile = sample_profile_create();
	struct feed feed = {0};
	if (!profile)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	enum pyro_rc rc = pyro_capture_writer_create(path, profile, &feed.writer, err);
	if (rc == PYRO_RC_OK) {
		sample_profile_moments(profile, feed_one, &feed);
		rc = pyro_capture_writer_finish(feed.writer, err);
		if (rc == PYRO_RC_OK)
			rc = feed.rc;
	}
	pyro_profile_destroy(profile);
	return rc;
}
