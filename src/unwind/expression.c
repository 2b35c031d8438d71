/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/expression.h"

#include "base/buf.h"
#include "unwind/cfi_entry.h"

enum {
	MAX_STACK = 64,
	MAX_STEPS = 1024 /* there are jumps backwards */
};

/* DW_OP_*: those that can be in unwind tables. */
enum {
	ADDR = 0x03,
	DEREF = 0x06,
	CONST1U = 0x08,
	CONST8S = 0x0f,
	CONSTU = 0x10,
	CONSTS = 0x11,
	DUP = 0x12,
	DROP = 0x13,
	OVER = 0x14,
	PICK = 0x15,
	SWAP = 0x16,
	ROT = 0x17,
	ABS = 0x19,
	AND = 0x1a,
	DIV = 0x1b,
	MINUS = 0x1c,
	MOD = 0x1d,
	MUL = 0x1e,
	NEG = 0x1f,
	NOT = 0x20,
	OR = 0x21,
	PLUS = 0x22,
	PLUS_UCONST = 0x23,
	SHL = 0x24,
	SHR = 0x25,
	SHRA = 0x26,
	XOR = 0x27,
	BRA = 0x28,
	EQ = 0x29,
	GE = 0x2a,
	GT = 0x2b,
	LE = 0x2c,
	LT = 0x2d,
	NE = 0x2e,
	SKIP = 0x2f,
	LIT0 = 0x30,
	LIT31 = 0x4f,
	BREG0 = 0x70,
	BREG31 = 0x8f,
	BREGX = 0x92,
	DEREF_SIZE = 0x94,
	NOP = 0x96
};

struct machine {
	struct pyro_cursor code;
	const struct pyro_registers *registers;
	struct pyro_stack_memory *memory;
	uint64_t stack[MAX_STACK];
	size_t depth;
	enum pyro_rc rc; /* why it stopped */
};

static uint64_t fail(struct machine *machine, enum pyro_rc rc)
{
	if (machine->rc == PYRO_RC_OK)
		machine->rc = rc;
	return 0;
}

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == MAX_STACK)
		fail(machine, PYRO_RC_FORMAT);
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	return machine->depth ? machine->stack[--machine->depth] : fail(machine, PYRO_RC_FORMAT);
}

static uint64_t pick(struct machine *machine, size_t from_top)
{
	return from_top < machine->depth ? machine->stack[machine->depth - 1 - from_top]
					 : fail(machine, PYRO_RC_FORMAT);
}

