/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_LOCATE_H
#define PYRO_CPYTHON_LOCATE_H

#include "cpython/python.h"
#include "elf/core_file.h"

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
/** The interpreter in a core, by way of the files that were mapped, which are looked for in
 * @places; the core is supplied with those that it takes. From 3.13 on, memory alone will do.
 * Errors: NOTPYTHON, NOTREADY (the process died before its interpreter had started), NOTFOUND (a
 * file that ought to be the interpreter is not there, or is another by now: the message says
 * which), UNSUPPORTED (names the version), and those of pyro_core_file_open for an executable that
 *  @places names. */
enum pyro_rc pyro_python_locate_core(struct pyro_core *core, const struct pyro_core_places *places,
				     struct pyro_python_origin *ret_origin,
				     struct pyro_err *err) PYRO_NODISCARD;
/** pyro_python_locate_asyncio in a core. Errors: NOTFOUND (it was not loaded), UNSUPPORTED (a file
 *  is missing that it may be in: the message says which), NOMEM. */
enum pyro_rc pyro_python_locate_asyncio_core(struct pyro_core *core,
					     const struct pyro_core_places *places,
					     uint64_t *ret_addr,
					     struct pyro_err *err) PYRO_NODISCARD;

#endif
