/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_KNOWN_H
#define PYRO_UNWIND_KNOWN_H

#include "base/map.h"
#include "unwind/cfi.h"
#include "unwind/modules.h"

/* What is known of addresses of code, kept by absolute address: where it lies and what the unwind
 * tables say. Equal rows are kept once. */

struct pyro_known_pc {
	uint64_t bias;
	uint64_t start; /**< of its function, or piece of one, absolute; 0: unknown */
	uint32_t module;
	uint32_t row; /**< index of its row, if `rc` is OK */
	uint8_t rc;   /**< OK; NOTFOUND: the tables do not speak of it; else: they are broken */
	uint8_t kind; /**< enum pyro_code_kind */
};

struct pyro_known {
	struct pyro_modules *modules;
	const struct pyro_machine *machine;
	struct pyro_map by_pc; /**< absolute address: index in pcs */
	struct pyro_known_pc *pcs;
	size_t count;
	size_t capacity;
	struct pyro_intern rows;
	struct pyro_map calls; /**< address: 0 no call ends there, 1 one that leads anywhere, else
				    where it leads to */
	struct pyro_known_pc unkept; /**< when there is no room */
	uint64_t looked_up;
};

void pyro_known_init(struct pyro_known *known, struct pyro_modules *modules,
		     const struct pyro_machine *machine);
void pyro_known_deinit(struct pyro_known *known);
/** For when mappings are no longer where they were. */
void pyro_known_forget(struct pyro_known *known);

/** NULL if there is no code at @pc. Until the next call. */
const struct pyro_known_pc *pyro_known_find(struct pyro_known *known, uint64_t pc);
/** The kind of the code at @pc alone, which takes no look at unwind tables. NATIVE if there is
 * none.
 */
enum pyro_code_kind pyro_known_kind(struct pyro_known *known, uint64_t pc);
/** Only if `rc` is OK. */
const struct pyro_cfi_row *pyro_known_row(const struct pyro_known *known,
					  const struct pyro_known_pc *pc);
/** Whether a call ends at @pc; *ret_target: where it leads, 0 if the code does not say. */
bool pyro_known_call(struct pyro_known *known, uint64_t pc, uint64_t *ret_target);

#endif
