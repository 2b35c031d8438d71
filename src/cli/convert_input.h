/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_CONVERT_INPUT_H
#define PYRO_CLI_CONVERT_INPUT_H

#include "capture/capture.h"
#include "format/imports.h"

/** What "convert" reads: a capture, or a file of another tool. */
struct pyro_convert_input {
	struct pyro_profile *profile;       /**< owned, by way of one of the two below */
	struct pyro_sample_source source;   /**< of its samples */
	bool complete;                      /**< false of a capture that was cut off */
	struct pyro_capture_reader *reader; /**< of a capture; else NULL */
	const struct pyro_import *import;   /**< what reads it; NULL of a capture */
	struct pyro_imported imported;      /**< only with @import */
};

/** Opens @path, "-" for standard input, which holds no capture. What it is, its content says.
 *  Errors: those of captures and of imports, with its name. */
enum pyro_rc pyro_convert_input_open(const char *path, struct pyro_convert_input *ret_input,
				     struct pyro_err *err) PYRO_NODISCARD;
void pyro_convert_input_close(struct pyro_convert_input *input);

#endif
