/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_MOMENT_CORE_H
#define PYRO_RECORD_MOMENT_CORE_H

#include "elf/core_file.h"
#include "record/moment.h"

/** What every thread did when the core file at @path was written, which is mostly when its process
 *  died. Files that were mapped are looked for in @places. Errors: those of pyro_core_open,
 *  pyro_python_locate_core and pyro_python_create; FORMAT (the interpreter's threads make no sense,
 *  or are in what is missing of the core). */
enum pyro_rc pyro_moment_take_core(const char *path, const struct pyro_core_places *places,
				   const struct pyro_moment_options *options,
				   struct pyro_moment **ret_moment,
				   struct pyro_err *err) PYRO_NODISCARD;

#endif
