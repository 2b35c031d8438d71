/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <string.h>

#include "unwind/registers.h"

/* Numbers: DWARF for the Arm 64-bit Architecture, section 4.1. 32 is the pc. */
enum {
	X19 = 19,
	X29 = 29,
	X30 = 30,
	SP = 31,
	PC = 32
};

/* struct user_pt_regs (asm/ptrace.h): x0 to x30, sp, pc, pstate. */
static const uint8_t words[] = {
	0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, SP, PC,
};

static uint32_t word_at(const uint8_t *code)
{
	uint32_t word;

	memcpy(&word, code, sizeof(word));
	return word;
}

/* The signed field of @bits bits at bit @shift, in instructions. */
static uint64_t branch_target(uint64_t addr, uint32_t word, unsigned int shift, unsigned int bits)
{
	const uint64_t field = (uint64_t)word >> shift << (64 - bits);

	return addr + (uint64_t)((int64_t)field >> (64 - bits)) * 4;
}

static bool ends_call(const uint8_t code[8], uint64_t pc, uint64_t *ret_target)
{
	const uint32_t word = word_at(code + 4);

	*ret_target = 0;
	if (word >> 26 == 0x25) { /* BL */
		*ret_target = branch_target(pc - 4, word, 0, 26);
		return true;
	}
	return (word & 0xfffffc1f) == 0xd63f0000 || /* BLR */
	       (word & 0xfefff800) == 0xd63f0800;   /* BLRAA and its kin */
}

static bool next_jump(const uint8_t *code, size_t size, uint64_t addr, size_t *at,
		      uint64_t *ret_target)
{
	for (size_t i = *at; size >= 4 && i <= size - 4; i += 4) {
		const uint32_t word = word_at(code + i);
		unsigned int shift = 5, bits;

		if (word >> 26 == 0x05) { /* B */
			shift = 0;
			bits = 26;
		} else if (word >> 24 == 0x54 || (word & 0x7e000000) == 0x34000000) {
			bits = 19; /* B.cond, CBZ, CBNZ */
		} else if ((word & 0x7e000000) == 0x36000000) {
			bits = 14; /* TBZ, TBNZ */
		} else {
			continue;
		}
		*at = i + 4;
		*ret_target = branch_target(addr + i, word, shift, bits);
		return true;
	}
	*at = size;
	return false;
}

const struct pyro_machine pyro_machine_aarch64 = {
	.elf = EM_AARCH64,
	.sp = SP,
	.fp = X29,
	.pc = PC,
	.link = X30,
	.preserved = 0x7ffull << X19, /* x19 to x29 */
	.addresses = (1ull << 48) - 1,
	.words = words,
	.word_count = PYRO_COUNT(words),
	.ends_call = ends_call,
	.next_jump = next_jump,
};
