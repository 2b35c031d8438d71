/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_SEARCH_H
#define PYRO_CPYTHON_SEARCH_H

/* The search for an interpreter in an address space, whoever it is of: what locate.c does of a
 * process that lives and locate_core.c of one that is no more. */

#include "cpython/python.h"
#include "elf/elf_file.h"
#include "target/maps.h"

#define PYRO_SEARCH_COOKIE "xdebugpy" /**< with which the runtime of 3.13 and later begins */

struct pyro_search {
	struct pyro_reader *reader;
	const struct pyro_maps *maps;
	const char *exe;  /**< the executable as the maps show it; "" if unknown */
	const char *name; /**< whose address space it is, for messages */
	/** Opens the file of a mapping; the caller closes it. */
	enum pyro_rc (*open)(const struct pyro_search *search, const struct pyro_mapping *mapping,
			     int *ret_fd);
	void *context;

	size_t files;                          /**< files looked at */
	const struct pyro_mapping *executable; /**< where that is mapped; NULL: not met */
	bool not_ready; /**< something of an interpreter was seen that is not set up */
};

/** Looks at every file that is mapped with code: the executable, libpython, the others. Errors:
 *  NOTFOUND (none of them is an interpreter), UNSUPPORTED (names the version), FAULT, GONE, PERM,
 *  NOMEM. */
enum pyro_rc pyro_search_files(struct pyro_search *search, struct pyro_python_origin *ret_origin,
			       struct pyro_err *err) PYRO_NODISCARD;
/** Takes the version from the table of offsets that the runtime at origin->runtime_addr begins with
 *  from 3.13 on. @path names its file. Errors: NOTFOUND (there is no such table), UNSUPPORTED, and
 *  those of the reader. */
enum pyro_rc pyro_search_table(const struct pyro_search *search, const char *path,
			       struct pyro_python_origin *origin,
			       struct pyro_err *err) PYRO_NODISCARD;
/** The object that is mapped at @first: its file, or what of it is loaded when that cannot be had.
 *  The caller destroys it, then closes *ret_fd, which was -1 and may still be. */
enum pyro_rc pyro_search_open(const struct pyro_search *search, const struct pyro_mapping *first,
			      int *ret_fd, struct pyro_elf **ret_elf) PYRO_NODISCARD;
/** Where the section @section is loaded, of the interpreter's file or of one whose name begins with
 *  @module. Errors: NOTFOUND. */
enum pyro_rc pyro_search_section(const struct pyro_search *search, const char *module,
				 const char *section, uint64_t *ret_addr) PYRO_NODISCARD;
/** True if the mapping is the first one of a file that has code. */
bool pyro_search_begins_object(const struct pyro_search *search, size_t index);
const char *pyro_search_base_name(const char *path);

#endif
