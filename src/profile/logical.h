/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_PROFILE_LOGICAL_H
#define PYRO_PROFILE_LOGICAL_H

#include "profile/profile.h"

/** A fact of a logical profile: that it is one. */
#define PYRO_LOGICAL_FACT "logical"

/** Makes a profile by tasks of one by threads. Each group of tasks is a track, with all that its
 *  tasks did, running and suspended; the stacks begin with the outermost task that awaits them. Of
 *  threads, what was in no task is left; of those that run event loops, what these waited for is
 *  left out, as it is what tasks wait for. So processor time adds up to the same.
 *
 *  A stack is in a task if the coroutine of one that ran in that process is on it. Errors: NOTFOUND
 *  (it has no tasks), NOMEM, LIMIT. */
enum pyro_rc pyro_logical_create(struct pyro_profile *profile, struct pyro_profile **ret_logical,
				 struct pyro_err *err) PYRO_NODISCARD;
/** Whether @profile is one. */
bool pyro_logical_is(const struct pyro_profile *profile);
/** What people call the tracks of @profile, most of them: "task" of a logical one, else "thread".
 *  Static; takes an s. */
const char *pyro_logical_noun(const struct pyro_profile *profile);

#endif
