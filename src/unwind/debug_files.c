/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/debug_files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

#define FOLDER "/usr/lib/debug"

static bool has_build_id(int fd, const struct pyro_module *module)
{
	uint8_t id[PYRO_ELF_BUILD_ID_SIZE];
	struct pyro_elf *elf = NULL;
	size_t size = 0;
	bool same;

	same = pyro_elf_create_from_fd(fd, &elf, NULL) == PYRO_RC_OK &&
	       pyro_elf_build_id(elf, id, &size) == PYRO_RC_OK && size == module->build_id_size &&
	       memcmp(id, module->build_id, size) == 0;
	pyro_elf_destroy(elf);
	return same;
}

static enum pyro_rc try_path(const struct pyro_space *space, const char *path,
			     const struct pyro_module *module, int *ret_fd)
{
	const struct pyro_space own = pyro_space_live((int)getpid(), NULL);
	const struct pyro_space *const roots[] = {space, &own};

	for (size_t i = 0; i < PYRO_COUNT(roots); i++) {
		int fd;

		if (pyro_space_open_path(roots[i], path, &fd) != PYRO_RC_OK)
			continue;
		if (has_build_id(fd, module)) {
			*ret_fd = fd;
			return PYRO_RC_OK;
		}
		close(fd);
	}
	return PYRO_RC_NOTFOUND;
}

static enum pyro_rc try_build_id(const struct pyro_space *space, const struct pyro_module *module,
				 int *ret_fd)
{
	char path[sizeof(FOLDER) + 32 + 2 * PYRO_ELF_BUILD_ID_SIZE];
	int at = snprintf(path, sizeof(path), FOLDER "/.build-id/%02x/", module->build_id[0]);

	for (size_t i = 1; i < module->build_id_size; i++)
		at += snprintf(path + at, sizeof(path) - (size_t)at, "%02x", module->build_id[i]);
	snprintf(path + at, sizeof(path) - (size_t)at, ".debug");
	return try_path(space, path, module, ret_fd);
}

/* The name of a file, beside the object's own or in one of two folders for such. */
static enum pyro_rc try_link(const struct pyro_space *space, const struct pyro_module *module,
			     int *ret_fd)
{
	static const char *const folders[][2] = {{"", "/"}, {"", "/.debug/"}, {FOLDER, "/"}};
	const char *slash = strrchr(module->path, '/');
	char path[2 * PYRO_MAX_PATH], name[256] = "";
	struct pyro_elf_section section;
	size_t size;

	if (!slash || pyro_elf_section(module->elf, ".gnu_debuglink", &section) != PYRO_RC_OK)
		return PYRO_RC_NOTFOUND;
	size = section.size < sizeof(name) ? section.size : sizeof(name);
	if (pread(module->fd, name, size, (off_t)section.offset) != (ssize_t)size ||
	    strnlen(name, size) == size || strchr(name, '/') || !name[0])
		return PYRO_RC_NOTFOUND;
	for (size_t i = 0; i < PYRO_COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%s%.*s%s%s", folders[i][0],
			 (int)(slash - module->path), module->path, folders[i][1], name);
		if (try_path(space, path, module, ret_fd) == PYRO_RC_OK)
			return PYRO_RC_OK;
	}
	return PYRO_RC_NOTFOUND;
}

enum pyro_rc pyro_debug_files_open(const struct pyro_space *space, const struct pyro_module *module,
				   int *ret_fd)
{
	if (!module->elf || module->fd < 0 || module->build_id_size == 0)
		return PYRO_RC_NOTFOUND;
	if (try_build_id(space, module, ret_fd) == PYRO_RC_OK)
		return PYRO_RC_OK;
	return try_link(space, module, ret_fd);
}

bool pyro_debug_files_is_trusted(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid());
}
