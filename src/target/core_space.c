/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "target/core_inside.h"

static int compare_files(const void *a, const void *b)
{
	const struct pyro_core_file *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int compare_segments(const void *a, const void *b)
{
	const Elf64_Phdr *x = a, *y = b;

	return x->p_vaddr < y->p_vaddr ? -1 : x->p_vaddr > y->p_vaddr;
}

/* The loaded segments by address. */
static enum pyro_rc sort_segments(const Elf64_Phdr *segments, size_t count, Elf64_Phdr **ret_sorted,
				  size_t *ret_count, struct pyro_err *err)
{
	PYRO_AUTO_FREE Elf64_Phdr *sorted = calloc(count, sizeof(*sorted));
	uint64_t end = 0;
	size_t kept = 0;

	if (!sorted)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory for %zu segments", count);
	for (size_t i = 0; i < count; i++) {
		if (segments[i].p_type != PT_LOAD || segments[i].p_memsz == 0)
			continue;
		if (segments[i].p_filesz > segments[i].p_memsz ||
		    segments[i].p_memsz > UINT64_MAX - segments[i].p_vaddr)
			return pyro_err_set(
				err, PYRO_RC_FORMAT,
				"segment %zu makes no sense: %#" PRIx64 " bytes at %#" PRIx64
				" of memory, %#" PRIx64 " of them in the core",
				i, segments[i].p_memsz, segments[i].p_vaddr, segments[i].p_filesz);
		sorted[kept++] = segments[i];
	}
	qsort(sorted, kept, sizeof(*sorted), compare_segments);
	for (size_t i = 0; i < kept; i++) {
		if (sorted[i].p_vaddr < end)
			return pyro_err_set(err, PYRO_RC_FORMAT,
					    "two segments lie over each other at %#" PRIx64,
					    sorted[i].p_vaddr);
		end = sorted[i].p_vaddr + sorted[i].p_memsz;
	}
	*ret_sorted = PYRO_TAKE_POINTER(sorted);
	*ret_count = kept;
	return PYRO_RC_OK;
}

/* Names the file of the last mapping, which begins in or at the beginning of @file. */
static enum pyro_rc set_file(struct pyro_core *core, const struct pyro_core_file *file,
			     struct pyro_intern *paths)
{
	struct pyro_mapping *mapping = &core->maps.items[core->maps.count - 1];
	uint32_t path;

	if (pyro_intern_add(paths, file->path, strlen(file->path), &path) != PYRO_RC_OK)
		return PYRO_RC_NOMEM;
	mapping->offset = file->offset + (mapping->start - file->start);
	mapping->inode = (uint64_t)path + 1;
	mapping->path = file->path;
	mapping->flags |= file->flags;
	return PYRO_RC_OK;
}

static void add_segment(struct pyro_core *core, const Elf64_Phdr *segment)
{
	struct pyro_core_load *load = &core->loads[core->maps.count];

	core->maps.items[core->maps.count++] = (struct pyro_mapping){
		.start = segment->p_vaddr,
		.end = segment->p_vaddr + segment->p_memsz,
		.flags = (segment->p_flags & PF_R ? PYRO_MAPPING_READ : 0u) |
			 (segment->p_flags & PF_W ? PYRO_MAPPING_WRITE : 0u) |
			 (segment->p_flags & PF_X ? PYRO_MAPPING_EXEC : 0u),
		.path = "",
	};
	*load = (struct pyro_core_load){
		.offset = segment->p_offset, .dumped = segment->p_filesz, .fd = -1};
	if (load->offset < core->size)
		load->here = load->dumped < core->size - load->offset ? load->dumped
								      : core->size - load->offset;
	core->facts.lost += load->dumped - load->here;
}

/* A mapping that no segment tells of: debuggers leave out what they take to be in the file. */
static void add_gap(struct pyro_core *core, uint64_t start, uint64_t end)
{
	core->maps.items[core->maps.count] = (struct pyro_mapping){
		.start = start,
		.end = end,
		.flags = PYRO_MAPPING_READ | PYRO_MAPPING_EXEC,
		.path = "",
	};
	core->loads[core->maps.count++].fd = -1;
}

/* The kernel's own object is in no file; its place is in the auxiliary vector. */
static void name_vdso(struct pyro_core *core)
{
	struct pyro_mapping *mapping = &core->maps.items[core->maps.count - 1];

	if (core->vdso_addr && mapping->start == core->vdso_addr)
		mapping->path = "[vdso]";
}

/* Goes through segments and files side by side. A segment is of the file that holds its beginning;
 * what of a file lies in no segment is a mapping of its own. */
static enum pyro_rc merge(struct pyro_core *core, const Elf64_Phdr *segments, size_t count,
			  struct pyro_intern *paths)
{
	uint64_t done = 0; /* where the address space is known up to */
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0, j = 0; (i < count || j < core->file_count) && rc == PYRO_RC_OK;) {
		const struct pyro_core_file *file = j < core->file_count ? &core->files[j] : NULL;
		const uint64_t next = i < count ? segments[i].p_vaddr : UINT64_MAX;
		const uint64_t start = file && file->start > done ? file->start : done;

		if (file && file->end <= done) {
			j++;
			continue;
		}
		if (file && start < next)
			add_gap(core, start, file->end < next ? file->end : next);
		else
			add_segment(core, &segments[i++]);
		if (file && file->start <= next)
			rc = set_file(core, file, paths);
		else
			name_vdso(core);
		done = core->maps.items[core->maps.count - 1].end;
	}
	return rc;
}

enum pyro_rc pyro_core_space(struct pyro_core *core, const Elf64_Phdr *segments, size_t count,
			     struct pyro_err *err)
{
	PYRO_AUTO_FREE Elf64_Phdr *sorted = NULL;
	struct pyro_intern paths;
	enum pyro_rc rc = sort_segments(segments, count, &sorted, &count, err);
	size_t most;

	if (rc != PYRO_RC_OK)
		return rc;
	if (core->file_count > 1)
		qsort(core->files, core->file_count, sizeof(*core->files), compare_files);
	/* Every gap ends with a file or where a segment begins. */
	most = 2 * count + core->file_count + 1;
	core->maps.items = calloc(most, sizeof(*core->maps.items));
	core->loads = calloc(most, sizeof(*core->loads));
	pyro_intern_init(&paths, PYRO_MAX_CORE_FILES);
	if (core->maps.items && core->loads)
		rc = merge(core, sorted, count, &paths);
	else
		rc = PYRO_RC_NOMEM;
	pyro_intern_deinit(&paths);
	return rc == PYRO_RC_OK ? rc
				: pyro_err_set(err, rc, "out of memory for %zu segments", count);
}
