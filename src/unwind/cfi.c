/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi.h"

#include <string.h>

#include "unwind/cfi_entry.h"

#define MAX_REMEMBERED 32

/* Instructions that are not in the table below (DW_CFA_*). The first three have an operand in their
 * low six bits. */
enum {
	ADVANCE = 0x40,
	OFFSET = 0x80,
	RESTORE = 0xc0,
	NOP = 0x00,
	ADVANCE1 = 0x02,
	ADVANCE2 = 0x03,
	ADVANCE4 = 0x04,
	RESTORE_EXTENDED = 0x06,
	REMEMBER = 0x0a,
	RECALL = 0x0b,
	NEGATE_RETURN_STATE = 0x2d
};

struct rule {
	uint8_t kind;
	uint8_t reg;
	int64_t value;
	const uint8_t *expression;
	uint64_t size;
};

struct state {
	struct rule cfa;
	struct rule rules[PYRO_MAX_REGISTERS];
	bool signed_return;
};

struct run {
	const struct pyro_cfi_entry *entry;
	uint64_t at; /* the address that the state is of */
	struct state now;
	struct state initial;
	struct state remembered[MAX_REMEMBERED];
	size_t depth;
};

enum subject {
	NOTHING, /* not an instruction that sets a rule */
	IGNORED,
	CFA,
	CFA_OFFSET, /* of the CFA only the offset */
	CFA_REGISTER,
	REGISTER
};

enum operand {
	NO_OPERAND,
	PLAIN,         /* unsigned */
	SCALED,        /* unsigned, in units of the data's alignment */
	SCALED_BACK,   /* the same, downwards */
	SIGNED_SCALED, /* signed */
	BLOCK          /* an expression */
};

/* Instructions that set a rule: of what, which kind, and the operand that follows the register's
 * number, where there is one. */
static const struct {
	uint8_t subject;
	uint8_t kind;
	uint8_t operand;
} instructions[] = {
	[0x05] = {REGISTER, PYRO_CFI_AT, SCALED},            /* offset_extended */
	[0x07] = {REGISTER, PYRO_CFI_UNDEFINED, NO_OPERAND}, /* undefined */
	[0x08] = {REGISTER, PYRO_CFI_SAME, NO_OPERAND},      /* same_value */
	[0x09] = {REGISTER, PYRO_CFI_REGISTER, PLAIN},       /* register */
	[0x0c] = {CFA, PYRO_CFI_REGISTER, PLAIN},            /* def_cfa */
	[0x0d] = {CFA_REGISTER, 0, NO_OPERAND},              /* def_cfa_register */
	[0x0e] = {CFA_OFFSET, 0, PLAIN},                     /* def_cfa_offset */
	[0x0f] = {CFA_OFFSET, PYRO_CFI_EXPRESSION, BLOCK},   /* def_cfa_expression */
	[0x10] = {REGISTER, PYRO_CFI_AT_EXPRESSION, BLOCK},  /* expression */
	[0x11] = {REGISTER, PYRO_CFI_AT, SIGNED_SCALED},     /* offset_extended_sf */
	[0x12] = {CFA, PYRO_CFI_REGISTER, SIGNED_SCALED},    /* def_cfa_sf */
	[0x13] = {CFA_OFFSET, 0, SIGNED_SCALED},             /* def_cfa_offset_sf */
	[0x14] = {REGISTER, PYRO_CFI_IS, SCALED},            /* val_offset */
	[0x15] = {REGISTER, PYRO_CFI_IS, SIGNED_SCALED},     /* val_offset_sf */
	[0x16] = {REGISTER, PYRO_CFI_EXPRESSION, BLOCK},     /* val_expression */
	[0x2e] = {IGNORED, 0, PLAIN},                        /* GNU_args_size */
	[0x2f] = {REGISTER, PYRO_CFI_AT, SCALED_BACK},       /* GNU_negative_offset_extended */
};

/* Wraps around like the addresses that the value will be added to; what does not fit in a row is
 * found later. */
static int64_t scaled(uint64_t value, int64_t align)
{
	return (int64_t)(value * (uint64_t)align);
}

static void read_operand(const struct run *run, struct pyro_cursor *cursor, uint8_t operand,
			 struct rule *rule)
{
	const int64_t align = run->entry->data_align;

	switch (operand) {
	case PLAIN:
		rule->value = (int64_t)pyro_cursor_varint(cursor);
		break;
	case SCALED:
		rule->value = scaled(pyro_cursor_varint(cursor), align);
		break;
	case SCALED_BACK:
		rule->value = scaled(0 - pyro_cursor_varint(cursor), align);
		break;
	case SIGNED_SCALED:
		rule->value = scaled((uint64_t)pyro_cfi_sleb(cursor), align);
		break;
	case BLOCK:
		rule->size = pyro_cursor_varint(cursor);
		rule->expression = pyro_cursor_bytes(cursor, rule->size);
		break;
	default:
		break;
	}
}

