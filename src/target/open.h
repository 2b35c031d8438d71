/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_OPEN_H
#define PYRO_TARGET_OPEN_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "target/maps.h"

/** Opens, for reading only, the file that @mapping of process @pid maps: by map_files (deleted
 *  files too, needs privilege), by /proc/PID/exe (deleted executables too), or by its path through
 *  the process's root or ours. By path only the very file that is mapped counts (same inode).
 *  Regular files of 1 to @max_size bytes only; never blocks on a pipe or device. The caller closes
 *  *ret_fd. Errors: NOTFOUND (deleted or replaced, and no privilege), PERM, GONE, LIMIT, FORMAT
 *  (not a regular file). */
enum pyro_rc pyro_target_open_mapping(int pid, const struct pyro_mapping *mapping,
				      uint64_t max_size, int *ret_fd,
				      struct pyro_err *err) PYRO_NODISCARD;

/** Opens @path, absolute or relative to its working directory, as process @pid would see it. What
 *  lies below its root cannot lead out of it by symbolic links. Errors as above. */
enum pyro_rc pyro_target_open_path(int pid, const char *path, uint64_t max_size, int *ret_fd,
				   struct pyro_err *err) PYRO_NODISCARD;

/** The same for a file that the process is thought to have written itself: no link on the way to it
 *  is followed, and it must belong to the user that the process runs as, or to root. */
enum pyro_rc pyro_target_open_own(int pid, const char *path, uint64_t max_size, int *ret_fd,
				  struct pyro_err *err) PYRO_NODISCARD;

#endif
