/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/convert_output.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

/* Samples after which they are written, so that not all are kept twice. */
#define FLUSH_SAMPLES 65536

const struct pyro_format pyro_capture_format = {
	.name = "pyro",
	.suffixes = {".pyro"},
	.description = "a capture, of files of other tools; for report, view and query",
	.lost = "",
};

struct put {
	struct pyro_capture_writer *writer;
	struct pyro_err *err;
	unsigned queued;
};

static enum pyro_rc put_sample(void *context, const struct pyro_format_sample *sample)
{
	struct put *put = context;
	const struct pyro_capture_sample stored = {
		.at_ns = sample->at_ns,
		.track = sample->track,
		.stack = sample->stack,
		.wall_ns = sample->wall_ns,
		.cpu_ns = sample->cpu_ns,
		.on_cpu = sample->cpu_ns > 0,
		.holds_gil = sample->holds_gil,
		.reason = sample->reason,
		.proof = PYRO_PROOF_NONE,
	};
	enum pyro_rc rc = pyro_capture_writer_sample(put->writer, &stored);

	if (rc)
		return pyro_err_set(put->err, rc, "cannot keep a sample: %s", pyro_rc_text(rc));
	if (++put->queued < FLUSH_SAMPLES)
		return PYRO_RC_OK;
	put->queued = 0;
	return pyro_capture_writer_flush(put->writer, put->err);
}

static enum pyro_rc write_capture(const char *path, struct pyro_convert_input *input,
				  struct pyro_err *err)
{
	struct put put = {.err = err};
	enum pyro_rc rc = pyro_capture_writer_create(path, input->profile, &put.writer, err);

	if (rc)
		return rc;
	rc = input->source.samples(input->source.context, put_sample, &put, err);
	if (rc) {
		pyro_capture_writer_destroy(put.writer);
		return rc;
	}
	return pyro_capture_writer_finish(put.writer, err);
}

/* What SQLite may leave beside a file that it could not finish. */
static void forget_log(const char *path)
{
	static const char *const tails[] = {"-wal", "-shm"};
	char name[PYRO_MAX_PATH];

	for (size_t i = 0; path && i < PYRO_COUNT(tails); i++) {
		if (snprintf(name, sizeof(name), "%s%s", path, tails[i]) < (int)sizeof(name))
			unlink(name);
	}
}

enum pyro_rc pyro_capture_output(const char *path, bool replace, struct pyro_convert_input *input,
				 struct pyro_output *ret_output, struct pyro_err *err)
{
	struct stat made;
	enum pyro_rc rc;

	if (!input->import)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "convert: it is a capture already. Try: cp, or another format");
	rc = pyro_output_reserve(path, replace, ret_output, err);
	if (rc)
		return rc;
	rc = write_capture(ret_output->temporary, input, err);
	if (rc == PYRO_RC_OK && stat(ret_output->temporary, &made) == 0)
		ret_output->size = (uint64_t)made.st_size;
	if (rc == PYRO_RC_OK)
		rc = pyro_output_commit(ret_output, err);
	if (rc) {
		forget_log(ret_output->temporary);
		pyro_output_close(ret_output);
	}
	return rc;
}
