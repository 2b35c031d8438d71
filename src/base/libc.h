/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_LIBC_H
#define PYRO_BASE_LIBC_H

#include <stdbool.h>
#include <stddef.h>

/** Is the file at @path, of @size bytes, one of the C library, its loader and threads included? By
 *  its name: those of glibc, also before 2.34, and of musl. What it does it does for its caller. */
bool pyro_libc_is(const char *path, size_t size);

#endif