static enum pyro_rc set_rule(struct run *run, struct pyro_cursor *cursor, uint8_t code)
{
	struct rule rule = {.kind = instructions[code].kind};
	uint64_t number = 0;

	switch (instructions[code].subject) {
	case CFA:
	case CFA_REGISTER:
	case REGISTER:
		number = pyro_cursor_varint(cursor);
		break;
	default:
		break;
	}
	read_operand(run, cursor, instructions[code].operand, &rule);
	if (cursor->failed)
		return PYRO_RC_FORMAT;
	switch (instructions[code].subject) {
	case CFA:
		if (number >= PYRO_MAX_REGISTERS)
			return PYRO_RC_FORMAT;
		rule.reg = (uint8_t)number;
		run->now.cfa = rule;
		break;
	case CFA_REGISTER:
		if (number >= PYRO_MAX_REGISTERS)
			return PYRO_RC_FORMAT;
		run->now.cfa.reg = (uint8_t)number;
		break;
	case CFA_OFFSET:
		if (rule.kind == PYRO_CFI_EXPRESSION)
			run->now.cfa = rule;
		else
			run->now.cfa.value = rule.value;
		break;
	case REGISTER:
		if (number < PYRO_MAX_REGISTERS) /* others are not followed */
			run->now.rules[number] = rule;
		break;
	default:
		break;
	}
	return PYRO_RC_OK;
}

static enum pyro_rc restore(struct run *run, uint64_t number)
{
	if (number < PYRO_MAX_REGISTERS)
		run->now.rules[number] = run->initial.rules[number];
	return PYRO_RC_OK;
}

/* Moves on by that many units of code. False if the address asked for lies before the end. */
static bool advance(struct run *run, uint64_t units, uint64_t target)
{
	const uint64_t align = run->entry->code_align;

	if (align && units > UINT64_MAX / align)
		return false;
	units *= align;
	if (units > target - run->at)
		return false;
	run->at += units;
	return true;
}

static uint64_t read_u16(struct pyro_cursor *cursor)
{
	const uint64_t low = pyro_cursor_u8(cursor);

	return low | (uint64_t)pyro_cursor_u8(cursor) << 8;
}

/* Carries out one instruction. *ret_reached: the state is that of @target. */
static enum pyro_rc step(struct run *run, struct pyro_cursor *cursor, uint64_t target,
			 bool *ret_reached)
{
	const uint8_t code = pyro_cursor_u8(cursor), low = code & 0x3f;
	struct rule rule = {.kind = PYRO_CFI_AT};
	bool goes_on = true;

	switch (code & 0xc0) {
	case ADVANCE:
		*ret_reached = !advance(run, low, target);
		return PYRO_RC_OK;
	case OFFSET:
		read_operand(run, cursor, SCALED, &rule);
		if (low < PYRO_MAX_REGISTERS)
			run->now.rules[low] = rule;
		return PYRO_RC_OK;
	case RESTORE:
		return restore(run, low);
	default:
		break;
	}
	switch (code) {
	case NOP:
		break;
	case ADVANCE1:
		goes_on = advance(run, pyro_cursor_u8(cursor), target);
		break;
	case ADVANCE2:
		goes_on = advance(run, read_u16(cursor), target);
		break;
	case ADVANCE4:
		goes_on = advance(run, pyro_cursor_u32(cursor), target);
		break;
	case RESTORE_EXTENDED:
		return restore(run, pyro_cursor_varint(cursor));
	case REMEMBER:
		if (run->depth == MAX_REMEMBERED)
			return PYRO_RC_LIMIT;
		run->remembered[run->depth++] = run->now;
		break;
	case RECALL:
		if (run->depth == 0)
			return PYRO_RC_FORMAT;
		run->now = run->remembered[--run->depth];
		break;
	case NEGATE_RETURN_STATE:
		run->now.signed_return = !run->now.signed_return;
		break;
	default:
		if (code >= PYRO_COUNT(instructions) || instructions[code].subject == NOTHING)
			return PYRO_RC_UNSUPPORTED;
		return set_rule(run, cursor, code);
	}
	*ret_reached = !goes_on;
	return PYRO_RC_OK;
}

static enum pyro_rc carry_out(struct run *run, const uint8_t *program, size_t size, uint64_t target)
{
	struct pyro_cursor cursor;
	bool reached = false;

	pyro_cursor_init(&cursor, program, size);
	while (cursor.at < cursor.size && !reached) {
		enum pyro_rc rc = step(run, &cursor, target, &reached);

		if (rc != PYRO_RC_OK)
			return rc;
		if (cursor.failed)
			return PYRO_RC_FORMAT;
	}
	return PYRO_RC_OK;
}

