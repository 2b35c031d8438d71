/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_DEBUG_INFO_H
#define PYRO_UNWIND_DEBUG_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** Source lines and inlined functions of an object, from its DWARF sections, read by libdw. Unlike
 *  everything else about objects this trusts what it reads to be what a compiler wrote: see
 *  symbols.h for whose files are. */
struct pyro_debug_info;

/** Calls made within one function at one address, innermost first; the last is the function's own.
 *  Texts live as long as the debug info. */
struct pyro_debug_place {
	const char *
		function; /**< as in the file, mangled where the linker's is known; NULL: unknown */
	const char *file; /**< NULL: unknown */
	uint32_t line;    /**< 0: unknown */
};

#define PYRO_DEBUG_PLACES 32 /**< inlined calls at one address that are kept (innermost) */

/** @fd is borrowed until destroy. Errors: NOTFOUND (no debug information in it), FORMAT, LIMIT,
 *  NOMEM. */
enum pyro_rc pyro_debug_info_create(int fd, struct pyro_debug_info **ret_info) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_debug_info_destroy(struct pyro_debug_info *info);
/** What is at @addr (without load bias). Returns how many places were set, 0 if nothing is known.
 */
size_t pyro_debug_info_find(struct pyro_debug_info *info, uint64_t addr,
			    struct pyro_debug_place places[PYRO_DEBUG_PLACES]);

#endif
