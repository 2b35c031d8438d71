/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_ELF_CORE_FILE_H
#define PYRO_ELF_CORE_FILE_H

#include "target/core.h"

/** Where the files that a core's process had mapped are looked for. Paths are borrowed. */
struct pyro_core_places {
	const char *exe;  /**< the executable; NULL: where it was */
	const char *root; /**< the folder that was the process's root; NULL: ours */
};

/** Opens the object file that @mapping (of pyro_core_maps) is of, and supplies the core with it, if
 *  it is still the one that was mapped: of the same build id, or where that cannot be told, with
 * the same first page. A file that was supplied already is OK. Errors: NOTFOUND (it is gone, or
 *  replaced: the message says so), PERM, IO, LIMIT, FORMAT (no object file), UNSUPPORTED, NOMEM. */
enum pyro_rc pyro_core_file_open(struct pyro_core *core, const struct pyro_core_places *places,
				 const struct pyro_mapping *mapping,
				 struct pyro_err *err) PYRO_NODISCARD;
/** The same for every file, as soon as something is read of it that the core left out. What cannot
 *  be had stays unreadable. @places is borrowed as long as the core is read. */
void pyro_core_file_open_all(struct pyro_core *core, const struct pyro_core_places *places);

#endif