/* A rule as it is in a row. */
static enum pyro_rc pack(const struct rule *rule, uint8_t reg, struct pyro_cfi_row *row,
			 uint8_t *expressions, struct pyro_cfi_rule *ret_rule)
{
	*ret_rule = (struct pyro_cfi_rule){.kind = rule->kind, .reg = reg};
	if (rule->expression) {
		if (rule->size > (uint64_t)PYRO_CFI_MAX_EXPRESSION - row->expression_size)
			return PYRO_RC_LIMIT;
		memcpy(expressions + row->expression_size, rule->expression, rule->size);
		ret_rule->size = (uint16_t)rule->size;
		ret_rule->value = row->expression_size;
		row->expression_size = (uint16_t)(row->expression_size + rule->size);
		return PYRO_RC_OK;
	}
	if (rule->value != (int32_t)rule->value)
		return PYRO_RC_FORMAT; /* no frame is that large */
	ret_rule->value = (int32_t)rule->value;
	return PYRO_RC_OK;
}

static enum pyro_rc make_row(const struct run *run, struct pyro_cfi_row *row)
{
	uint8_t expressions[PYRO_CFI_MAX_EXPRESSION];
	const struct state *state = &run->now;
	enum pyro_rc rc;

	memset(row, 0, offsetof(struct pyro_cfi_row, saves));
	row->return_register = run->entry->return_register;
	row->signal = run->entry->signal;
	row->signed_return = state->signed_return;
	if (state->cfa.kind != PYRO_CFI_REGISTER && state->cfa.kind != PYRO_CFI_EXPRESSION)
		return PYRO_RC_FORMAT;
	rc = pack(&state->cfa, state->cfa.reg, row, expressions, &row->cfa);
	for (unsigned int i = 0; rc == PYRO_RC_OK && i < PYRO_MAX_REGISTERS; i++) {
		if (state->rules[i].kind != PYRO_CFI_SAME)
			rc = pack(&state->rules[i], (uint8_t)i, row, expressions,
				  &row->saves[row->save_count++]);
	}
	if (rc == PYRO_RC_OK)
		memcpy(&row->saves[row->save_count], expressions, row->expression_size);
	return rc;
}

size_t pyro_cfi_row_size(const struct pyro_cfi_row *row)
{
	return offsetof(struct pyro_cfi_row, saves) + row->save_count * sizeof(row->saves[0]) +
	       row->expression_size;
}

const uint8_t *pyro_cfi_row_expressions(const struct pyro_cfi_row *row)
{
	return (const uint8_t *)&row->saves[row->save_count];
}

enum pyro_rc pyro_cfi_find(struct pyro_elf *elf, const struct pyro_machine *machine, uint64_t addr,
			   struct pyro_cfi_range *ret_range, struct pyro_cfi_row *ret_row)
{
	PYRO_AUTO_FREE struct run *run = NULL;
	struct pyro_cfi_entry entry PYRO_CLEANUP(pyro_cfi_entry_deinit) = {.common = NULL};
	enum pyro_rc rc;

	if (pyro_elf_machine(elf) != machine->elf)
		return PYRO_RC_UNSUPPORTED;
	rc = pyro_cfi_entry_find(elf, addr, &entry);
	if (rc != PYRO_RC_OK)
		return rc;
	run = calloc(1, sizeof(*run));
	if (!run)
		return PYRO_RC_NOMEM;
	run->entry = &entry;
	run->at = entry.range.start;
	rc = carry_out(run, entry.common, entry.common_size, addr);
	run->initial = run->now;
	if (rc == PYRO_RC_OK)
		rc = carry_out(run, entry.program, entry.program_size, addr);
	if (rc == PYRO_RC_OK)
		rc = make_row(run, ret_row);
	if (rc == PYRO_RC_OK)
		*ret_range = entry.range;
	return rc;
}

enum pyro_rc pyro_cfi_range(struct pyro_elf *elf, uint64_t addr, struct pyro_cfi_range *ret_range)
{
	struct pyro_cfi_entry entry PYRO_CLEANUP(pyro_cfi_entry_deinit) = {.common = NULL};
	enum pyro_rc rc = pyro_cfi_entry_find(elf, addr, &entry);

	if (rc == PYRO_RC_OK)
		*ret_range = entry.range;
	return rc;
}

bool pyro_cfi_row_is_entry(const struct pyro_cfi_row *row, const struct pyro_machine *machine)
{
	const int32_t pushed = machine->link == machine->pc ? 8 : 0;

	return row->cfa.kind == PYRO_CFI_REGISTER && row->cfa.reg == machine->sp &&
	       row->cfa.value == pushed && row->save_count == (pushed ? 1 : 0);
}
