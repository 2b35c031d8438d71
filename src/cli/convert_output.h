/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_CONVERT_OUTPUT_H
#define PYRO_CLI_CONVERT_OUTPUT_H

#include "cli/convert_input.h"
#include "cli/output.h"

/** Our own file, which is none of pyro_formats: no text that is written from front to back. Its
 *  `write` is NULL. */
extern const struct pyro_format pyro_capture_format;

/** Writes @input as a capture, 0600 and complete, and puts it under its name. @output is to be
 *  closed if that is OK. Errors: USAGE (it is one already, or @path is no place for one), EXISTS
 *  without @replace, and those of outputs and captures. */
enum pyro_rc pyro_capture_output(const char *path, bool replace, struct pyro_convert_input *input,
				 struct pyro_output *ret_output,
				 struct pyro_err *err) PYRO_NODISCARD;

#endif
