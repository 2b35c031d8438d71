/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_MODULES_H
#define PYRO_CPYTHON_MODULES_H

#include "cpython/decoder.h"
#include "cpython/dict.h"

/** The variables of the module @name of the interpreter at @interp, by way of sys.modules. Resets
 * the window. Errors: NOTFOUND (it was not imported), FAULT, NOMEM, GONE, PERM. */
enum pyro_rc pyro_module_load(struct pyro_python *python, uint64_t interp, const char *name,
			      struct pyro_items *ret_items) PYRO_NODISCARD;

#endif
