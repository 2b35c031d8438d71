/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_OUT_H
#define PYRO_FORMAT_OUT_H

#include "base/buf.h"
#include "format/formats.h"

/** What a writer writes into: gathers in `text` and hands it to the sink in large pieces. */
struct pyro_format_out {
	struct pyro_buf text;
	const struct pyro_format_sink *sink;
	struct pyro_err *err; /**< may be NULL */
};

void pyro_format_out_init(struct pyro_format_out *out, const struct pyro_format_sink *sink,
			  struct pyro_err *err);
void pyro_format_out_deinit(struct pyro_format_out *out);
/** Hands the text on once there is much of it, but for its last character, by which JSON goes on
 *  (base/json.h); call after each small piece. Errors: NOMEM, and what the sink says. */
enum pyro_rc pyro_format_out_settle(struct pyro_format_out *out) PYRO_NODISCARD;
/** Hands all of it on. Errors: the same. */
enum pyro_rc pyro_format_out_flush(struct pyro_format_out *out) PYRO_NODISCARD;

#endif
