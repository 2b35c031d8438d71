/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <string.h>

#include "unwind/registers.h"

/* Numbers: System V ABI for AMD64, figure 3.36. */
enum {
	RAX,
	RDX,
	RCX,
	RBX,
	RSI,
	RDI,
	RBP,
	RSP,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	RIP,
	NONE = PYRO_MAX_REGISTERS
};

/* struct user_regs_struct (sys/user.h), and struct pt_regs, which begins like it. */
static const uint8_t words[] = {
	R15, R14, R13, R12, RBP, RBX,  R11, R10,  R9,   R8,
	RAX, RCX, RDX, RSI, RDI, NONE, RIP, NONE, NONE, RSP,
};

static int64_t displacement(const uint8_t *bytes)
{
	int32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* Size of the operand that begins with @modrm, which must be the second opcode of FF. */
static size_t operand_size(const uint8_t *modrm, size_t room)
{
	const uint8_t mode = modrm[0] >> 6, base = modrm[0] & 7;
	size_t size = 1;

	if ((modrm[0] >> 3 & 7) != 2) /* FF /2: call */
		return 0;
	if (mode != 3 && base == 4) {
		if (room < 2)
			return 0;
		size++;
		if (mode == 0 && (modrm[1] & 7) == 5)
			size += 4;
	} else if (mode == 0 && base == 5) {
		size += 4;
	}
	return size + (mode == 1 ? 1 : mode == 2 ? 4 : 0);
}

static bool ends_call(const uint8_t code[8], uint64_t pc, uint64_t *ret_target)
{
	if (code[3] == 0xe8) {
		*ret_target = pc + (uint64_t)displacement(code + 4);
		return true;
	}
	*ret_target = 0;
	for (size_t at = 0; at < 7; at++) {
		if (code[at] == 0xff && operand_size(code + at + 1, 7 - at) == 7 - at)
			return true;
	}
	return false;
}

static bool next_jump(const uint8_t *code, size_t size, uint64_t addr, size_t *at,
		      uint64_t *ret_target)
{
	for (size_t i = *at; size >= 5 && i <= size - 5; i++) {
		size_t length = 0;

		if (code[i] == 0xe9)
			length = 5;
		else if (code[i] == 0x0f && i <= size - 6 && (code[i + 1] & 0xf0) == 0x80)
			length = 6;
		if (!length)
			continue;
		*at = i + 1; /* an instruction may begin within what looked like one */
		*ret_target = addr + i + length + (uint64_t)displacement(code + i + length - 4);
		return true;
	}
	*at = size;
	return false;
}

/* add $n,%rsp; pop …; ret */
static bool returns(const uint8_t *code, size_t size, uint64_t *ret_size, int *ret_fp)
{
	uint64_t bytes = 0;
	int fp = -1;

	for (size_t at = 0; at < size;) {
		const uint8_t *now = code + at;
		const size_t left = size - at;

		if (now[0] == 0xc3) {
			*ret_size = bytes;
			*ret_fp = fp;
			return true;
		}
		if (left >= 4 && now[0] == 0x48 && now[1] == 0x83 && now[2] == 0xc4 &&
		    now[3] < 0x80) {
			bytes += now[3];
			at += 4;
		} else if (left >= 7 && now[0] == 0x48 && now[1] == 0x81 && now[2] == 0xc4 &&
			   displacement(now + 3) >= 0) {
			bytes += (uint64_t)displacement(now + 3);
			at += 7;
		} else if (left >= 2 && now[0] == 0x41 && (now[1] & 0xf8) == 0x58) {
			bytes += 8;
			at += 2;
		} else if ((now[0] & 0xf8) == 0x58 && now[0] != 0x58 + 4) {
			if (now[0] == 0x5d)
				fp = bytes < 4096 ? (int)bytes : -1;
			bytes += 8;
			at += 1;
		} else {
			return false;
		}
	}
	return false;
}

const struct pyro_machine pyro_machine_x86_64 = {
	.elf = EM_X86_64,
	.sp = RSP,
	.fp = RBP,
	.pc = RIP,
	.link = RIP,
	.preserved = 1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14 | 1u << R15,
	.addresses = UINT64_MAX,
	.words = words,
	.word_count = PYRO_COUNT(words),
	.ends_call = ends_call,
	.next_jump = next_jump,
	.returns = returns,
};
