/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_SOURCES_H
#define PYRO_VIEW_SOURCES_H

#include "view/files.h"

#define PYRO_VIEW_MAX_SOURCE       (2u << 20)  /**< bytes of one source in a page */
#define PYRO_VIEW_MAX_SOURCES      (12u << 20) /**< bytes of all sources in a page */
#define PYRO_VIEW_MAX_SOURCE_FILES 4000        /**< files tried */

/** The text of one file, as it was on disk when the page was written. */
struct pyro_view_source {
	uint32_t file; /**< number in struct pyro_view_files */
	char *text;
	size_t size;
};

/** A file whose text is not in the page. */
struct pyro_view_left_out {
	uint32_t string; /**< its name */
	const char *why; /**< for people; static */
};

struct pyro_view_sources {
	struct pyro_view_source *sources;
	size_t count;
	struct pyro_view_left_out *left_out;
	size_t left_out_count;
};

/** Reads the sources of @files, hottest first, until a cap is reached. A page is made to be handed
 *  on, and file names come from captures that anybody may have written, so only what is Python
 *  source by its name (.py, .pyw, .pyx, .pxd, .pyi) or by its first line (#!…python) is read: no
 *  capture can make a page carry a key or a password file. Never opens what is not a regular file.
 *  @folder: where relative names start; NULL: they are left out. Errors: NOMEM. */
enum pyro_rc pyro_view_sources_init(struct pyro_view_sources *sources,
				    const struct pyro_profile *profile,
				    const struct pyro_view_files *files, const char *folder,
				    struct pyro_err *err) PYRO_NODISCARD;
/** Accepts a zeroed one. */
void pyro_view_sources_deinit(struct pyro_view_sources *sources);

#endif
