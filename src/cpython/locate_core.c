/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cpython/locate.h"
#include "cpython/search.h"
#include "elf/space.h"

#define WINDOW 65536u
#define COOKIE (sizeof(PYRO_SEARCH_COOKIE) - 1)

/* Which file could not be had; the last counts most. */
enum loss {
	LOSS_NONE,
	LOSS_OTHER,
	LOSS_LIBRARY, /* of a name like the interpreter's */
	LOSS_EXECUTABLE
};

struct core_search {
	struct pyro_search search;
	struct pyro_space space;
	enum loss loss;
	struct pyro_err why;
};

static enum loss loss_of(const struct pyro_search *search, const struct pyro_mapping *mapping)
{
	if (strcmp(mapping->path, search->exe) == 0)
		return LOSS_EXECUTABLE;
	return strstr(pyro_search_base_name(mapping->path), "python") ? LOSS_LIBRARY : LOSS_OTHER;
}

static enum pyro_rc open_mapping(const struct pyro_search *search,
				 const struct pyro_mapping *mapping, int *ret_fd)
{
	struct core_search *own = search->context;
	const enum loss loss = loss_of(search, mapping);
	struct pyro_err err;
	enum pyro_rc rc = pyro_space_open(&own->space, mapping, ret_fd, &err);

	if (rc != PYRO_RC_OK && loss > own->loss) {
		own->loss = loss;
		own->why = err;
	}
	return rc;
}

/* Looks for the beginning of a runtime in [at, end), as far as the core has it. */
static enum pyro_rc scan(struct core_search *own, const struct pyro_mapping *mapping, char *window,
			 struct pyro_python_origin *origin, struct pyro_err *err)
{
	for (uint64_t at = mapping->start; at < mapping->end; at += WINDOW) {
		const uint64_t left = mapping->end - at;
		const size_t size = left < WINDOW ? (size_t)left : WINDOW;

		if (pyro_reader_read(own->search.reader, at, window, size) != PYRO_RC_OK)
			break;
		/* The runtime is a structure of words, at the address of one. */
		for (size_t i = 0; i + COOKIE <= size; i += sizeof(uint64_t)) {
			enum pyro_rc rc;

			if (memcmp(window + i, PYRO_SEARCH_COOKIE, COOKIE) != 0)
				continue;
			*origin = (struct pyro_python_origin){.runtime_addr = at + i};
			rc = pyro_search_table(&own->search, own->search.name, origin, err);
			if (rc == PYRO_RC_OK)
				return rc;
		}
	}
	return PYRO_RC_NOTFOUND;
}

/* From 3.13 on the runtime is known by what it begins with, and it lies in the data of its file,
 * which a core has. Where no files are named it can be anywhere that was written to. */
static enum pyro_rc scan_data(struct core_search *own, struct pyro_python_origin *origin,
			      struct pyro_err *err)
{
	PYRO_AUTO_FREE char *window = malloc(WINDOW);
	const bool named = pyro_core_facts(own->space.core)->has_files;
	uint64_t left = PYRO_MAX_CORE_SEARCH;
	enum pyro_rc rc = PYRO_RC_NOTFOUND;

	if (!window)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (size_t i = 0; i < own->search.maps->count && rc == PYRO_RC_NOTFOUND; i++) {
		const struct pyro_mapping *mapping = &own->search.maps->items[i];
		const uint64_t size = mapping->end - mapping->start;

		if (!(mapping->flags & PYRO_MAPPING_WRITE) || (named && !mapping->inode) ||
		    size > left)
			continue;
		left -= size;
		rc = scan(own, mapping, window, origin, err);
	}
	return rc;
}

static enum pyro_rc nothing_found(const struct core_search *own, struct pyro_err *err)
{
	const struct pyro_core_facts *facts = pyro_core_facts(own->space.core);
	const char *exe = own->search.exe;

	if (own->loss >= LOSS_LIBRARY)
		return pyro_err_set(err, PYRO_RC_NOTFOUND,
				    "the interpreter cannot be found without its file: %s. Try: "
				    "--exe FILE, or --root FOLDER, where the program's files are",
				    own->why.message);
	if (own->search.not_ready)
		return pyro_err_set(err, PYRO_RC_NOTREADY, "the interpreter had not started yet");
	if (!facts->has_files)
		return pyro_err_set(
			err, PYRO_RC_NOTFOUND,
			"no interpreter is in it that says where it is, as CPython 3.13 "
			"and later do, and it does not name the files that were mapped");
	return pyro_err_set(err, PYRO_RC_NOTPYTHON,
			    "%s was not a Python program: none of its %zu files holds an "
			    "interpreter",
			    *exe ? pyro_search_base_name(exe) : "this", own->search.files);
}

static void begin(struct core_search *own, struct pyro_core *core,
		  const struct pyro_core_places *places)
{
	*own = (struct core_search){
		.space = pyro_space_core(core, places),
		.search = {.reader = pyro_core_reader(core),
			   .maps = pyro_core_maps(core),
			   .exe = pyro_core_exe(core),
			   .name = "the core",
			   .open = open_mapping,
			   .context = own},
	};
}

enum pyro_rc pyro_python_locate_core(struct pyro_core *core, const struct pyro_core_places *places,
				     struct pyro_python_origin *ret_origin, struct pyro_err *err)
{
	struct core_search own;
	enum pyro_rc rc;

	begin(&own, core, places);
	rc = pyro_search_files(&own.search, ret_origin, err);
	/* What was asked for by name must do. */
	if (own.loss == LOSS_EXECUTABLE && places->exe)
		return pyro_err_set(err, own.why.rc, "%s", own.why.message);
	if (rc == PYRO_RC_NOTFOUND)
		rc = scan_data(&own, ret_origin, err);
	return rc == PYRO_RC_NOTFOUND ? nothing_found(&own, err) : rc;
}

enum pyro_rc pyro_python_locate_asyncio_core(struct pyro_core *core,
					     const struct pyro_core_places *places,
					     uint64_t *ret_addr, struct pyro_err *err)
{
	struct core_search own;
	enum pyro_rc rc;

	begin(&own, core, places);
	rc = pyro_search_section(&own.search, "_asyncio.", ".AsyncioDebug", ret_addr);
	if (rc != PYRO_RC_NOTFOUND)
		return rc;
	if (own.loss != LOSS_NONE)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED,
				    "they cannot be found without a file that may have them: %s. "
				    "Try: --exe FILE, or --root FOLDER",
				    own.why.message);
	return pyro_err_set(err, rc, "the module _asyncio was not loaded");
}
