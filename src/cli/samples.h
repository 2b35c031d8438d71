/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_SAMPLES_H
#define PYRO_CLI_SAMPLES_H

#include "capture/capture.h"
#include "format/formats.h"

/** The samples of a capture as formats want them: format/ and capture/ do not know each other.
 *  @reader is borrowed for the life of the result. */
struct pyro_sample_source pyro_capture_source(struct pyro_capture_reader *reader);

#endif
