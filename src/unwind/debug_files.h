/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_DEBUG_FILES_H
#define PYRO_UNWIND_DEBUG_FILES_H

#include "unwind/modules.h"

/** The file that distributions keep an object's symbols and debug information in, apart from it:
 *  below /usr/lib/debug by build-id, or where .gnu_debuglink says, in the root of the process or
 *  else in ours. Only a file with the same build-id counts; nothing is fetched from anywhere. The
 *  caller closes *ret_fd. Errors: NOTFOUND. */
enum pyro_rc pyro_debug_files_open(const struct pyro_space *space, const struct pyro_module *module,
				   int *ret_fd) PYRO_NODISCARD;
/** Whether @fd belongs to root or to the user that we are: nobody else could have written it. */
bool pyro_debug_files_is_trusted(int fd);

#endif
