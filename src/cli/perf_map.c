/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/perf_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_MINOR 12

enum pyro_rc pyro_perf_map_ask(struct pyro_err *err)
{
	/* Not PYTHON_PERF_JIT_SUPPORT as well: from 3.13 on that puts a dump in place of the map.
	 */
	if (setenv("PYTHONPERFSUPPORT", "1", 1) != 0)
		return pyro_err_set_errno(err, PYRO_RC_NOMEM, errno,
					  "cannot ask for a map of Python functions");
	return PYRO_RC_OK;
}

static unsigned long minor_of(const char *python)
{
	static const char prefix[] = "CPython 3.";
	const size_t size = sizeof(prefix) - 1;

	return strncmp(python, prefix, size) == 0 ? strtoul(python + size, NULL, 10) : 0;
}

static bool has_map(int pid)
{
	char path[64];
	struct stat file;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	return lstat(path, &file) == 0 && S_ISREG(file.st_mode);
}

enum pyro_rc pyro_perf_map_check(struct pyro_profile *profile, struct pyro_err *err)
{
	struct pyro_profile_counts counts;

	pyro_profile_counts(profile, &counts);
	for (uint32_t i = 0; i < counts.processes; i++) {
		const struct pyro_process_info *process = pyro_profile_process_get(profile, i);
		const char *python = pyro_profile_string_get(profile, process->python, NULL);

		if (!python)
			python = "";
		if (minor_of(python) < FIRST_MINOR)
			return pyro_err_set(
				err, PYRO_RC_UNSUPPORTED,
				"--perf-map: process %d is %s, and its functions have no "
				"names for perf before CPython 3.%d",
				process->pid, python, FIRST_MINOR);
		if (!has_map(process->pid))
			return pyro_err_set(
				err, PYRO_RC_UNSUPPORTED,
				"--perf-map: process %d (%s) wrote no /tmp/perf-%d.map: "
				"it ignores its environment (-I, -E), has a /tmp of its "
				"own, or was built without",
				process->pid, python, process->pid);
	}
	return PYRO_RC_OK;
}
