/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_ELF_ELF_INTERNAL_H
#define PYRO_ELF_ELF_INTERNAL_H

#include <elf.h>

#include "elf/elf_file.h"

/* Caps on what an object file may make us read; real ones are far below. */
#define PYRO_ELF_MAX_SEGMENTS 512
#define PYRO_ELF_MAX_DYNAMIC  1024         /* entries */
#define PYRO_ELF_MAX_NAMES    (1u << 20)   /* bytes of section names */
#define PYRO_ELF_MAX_STRINGS  (256u << 20) /* bytes of symbol names */
#define PYRO_ELF_MAX_SYMBOLS  (16u << 20)
#define PYRO_ELF_MAX_CHAIN    (1u << 16) /* symbols in one bucket of a hash table */

struct pyro_elf_note_range {
	uint64_t addr;
	uint64_t size;
	size_t align;
};

struct pyro_elf {
	int fd; /* -1: from memory */
	uint64_t file_size;
	struct pyro_reader *reader; /* NULL: from a file */
	uint64_t bias;              /* of the memory */
	struct pyro_elf_segment *segments;
	size_t segment_count;
	struct pyro_elf_note_range *notes;
	size_t note_count;
	uint64_t dynamic_addr;
	uint64_t dynamic_size;
	uint64_t unwind_addr; /* PT_GNU_EH_FRAME */
	uint64_t unwind_size;
	uint16_t machine;
	bool interpreter;

	uint64_t section_table; /* file offset */
	size_t section_count;
	size_t section_names; /* index of the section of names */
	Elf64_Shdr *sections; /* NULL until asked for */
	char *section_text;
	size_t section_text_size;

	bool dynamic_loaded;
	uint64_t symbols; /* addresses without bias; 0: none */
	uint64_t strings;
	uint64_t strings_size;
	uint64_t gnu_hash;
	uint64_t sysv_hash;
};

/** What the dynamic segment says, once. NOTFOUND if there is none, and as pyro_elf_read. */
enum pyro_rc pyro_elf_load_dynamic(struct pyro_elf *elf) PYRO_NODISCARD;
/** A table of symbols of that type with its names, as sections. Errors: NOTFOUND, FORMAT, LIMIT,
 *  SHORT (beyond the file's end), IO. */
enum pyro_rc pyro_elf_symbol_table(struct pyro_elf *elf, uint32_t type,
				   const Elf64_Shdr **ret_table,
				   const Elf64_Shdr **ret_names) PYRO_NODISCARD;

/** Bytes of the file; NOTFOUND when there is no file, SHORT beyond its end, IO. */
enum pyro_rc pyro_elf_read_offset(struct pyro_elf *elf, uint64_t offset, void *into,
				  size_t size) PYRO_NODISCARD;

#endif
