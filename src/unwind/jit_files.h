/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_JIT_FILES_H
#define PYRO_UNWIND_JIT_FILES_H

#include "target/maps.h"
#include "unwind/jit_names.h"

/** The files in which a process writes down what it makes at run time: /tmp/perf-PID.map in its
 *  root, and a jitdump file, which it maps to be found. Read as they grow. Whoever could have put
 *  there anything else than the process itself is not listened to. */
struct pyro_jit_files {
	struct pyro_jit_names names;
	uint64_t map_used; /**< bytes read of the one ... */
	uint64_t dump_used;
	uint64_t dump_inode; /**< ... and the other */
};

void pyro_jit_files_init(struct pyro_jit_files *files);
void pyro_jit_files_deinit(struct pyro_jit_files *files);
/** Reads what is new. @machine: EM_*. That there are no such files is no error. */
void pyro_jit_files_update(struct pyro_jit_files *files, int pid, uint16_t machine);

#endif
