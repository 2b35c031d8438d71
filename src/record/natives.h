/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_NATIVES_H
#define PYRO_RECORD_NATIVES_H

#include "profile/profile.h"
#include "unwind/modules.h"

/** Names for the machine code of one process, and for the kernel's: its numbers to frames of a
 *  profile. Not thread-safe. */
struct pyro_natives;

/** Process @pid is there at present; its files are looked at as soon as code is met in them.
 * Errors: NOMEM, UNSUPPORTED, GONE, PERM, IO. */
enum pyro_rc pyro_natives_create(int pid, struct pyro_profile *profile,
				 struct pyro_natives **ret_natives,
				 struct pyro_err *err) PYRO_NODISCARD;
/** The same with @modules of a process or a core, which are borrowed: for use in one thread.
 * Errors: NOMEM. */
enum pyro_rc pyro_natives_create_of(struct pyro_modules *modules, struct pyro_profile *profile,
				    struct pyro_natives **ret_natives,
				    struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_natives_destroy(struct pyro_natives *natives);

/** What is at @pc of the process, by the next number. @path and @addr, of its module, are its name
 *  where no better one is found. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_natives_add(struct pyro_natives *natives, uint64_t pc, uint64_t addr,
			      const char *path) PYRO_NODISCARD;
/** Code of the kernel by the next number; @name: as pyro_kernel_name. Errors: NOMEM, LIMIT. */
enum pyro_rc pyro_natives_add_kernel(struct pyro_natives *natives, const char *name) PYRO_NODISCARD;
/** The frames of number @native, leaf first: what was inlined into a function, and that function
 *  last; none where it only leads from one function of Python to another. NULL for a number that
 * was never given. */
const uint32_t *pyro_natives_frames(const struct pyro_natives *natives, uint32_t native,
				    size_t *ret_count);

#endif