/* An operand of 1, 2, 4 or 8 bytes. */
static uint64_t operand(struct machine *machine, unsigned int size, bool is_signed)
{
	const uint8_t *bytes = pyro_cursor_bytes(&machine->code, size);
	uint64_t value = 0;

	for (unsigned int i = 0; bytes && i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	if (is_signed && size > 0 && size < 8 && value >> (8 * size - 1))
		value |= UINT64_MAX << (8 * size);
	return value;
}

static uint64_t register_value(struct machine *machine, uint64_t number)
{
	if (number >= PYRO_MAX_REGISTERS ||
	    !pyro_registers_know(machine->registers, (unsigned int)number))
		return fail(machine, PYRO_RC_NOTFOUND);
	return machine->registers->value[number];
}

static uint64_t load(struct machine *machine, uint64_t addr, size_t size)
{
	uint64_t value = 0;

	if (size == 0 || size > sizeof(value))
		return fail(machine, PYRO_RC_FORMAT);
	if (!pyro_stack_memory_read(machine->memory, addr, &value, size))
		return fail(machine, PYRO_RC_FAULT);
	return value;
}

static void jump(struct machine *machine, bool taken)
{
	const uint64_t at = operand(machine, 2, true) + machine->code.at;

	if (machine->code.failed || (taken && at > machine->code.size))
		fail(machine, PYRO_RC_FORMAT);
	else if (taken)
		machine->code.at = at;
}

static uint64_t shift_right_signed(uint64_t value, uint64_t by)
{
	return (uint64_t)((int64_t)value >> (by < 64 ? by : 63));
}

static uint64_t of_two(struct machine *machine, uint8_t code, uint64_t a, uint64_t b)
{
	switch (code) {
	case AND:
		return a & b;
	case DIV:
		if (b == 0 || (b == UINT64_MAX && a == 1ull << 63))
			return fail(machine, PYRO_RC_FORMAT);
		return (uint64_t)((int64_t)a / (int64_t)b);
	case MINUS:
		return a - b;
	case MOD:
		return b ? a % b : fail(machine, PYRO_RC_FORMAT);
	case MUL:
		return a * b;
	case OR:
		return a | b;
	case PLUS:
		return a + b;
	case SHL:
		return b < 64 ? a << b : 0;
	case SHR:
		return b < 64 ? a >> b : 0;
	case SHRA:
		return shift_right_signed(a, b);
	case XOR:
		return a ^ b;
	case EQ:
		return a == b;
	case GE:
		return (int64_t)a >= (int64_t)b;
	case GT:
		return (int64_t)a > (int64_t)b;
	case LE:
		return (int64_t)a <= (int64_t)b;
	case LT:
		return (int64_t)a < (int64_t)b;
	case NE:
		return a != b;
	default:
		return fail(machine, PYRO_RC_UNSUPPORTED);
	}
}

static void rotate(struct machine *machine, size_t count)
{
	uint64_t *top, last;

	if (machine->depth < count) {
		fail(machine, PYRO_RC_FORMAT);
		return;
	}
	top = machine->stack + machine->depth - count;
	last = top[count - 1];
	for (size_t i = count - 1; i > 0; i--)
		top[i] = top[i - 1];
	top[0] = last;
}

static void step(struct machine *machine)
{
	const uint8_t code = pyro_cursor_u8(&machine->code);
	uint64_t a, b;

	if (code >= LIT0 && code <= LIT31) {
		push(machine, code - LIT0);
		return;
	}
	if (code >= BREG0 && code <= BREG31) {
		a = register_value(machine, code - BREG0);
		push(machine, a + (uint64_t)pyro_cfi_sleb(&machine->code));
		return;
	}
	if (code >= CONST1U && code <= CONST8S) { /* 1u 1s 2u 2s 4u 4s 8u 8s */
		push(machine, operand(machine, 1u << (code - CONST1U) / 2, (code & 1) != 0));
		return;
	}
	switch (code) {
	case ADDR:
		push(machine, operand(machine, 8, false));
		break;
	case DEREF:
		push(machine, load(machine, pop(machine), 8));
		break;
	case DEREF_SIZE:
		a = operand(machine, 1, false);
		push(machine, load(machine, pop(machine), a));
		break;
	case CONSTU:
		push(machine, pyro_cursor_varint(&machine->code));
		break;
	case CONSTS:
		push(machine, (uint64_t)pyro_cfi_sleb(&machine->code));
		break;
	case DUP:
		push(machine, pick(machine, 0));
		break;
	case DROP:
		(void)pop(machine);
		break;
	case OVER:
		push(machine, pick(machine, 1));
		break;
	case PICK:
		push(machine, pick(machine, operand(machine, 1, false)));
		break;
	case SWAP:
		rotate(machine, 2);
		break;
	case ROT:
		rotate(machine, 3);
		break;
	case ABS:
		a = pop(machine);
		push(machine, a >> 63 ? 0 - a : a);
		break;
	case NEG:
		push(machine, 0 - pop(machine));
		break;
	case NOT:
		push(machine, ~pop(machine));
		break;
	case PLUS_UCONST:
		a = pop(machine);
		push(machine, a + pyro_cursor_varint(&machine->code));
		break;
	case BRA:
		jump(machine, pop(machine) != 0);
		break;
	case SKIP:
		jump(machine, true);
		break;
	case BREGX:
		a = register_value(machine, pyro_cursor_varint(&machine->code));
		push(machine, a + (uint64_t)pyro_cfi_sleb(&machine->code));
		break;
	case NOP:
		break;
	default:
		b = pop(machine);
		a = pop(machine);
		push(machine, of_two(machine, code, a, b));
		break;
	}
}

enum pyro_rc pyro_expression_evaluate(const uint8_t *bytes, size_t size,
				      const struct pyro_registers *registers,
				      struct pyro_stack_memory *memory, const uint64_t *initial,
				      uint64_t *ret_value)
{
	struct machine machine = {.registers = registers, .memory = memory};

	pyro_cursor_init(&machine.code, bytes, size);
	if (initial)
		push(&machine, *initial);
	for (size_t i = 0; machine.rc == PYRO_RC_OK && machine.code.at < size; i++) {
		if (i == MAX_STEPS)
			return PYRO_RC_FORMAT;
		step(&machine);
		if (machine.code.failed)
			fail(&machine, PYRO_RC_FORMAT);
	}
	if (machine.rc == PYRO_RC_OK)
		*ret_value = pop(&machine);
	return machine.rc;
}
