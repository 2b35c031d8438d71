/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SAMPLE_ALONE_H
#define TESTS_UNIT_SAMPLE_ALONE_H

#include "messages.h"
#include "sample/probe_parts.h"

/** What a probe needs of a sampler, without its thread: every step is the test's own. Proof is by
 *  /proc. The calling thread's processors are kept, and given back at the end. */
void alone_init(struct pyro_probe_shared *shared, struct messages *messages);
void alone_deinit(struct pyro_probe_shared *shared, struct messages *messages);

#endif
