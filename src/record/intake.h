/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_INTAKE_H
#define PYRO_RECORD_INTAKE_H

#include "capture/capture.h"
#include "profile/alive.h"
#include "sample/queue.h"

/** Turns what the sampler says into the profile and, if there is one, the capture. */
struct pyro_intake;

/** All borrowed; @writer and @alive, for the tasks that are told of one by one, may be NULL.
 *  @start_ns is the moment that counts as 0. */
enum pyro_rc pyro_intake_create(struct pyro_profile *profile, struct pyro_capture_writer *writer,
				struct pyro_alive *alive, uint64_t start_ns,
				struct pyro_intake **ret_intake) PYRO_NODISCARD;
void pyro_intake_destroy(struct pyro_intake *intake);
/** Takes everything that waits in @queue. The first error is kept and returned by every call; the
 *  queue is emptied all the same. */
enum pyro_rc pyro_intake_drain(struct pyro_intake *intake, struct pyro_queue *queue) PYRO_NODISCARD;
/** "3.13.0" of the first process; "" before any. */
const char *pyro_intake_python(const struct pyro_intake *intake);

#endif
