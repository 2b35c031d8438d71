/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_EXPRESSION_H
#define PYRO_UNWIND_EXPRESSION_H

#include "unwind/registers.h"
#include "unwind/stack_memory.h"

/** Evaluates a DWARF expression (DWARF 5, section 2.5) as unwind tables have them, with *@initial
 *  (NULL: nothing) on its stack. Bounded. Errors: FORMAT (it makes no sense, or does not end),
 *  NOTFOUND (it needs a register that is not known), FAULT (memory that cannot be read). */
enum pyro_rc pyro_expression_evaluate(const uint8_t *bytes, size_t size,
				      const struct pyro_registers *registers,
				      struct pyro_stack_memory *memory, const uint64_t *initial,
				      uint64_t *ret_value) PYRO_NODISCARD;

#endif
