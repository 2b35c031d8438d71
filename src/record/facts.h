/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_FACTS_H
#define PYRO_RECORD_FACTS_H

#include "profile/profile.h"
#include "record/record.h"

/** Stores what is known before the first sample: command, directory, host, kernel, processor,
 * clock, rate, proof, start time, version. Keys: docs/capture.md. */
enum pyro_rc pyro_facts_begin(struct pyro_profile *profile,
			      const struct pyro_record_options *options, int pid,
			      enum pyro_proof_method method) PYRO_NODISCARD;
/** Stores what the sampler says of itself so far, and what it spent. */
enum pyro_rc pyro_facts_update(struct pyro_profile *profile, const struct pyro_sampler *sampler,
			       uint64_t duration_ns, const char *python) PYRO_NODISCARD;

#endif
