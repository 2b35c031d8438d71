/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_DEBUG_SCOPES_H
#define PYRO_UNWIND_DEBUG_SCOPES_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** Functions of compilation units by address, with the calls inlined in them. libdw's own search
 *  walks a whole unit for each address; this one keeps where the functions are, and looks into
 * those only that are asked for. */
struct pyro_debug_scopes;

/** Errors: NOMEM. */
enum pyro_rc pyro_debug_scopes_create(struct pyro_debug_scopes **ret_scopes) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_debug_scopes_destroy(struct pyro_debug_scopes *scopes);
/** The inlined calls at @addr (without load bias) in @unit, innermost first, and last the function
 *  itself; the outer ones are left out beyond @max. Returns how many, 0 if no function is known
 *  there. Without memory nothing is. */
size_t pyro_debug_scopes_find(struct pyro_debug_scopes *scopes, Dwarf_Die *unit, uint64_t addr,
			      Dwarf_Die *calls, size_t max);

#endif
