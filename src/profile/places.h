/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_PLACES_H
#define PYRO_PROFILE_PLACES_H

#include "profile/profile.h"

/** Whose code a file holds. */
enum pyro_place_kind {
	PYRO_PLACE_OWN,      /**< the user's: anything that is not one of the others */
	PYRO_PLACE_STANDARD, /**< Python's own library, and <frozen ...> */
	PYRO_PLACE_PACKAGE,  /**< under site-packages or dist-packages, or a command beside them */
	PYRO_PLACE_NATIVE,   /**< machine code: a shared library, or its source */
	PYRO_PLACE_KERNEL,   /**< machine code of the kernel or of one of its modules */
	PYRO_PLACE_NOWHERE,  /**< no file: "", <string>, <stdin>, ~ and the like */
};

/** What a file of the program is to a person. */
struct pyro_place {
	enum pyro_place_kind kind;
	const char *display; /**< relative to the working directory, to site-packages or to the
				  standard library; else as it is. Not escaped. */
	const char *module;  /**< dotted guess: "shop.views", "json.decoder"; "" if there is none */
	bool library;        /**< what fold_library folds: standard library and packages; code
				  without a file too, where the profile has code of the user's
				  own, in files or else typed, or is of a module that was run
				  with -m: it is then what libraries generate */
};

/** The places of all strings of a profile that are used as files. Pure text work: no file is
 *  looked at. The working directory is the fact "cwd" of the profile. */
struct pyro_places;

/** @profile is borrowed and must not gain functions meanwhile. Errors: NOMEM. */
enum pyro_rc pyro_places_create(const struct pyro_profile *profile, struct pyro_places **ret_places,
				struct pyro_err *err) PYRO_NODISCARD;
void pyro_places_destroy(struct pyro_places *places);
/** By string index. Never NULL: what is no file of the profile is a nowhere of empty texts. */
const struct pyro_place *pyro_places_get(const struct pyro_places *places, uint32_t file);
#endif
