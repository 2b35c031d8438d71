/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/locate.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "cpython/search.h"
#include "target/open.h"
#include "target/permission.h"
#include "target/process.h"

struct live {
	struct pyro_search search;
	int pid;
	struct pyro_maps maps;
	char exe[PYRO_MAX_PATH];
	char name[32];
};

static enum pyro_rc open_mapping(const struct pyro_search *search,
				 const struct pyro_mapping *mapping, int *ret_fd)
{
	const struct live *live = search->context;

	return pyro_target_open_mapping(live->pid, mapping, PYRO_MAX_ELF_FILE, ret_fd, NULL);
}

/* Whether the dynamic loader still maps libraries: it keeps a struct r_debug, to which it lets
 * DT_DEBUG of the executable point (elf/link.h; glibc and musl). */
static bool loader_runs(struct live *live, const struct pyro_mapping *file)
{
	struct pyro_elf *elf = NULL;
	PYRO_AUTO_CLOSE int fd = -1;
	struct r_debug debug;
	uint64_t entry, bias, addr;
	bool runs = false;

	if (pyro_search_open(&live->search, file, &fd, &elf) != PYRO_RC_OK)
		return false;
	if (pyro_elf_has_interpreter(elf) &&
	    pyro_elf_dynamic_entry(elf, DT_DEBUG, &entry) == PYRO_RC_OK &&
	    pyro_elf_bias(elf, file->start, file->offset, 0, &bias) == PYRO_RC_OK) {
		runs = pyro_reader_read(live->search.reader, bias + entry, &addr, sizeof(addr)) ==
			       PYRO_RC_OK &&
		       (addr == 0 ||
			pyro_reader_read(live->search.reader, addr, &debug, sizeof(debug)) !=
				PYRO_RC_OK ||
			debug.r_version == 0 || debug.r_state != RT_CONSISTENT);
	}
	pyro_elf_destroy(elf);
	return runs;
}

/* The kernel is in the middle of an exec: the address space is new and not yet filled. */
static bool exec_runs(const struct live *live)
{
	if (live->search.files == 0)
		return true;
	for (size_t i = 0; i < live->maps.count && !live->search.executable; i++) {
		if (strcmp(live->maps.items[i].path, live->exe) == 0 && live->exe[0])
			return true; /* mapped, but its code is not */
	}
	return false;
}

/* The loader may have come to its end since the mappings were read: then there are more now. */
static bool files_changed(struct live *live)
{
	size_t files = 0;

	pyro_maps_deinit(&live->maps);
	if (pyro_maps_load(live->pid, &live->maps, NULL) != PYRO_RC_OK)
		return true;
	for (size_t i = 0; i < live->maps.count; i++)
		files += pyro_search_begins_object(&live->search, i);
	return files != live->search.files;
}

static enum pyro_rc nothing_found(struct live *live, struct pyro_err *err)
{
	if (pyro_process_gone(live->pid))
		return pyro_err_set(err, PYRO_RC_GONE, "process %d has ended", live->pid);
	if (live->search.not_ready || exec_runs(live) ||
	    (live->search.executable && loader_runs(live, live->search.executable)) ||
	    files_changed(live))
		return pyro_err_set(err, PYRO_RC_NOTREADY,
				    "process %d is still loading its libraries", live->pid);
	return pyro_err_set(err, PYRO_RC_NOTPYTHON,
			    "process %d (%s) is not a Python program: none of its %zu files holds "
			    "an interpreter",
			    live->pid,
			    live->exe[0] ? pyro_search_base_name(live->exe) : "no executable",
			    live->search.files);
}

/* Fills @live with what is mapped. */
static enum pyro_rc begin(struct live *live, int pid, struct pyro_reader *reader,
			  struct pyro_err *err)
{
	static const char deleted[] = " (deleted)";
	enum pyro_rc rc = pyro_maps_load(pid, &live->maps, err);
	size_t size;

	if (rc == PYRO_RC_PERM)
		return pyro_process_explain_permission(pid, NULL, err);
	if (rc != PYRO_RC_OK)
		return rc;
	live->pid = pid;
	if (pyro_process_exe(pid, live->exe, sizeof(live->exe), NULL) != PYRO_RC_OK)
		live->exe[0] = 0;
	size = strlen(live->exe);
	if (size > sizeof(deleted) - 1 &&
	    strcmp(live->exe + size - (sizeof(deleted) - 1), deleted) == 0)
		live->exe[size - (sizeof(deleted) - 1)] = 0;
	snprintf(live->name, sizeof(live->name), "process %d", pid);
	live->search = (struct pyro_search){
		.reader = reader,
		.maps = &live->maps,
		.exe = live->exe,
		.name = live->name,
		.open = open_mapping,
		.context = live,
	};
	return PYRO_RC_OK;
}

enum pyro_rc pyro_python_locate(int pid, struct pyro_reader *reader,
				struct pyro_python_origin *ret_origin, struct pyro_err *err)
{
	struct live live = {0};
	enum pyro_rc rc = begin(&live, pid, reader, err);

	if (rc == PYRO_RC_OK) {
		rc = pyro_search_files(&live.search, ret_origin, err);
		if (rc == PYRO_RC_NOTFOUND)
			rc = nothing_found(&live, err);
	}
	pyro_maps_deinit(&live.maps);
	return rc;
}

enum pyro_rc pyro_python_locate_asyncio(int pid, struct pyro_reader *reader, uint64_t *ret_addr,
					struct pyro_err *err)
{
	struct live live = {0};
	enum pyro_rc rc = begin(&live, pid, reader, err);

	/* The module is a file of its own, or in the interpreter. */
	if (rc == PYRO_RC_OK) {
		rc = pyro_search_section(&live.search, "_asyncio.", ".AsyncioDebug", ret_addr);
		if (rc == PYRO_RC_NOTFOUND)
			rc = pyro_err_set(err, rc, "process %d has not loaded the module _asyncio",
					  pid);
	}
	pyro_maps_deinit(&live.maps);
	return rc;
}
