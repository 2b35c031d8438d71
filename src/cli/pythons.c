/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pythons.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cpython/locate.h"
#include "target/permission.h"
#include "target/procfs.h"

#define MAX_MAPS (16 << 20)

/* A cheap look before the thorough one: programs that embed Python map files named after it. */
static enum pyro_python_look suspect(const struct pyro_process_facts *facts)
{
	struct pyro_buf maps;
	enum pyro_python_look result = PYRO_PYTHON_NO;
	enum pyro_rc rc;

	if (facts->state == 'Z' || facts->state == 'X')
		return PYRO_PYTHON_NO;
	if (strstr(facts->comm, "python"))
		return PYRO_PYTHON_YES;
	pyro_buf_init(&maps, MAX_MAPS);
	rc = pyro_procfs_read_all(facts->pid, "maps", &maps, NULL, NULL);
	if (rc == PYRO_RC_PERM)
		result = PYRO_PYTHON_HIDDEN;
	else if (rc == PYRO_RC_OK && maps.data && strstr(maps.data, "python"))
		result = PYRO_PYTHON_YES;
	pyro_buf_deinit(&maps);
	return result;
}

/* False if it is no Python after all. */
static bool examine(const struct pyro_process_facts *facts, struct pyro_python_found *found)
{
	struct pyro_err err = {.rc = PYRO_RC_OK};
	struct pyro_python_origin origin = {.version = 0};
	struct pyro_python *reading = NULL;
	struct pyro_reader *reader = NULL;
	enum pyro_rc rc = pyro_live_reader_create(facts->pid, &reader, &err);

	if (rc == PYRO_RC_OK)
		rc = pyro_python_locate(facts->pid, reader, &origin, &err);
	if (rc == PYRO_RC_OK)
		rc = pyro_python_create(reader, &origin, &reading, &err);
	pyro_python_destroy(reading);
	pyro_reader_destroy(reader);
	if (rc == PYRO_RC_NOTPYTHON || rc == PYRO_RC_GONE)
		return false;
	if (rc == PYRO_RC_PERM)
		rc = pyro_process_explain_permission(facts->pid, "attach", &err);
	if (rc == PYRO_RC_GONE)
		return false;
	*found = (struct pyro_python_found){.readable = rc == PYRO_RC_OK};
	snprintf(found->version, sizeof(found->version), "%s", origin.version_text);
	if (rc)
		snprintf(found->reason, sizeof(found->reason), "%s", err.message);
	return true;
}

enum pyro_python_look pyro_pythons_look(const struct pyro_process_facts *facts,
					struct pyro_python_found *ret_found)
{
	const enum pyro_python_look look = suspect(facts);

	return look == PYRO_PYTHON_YES && !examine(facts, ret_found) ? PYRO_PYTHON_NO : look;
}

enum pyro_rc pyro_pythons_each(enum pyro_rc (*each)(void *context, int pid, struct pyro_err *err),
			       void *context, struct pyro_err *err)
{
	DIR *folder = opendir("/proc");
	enum pyro_rc rc = PYRO_RC_OK;
	const struct dirent *entry;

	if (!folder)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot list /proc");
	while (rc == PYRO_RC_OK && (entry = readdir(folder))) {
		const int pid = isdigit((unsigned char)entry->d_name[0])
					? (int)strtol(entry->d_name, NULL, 10)
					: 0;

		if (pid > 0 && pid != getpid())
			rc = each(context, pid, err);
	}
	closedir(folder);
	return rc;
}
