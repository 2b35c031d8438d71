/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes bytes as a chunk of samples, with a head that lets much through. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "capture/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t count;
	uint64_t last_ns;
};

static enum pyro_rc each_sample(void *context, const struct pyro_capture_sample *sample)
{
	struct seen *seen = context;
	/* What every reader relies on. */
	if (sample->at_ns < seen->last_ns || (sample->stack >= 100 && sample->stack != PYRO_NONE) ||
	    (unsigned)sample->proof >= PYRO_PROOF_COUNT ||
	    (unsigned)sample->reason >= PYRO_REASON_COUNT)
		abort();
	seen->last_ns = sample->at_ns;
	return ++seen->count < 100000 ? PYRO_RC_OK : PYRO_RC_LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {0};
	struct pyro_chunk_head head = {
		.from_us = 1000, .to_us = INT64_MAX / 1000, .samples = UINT64_MAX, .stacks = 100};
	if (size < 1)
		return 0;
	if (data[0] & 1) {
		head.to_us = 820000;
		head.samples = 820;
	}
	/* The seeds of the first encoding came without that bit. */
	head.encoding = data[0] & 2 ? 2 : 1;
	enum pyro_rc rc = pyro_chunk_decode(&head, data + 1, size - 1, each_sample, &seen);
	if (rc != PYRO_RC_OK && rc != PYRO_RC_FORMAT && rc != PYRO_RC_LIMIT)
		abort();
	return 0;
}
