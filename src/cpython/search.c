/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/search.h"

#include <inttypes.h>
#include <string.h>

#include "cpython/version.h"

/* Files are looked at in this order. */
enum rank {
	RANK_EXECUTABLE,
	RANK_LIBRARY,
	RANK_OTHER,
	RANK_COUNT
};

enum {
	OLDEST_MINOR = 8,
	FIRST_WITH_OFFSETS = 13
};

/* The head of _Py_DebugOffsets (3.13+, Include/internal/pycore_debug_offsets.h; in 3.13
 * pycore_runtime.h), with which _PyRuntime begins. */
struct debug_offsets_head {
	char cookie[8];
	uint64_t version;
	uint64_t free_threaded;
};

const char *pyro_search_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum rank rank_of(const struct pyro_search *search, const struct pyro_mapping *mapping)
{
	if (strcmp(mapping->path, search->exe) == 0)
		return RANK_EXECUTABLE;
	return strncmp(pyro_search_base_name(mapping->path), "libpython", 9) == 0 ? RANK_LIBRARY
										  : RANK_OTHER;
}

enum pyro_rc pyro_search_open(const struct pyro_search *search, const struct pyro_mapping *first,
			      int *ret_fd, struct pyro_elf **ret_elf)
{
	enum pyro_rc rc = search->open(search, first, ret_fd);

	if (rc == PYRO_RC_OK) {
		rc = pyro_elf_create_from_fd(*ret_fd, ret_elf, NULL);
		if (rc == PYRO_RC_OK)
			return rc;
	}
	for (const struct pyro_mapping *at = first; at < search->maps->items + search->maps->count;
	     at++) {
		if (at->offset == 0 && pyro_mapping_same_file(at, first))
			return pyro_elf_create_from_memory(search->reader, at->start, ret_elf,
							   NULL);
	}
	return rc;
}

/* Symbols outside the dynamic table are looked for only where an interpreter is to be expected. */
static enum pyro_rc find_symbol(struct pyro_elf *elf, enum rank rank, const char *name,
				uint64_t *ret_value)
{
	struct pyro_elf_symbol symbol;
	enum pyro_rc rc = pyro_elf_dynamic_symbol(elf, name, &symbol);

	if (rc != PYRO_RC_OK && rank != RANK_OTHER)
		rc = pyro_elf_table_symbol(elf, name, &symbol);
	if (rc == PYRO_RC_OK)
		*ret_value = symbol.value;
	return rc;
}

static enum pyro_rc find_runtime(struct pyro_elf *elf, enum rank rank, uint64_t *ret_value)
{
	struct pyro_elf_section section;
	struct pyro_elf_symbol symbol;

	if (pyro_elf_dynamic_symbol(elf, "_PyRuntime", &symbol) == PYRO_RC_OK) {
		*ret_value = symbol.value;
		return PYRO_RC_OK;
	}
	/* 3.10+: the section holds the runtime and nothing else. */
	if (pyro_elf_section(elf, ".PyRuntime", &section) == PYRO_RC_OK && section.loaded) {
		*ret_value = section.addr;
		return PYRO_RC_OK;
	}
	return find_symbol(elf, rank, "_PyRuntime", ret_value);
}

/* A bias is right if the runtime then lies in writable memory of this file, or in what follows its
 * data (.bss). Other mappings of the same file, such as the code that trampolines map a second
 * time, lead elsewhere. */
static bool holds_runtime(const struct pyro_search *search, const struct pyro_mapping *file,
			  uint64_t addr)
{
	const struct pyro_mapping *mapping = pyro_maps_find(search->maps, addr);

	if (!mapping || !(mapping->flags & PYRO_MAPPING_READ) ||
	    !(mapping->flags & PYRO_MAPPING_WRITE))
		return false;
	if (pyro_mapping_same_file(mapping, file))
		return true;
	if (mapping->inode != 0 || mapping == search->maps->items)
		return false;
	/* Anonymous memory right behind the file's own. */
	while (mapping > search->maps->items && mapping[-1].end == mapping->start &&
	       mapping->inode == 0)
		mapping--;
	return pyro_mapping_same_file(mapping, file);
}

