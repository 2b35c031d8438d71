/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FUZZ_CHANGED_IMAGE_H
#define PYRO_FUZZ_CHANGED_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "cpython/python.h"
#include "target/reader.h"

/** Captured memory with bytes changed. Of an input the first byte chooses the version of CPython,
 *  then each 13 are a change: a kind, a place, and what is written there, a number or an address
 *  inside the image.
 *
 *  Calls @use with the image @kind ("cpython", "locals") so changed, and undoes it. */
void changed_image(const char *kind, const uint8_t *data, size_t size,
		   void (*use)(struct pyro_reader *reader,
			       const struct pyro_python_origin *origin));

#endif
