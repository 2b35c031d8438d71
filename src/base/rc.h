/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_RC_H
#define PYRO_BASE_RC_H

#include <stdint.h>

/** Everything that can go wrong, once: enum suffix, short name, what it means to a person, and the
 *  exit status of the executable when the error ends it. Short read, process gone and bad address
 *  are different results on purpose: the first is a race, the second an end, the third a fact. */
#define PYRO_RC_MAP(X)                                                                             \
	X(OK, "ok", "no error", 0)                                                                 \
	X(NOMEM, "nomem", "out of memory", 125)                                                    \
	X(FAULT, "fault", "address not readable in the target", 125)                               \
	X(SHORT, "short", "fewer bytes than asked for", 125)                                       \
	X(GONE, "gone", "the process or thread has ended", 125)                                    \
	X(PERM, "perm", "permission denied", 125)                                                  \
	X(IO, "io", "input or output failed", 125)                                                 \
	X(FULL, "full", "no space left", 125)                                                      \
	X(FORMAT, "format", "the data is malformed", 125)                                          \
	X(NEWER, "newer", "written by a newer version", 125)                                       \
	X(UNSUPPORTED, "unsupported", "not supported", 125)                                        \
	X(LIMIT, "limit", "a limit was exceeded", 125)                                             \
	X(NOTFOUND, "notfound", "not found", 125)                                                  \
	X(NOTPYTHON, "notpython", "no Python interpreter in the process", 125)                     \
	X(NOTREADY, "notready", "the interpreter has not started yet", 125)                        \
	X(TORN, "torn", "the data changed while it was read", 125)                                 \
	X(EXISTS, "exists", "exists already", 125)                                                 \
	X(CANNOTEXEC, "cannotexec", "the target cannot be executed", 126)                          \
	X(NOTARGET, "notarget", "the target was not found", 127)                                   \
	X(USAGE, "usage", "wrong usage", 64)

enum pyro_rc {
#define PYRO_RC_ENUM(suffix, name, text, status) PYRO_RC_##suffix,
	PYRO_RC_MAP(PYRO_RC_ENUM)
#undef PYRO_RC_ENUM
};

/** Short name for logs and JSON, e.g. "fault". Static storage; "unknown" outside the enum. */
const char *pyro_rc_name(enum pyro_rc rc);
/** What it means in words. Static storage. */
const char *pyro_rc_text(enum pyro_rc rc);
/** Exit status of the executable when this error ends it (see docs of the exit statuses). */
int pyro_rc_exit_status(enum pyro_rc rc);

#endif
