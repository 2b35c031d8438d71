/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PYTHONS_H
#define PYRO_CLI_PYTHONS_H

#include "target/process.h"

/* The Python processes of this machine. */

enum pyro_python_look {
	PYRO_PYTHON_NO,
	PYRO_PYTHON_YES,
	PYRO_PYTHON_HIDDEN, /**< of somebody whose processes we may not look into */
};

struct pyro_python_found {
	bool readable;                      /**< and supported: it can be sampled */
	char version[64];                   /**< "3.13.0"; "" if it cannot be told */
	char reason[PYRO_ERR_MESSAGE_SIZE]; /**< why it is not */
};

/** Whether it is a Python process; *ret_found is filled if it is. Reads its files and memory: some
 *  milliseconds for one that may be. */
enum pyro_python_look pyro_pythons_look(const struct pyro_process_facts *facts,
					struct pyro_python_found *ret_found);
/** Calls @each for every process that can be seen but this one, until it fails. Errors: IO; those
 *  of @each. */
enum pyro_rc pyro_pythons_each(enum pyro_rc (*each)(void *context, int pid, struct pyro_err *err),
			       void *context, struct pyro_err *err) PYRO_NODISCARD;

#endif
