/* SPDX-License-Identifier: Apache-2.0 */
#include "record/copy.h"

#include <stdio.h>
#include <string.h>

#define MAX_TRIES 10000

enum pyro_rc pyro_copy_write(struct pyro_capture_writer *writer, const char *path, unsigned *number,
			     void (*between)(void *context), void *context,
			     char ret_path[PYRO_MAX_PATH], struct pyro_err *err)
{
	static const char suffix[] = ".pyro";
	size_t size = strlen(path);

	if (size > sizeof(suffix) - 1 && strcmp(path + size - (sizeof(suffix) - 1), suffix) == 0 &&
	    path[size - sizeof(suffix)] != '/')
		size -= sizeof(suffix) - 1;
	for (int i = 0; i < MAX_TRIES; i++) {
		enum pyro_rc rc;

		if (snprintf(ret_path, PYRO_MAX_PATH, "%.*s.%u%s", (int)size, path, ++*number,
			     suffix) >= PYRO_MAX_PATH)
			break;
		rc = pyro_capture_writer_copy(writer, ret_path, between, context, err);
		if (rc != PYRO_RC_EXISTS)
			return rc;
	}
	return pyro_err_set(err, PYRO_RC_LIMIT, "%s: there is no free name for a copy beside it",
			    path);
}
