/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_PROCFS_H
#define PYRO_TARGET_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

/* Small files under /proc/PID. Their text comes from the kernel, the names in it from the target.
 */

#define PYRO_PROCFS_PATH_SIZE 128

/** "/proc/PID/NAME". @name is ours, never the target's, and short; too long becomes "". */
void pyro_procfs_path(char path[PYRO_PROCFS_PATH_SIZE], int pid, const char *name);

/** What an errno from a file under /proc/PID means: GONE, PERM, NOMEM or IO. */
enum pyro_rc pyro_procfs_rc(int errnum);

/** Opens /proc/PID/NAME for reading. Errors: GONE, PERM, IO. */
enum pyro_rc pyro_procfs_open(int pid, const char *name, int *ret_fd,
			      struct pyro_err *err) PYRO_NODISCARD;
/** Reads at most @capacity - 1 bytes of /proc/PID/NAME into @text and ends them with a NUL; what
 *  does not fit is left out. Allocates nothing. Errors: GONE, PERM, IO. */
enum pyro_rc pyro_procfs_read(int pid, const char *name, char *text, size_t capacity,
			      size_t *ret_size, struct pyro_err *err) PYRO_NODISCARD;
/** Adds the whole of /proc/PID/NAME to @buf, up to the buffer's limit. *ret_truncated (may be NULL)
 *  says that it was cut there. Errors: GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_procfs_read_all(int pid, const char *name, struct pyro_buf *buf,
				  bool *ret_truncated, struct pyro_err *err) PYRO_NODISCARD;
/** Where the link /proc/PID/NAME leads, NUL-terminated. Errors: GONE, PERM, IO, LIMIT. */
enum pyro_rc pyro_procfs_link(int pid, const char *name, char *target, size_t capacity,
			      struct pyro_err *err) PYRO_NODISCARD;

/** Parses digits at *@text, stepping over them; false when there is none or it overflows. */
bool pyro_procfs_decimal(const char **text, const char *end, uint64_t *ret_value);
bool pyro_procfs_hex(const char **text, const char *end, uint64_t *ret_value);

#endif
