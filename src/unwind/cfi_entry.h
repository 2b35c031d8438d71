/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_CFI_ENTRY_H
#define PYRO_UNWIND_CFI_ENTRY_H

#include "base/buf.h"
#include "unwind/cfi.h"

/** One entry of .eh_frame (FDE) with what it has in common with others (its CIE). */
struct pyro_cfi_entry {
	struct pyro_cfi_range range;
	uint64_t code_align;
	int64_t data_align;
	uint8_t return_register;
	bool signal;
	uint8_t *common; /**< the instructions of the CIE, which hold at the start of each FDE */
	size_t common_size;
	uint8_t *program; /**< those of the FDE */
	size_t program_size;
	uint8_t *bytes[2]; /**< what these point into */
};

/** Errors: as pyro_cfi_find. */
enum pyro_rc pyro_cfi_entry_find(struct pyro_elf *elf, uint64_t addr,
				 struct pyro_cfi_entry *ret_entry) PYRO_NODISCARD;
void pyro_cfi_entry_deinit(struct pyro_cfi_entry *entry);

/** A signed LEB128 as DWARF has them. */
int64_t pyro_cfi_sleb(struct pyro_cursor *cursor);

#endif
