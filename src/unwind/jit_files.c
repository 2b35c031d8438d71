/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/jit_files.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "target/open.h"
#include "target/process.h"

void pyro_jit_files_init(struct pyro_jit_files *files)
{
	*files = (struct pyro_jit_files){.map_used = 0};
	pyro_jit_names_init(&files->names);
}

void pyro_jit_files_deinit(struct pyro_jit_files *files)
{
	pyro_jit_names_deinit(&files->names);
}

/* What @path has from @from on, to the cap on all of it; an empty buffer if nothing. */
static void read_new(int pid, const char *path, uint64_t from, struct pyro_buf *buf)
{
	PYRO_AUTO_CLOSE int fd = -1;
	const size_t most = from < PYRO_MAX_JIT_MAP ? PYRO_MAX_JIT_MAP - (size_t)from : 0;

	if (pyro_target_open_own(pid, path, UINT64_MAX, &fd, NULL) != PYRO_RC_OK)
		return;
	while (buf->size < most) {
		const size_t left = most - buf->size, step = left < 1 << 16 ? left : 1 << 16;
		char *room = pyro_buf_reserve(buf, step);
		const ssize_t got = room ? pread(fd, room, step, (off_t)(from + buf->size)) : 0;

		if (got <= 0)
			break;
		buf->size += (size_t)got;
	}
}

static void update_map(struct pyro_jit_files *files, int pid, struct pyro_buf *buf)
{
	struct pyro_process_facts facts;
	char path[64];

	if (pyro_process_facts(pid, &facts, NULL) != PYRO_RC_OK)
		return;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", facts.ns_pid);
	pyro_buf_reset(buf);
	read_new(pid, path, files->map_used, buf);
	if (buf->size)
		files->map_used += pyro_jit_names_parse_map(&files->names, buf->data, buf->size);
}

static bool is_dump(const struct pyro_mapping *mapping)
{
	const char *slash = strrchr(mapping->path, '/');
	const size_t size = strlen(mapping->path);

	return mapping->flags & PYRO_MAPPING_EXEC && mapping->inode && slash &&
	       strncmp(slash, "/jit-", 5) == 0 && size > 5 &&
	       strcmp(mapping->path + size - 5, ".dump") == 0;
}

/* The path as the process sees it, if it lives in a root of its own. */
static const char *path_inside(int pid, const char *path)
{
	char root[PYRO_MAX_PATH];
	size_t size;

	if (pyro_process_root(pid, root, sizeof(root), NULL) != PYRO_RC_OK)
		return path;
	size = strlen(root);
	return size > 1 && strncmp(path, root, size) == 0 && path[size] == '/' ? path + size : path;
}

static void update_dump(struct pyro_jit_files *files, int pid, uint16_t machine,
			struct pyro_buf *buf)
{
	struct pyro_maps maps PYRO_CLEANUP(pyro_maps_deinit) = {.items = NULL};

	if (pyro_maps_load(pid, &maps, NULL) != PYRO_RC_OK)
		return;
	for (size_t i = 0; i < maps.count; i++) {
		if (!is_dump(&maps.items[i]))
			continue;
		if (files->dump_inode != maps.items[i].inode)
			files->dump_used = 0;
		files->dump_inode = maps.items[i].inode;
		pyro_buf_reset(buf);
		read_new(pid, path_inside(pid, maps.items[i].path), files->dump_used, buf);
		if (buf->size)
			files->dump_used +=
				pyro_jit_names_parse_dump(&files->names, (const uint8_t *)buf->data,
							  buf->size, files->dump_used, machine);
		return;
	}
}

void pyro_jit_files_update(struct pyro_jit_files *files, int pid, uint16_t machine)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, PYRO_MAX_JIT_MAP);
	update_map(files, pid, &buf);
	update_dump(files, pid, machine, &buf);
	pyro_buf_deinit(&buf);
}
