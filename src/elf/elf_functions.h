/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_ELF_ELF_FUNCTIONS_H
#define PYRO_ELF_ELF_FUNCTIONS_H

#include "elf/elf_file.h"

/** One function: its place, before the load bias is added, and its name. */
struct pyro_elf_function {
	uint64_t addr;
	uint64_t size; /**< 0: not said (hand-written code): up to the next one */
	uint32_t name; /**< offset in `names` */
	uint32_t rank; /**< of several at one address the one with the lowest is meant */
};

/** The functions of one or several object files in the order of their addresses: the way back from
 *  an address to a name. Zeroed is empty. Copies: needs no file after that. */
struct pyro_elf_functions {
	struct pyro_elf_function *items;
	size_t count;
	size_t capacity;
	char *names; /**< each ends with a NUL; as they are in the file */
	size_t names_size;
};

/** Adds what .symtab has, or else what the dynamic table has, which also serves for an object in
 *  memory. Adding nothing is no error. Errors: NOMEM, FORMAT, LIMIT, SHORT, IO, and those of the
 *  reader; what was there before stays. */
enum pyro_rc pyro_elf_functions_add(struct pyro_elf_functions *functions,
				    struct pyro_elf *elf) PYRO_NODISCARD;
/** The same from .gnu_debugdata, the compressed table that some distributions leave in files.
 *  NOTFOUND if there is none. */
enum pyro_rc pyro_elf_functions_add_packed(struct pyro_elf_functions *functions,
					   struct pyro_elf *elf) PYRO_NODISCARD;
void pyro_elf_functions_deinit(struct pyro_elf_functions *functions);

/** The function that holds @addr, or NULL. */
const struct pyro_elf_function *pyro_elf_functions_find(const struct pyro_elf_functions *functions,
							uint64_t addr);

#endif
