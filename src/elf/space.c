/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/space.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "target/open.h"

struct pyro_space pyro_space_live(int pid, struct pyro_reader *reader)
{
	return (struct pyro_space){.reader = reader, .pid = pid};
}

struct pyro_space pyro_space_core(struct pyro_core *core, const struct pyro_core_places *places)
{
	return (struct pyro_space){
		.reader = pyro_core_reader(core), .core = core, .places = places};
}

/* Paths stay the core's. */
static enum pyro_rc copy_maps(const struct pyro_maps *from, struct pyro_maps *ret_maps,
			      struct pyro_err *err)
{
	struct pyro_mapping *items = calloc(from->count + 1, sizeof(*items));

	if (!items)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for %zu mappings",
				    from->count);
	if (from->count)
		memcpy(items, from->items, from->count * sizeof(*items));
	*ret_maps = (struct pyro_maps){.items = items, .count = from->count};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_space_maps(const struct pyro_space *space, struct pyro_maps *ret_maps,
			     struct pyro_err *err)
{
	return space->core ? copy_maps(pyro_core_maps(space->core), ret_maps, err)
			   : pyro_maps_load(space->pid, ret_maps, err);
}

enum pyro_rc pyro_space_open(const struct pyro_space *space, const struct pyro_mapping *mapping,
			     int *ret_fd, struct pyro_err *err)
{
	enum pyro_rc rc;
	int fd;

	if (!space->core)
		return pyro_target_open_mapping(space->pid, mapping, PYRO_MAX_ELF_FILE, ret_fd,
						err);
	/* The core finds its own mappings by where they lie in its list. */
	mapping = pyro_maps_find(pyro_core_maps(space->core), mapping->start);
	if (!mapping)
		return pyro_err_set(err, PYRO_RC_NOTFOUND, "no file is mapped there");
	rc = pyro_core_file_open(space->core, space->places, mapping, err);
	if (rc != PYRO_RC_OK)
		return rc;
	fd = fcntl(pyro_core_supplied(space->core, mapping), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return pyro_err_set(err, PYRO_RC_IO, "too many open files");
	*ret_fd = fd;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_space_open_path(const struct pyro_space *space, const char *path, int *ret_fd)
{
	const char *root = space->places && space->places->root ? space->places->root : "";
	char below[2 * PYRO_MAX_PATH];

	if (!space->core)
		return pyro_target_open_path(space->pid, path, PYRO_MAX_ELF_FILE, ret_fd, NULL);
	if (snprintf(below, sizeof(below), "%s%s", root, path) >= (int)sizeof(below))
		return PYRO_RC_LIMIT;
	return pyro_target_open_path((int)getpid(), below, PYRO_MAX_ELF_FILE, ret_fd, NULL);
}
