/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_MODULES_H
#define PYRO_UNWIND_MODULES_H

#include "elf/elf_file.h"
#include "elf/space.h"
#include "unwind/loop.h"

enum pyro_module_kind {
	PYRO_MODULE_FILE,
	PYRO_MODULE_VDSO, /**< code that the kernel gives every process; in memory alone */
	PYRO_MODULE_JIT,  /**< all code that is in no object: made at run time */
	PYRO_MODULE_OTHER /**< a file, or a page of the kernel's, that is no object */
};

/** An object with code that the process has, or had. Lives as long as its pyro_modules. */
struct pyro_module {
	enum pyro_module_kind kind;
	const char *path; /**< as /proc/PID/maps shows it, any bytes; "[vdso]"; "[jit]" */
	/** NULL where it cannot be had. After pyro_module_open; borrowed. */
	struct pyro_elf *elf;
	int fd;       /**< of the file that @elf is of; -1: @elf is read from the memory */
	bool changed; /**< the file is no longer the one that was loaded (another build-id) */
	/** Why there is no @fd of what is a file, in words; NULL: there is, or nobody asked. */
	const char *problem;
	bool opened;
	uint8_t build_id[PYRO_ELF_BUILD_ID_SIZE];
	size_t build_id_size;  /**< 0: none */
	struct pyro_loop loop; /**< empty if it has no interpreter */
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
};

/** A stretch of code: [start, end) of the address space. */
struct pyro_code_range {
	uint64_t start;
	uint64_t end;
	uint64_t bias;   /**< to be taken from an address, for the one that the module's file has;
			      valid once the module was opened */
	uint64_t offset; /**< of `start` in the file */
	uint32_t module;
	bool placed; /**< bias is set */
};

/** The executable mappings of a process, and the objects they are of. Not thread-safe. */
struct pyro_modules;

/** The reader of @space is for what is in memory alone. Errors: GONE, PERM, IO, NOMEM. */
enum pyro_rc pyro_modules_create(const struct pyro_space *space, const struct pyro_machine *machine,
				 struct pyro_modules **ret_modules,
				 struct pyro_err *err) PYRO_NODISCARD;
void pyro_modules_destroy(struct pyro_modules *modules);
const struct pyro_space *pyro_modules_space(const struct pyro_modules *modules);

/** Reads the mappings again. Modules stay what and where they are, with their numbers, also when
 *  they are gone from the process. *ret_moved: a range is no longer what it was, so nothing that is
 *  known by absolute address can be relied on. Errors: the same, with what was there kept. */
enum pyro_rc pyro_modules_refresh(struct pyro_modules *modules, bool *ret_moved) PYRO_NODISCARD;

/** The stretch of code that holds @pc, with its module opened; NULL if there is no code there.
 * Until the next refresh. */
const struct pyro_code_range *pyro_modules_find(struct pyro_modules *modules, uint64_t pc);
/** True if that module is to be opened first, which takes milliseconds. */
bool pyro_modules_is_unopened(const struct pyro_modules *modules, uint64_t pc);
/** Whether @pc is in any; opens nothing. */
bool pyro_modules_has(const struct pyro_modules *modules, uint64_t pc);
/** NULL for a number that was never given out. */
const struct pyro_module *pyro_modules_get(const struct pyro_modules *modules, uint32_t module);
/** Up to @size bytes of code that end (@before) or begin at @pc, in one stretch, as the file has
 *  it or else the memory. False if they cannot be had. */
bool pyro_modules_code(struct pyro_modules *modules, uint64_t pc, bool before, uint8_t *code,
		       size_t size);

#endif
