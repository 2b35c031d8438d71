/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_PERMISSION_H
#define PYRO_TARGET_PERMISSION_H

#include "base/err.h"

/** Why the kernel does not let us read process @pid, and the command that would: fills @err with
 *  one line such as "cannot read process 4127: it belongs to user www-data. Try: sudo pyrometer
 *  attach 4127". @command is the command a person gave, NULL for "attach". Looks at users, Yama,
 *  capabilities, user namespaces and dumpability, in that order. Returns PYRO_RC_PERM, or
 *  PYRO_RC_GONE if the process has ended meanwhile. */
enum pyro_rc pyro_process_explain_permission(int pid, const char *command, struct pyro_err *err);

#endif
