/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_RECORD_MOMENT_H
#define PYRO_RECORD_MOMENT_H

#include "base/err.h"
#include "profile/moment.h"

struct pyro_moment_options {
	bool locals;  /**< the variables of every frame as well */
	bool async;   /**< also the tasks of asyncio, and greenlets */
	bool native;  /**< stacks with the machine code on them; a thread that runs is stopped for
			   that */
	bool no_stop; /**< but with this: it then has none */
};

/** Looks at every thread of the live process @pid once, one after the other, each proved by what
 *  /proc says: nothing is stopped, unless machine code is asked for. Errors: GONE, PERM, NOTPYTHON,
 * UNSUPPORTED as pyro_python_locate and pyro_python_create, NOTREADY (it is just starting or
 * ending), NOMEM. */
enum pyro_rc pyro_moment_take(int pid, const struct pyro_moment_options *options,
			      struct pyro_moment **ret_moment, struct pyro_err *err) PYRO_NODISCARD;

#endif
