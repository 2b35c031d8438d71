/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_ELF_SPACE_H
#define PYRO_ELF_SPACE_H

#include "elf/core_file.h"
#include "target/maps.h"

/** Whose address space it is that objects are looked for in: that of a process which lives, or what
 *  a core has of one. Copied where it is kept; what it points to is borrowed. */
struct pyro_space {
	struct pyro_reader *reader; /**< its memory; NULL: nothing is known but its files */
	int pid;                    /**< of the process that lives; 0: it does not */
	struct pyro_core *core;     /**< of one that does not, else NULL */
	const struct pyro_core_places *places; /**< where the files of the core are */
};

struct pyro_space pyro_space_live(int pid, struct pyro_reader *reader);
struct pyro_space pyro_space_core(struct pyro_core *core, const struct pyro_core_places *places);

/** What is mapped; the caller frees it, before the core is closed. Errors: those of pyro_maps_load.
 */
enum pyro_rc pyro_space_maps(const struct pyro_space *space, struct pyro_maps *ret_maps,
			     struct pyro_err *err) PYRO_NODISCARD;
/** Opens the file that @mapping is of, if it is still the same; the caller closes it. Errors: those
 *  of pyro_target_open_mapping or pyro_core_file_open. */
enum pyro_rc pyro_space_open(const struct pyro_space *space, const struct pyro_mapping *mapping,
			     int *ret_fd, struct pyro_err *err) PYRO_NODISCARD;
/** Opens the file that had or has the absolute @path in the root of the process; the caller closes
 *  it. Errors: NOTFOUND, PERM, GONE, LIMIT, FORMAT (not a regular file), IO. */
enum pyro_rc pyro_space_open_path(const struct pyro_space *space, const char *path,
				  int *ret_fd) PYRO_NODISCARD;

#endif
