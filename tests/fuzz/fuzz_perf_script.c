/* SPDX-License-Identifier: Apache-2.0 */
/* The text of perf script, all the way to samples and to a format that walks every stack. */
#include <string.h>

#include "format/imports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t size;
};

static enum pyro_rc read_bytes(void *context, void *to, size_t capacity, size_t *ret_size,
			       struct pyro_err *err)
{
	struct bytes *bytes = context;
	size_t size = bytes->size < capacity ? bytes->size : capacity;

	(void)err;
	/* Pieces of odd sizes, so that lines and windows end anywhere. */
	if (size > 61)
		size = 61;
	if (size)
		memcpy(to, bytes->data, size);
	bytes->data += size;
	bytes->size -= size;
	*ret_size = size;
	return PYRO_RC_OK;
}

static enum pyro_rc drop(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	(void)bytes;
	(void)err;
	*(uint64_t *)context += size;
	return PYRO_RC_OK;
}

/* Samples are in time order, track by track, and add up. */
struct sum {
	uint64_t at_ns;
	uint32_t track;
	uint64_t samples;
};

static enum pyro_rc add(void *context, const struct pyro_format_sample *sample)
{
	struct sum *sum = context;

	if (sum->samples && (sample->track < sum->track ||
			     (sample->track == sum->track && sample->at_ns < sum->at_ns)))
		__builtin_trap();
	sum->track = sample->track;
	sum->at_ns = sample->at_ns;
	sum->samples++;
	return PYRO_RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {.data = data, .size = size};
	const struct pyro_input_source input = {&bytes, read_bytes};
	const struct pyro_format_options options = {.metric = PYRO_METRIC_CPU, .threads = true};
	const struct pyro_import *import;
	struct pyro_imported imported;
	struct pyro_err err;
	uint64_t written = 0;
	struct sum sum = {.samples = 0};
	const struct pyro_format_sink sink = {&written, drop};
	struct pyro_sample_source source;

	if (pyro_import_read(&input, &import, &imported, &err) != PYRO_RC_OK)
		return 0;
	source = pyro_gather_source(&imported.gather);
	if (source.samples(source.context, add, &sum, NULL) != PYRO_RC_OK ||
	    sum.samples != pyro_profile_quality(imported.profile)->samples || sum.samples == 0)
		__builtin_trap();
	for (const struct pyro_format *format = pyro_formats; format->name; format++)
		(void)format->write(imported.profile, &source, &options, &sink, &err);
	pyro_imported_deinit(&imported);
	return 0;
}
