/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void scratch_make(struct scratch *s, const char *file)
{
	snprintf(s->directory, sizeof(s->directory), "/tmp/pyrometer-test-XXXXXX");
	if (!mkdtemp(s->directory))
		s->directory[0] = '\0';
	snprintf(s->path, sizeof(s->path), "%s/%s", s->directory, file);
}

void scratch_remove(struct scratch *s)
{
	DIR *directory = s->directory[0] ? opendir(s->directory) : NULL;
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));)
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(s->directory);
}
