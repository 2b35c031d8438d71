/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_TARGETS_H
#define PYRO_TESTS_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

/* Processes to look at, for tests. */

/** A child of the test that said its first line on stdout. */
struct target {
	int pid;
	int out;          /**< the read end of its standard output */
	char line[65536]; /**< that line, without its newline */
};

/** Starts @argv and waits for a line, 20 s at most. False (and nothing left behind) if the program
 *  does not start or ends without one. Standard input is /dev/null. */
bool target_start(struct target *target, const char *const *argv);
/** The next line of its output, into `line`. */
bool target_read_line(struct target *target);
/** Kills it and waits for it. */
void target_stop(struct target *target);

#define INTERPRETER_ARGS 8
/** A CPython of the manifest that tools/interpreters writes. */
struct interpreter {
	char full[32];                /**< e.g. "3.11.7" */
	bool in_root;                 /**< lives in another root: started by tools/in-root */
	char *argv[INTERPRETER_ARGS]; /**< ends with NULL; the program's own arguments follow */
	size_t argc;
};

#define INTERPRETERS_MAX 32
struct interpreters {
	struct interpreter items[INTERPRETERS_MAX];
	size_t count;
};

/** All interpreters that were set up; none if nothing was. */
void interpreters_load(struct interpreters *ret_interpreters);
void interpreters_deinit(struct interpreters *interpreters);
/** Starts one with @arguments (ends with NULL) behind its own. */
bool interpreter_start(const struct interpreter *interpreter, struct target *target,
		       const char *const *arguments);
/** The interpreter of that minor version ("3.11") in our own root, or NULL. */
const struct interpreter *interpreters_find(const struct interpreters *interpreters,
					    const char *minor);

#endif
