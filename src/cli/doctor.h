/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_DOCTOR_H
#define PYRO_CLI_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "sample/sampler.h"

enum pyro_check_result {
	PYRO_CHECK_GOOD,
	PYRO_CHECK_LIMITED, /**< recording works, less well */
	PYRO_CHECK_BAD,     /**< something does not work */
	PYRO_CHECK_INFO,    /**< neither good nor bad */
};

/** One thing that was tried or looked at. */
struct pyro_check {
	const char *name;  /**< in JSON, e.g. "read_own" */
	const char *title; /**< for people */
	enum pyro_check_result result;
	char found[256];  /**< what was found, in words */
	char remedy[256]; /**< what to do about it: a command, or words; "" if nothing is to be done
			   */
};

#define PYRO_MAX_CHECKS 16

/** A process with a Python interpreter in it, or that looks like one. */
struct pyro_doctor_python {
	int pid;
	char version[64]; /**< "3.13.0"; "" if it cannot be told */
	char user[40];
	char *command;                      /**< as in ps; of the arena; to be escaped */
	bool readable;                      /**< and supported: it can be recorded */
	char reason[PYRO_ERR_MESSAGE_SIZE]; /**< why it is not */
};

/** All that the doctor found. */
struct pyro_doctor {
	struct pyro_check checks[PYRO_MAX_CHECKS];
	size_t check_count;
	bool run_works;    /**< programs of our own can be read */
	bool attach_works; /**< other processes of the same user can be read */
	enum pyro_proof_method method;
	char system[128]; /**< kernel, processors, user */
	struct pyro_doctor_python *pythons;
	size_t python_count;
	size_t hidden; /**< processes of other users that could not be looked into */
	struct pyro_arena arena;
};

/** Tries what recording needs, on children of this process made for it. Changes nothing that lasts.
 *  Errors: NOMEM, IO (not even a child can be made). */
enum pyro_rc pyro_doctor_machine(struct pyro_doctor *doctor, struct pyro_err *err) PYRO_NODISCARD;
/** Finds the Python processes that this user can see. Errors: NOMEM, IO. */
enum pyro_rc pyro_doctor_pythons(struct pyro_doctor *doctor, struct pyro_err *err) PYRO_NODISCARD;

#endif
