/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_DEMANGLE_H
#define PYRO_UNWIND_DEMANGLE_H

#include <stdbool.h>

#include "base/buf.h"

/** Adds to @buf what people write for the name @mangled of a C++, Rust or Cython function, without
 *  its parameters. False, with @buf as it was, if it is no such name, or would become longer than
 *  PYRO_MAX_NAME many times over: names can be made that grow without bounds. Not thread-safe. */
bool pyro_demangle(const char *mangled, struct pyro_buf *buf);

#endif
