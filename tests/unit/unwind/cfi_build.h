/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_CFI_BUILD_H
#define PYRO_TESTS_CFI_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

/** An object file with unwind tables: one CIE and an FDE for each of three functions. */
struct cfi_build {
	const char *augmentation; /**< NULL: "zR" */
	const uint8_t *augmented; /**< its data; NULL: what "zR" needs */
	size_t augmented_size;
	const uint8_t *common; /**< instructions of the CIE; NULL: CFA = rsp + 8, ra at -8 */
	size_t common_size;
	const uint8_t *program; /**< instructions of the second function's FDE */
	size_t program_size;
};

enum {
	CFI_SIZE = 0x2000,
	CFI_BASE = 0x400000,
	CFI_HEADER = 0x200, /* file offsets */
	CFI_FRAME = 0x300,
	CFI_CODE = 0x1000,
	CFI_FUNCTION = 0x100, /* bytes of each */
	CFI_FUNCTIONS = 3,
	CFI_COMMON = CFI_FRAME, /* the CIE */
};

/** Address of function @index. */
static inline uint64_t cfi_function(unsigned int index)
{
	return CFI_BASE + CFI_CODE + index * CFI_FUNCTION;
}

/** Returns the file offset of the second function's FDE. */
size_t cfi_build(const struct cfi_build *build, uint8_t file[CFI_SIZE]);
/** The object; *ret_fd is to be closed after its destroy. */
struct pyro_elf *cfi_open(const uint8_t file[CFI_SIZE], int *ret_fd);

#endif
