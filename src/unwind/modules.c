/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/modules.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"

#define MAX_PATHS (64u << 20) /* bytes of all paths */

struct pyro_modules {
	struct pyro_space space;
	const struct pyro_machine *machine;
	struct pyro_maps maps;
	struct pyro_code_range *ranges; /* in order of address */
	size_t range_count;
	struct pyro_module **modules;
	size_t module_count;
	struct pyro_arena arena; /* modules and their paths */
};

static enum pyro_module_kind kind_of(const struct pyro_mapping *mapping)
{
	if (strcmp(mapping->path, "[vdso]") == 0)
		return PYRO_MODULE_VDSO;
	if (mapping->inode)
		return PYRO_MODULE_FILE;
	return mapping->path[0] == '[' && strncmp(mapping->path, "[anon", 5) != 0 &&
			       strcmp(mapping->path, "[heap]") != 0 &&
			       strcmp(mapping->path, "[stack]") != 0
		       ? PYRO_MODULE_OTHER
		       : PYRO_MODULE_JIT;
}

static bool is_of(const struct pyro_module *module, const struct pyro_mapping *mapping,
		  enum pyro_module_kind kind)
{
	/* A file that turned out to hold no object still has its inode. */
	if (kind != PYRO_MODULE_FILE)
		return module->kind == kind && !module->inode;
	return module->inode == mapping->inode && module->dev_major == mapping->dev_major &&
	       module->dev_minor == mapping->dev_minor;
}

static enum pyro_rc add_module(struct pyro_modules *modules, const struct pyro_mapping *mapping,
			       enum pyro_module_kind kind, uint32_t *ret_module)
{
	const char *path = kind == PYRO_MODULE_JIT ? "[jit]" : mapping->path;
	struct pyro_module *module, **grown;

	for (size_t i = 0; i < modules->module_count; i++) {
		if (is_of(modules->modules[i], mapping, kind)) {
			*ret_module = (uint32_t)i;
			return PYRO_RC_OK;
		}
	}
	if (modules->module_count == PYRO_MAX_MODULES)
		return PYRO_RC_LIMIT;
	if ((modules->module_count & (modules->module_count - 1)) == 0) {
		grown = reallocarray(modules->modules,
				     modules->module_count ? 2 * modules->module_count : 1,
				     sizeof(struct pyro_module *));
		if (!grown)
			return PYRO_RC_NOMEM;
		modules->modules = grown;
	}
	module = pyro_arena_alloc(&modules->arena, sizeof(*module));
	if (!module)
		return PYRO_RC_NOMEM;
	module->kind = kind;
	module->fd = -1;
	module->path = pyro_arena_dup(&modules->arena, path, strlen(path));
	if (!module->path)
		return PYRO_RC_NOMEM;
	module->inode = mapping->inode;
	module->dev_major = mapping->dev_major;
	module->dev_minor = mapping->dev_minor;
	modules->modules[modules->module_count] = module;
	*ret_module = (uint32_t)modules->module_count++;
	return PYRO_RC_OK;
}

static bool is_code(const struct pyro_mapping *mapping)
{
	return mapping->flags & PYRO_MAPPING_EXEC;
}

/* Takes @maps. */
static enum pyro_rc take_maps(struct pyro_modules *modules, struct pyro_maps *maps)
{
	PYRO_AUTO_FREE struct pyro_code_range *ranges = NULL;
	size_t count = 0;
	enum pyro_rc rc = PYRO_RC_OK;

	for (size_t i = 0; i < maps->count; i++)
		count += is_code(&maps->items[i]);
	ranges = calloc(count ? count : 1, sizeof(*ranges));
	if (!ranges)
		rc = PYRO_RC_NOMEM;
	count = 0;
	for (size_t i = 0; i < maps->count && rc == PYRO_RC_OK; i++) {
		const struct pyro_mapping *mapping = &maps->items[i];
		uint32_t module;

		/* In order and apart, for the search: the kernel's list may be torn. */
		if (!is_code(mapping) || (count && mapping->start < ranges[count - 1].end))
			continue;
		rc = add_module(modules, mapping, kind_of(mapping), &module);
		if (rc == PYRO_RC_OK)
			ranges[count++] = (struct pyro_code_range){
				.start = mapping->start,
				.end = mapping->end,
				.offset = mapping->offset,
				.module = module,
			};
	}
	if (rc != PYRO_RC_OK) {
		pyro_maps_deinit(maps);
		return rc;
	}
	pyro_maps_deinit(&modules->maps);
	free(modules->ranges);
	modules->maps = *maps;
	modules->ranges = PYRO_TAKE_POINTER(ranges);
	modules->range_count = count;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_modules_create(const struct pyro_space *space, const struct pyro_machine *machine,
				 struct pyro_modules **ret_modules, struct pyro_err *err)
{
	struct pyro_modules *modules = calloc(1, sizeof(*modules));
	struct pyro_maps maps;
	enum pyro_rc rc;

