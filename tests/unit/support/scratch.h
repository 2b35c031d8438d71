/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_SCRATCH_H
#define PYRO_TESTS_SCRATCH_H

/** A new directory for files of one test; "" when it cannot be made. Freed by scratch_remove(). */
struct scratch {
	char directory[64];
	char path[96]; /**< a file in it that does not exist yet */
};

void scratch_make(struct scratch *scratch, const char *file);
/** Removes the directory and the plain files in it. */
void scratch_remove(struct scratch *scratch);

#endif
