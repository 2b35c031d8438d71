/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_REPORT_FIND_H
#define PYRO_REPORT_FIND_H

#include "report/scope.h"

/* From what somebody types to what the profile has. */

/** Functions named @name in full or from the last dot on, heaviest total first. Errors: NOMEM;
 *  NOTFOUND: the message has names that contain it. */
enum pyro_rc pyro_find_functions(const struct pyro_aggregate *aggregate, const char *name,
				 struct pyro_rows *ret_rows, struct pyro_err *err) PYRO_NODISCARD;

/** The file @name: as the program has it, as reports show it, or by its last parts. Errors: NOMEM,
 *  NOTFOUND; USAGE if several match. */
enum pyro_rc pyro_find_file(const struct pyro_aggregate *aggregate, const char *name,
			    struct pyro_profile *profile, uint32_t *ret_file,
			    struct pyro_err *err) PYRO_NODISCARD;

/** Opens the scope in which the file @name has numbers of its own: a library's unfolded, which is
 *  then noted in @view. @ret_scope is to be closed whatever the result. Errors: as of both. */
enum pyro_rc pyro_find_scope(struct pyro_profile *profile, struct pyro_report_view *view,
			     const char *name, struct pyro_scope *ret_scope, uint32_t *ret_file,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
