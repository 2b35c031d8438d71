/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_VERSION_H
#define PYRO_CPYTHON_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "elf/elf_file.h"

#define PYRO_VERSION_TEXT_SIZE 64

/** "3.11.7", "3.15.0b1", "3.14.0rc2" of a PY_VERSION_HEX. "3.8" when the micro version is not known
 *  (release level 0, see pyro_version_scan). */
void pyro_version_format(uint32_t hex, char text[PYRO_VERSION_TEXT_SIZE]);

/** Finds out the version of an interpreter that does not say it in a symbol (before 3.11) from the
 *  constants of its file: the cache tag "cpython-38" tells the minor, a string "3.8.18" the micro.
 *  A micro that is not to be found or not unique leaves 0 and release level 0. Errors: NOTFOUND (no
 *  tag), UNSUPPORTED (contradicting tags, named), IO, NOMEM, and those of the reader. */
enum pyro_rc pyro_version_scan(struct pyro_elf *elf, uint32_t *ret_hex,
			       struct pyro_err *err) PYRO_NODISCARD;
/** What bytes of constants say. Start with a zeroed one; it collects over several calls. */
struct pyro_version_found {
	uint32_t minors[4]; /**< distinct ones, of cache tags, in order of sight */
	size_t minor_count;
	uint32_t hexes[32]; /**< distinct strings that look like a version 3.N.P */
	size_t hex_count;
};

/** Looks through @size bytes. @continued: they go on where others ended, so that what begins at
 *  their very first byte does not count. */
void pyro_version_collect(struct pyro_version_found *found, const char *data, size_t size,
			  bool continued);

#endif
