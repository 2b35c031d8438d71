/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_SAMPLE_CAPTURE_H
#define PYRO_TESTS_SAMPLE_CAPTURE_H

#include "capture/capture.h"

/** Writes the recording of sample_profile.h, samples included, as a finished capture. */
enum pyro_rc sample_capture_write(const char *path, struct pyro_err *err) PYRO_NODISCARD;

#endif
