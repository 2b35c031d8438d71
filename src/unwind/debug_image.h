/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_DEBUG_IMAGE_H
#define PYRO_UNWIND_DEBUG_IMAGE_H

#include "elf/elf_file.h"

/** The debug information of an object that names and lines are made of, as an object of its own in
 *  memory: without what is not needed for that, and with nothing packed. So the library that reads
 *  it reads no file, and unpacks nothing of which it does not know the size. */
struct pyro_debug_image {
	char *data; /**< an ELF file; of whole pages that were mapped */
	size_t size;
};

/** Of the object file @fd. Errors: NOTFOUND (no debug information in it, or some is in another file
 *  of the object's choosing), FORMAT, UNSUPPORTED, LIMIT (PYRO_MAX_DEBUG_INFO), SHORT, IO, NOMEM.
 */
enum pyro_rc pyro_debug_image_create(int fd, struct pyro_debug_image *ret_image) PYRO_NODISCARD;
/** Takes a zeroed one. */
void pyro_debug_image_deinit(struct pyro_debug_image *image);

#endif
