/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/samples.h"

struct relay {
	pyro_format_sample_fn *each;
	void *context;
};

static enum pyro_rc relay_sample(void *context, const struct pyro_capture_sample *sample)
{
	const struct relay *relay = context;
	const struct pyro_format_sample converted = {
		.at_ns = sample->at_ns,
		.track = sample->track,
		.stack = sample->stack,
		.wall_ns = sample->wall_ns,
		.holds_gil = sample->holds_gil,
		.reason = sample->reason,
		.cpu_ns = sample->cpu_ns,
	};

	return relay->each(relay->context, &converted);
}

static enum pyro_rc capture_samples(void *context, pyro_format_sample_fn *each, void *each_context,
				    struct pyro_err *err)
{
	struct relay relay = {.each = each, .context = each_context};

	return pyro_capture_reader_samples(context, relay_sample, &relay, err);
}

struct pyro_sample_source pyro_capture_source(struct pyro_capture_reader *reader)
{
	return (struct pyro_sample_source){.context = reader, .samples = capture_samples};
}
