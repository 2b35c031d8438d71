/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_KALLSYMS_H
#define PYRO_TARGET_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/** The names that the kernel has for its code. Source: /proc/kallsyms. */
struct pyro_kallsyms {
	struct pyro_kallsym *items;
	size_t count;
	size_t capacity;
	size_t functions;     /**< of the items: those that have a name */
	struct pyro_buf text; /**< the names, each with its NUL */
	bool failed;          /**< there was no memory, or there were too many */
};

void pyro_kallsyms_init(struct pyro_kallsyms *symbols);
void pyro_kallsyms_deinit(struct pyro_kallsyms *symbols);

/** Reads all, which takes some ten ms. Errors: PERM (the kernel hides where they are), IO, NOMEM,
 *  LIMIT. */
enum pyro_rc pyro_kallsyms_load(struct pyro_kallsyms *symbols, struct pyro_err *err) PYRO_NODISCARD;
/** Takes in whole lines of such a text, in any order; what makes no sense is passed over. Returns
 * how much of it was used: the rest is the begin of a line. */
size_t pyro_kallsyms_parse(struct pyro_kallsyms *symbols, const char *text, size_t size);
/** Between what was taken in and what is looked for. */
void pyro_kallsyms_sort(struct pyro_kallsyms *symbols);

/** The function that has code at @addr: "vfs_read", or of a module "ext4_file_read_iter [ext4]".
 *  NULL if it is in none that is known. Lives as long as @symbols. */
const char *pyro_kallsyms_at(const struct pyro_kallsyms *symbols, uint64_t addr);
/** Where the function @name of the kernel itself begins, and where what follows it does. False if
 *  there is none. */
bool pyro_kallsyms_find(const struct pyro_kallsyms *symbols, const char *name, uint64_t *ret_start,
			uint64_t *ret_end);

#endif
