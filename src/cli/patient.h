/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_PATIENT_H
#define PYRO_CLI_PATIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** A process of ours that does nothing and is there to be looked at. */
struct pyro_patient {
	int pid;
	int leash;        /**< closing it ends the patient */
	bool child;       /**< ours, to be reaped; else it was given away to init */
	uint64_t address; /**< of `size` bytes in it */
	size_t size;
	char word[16]; /**< what is there */
};

/** @stranger: not a descendant of ours, as any process that one attaches to. Errors: IO. */
enum pyro_rc pyro_patient_admit(bool stranger, struct pyro_patient *ret_patient,
				struct pyro_err *err) PYRO_NODISCARD;
/** Ends it. Takes a patient that was never admitted (pid 0). */
void pyro_patient_release(struct pyro_patient *patient);

#endif
