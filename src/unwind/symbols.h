/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_SYMBOLS_H
#define PYRO_UNWIND_SYMBOLS_H

#include "unwind/unwind.h"

/* Names of native frames: for outside of the sampling loop. Files are read, the first address in a
 * module may take long; every other is found in a cache. */

/** Whose debug information is read, for source lines and inlined functions. It is much and
 * intricate, and the library that reads it is less wary than we are. */
enum pyro_debug_trust {
	PYRO_DEBUG_NONE,    /**< nobody's: functions of symbol tables only */
	PYRO_DEBUG_TRUSTED, /**< that in files of root, or of the user that we are */
	PYRO_DEBUG_ALL
};

/** A function at work, as a person names it. */
struct pyro_native_name {
	const char *function; /**< demangled; "module.so+0x1234" if nameless. Never NULL, any bytes
				   but NUL: escape before showing */
	const char *file;     /**< source file as the compiler was told it; NULL: unknown */
	uint32_t line;        /**< 0: unknown */
};

/** What is at an address. */
struct pyro_symbol {
	const struct pyro_native_name *names; /**< inlined calls, innermost first; the last is the
						   function that the frame is of */
	size_t count;                         /**< at least 1 */
	const char *module;                   /**< path of the file, "[vdso]" or "[jit]" */
	uint64_t start;                       /**< where the function begins, as `addr` of frames */
	bool named;                           /**< not made up from the module's name */
};

/** Not thread-safe. */
struct pyro_symbols;

/** @modules is borrowed. Errors: NOMEM. */
enum pyro_rc pyro_symbols_create(struct pyro_modules *modules, enum pyro_debug_trust trust,
				 struct pyro_symbols **ret_symbols) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_symbols_destroy(struct pyro_symbols *symbols);

/** What is at @addr of @module, as a frame has them. Lives as long as @symbols. Errors: NOMEM,
 * LIMIT, NOTFOUND (no such module). */
enum pyro_rc pyro_symbols_find(struct pyro_symbols *symbols, uint32_t module, uint64_t addr,
			       const struct pyro_symbol **ret_symbol) PYRO_NODISCARD;

struct pyro_symbols_counts {
	uint64_t modules;       /**< whose symbols were read */
	uint64_t jit_malformed; /**< lines and records of perf maps and jitdumps passed over */
	uint64_t jit_dropped;   /**< for which there was no room */
};
void pyro_symbols_counts(const struct pyro_symbols *symbols,
			 struct pyro_symbols_counts *ret_counts);

#endif
