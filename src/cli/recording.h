/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_RECORDING_H
#define PYRO_CLI_RECORDING_H

#include "cli/options.h"
#include "cli/output.h"
#include "record/record.h"

/* What `run` and `attach` share. */

/** Fills what the common options say: file, rate, budget, duration, proof, children. @hz_max is the
 *  ceiling of the rate when none is asked for. */
void pyro_recording_options(const struct pyro_args *args, double hz_max,
			    struct pyro_record_options *ret_options);

/** Records and shows the result. @fd is where the words for people go: standard error of `run`,
 *  whose standard output is the program's. The page of --html is opened before the program starts,
 *  so that a name that cannot be written is an error at once. @ret_result's profile is destroyed.
 *  Errors: those of the recorder, of --html, and of the report. */
enum pyro_rc pyro_recording_make(const struct pyro_args *args,
				 const struct pyro_record_options *options, int fd,
				 struct pyro_record_result *ret_result,
				 struct pyro_err *err) PYRO_NODISCARD;

#endif