static bool find_bias(const struct pyro_search *search, const struct pyro_elf *elf,
		      const struct pyro_mapping *file, uint64_t runtime, uint64_t *ret_bias)
{
	const struct pyro_mapping *end = search->maps->items + search->maps->count;
	uint64_t bias;

	for (const struct pyro_mapping *at = file; at < end; at++) {
		if (!pyro_mapping_same_file(at, file))
			continue;
		for (size_t i = 0;
		     pyro_elf_bias(elf, at->start, at->offset, i, &bias) == PYRO_RC_OK; i++) {
			if (holds_runtime(search, file, bias + runtime)) {
				*ret_bias = bias;
				return true;
			}
		}
	}
	return false;
}

static enum pyro_rc set_version(const char *path, uint32_t hex, struct pyro_python_origin *origin,
				struct pyro_err *err)
{
	origin->version = hex;
	pyro_version_format(hex, origin->version_text);
	if (hex >> 24 != 3 || (hex >> 16 & 0xff) < OLDEST_MINOR)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "%s is CPython %s, which is older than any that is supported",
				    path, origin->version_text);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_search_table(const struct pyro_search *search, const char *path,
			       struct pyro_python_origin *origin, struct pyro_err *err)
{
	struct debug_offsets_head head;
	enum pyro_rc rc =
		pyro_reader_read(search->reader, origin->runtime_addr, &head, sizeof(head));

	if (rc != PYRO_RC_OK)
		return pyro_err_set_addr(err, rc, origin->runtime_addr,
					 "cannot read the runtime of %s", search->name);
	if (memcmp(head.cookie, PYRO_SEARCH_COOKIE, sizeof(head.cookie)) != 0)
		return PYRO_RC_NOTFOUND;
	if (head.version > UINT32_MAX || head.version >> 24 != 3 ||
	    (head.version >> 16 & 0xff) < FIRST_WITH_OFFSETS || head.free_threaded > 1)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "%s has a table of offsets for version %#" PRIx64, path,
				    head.version);
	origin->free_threaded = head.free_threaded != 0;
	return set_version(path, (uint32_t)head.version, origin, err);
}

static enum pyro_rc find_version(struct pyro_search *search, struct pyro_elf *elf, enum rank rank,
				 const struct pyro_mapping *file, uint64_t bias,
				 struct pyro_python_origin *origin, struct pyro_err *err)
{
	uint64_t value;
	uint32_t hex;
	enum pyro_rc rc = pyro_search_table(search, file->path, origin, err);

	if (rc != PYRO_RC_NOTFOUND)
		return rc;
	/* 3.11 and 3.12 say it in a constant, those before only in strings. */
	if (find_symbol(elf, rank, "Py_Version", &value) == PYRO_RC_OK) {
		rc = pyro_reader_read(search->reader, bias + value, &hex, sizeof(hex));
		if (rc != PYRO_RC_OK)
			return pyro_err_set_addr(err, rc, bias + value,
						 "cannot read the version of %s", search->name);
		if (hex == 0) {
			search->not_ready = true;
			return PYRO_RC_NOTFOUND;
		}
	} else {
		rc = pyro_version_scan(elf, &hex, err);
		if (rc == PYRO_RC_NOTFOUND || rc == PYRO_RC_UNSUPPORTED)
			return pyro_err_prefix(err, PYRO_RC_UNSUPPORTED,
					       "cannot tell which Python %s is", file->path);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	if ((hex >> 16 & 0xff) >= FIRST_WITH_OFFSETS) {
		pyro_version_format(hex, origin->version_text);
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "%s says to be CPython %s but lacks that version's table of "
				    "offsets",
				    file->path, origin->version_text);
	}
	return set_version(file->path, hex, origin, err);
}

/* Python before 3.7, and other implementations, have no runtime of that name. */
static enum pyro_rc refuse_others(struct pyro_elf *elf, enum rank rank,
				  const struct pyro_mapping *file, struct pyro_err *err)
{
	struct pyro_elf_symbol symbol;

	if (pyro_elf_dynamic_symbol(elf, "PyPy_Main", &symbol) == PYRO_RC_OK ||
	    pyro_elf_dynamic_symbol(elf, "pypy_main_startup", &symbol) == PYRO_RC_OK)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "%s is PyPy, not CPython",
				    file->path);
	if (rank != RANK_OTHER &&
	    pyro_elf_dynamic_symbol(elf, "PyEval_EvalFrameEx", &symbol) == PYRO_RC_OK)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "%s is a Python older than 3.7",
				    file->path);
	return PYRO_RC_NOTFOUND;
}

