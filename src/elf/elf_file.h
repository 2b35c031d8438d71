/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_ELF_ELF_FILE_H
#define PYRO_ELF_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "target/reader.h"

/** An object file of a target, from its file or from the memory it is loaded in. Everything in it
 *  is untrusted: only the parts asked for are read, by bounded reads and never by mapping the file
 *  (it may shrink meanwhile), and every size has a cap. 64-bit little-endian for x86-64 and AArch64
 *  only. Not thread-safe. */
struct pyro_elf;

struct pyro_elf_segment {
	uint64_t addr; /**< p_vaddr */
	uint64_t memory_size;
	uint64_t offset;
	uint64_t file_size;
	bool read, write, exec;
};

struct pyro_elf_section {
	uint64_t addr; /**< 0 if not loaded */
	uint64_t offset;
	uint64_t size;
	uint32_t type; /**< SHT_* */
	bool loaded;
	bool packed; /**< SHF_COMPRESSED */
};

struct pyro_elf_symbol {
	uint64_t value; /**< address before the load bias is added */
	uint64_t size;
	uint8_t type; /**< STT_* */
};

#define PYRO_ELF_BUILD_ID_SIZE 64

/** @fd is borrowed until destroy. Errors: FORMAT (not ELF, or broken), UNSUPPORTED (another class
 *  or machine, named), IO, NOMEM. */
enum pyro_rc pyro_elf_create_from_fd(int fd, struct pyro_elf **ret_elf,
				     struct pyro_err *err) PYRO_NODISCARD;
/** The object whose ELF header is loaded at @addr; @reader is borrowed until destroy. It has
 *  segments and dynamic symbols but no sections. Errors: the same, and those of the reader. */
enum pyro_rc pyro_elf_create_from_memory(struct pyro_reader *reader, uint64_t addr,
					 struct pyro_elf **ret_elf,
					 struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_elf_destroy(struct pyro_elf *elf);

/** The loaded segments (PT_LOAD) in the order of the file. Live as long as the object. */
const struct pyro_elf_segment *pyro_elf_segments(const struct pyro_elf *elf, size_t *ret_count);
/** EM_X86_64 or EM_AARCH64. */
uint16_t pyro_elf_machine(const struct pyro_elf *elf);
/** How many bytes the section has, once it is unpacked if it is packed: the file's word, so to be
 *  checked before it is believed. Errors: NOTFOUND (it has none in this file), UNSUPPORTED (packed
 *  in an unknown way), FORMAT, SHORT, IO. */
enum pyro_rc pyro_elf_contents_size(struct pyro_elf *elf, const struct pyro_elf_section *section,
				    uint64_t *ret_size) PYRO_NODISCARD;
/** All of them; @size is what pyro_elf_contents_size said. Errors: the same, and NOMEM. */
enum pyro_rc pyro_elf_contents_load(struct pyro_elf *elf, const struct pyro_elf_section *section,
				    void *into, size_t size) PYRO_NODISCARD;
/** Where the table for the search of unwind entries is loaded (PT_GNU_EH_FRAME, .eh_frame_hdr).
 *  Errors: NOTFOUND. */
enum pyro_rc pyro_elf_unwind_header(const struct pyro_elf *elf, uint64_t *ret_addr,
				    uint64_t *ret_size) PYRO_NODISCARD;
/** The program loader is asked for (PT_INTERP): a dynamically linked executable. */
bool pyro_elf_has_interpreter(const struct pyro_elf *elf);
/** No symbol table beyond the dynamic one. False when that cannot be told. */
bool pyro_elf_is_stripped(const struct pyro_elf *elf);

/** The load bias if the page at file offset @offset is mapped at address @start: what is to be
 *  added to every address in the file. Errors: NOTFOUND (no segment has that page). Several
 *  segments may share a page: @at says how many fitting ones to pass over. */
enum pyro_rc pyro_elf_bias(const struct pyro_elf *elf, uint64_t start, uint64_t offset, size_t at,
			   uint64_t *ret_bias) PYRO_NODISCARD;

/** Errors: NOTFOUND (also when sections are stripped away), FORMAT, IO. */
enum pyro_rc pyro_elf_section(struct pyro_elf *elf, const char *name,
			      struct pyro_elf_section *ret_section) PYRO_NODISCARD;
/** A symbol that the object defines, by the hash table of its dynamic segment: quick, works without
 *  sections and from memory. Errors: NOTFOUND, FORMAT, IO, and those of the reader. */
enum pyro_rc pyro_elf_dynamic_symbol(struct pyro_elf *elf, const char *name,
				     struct pyro_elf_symbol *ret_symbol) PYRO_NODISCARD;
/** A symbol that the object defines, by walking .symtab (or .dynsym): slow. Errors: the same. */
enum pyro_rc pyro_elf_table_symbol(struct pyro_elf *elf, const char *name,
				   struct pyro_elf_symbol *ret_symbol) PYRO_NODISCARD;

/** Address (without bias) of the value of the first entry with @tag of the dynamic segment, e.g.
 *  DT_DEBUG, which the loader fills in memory. Errors: NOTFOUND, FORMAT, IO. */
enum pyro_rc pyro_elf_dynamic_entry(struct pyro_elf *elf, int64_t tag,
				    uint64_t *ret_addr) PYRO_NODISCARD;

/** The NT_GNU_BUILD_ID note. Errors: NOTFOUND, FORMAT, IO. */
enum pyro_rc pyro_elf_build_id(struct pyro_elf *elf, uint8_t ret_id[PYRO_ELF_BUILD_ID_SIZE],
			       size_t *ret_size) PYRO_NODISCARD;

/** Reads @size bytes at address @addr (without bias), all or nothing; what lies beyond the file's
 *  part of a segment is zero. Errors: FAULT (not in a segment), SHORT (file truncated), IO. */
enum pyro_rc pyro_elf_read(struct pyro_elf *elf, uint64_t addr, void *into,
			   size_t size) PYRO_NODISCARD;

#endif
