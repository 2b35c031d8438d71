/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_CORE_BUILD_H
#define PYRO_TESTS_CORE_BUILD_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "target/core.h"

/* Core files made for tests: add notes and segments, then finish. */

#define CORE_BUILD_LOADS 512

struct core_build {
	struct pyro_buf notes;
	struct pyro_buf memory;
	Elf64_Phdr loads[CORE_BUILD_LOADS]; /**< p_offset counts from the start of `memory` */
	size_t load_count;
	Elf64_Ehdr header;    /**< may be changed before the end */
	struct pyro_buf file; /**< what core_build_finish makes */
};

/** A line of NT_FILE. */
struct core_build_file {
	uint64_t start;
	uint64_t end;
	uint64_t page; /**< of its place in the file, in pages of 4096 bytes */
	const char *path;
};

void core_build_init(struct core_build *build);
void core_build_deinit(struct core_build *build);
/** A note called "CORE". */
void core_build_note(struct core_build *build, uint32_t type, const void *body, size_t size);
void core_build_thread(struct core_build *build, int tid, int signal, uint64_t pc);
void core_build_process(struct core_build *build, int pid, const char *name, const char *command);
void core_build_signal(struct core_build *build, int signal, int code, uint64_t addr, int sender);
void core_build_vector(struct core_build *build, uint64_t phdrs);
void core_build_files(struct core_build *build, const struct core_build_file *files, size_t count);
/** @size bytes at @addr (flags PF_*), of which @data has the first @dumped. */
void core_build_load(struct core_build *build, uint64_t addr, uint64_t size, uint32_t flags,
		     const void *data, size_t dumped);
/** Header, segments, notes, memory. The place of notes in it is returned. */
size_t core_build_finish(struct core_build *build);
/** Opens the first @size bytes of it as a file. */
enum pyro_rc core_build_open(const struct core_build *build, size_t size,
			     struct pyro_core **ret_core, struct pyro_err *err);

#endif