/* NOTFOUND: no interpreter in this file. */
static enum pyro_rc look_at_file(struct pyro_search *search, const struct pyro_mapping *file,
				 enum rank rank, struct pyro_python_origin *ret_origin,
				 struct pyro_err *err)
{
	struct pyro_python_origin origin = {0};
	struct pyro_elf *elf = NULL;
	PYRO_AUTO_CLOSE int fd = -1;
	uint64_t runtime, bias;
	enum pyro_rc rc;

	search->files++;
	rc = pyro_search_open(search, file, &fd, &elf);
	if (rc != PYRO_RC_OK)
		return rc == PYRO_RC_NOMEM || rc == PYRO_RC_GONE ? rc : PYRO_RC_NOTFOUND;
	rc = find_runtime(elf, rank, &runtime);
	if (rc != PYRO_RC_OK) {
		rc = refuse_others(elf, rank, file, err);
	} else if (!find_bias(search, elf, file, runtime, &bias)) {
		search->not_ready = true;
		rc = PYRO_RC_NOTFOUND;
	} else {
		origin.runtime_addr = bias + runtime;
		rc = find_version(search, elf, rank, file, bias, &origin, err);
		if (rc == PYRO_RC_OK)
			*ret_origin = origin;
	}
	pyro_elf_destroy(elf);
	return rc;
}

bool pyro_search_begins_object(const struct pyro_search *search, size_t index)
{
	const struct pyro_mapping *items = search->maps->items;
	const struct pyro_mapping *file = &items[index];
	bool code = false;

	if (file->path[0] != '/' || file->inode == 0)
		return false;
	/* Mappings of one file are neighbours but for the odd one that was mapped again. */
	if (index > 0 && pyro_mapping_same_file(&items[index - 1], file))
		return false;
	for (size_t i = index; i < search->maps->count && !code; i++) {
		if (pyro_mapping_same_file(&items[i], file))
			code = items[i].flags & PYRO_MAPPING_EXEC;
		else if (items[i].inode != 0)
			break;
	}
	return code;
}

enum pyro_rc pyro_search_files(struct pyro_search *search, struct pyro_python_origin *ret_origin,
			       struct pyro_err *err)
{
	for (int rank = 0; rank < RANK_COUNT; rank++) {
		for (size_t i = 0; i < search->maps->count; i++) {
			const struct pyro_mapping *file = &search->maps->items[i];
			enum pyro_rc rc;

			if (!pyro_search_begins_object(search, i) ||
			    rank_of(search, file) != (enum rank)rank)
				continue;
			if (rank == RANK_EXECUTABLE && !search->executable)
				search->executable = file;
			rc = look_at_file(search, file, (enum rank)rank, ret_origin, err);
			if (rc != PYRO_RC_NOTFOUND)
				return rc;
		}
	}
	return PYRO_RC_NOTFOUND;
}

/* NOTFOUND: there is no such section in this file. */
static enum pyro_rc section_of(const struct pyro_search *search, const struct pyro_mapping *file,
			       const char *name, uint64_t *ret_addr)
{
	struct pyro_elf_section section;
	struct pyro_elf *elf = NULL;
	PYRO_AUTO_CLOSE int fd = -1;
	uint64_t bias;
	enum pyro_rc rc = pyro_search_open(search, file, &fd, &elf);

	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_elf_section(elf, name, &section);
	if (rc == PYRO_RC_OK &&
	    (!section.loaded || !find_bias(search, elf, file, section.addr, &bias)))
		rc = PYRO_RC_NOTFOUND;
	if (rc == PYRO_RC_OK)
		*ret_addr = bias + section.addr;
	pyro_elf_destroy(elf);
	return rc;
}

enum pyro_rc pyro_search_section(const struct pyro_search *search, const char *module,
				 const char *section, uint64_t *ret_addr)
{
	for (size_t i = 0; i < search->maps->count; i++) {
		const struct pyro_mapping *file = &search->maps->items[i];

		if (pyro_search_begins_object(search, i) &&
		    (rank_of(search, file) != RANK_OTHER ||
		     strncmp(pyro_search_base_name(file->path), module, strlen(module)) == 0) &&
		    section_of(search, file, section, ret_addr) == PYRO_RC_OK)
			return PYRO_RC_OK;
	}
	return PYRO_RC_NOTFOUND;
}
