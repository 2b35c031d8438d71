/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TARGET_CORE_INSIDE_H
#define PYRO_TARGET_CORE_INSIDE_H

/* What core.c, core_notes.c and core_space.c share. */

#include "base/map.h"
#include "target/core.h"

/** A segment of the core, one for every item of the maps and in the same order. */
struct pyro_core_load {
	uint64_t offset; /**< in the core, of what it has of the mapping's beginning */
	uint64_t dumped; /**< bytes that were written there ... */
	uint64_t here;   /**< ... and that are still there */
	int fd;          /**< where the rest of the mapping is read; -1: nowhere */
	bool asked;      /**< for that */
};

/** One line of the note NT_FILE. */
struct pyro_core_file {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /**< bytes */
	const char *path;
	uint32_t flags; /**< PYRO_MAPPING_DELETED or 0 */
};

struct pyro_core {
	struct pyro_reader reader;
	int fd;
	uint64_t size;
	struct pyro_core_facts facts;
	struct pyro_core_thread *threads;
	size_t thread_count;
	size_t thread_capacity;
	struct pyro_maps maps;
	struct pyro_core_load *loads;
	struct pyro_core_file *files; /**< by address once the notes were read */
	size_t file_count;
	uint64_t phdrs_addr; /**< AT_PHDR and AT_ENTRY of the auxiliary vector; 0: unknown */
	uint64_t entry_addr;
	uint64_t vdso_addr; /**< AT_SYSINFO_EHDR; 0: unknown */
	void (*ask)(void *context, struct pyro_core *core, const struct pyro_mapping *mapping);
	void *context;
	int *fds; /**< files that were supplied */
	size_t fd_count;
};

/** Reads @size bytes of a file at @offset, all or nothing. Errors: SHORT, IO. */
enum pyro_rc pyro_core_pread(int fd, uint64_t offset, void *into, size_t size) PYRO_NODISCARD;
/** core_notes.c: reads the notes in [offset, offset + size) of the core. What is broken or cut is
 *  left out. Errors: IO, NOMEM. */
enum pyro_rc pyro_core_notes(struct pyro_core *core, uint64_t offset, uint64_t size,
			     struct pyro_err *err) PYRO_NODISCARD;
/** core_space.c: makes `maps` and `loads` of the core's @segments and of `files`. Errors: FORMAT
 *  (they lie over each other), NOMEM. */
enum pyro_rc pyro_core_space(struct pyro_core *core, const Elf64_Phdr *segments, size_t count,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
