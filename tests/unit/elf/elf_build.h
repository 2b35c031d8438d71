/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_ELF_BUILD_H
#define PYRO_TESTS_ELF_BUILD_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/reader.h"

/** What is wanted of an object file made for a test. It has a read-only segment with everything
 *  at BUILD_BASE and a writable one at BUILD_DATA whose file part is BUILD_DATA_FILE bytes. */
struct build {
	bool gnu_hash;    /**< DT_GNU_HASH */
	bool sysv_hash;   /**< DT_HASH */
	bool sections;    /**< .dynsym, .dynstr, .PyRuntime and names */
	bool symtab;      /**< .symtab and .strtab, which also has the symbol "hidden" */
	bool build_id;    /**< bytes 1, 2, 3 … 20 */
	bool interpreter; /**< PT_INTERP */
};

enum {
	BUILD_BASE = 0x10000,
	BUILD_DATA = 0x20e00, /* not at the start of a page, as linkers do it */
	BUILD_DATA_OFFSET = 0x2e00,
	BUILD_DATA_FILE = 0x100,
	BUILD_DATA_MEMORY = 0x300, /* the rest is .bss */
	BUILD_SIZE = 0x4000,
	BUILD_DYNAMIC = 0x1000, /* file offsets of parts, for tests that break them */
	BUILD_SYMBOLS = 0x1200,
	BUILD_STRINGS = 0x1400,
	BUILD_GNU_HASH = 0x1600,
	BUILD_SYSV_HASH = 0x1800,
	BUILD_NOTE = 0x1a00,
	BUILD_SECTIONS = 0x3000,
	BUILD_NAMES = 0x3400,
	BUILD_SYMTAB = 0x3600,
	BUILD_STRTAB = 0x3800,
};

/** Symbols of the dynamic table: "undefined" (not defined), "alpha", "beta", "_PyRuntime". */
#define BUILD_ALPHA   (BUILD_BASE + 0x111)
#define BUILD_BETA    (BUILD_BASE + 0x222)
#define BUILD_RUNTIME (BUILD_DATA + 0x40)
#define BUILD_HIDDEN  (BUILD_DATA + 0x80)

void build_elf(const struct build *build, uint8_t file[BUILD_SIZE]);
/** An unlinked file with those bytes; the caller closes it. */
int build_open(const void *bytes, size_t size);
/** Memory as a loader makes it of the file, at @bias. */
struct build_memory {
	struct pyro_reader reader;
	uint64_t bias;
	uint8_t bytes[0x20e00 - 0x10000 + 0x300];
};
void build_load(const uint8_t file[BUILD_SIZE], uint64_t bias, struct build_memory *ret_memory);

#endif
