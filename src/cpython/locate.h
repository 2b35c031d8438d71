/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_LOCATE_H
#define PYRO_CPYTHON_LOCATE_H

#include "cpython/python.h"

/** Finds the interpreter in the live process @pid: through /proc/PID/maps, /proc/PID/root and
 *  map_files, in the executable or a shared library, stripped, deleted or in another root. Errors:
 *  NOTPYTHON (mapped files were all looked at, none is an interpreter), NOTREADY (a runtime is
 *  mapped but its version cannot be told yet, or the dynamic loader still runs: try again),
 *  UNSUPPORTED (names the version), GONE, PERM. @reader reads the same process. */
enum pyro_rc pyro_python_locate(int pid, struct pyro_reader *reader,
				struct pyro_python_origin *ret_origin,
				struct pyro_err *err) PYRO_NODISCARD;

/** Where the module _asyncio, 3.14 on, publishes its offsets in the process @pid. Errors: NOTFOUND
 * (it was not loaded), GONE, PERM. */
enum pyro_rc pyro_python_locate_asyncio(int pid, struct pyro_reader *reader, uint64_t *ret_addr,
					struct pyro_err *err) PYRO_NODISCARD;

#endif
