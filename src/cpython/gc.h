/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_GC_H
#define PYRO_CPYTHON_GC_H

#include "cpython/decoder.h"
#include "cpython/objects.h"

/** Calls @each for every object of @kind that the garbage collector of @interp knows of: containers
 *  of all generations. They change while they are walked, so some may be met twice and some missed.
 *  Not for builds without a GIL, whose collector keeps no lists. *ret_whole: every list was walked
 * to its end. Errors: UNSUPPORTED (there are no lists), GONE, PERM, and those of @each. */
enum pyro_rc pyro_gc_walk(struct pyro_python *python, struct pyro_objects *objects,
			  const struct pyro_interp *interp, enum pyro_kind kind,
			  enum pyro_rc (*each)(void *context, uint64_t addr), void *context,
			  bool *ret_whole) PYRO_NODISCARD;

#endif
