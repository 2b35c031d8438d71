/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_SAMPLE_STOP_H
#define PYRO_SAMPLE_STOP_H

#include "base/cleanup.h"
#include "base/rc.h"

/** Stops one thread with ptrace, for the moment of a read. Both calls from the same thread. The
 *  other threads of the process go on. The exit status of a child of this process is never taken.
 *  Errors: GONE, PERM (also when somebody else traces it). */
enum pyro_rc pyro_stop_thread(int tid) PYRO_NODISCARD;
/** Lets it go on, delivering a signal that came meanwhile. */
void pyro_stop_release(int tid);

#endif
