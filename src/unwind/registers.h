/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_REGISTERS_H
#define PYRO_UNWIND_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** More than any machine's unwind tables speak of among general registers. */
#define PYRO_MAX_REGISTERS 33

/** What a thread has in its registers, as far as it is known. Indexed by the numbers that DWARF
 *  gives them on the thread's machine. */
struct pyro_registers {
	uint64_t value[PYRO_MAX_REGISTERS];
	uint64_t known; /**< bit N: value[N] is known */
	uint64_t pc;    /**< always known */
};

/** What the unwinder must know of a machine: one table each. */
struct pyro_machine {
	uint16_t elf; /**< EM_* */
	uint8_t sp;
	uint8_t fp;
	uint8_t pc;         /**< the number that expressions know the pc by */
	uint8_t link;       /**< holds the return address on entry; `pc` where the stack does */
	uint64_t preserved; /**< bits: a function that does not say otherwise leaves them as they
				 were */
	uint64_t addresses; /**< bits of a code address that are one (others may be a signature) */
	/** Which number each word of the kernel's registers has (NT_PRSTATUS, struct pt_regs);
	 *  PYRO_MAX_REGISTERS: none that matters. */
	const uint8_t *words;
	size_t word_count;
	/** Whether a call ends where the 8 bytes of code do that @code points to, of which the last
	 *  is before @pc; *ret_target is where it leads, 0 if that is not in the code. */
	bool (*ends_call)(const uint8_t code[8], uint64_t pc, uint64_t *ret_target);
	/** The next direct jump in @code at or after *@at, which is moved past it. @addr is the
	 *  address of the code. May see jumps where there are none. */
	bool (*next_jump)(const uint8_t *code, size_t size, uint64_t addr, size_t *at,
			  uint64_t *ret_target);
	/** Whether @code does nothing but give its frame back and return: *ret_size is what it adds
	 *  to sp before the return address, *ret_fp where from sp the caller's fp lies, or -1. */
	bool (*returns)(const uint8_t *code, size_t size, uint64_t *ret_size, int *ret_fp);
};

extern const struct pyro_machine pyro_machine_x86_64;
extern const struct pyro_machine pyro_machine_aarch64;

/** By EM_*; NULL for another. */
const struct pyro_machine *pyro_machine_find(uint16_t elf);
/** The one that this program runs on; NULL for another. */
const struct pyro_machine *pyro_machine_own(void);

static inline bool pyro_registers_know(const struct pyro_registers *registers, unsigned int number)
{
	return number < PYRO_MAX_REGISTERS && registers->known >> number & 1;
}

static inline void pyro_registers_set(struct pyro_registers *registers, unsigned int number,
				      uint64_t value)
{
	if (number >= PYRO_MAX_REGISTERS)
		return;
	registers->value[number] = value;
	registers->known |= 1ull << number;
}

/** All that @words have, which are the kernel's: of PTRACE_GETREGSET with NT_PRSTATUS, or a struct
 *  pt_regs as its programs see it; @size in bytes. Errors: FORMAT (it lacks the pc or sp). */
enum pyro_rc pyro_registers_from_kernel(const struct pyro_machine *machine, const void *words,
					size_t size,
					struct pyro_registers *ret_registers) PYRO_NODISCARD;
/** Nothing but what /proc/PID/task/TID/syscall says of a thread that waits. */
void pyro_registers_from_syscall(const struct pyro_machine *machine, uint64_t pc, uint64_t sp,
				 struct pyro_registers *ret_registers);

#endif
