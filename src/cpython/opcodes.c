/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/decoder.h"

/* Which instructions call a function, specialised and instrumented ones included: a bit each. Made
 * by tools/opcodes from the interpreters themselves. */
static const struct {
	uint32_t minor;
	uint64_t calls[4];
} rows[] = {
	{8, {0x0000000000000000, 0x0000000000000000, 0x0000000200006008, 0x0000000000000000}},
	{9, {0x0000000000000000, 0x0000000000000000, 0x0000000200006008, 0x0000000000000000}},
	{10, {0x0000000000000000, 0x0000000000000000, 0x0000000200006008, 0x0000000000000000}},
	{11, {0x0000000001c00000, 0x820200000003f30f, 0x000008400000e000, 0x0000000000000000}},
	{12, {0x0101ffc431800000, 0x0000000000000000, 0x0000080000004000, 0x0012000000000000}},
	{13, {0x0260000000000000, 0x0000000000000000, 0x003ffffc00000000, 0x0070000000000000}},
	{14, {0x0090000000000010, 0x0000000000000000, 0x0000003fffff8000, 0x1c00000000000000}},
	{15, {0x0024000000000010, 0x0000000000000000, 0x000001ffffff0000, 0x0e00000000000000}},
};

bool pyro_opcode_calls(uint32_t minor, uint8_t opcode)
{
	for (size_t i = 0; i < PYRO_COUNT(rows); i++) {
		if (rows[i].minor == minor)
			return rows[i].calls[opcode / 64] >> opcode % 64 & 1;
	}
	return false;
}

/* Where the instructions of the innermost frame begin; 0: not known. */
static uint64_t instructions_of(const struct pyro_python *python)
{
	const struct pyro_layout *l = &python->layout;
	const uint64_t code = python->walk.code_addrs[0];
	uint64_t bytes;

	if (l->minor >= 11)
		return code + l->co_code;
	if (pyro_reader_read(python->reader, code + l->co_code, &bytes, sizeof(bytes)) !=
	    PYRO_RC_OK)
		return 0;
	return bytes + l->by_data;
}

bool pyro_python_leaf_calls(struct pyro_python *python, const struct pyro_raw_stack *stack)
{
	uint64_t addr;
	uint8_t opcode;

	if (!stack->count || stack->frames[0].offset == UINT32_MAX || python->walk.tlbcs[0] != 0)
		return false;
	addr = instructions_of(python);
	if (!addr || pyro_reader_read(python->reader, addr + stack->frames[0].offset, &opcode, 1) !=
			     PYRO_RC_OK)
		return false;
	return pyro_opcode_calls(python->layout.minor, opcode);
}
