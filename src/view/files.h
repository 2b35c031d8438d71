/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_FILES_H
#define PYRO_VIEW_FILES_H

#include "profile/places.h"
#include "profile/profile.h"

/** One file that functions of the profile are in. */
struct pyro_view_file {
	uint32_t string; /**< its name as the program has it: a string of the profile */
	uint64_t heat;   /**< ns of wall of the hottest stack through it: which sources go first */
	const struct pyro_place *place; /**< borrowed from the places */
};

/** The files of a profile, numbered from 0 in the order of the functions. */
struct pyro_view_files {
	struct pyro_view_file *files;
	size_t count;
	uint32_t *of_function; /**< per function: index into files */
	struct pyro_places *places;
};

/** Errors: NOMEM. On failure nothing is kept. */
enum pyro_rc pyro_view_files_init(struct pyro_view_files *files, const struct pyro_profile *profile,
				  struct pyro_err *err) PYRO_NODISCARD;
void pyro_view_files_deinit(struct pyro_view_files *files);

#endif