	if (!modules)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	modules->space = *space;
	modules->machine = machine;
	pyro_arena_init(&modules->arena, MAX_PATHS);
	rc = pyro_space_maps(space, &maps, err);
	if (rc == PYRO_RC_OK) {
		rc = take_maps(modules, &maps);
		if (rc != PYRO_RC_OK)
			pyro_err_set(err, rc, "cannot keep what the process has mapped");
	}
	if (rc != PYRO_RC_OK) {
		pyro_modules_destroy(modules);
		return rc;
	}
	*ret_modules = modules;
	return PYRO_RC_OK;
}

void pyro_modules_destroy(struct pyro_modules *modules)
{
	if (!modules)
		return;
	for (size_t i = 0; i < modules->module_count; i++) {
		struct pyro_module *module = modules->modules[i];

		pyro_loop_deinit(&module->loop);
		pyro_elf_destroy(module->elf);
		pyro_cleanup_close(&module->fd);
	}
	pyro_maps_deinit(&modules->maps);
	pyro_arena_deinit(&modules->arena);
	free(modules->modules);
	free(modules->ranges);
	free(modules);
}

const struct pyro_space *pyro_modules_space(const struct pyro_modules *modules)
{
	return &modules->space;
}

static size_t search(const struct pyro_code_range *ranges, size_t count, uint64_t pc)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (pc < ranges[middle].start)
			high = middle;
		else if (pc >= ranges[middle].end)
			low = middle + 1;
		else
			return middle;
	}
	return SIZE_MAX;
}

/* Whether all that was there is there as before; what is new besides does not matter. */
static bool kept(const struct pyro_code_range *before, size_t count,
		 const struct pyro_modules *modules)
{
	for (size_t i = 0; i < count; i++) {
		const size_t at = search(modules->ranges, modules->range_count, before[i].start);
		const struct pyro_code_range *now = &modules->ranges[at];

		if (at == SIZE_MAX || now->module != before[i].module || now->end < before[i].end ||
		    now->offset + (before[i].start - now->start) != before[i].offset)
			return false;
	}
	return true;
}

enum pyro_rc pyro_modules_refresh(struct pyro_modules *modules, bool *ret_moved)
{
	PYRO_AUTO_FREE struct pyro_code_range *before = NULL;
	const size_t count = modules->range_count;
	struct pyro_maps maps;
	enum pyro_rc rc;

	before = calloc(count ? count : 1, sizeof(*before));
	if (!before)
		return PYRO_RC_NOMEM;
	memcpy(before, modules->ranges, count * sizeof(*before));
	rc = pyro_space_maps(&modules->space, &maps, NULL);
	if (rc == PYRO_RC_OK)
		rc = take_maps(modules, &maps);
	if (rc == PYRO_RC_OK)
		*ret_moved = !kept(before, count, modules);
	return rc;
}

/* What is loaded of an object begins with its header, where that is mapped at all. */
static struct pyro_elf *open_memory(const struct pyro_modules *modules, uint64_t addr)
{
	struct pyro_elf *elf = NULL;

	if (!modules->space.reader ||
	    pyro_elf_create_from_memory(modules->space.reader, addr, &elf, NULL) != PYRO_RC_OK)
		return NULL;
	return elf;
}

/* The file is the one that was loaded if both have the same build-id; without one nothing can be
 * said, and the inode must do. */
static bool differs(struct pyro_elf *file, struct pyro_elf *memory)
{
	uint8_t ids[2][PYRO_ELF_BUILD_ID_SIZE];
	size_t sizes[2];

	return pyro_elf_build_id(file, ids[0], &sizes[0]) == PYRO_RC_OK &&
	       pyro_elf_build_id(memory, ids[1], &sizes[1]) == PYRO_RC_OK &&
	       (sizes[0] != sizes[1] || memcmp(ids[0], ids[1], sizes[0]) != 0);
}

