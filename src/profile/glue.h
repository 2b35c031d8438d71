/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_GLUE_H
#define PYRO_PROFILE_GLUE_H

#include <stdbool.h>
#include <stddef.h>

/* Functions of CPython 3.8 to 3.15 and of the C library that only lead from one frame of Python, or
 * from the start of a thread, to the next. What they do is to call; a stack that names them says no
 * more than one that does not. By name alone: whether the file is one that has them is for the
 * caller to know. */

/** @function as symbol tables have it, with or without what compilers and linkers append to the
 *  names of pieces and copies (".cold", ".constprop.0", "@plt"). */
bool pyro_glue_is(const char *function);
/** How many characters of @function, which may be demangled, the source has: without what compilers
 *  append to the names of pieces and copies. */
size_t pyro_glue_own_size(const char *function);
/** Is it the interpreter's loop itself, which is glue too? One call of it runs one frame of Python,
 *  or several that call each other. */
bool pyro_glue_is_loop(const char *function);

#endif
