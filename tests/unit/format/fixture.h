/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_FORMAT_FIXTURE_H
#define PYRO_TESTS_FORMAT_FIXTURE_H

#include "base/buf.h"
#include "format/formats.h"

/** The samples of the sample profile, which is the context, thread by thread. */
enum pyro_rc fixture_samples(void *context, pyro_format_sample_fn *each, void *each_context,
			     struct pyro_err *err);
/** A sink that gathers into the struct pyro_buf that is its context. */
enum pyro_rc fixture_write(void *context, const void *bytes, size_t size, struct pyro_err *err);
/** What @format makes of the sample profile. */
void fixture_convert(const struct pyro_format *format, const struct pyro_format_options *options,
		     struct pyro_buf *buf);
/** Fails the test unless @buf is what tests/golden/format/@name holds. Writes the file instead if
 *  PYROMETER_WRITE_GOLDEN is set. */
void fixture_assert_golden(const struct pyro_buf *buf, const char *name);

#endif