static void open_file(struct pyro_modules *modules, struct pyro_module *module,
		      const struct pyro_mapping *mapping)
{
	const struct pyro_mapping *end = modules->maps.items + modules->maps.count;
	struct pyro_elf *memory = NULL;
	struct pyro_err why;
	enum pyro_rc rc = pyro_space_open(&modules->space, mapping, &module->fd, &why);

	if (rc == PYRO_RC_OK) {
		rc = pyro_elf_create_from_fd(module->fd, &module->elf, NULL);
		if (rc == PYRO_RC_FORMAT) {
			module->kind = PYRO_MODULE_JIT; /* code, but no object */
			pyro_cleanup_close(&module->fd);
			module->fd = -1;
			return;
		}
	} else {
		module->problem = pyro_arena_dup(&modules->arena, why.message, strlen(why.message));
	}
	for (const struct pyro_mapping *at = modules->maps.items; at < end && !memory; at++) {
		if (at->offset == 0 && pyro_mapping_same_file(at, mapping))
			memory = open_memory(modules, at->start);
	}
	if (module->elf && memory && differs(module->elf, memory)) {
		module->changed = true;
		module->problem = "not the file that was mapped: it has another build id";
		pyro_elf_destroy(PYRO_TAKE_POINTER(module->elf));
	}
	if (!module->elf) {
		pyro_cleanup_close(&module->fd);
		module->fd = -1;
		module->elf = PYRO_TAKE_POINTER(memory);
	}
	pyro_elf_destroy(memory);
}

static bool may_be_interpreter(const struct pyro_module *module)
{
	const char *slash = strrchr(module->path, '/');

	return strstr(slash ? slash : module->path, "python") != NULL;
}

static void open_module(struct pyro_modules *modules, struct pyro_module *module, uint64_t pc)
{
	const struct pyro_mapping *mapping = pyro_maps_find(&modules->maps, pc);

	module->opened = true;
	if (!mapping)
		return;
	if (module->kind == PYRO_MODULE_FILE)
		open_file(modules, module, mapping);
	else if (module->kind == PYRO_MODULE_VDSO)
		module->elf = open_memory(modules, mapping->start);
	if (!module->elf)
		return;
	if (pyro_elf_build_id(module->elf, module->build_id, &module->build_id_size) != PYRO_RC_OK)
		module->build_id_size = 0;
	/* What has no loop, or one that cannot be made out, is code like any other. */
	if (module->kind == PYRO_MODULE_FILE &&
	    pyro_loop_find(module->elf, modules->machine, may_be_interpreter(module),
			   &module->loop) != PYRO_RC_OK)
		module->loop = (struct pyro_loop){.pieces = NULL};
}

/* Segments with code decide where the file's addresses are; pages at their edges may belong to two
 * of them. */
static uint64_t find_bias(const struct pyro_module *module, const struct pyro_code_range *range)
{
	const struct pyro_elf_segment *segments;
	size_t count;

	if (!module->elf)
		return range->start - range->offset;
	segments = pyro_elf_segments(module->elf, &count);
	for (size_t i = 0; i < count; i++) {
		const uint64_t page = segments[i].offset & ~4095ull;

		if (module->kind == PYRO_MODULE_VDSO && segments[i].offset == 0)
			return range->start - segments[i].addr;
		if (segments[i].exec && range->offset >= page &&
		    (range->offset < segments[i].offset ||
		     range->offset - segments[i].offset < segments[i].file_size))
			return range->start - range->offset + segments[i].offset - segments[i].addr;
	}
	return range->start - range->offset;
}

const struct pyro_code_range *pyro_modules_find(struct pyro_modules *modules, uint64_t pc)
{
	const size_t at = search(modules->ranges, modules->range_count, pc);
	struct pyro_code_range *range;
	struct pyro_module *module;

	if (at == SIZE_MAX)
		return NULL;
	range = &modules->ranges[at];
	module = modules->modules[range->module];
	if (!module->opened)
		open_module(modules, module, pc);
	if (!range->placed) {
		range->bias = module->kind == PYRO_MODULE_JIT ? 0 : find_bias(module, range);
		range->placed = true;
	}
	return range;
}

bool pyro_modules_is_unopened(const struct pyro_modules *modules, uint64_t pc)
{
	const size_t at = search(modules->ranges, modules->range_count, pc);

	return at != SIZE_MAX && !modules->modules[modules->ranges[at].module]->opened;
}

bool pyro_modules_has(const struct pyro_modules *modules, uint64_t pc)
{
	return search(modules->ranges, modules->range_count, pc) != SIZE_MAX;
}

const struct pyro_module *pyro_modules_get(const struct pyro_modules *modules, uint32_t module)
{
	return module < modules->module_count ? modules->modules[module] : NULL;
}

bool pyro_modules_code(struct pyro_modules *modules, uint64_t pc, bool before, uint8_t *code,
		       size_t size)
{
	const struct pyro_code_range *range = pyro_modules_find(modules, pc - (before ? 1 : 0));
	const struct pyro_module *module;
	uint64_t start;

	if (!range || size > range->end - range->start || (before && pc - range->start < size) ||
	    (!before && range->end - pc < size))
		return false;
	start = before ? pc - size : pc;
	module = modules->modules[range->module];
	if (module->elf &&
	    pyro_elf_read(module->elf, start - range->bias, code, size) == PYRO_RC_OK)
		return true;
	return modules->space.reader &&
	       pyro_reader_read(modules->space.reader, start, code, size) == PYRO_RC_OK;
}
