/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_CFI_H
#define PYRO_UNWIND_CFI_H

#include "elf/elf_file.h"
#include "unwind/registers.h"

/* The unwind tables of an object (.eh_frame, found by .eh_frame_hdr): for every address of code,
 * how the caller's registers follow from the callee's. Layouts: Linux Standard Base 5.0, chapter
 * 10.6 of the core part; DWARF 5, section 6.4. Nothing of it is trusted. */

#define PYRO_CFI_MAX_SAVES      PYRO_MAX_REGISTERS
#define PYRO_CFI_MAX_EXPRESSION 512 /**< bytes of all expressions of one row */

enum pyro_cfi_kind {
	PYRO_CFI_SAME,      /**< as it is now; never in a row */
	PYRO_CFI_UNDEFINED, /**< lost; of the return address: there is no caller */
	PYRO_CFI_AT,        /**< saved at CFA + value */
	PYRO_CFI_IS,        /**< is CFA + value */
	PYRO_CFI_REGISTER,  /**< is in register `value`; of the CFA: in register `reg`, + value */
	PYRO_CFI_AT_EXPRESSION, /**< saved where the expression leads */
	PYRO_CFI_EXPRESSION,    /**< is what the expression yields */
};

/** How one register follows. */
struct pyro_cfi_rule {
	uint8_t kind;
	uint8_t reg;
	uint16_t size; /**< of the expression, which begins at `value` of the row's bytes */
	int32_t value;
};

/** What holds at an address. Of the bytes only pyro_cfi_row_size() are in use, so that equal rows
 *  are equal bytes. */
struct pyro_cfi_row {
	struct pyro_cfi_rule cfa;
	uint8_t return_register;
	uint8_t signal;        /**< the frame is one that the kernel made to deliver a signal */
	uint8_t signed_return; /**< the return address carries a signature (aarch64) */
	uint8_t save_count;
	uint16_t expression_size;
	uint16_t unused;
	struct pyro_cfi_rule saves[PYRO_CFI_MAX_SAVES]; /**< save_count of them, then expressions */
	uint8_t room[PYRO_CFI_MAX_EXPRESSION];
};

/** Bytes of @row that are in use. */
size_t pyro_cfi_row_size(const struct pyro_cfi_row *row);
/** The bytes that rules with expressions point into. */
const uint8_t *pyro_cfi_row_expressions(const struct pyro_cfi_row *row);

/** Where a function, or a piece of one, lies: [start, end), before the load bias is added. */
struct pyro_cfi_range {
	uint64_t start;
	uint64_t end;
};

/** What holds at @addr (without bias), and for which function, or piece of one, it was written.
 *  Allocates nothing that it does not free. Errors: NOTFOUND (the tables do not speak of it),
 *  FORMAT (they make no sense), UNSUPPORTED (another form than linkers make), LIMIT, and those of
 *  reading. */
enum pyro_rc pyro_cfi_find(struct pyro_elf *elf, const struct pyro_machine *machine, uint64_t addr,
			   struct pyro_cfi_range *ret_range,
			   struct pyro_cfi_row *ret_row) PYRO_NODISCARD;
/** Only the range. Errors: the same. */
enum pyro_rc pyro_cfi_range(struct pyro_elf *elf, uint64_t addr,
			    struct pyro_cfi_range *ret_range) PYRO_NODISCARD;
/** True if @row is what holds where a function of @machine begins: nothing has been pushed yet. */
bool pyro_cfi_row_is_entry(const struct pyro_cfi_row *row, const struct pyro_machine *machine);

#endif
