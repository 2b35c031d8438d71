/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/step.h"

#include <string.h>

#include "unwind/expression.h"

enum {
	MAX_FRAME = 8 << 20,    /* bytes from sp to a frame pointer */
	GUESS_WORDS = 512,      /* of the stack that are searched for a return address */
	RECOVER_WORDS = 8 << 10 /* the same when the function is known that it would return from */
};

static bool read_word(struct pyro_stack_memory *memory, uint64_t addr, uint64_t *ret_value)
{
	return pyro_stack_memory_read(memory, addr, ret_value, sizeof(*ret_value));
}

static enum pyro_stack_end end_of(enum pyro_rc rc)
{
	switch (rc) {
	case PYRO_RC_OK:
		return PYRO_STACK_END_COMPLETE;
	case PYRO_RC_NOTFOUND:
		return PYRO_STACK_END_UNKNOWN;
	case PYRO_RC_FAULT:
		return PYRO_STACK_END_UNREADABLE;
	default:
		return PYRO_STACK_END_BAD_TABLE;
	}
}

static enum pyro_rc find_cfa(const struct pyro_cfi_row *row, const struct pyro_registers *registers,
			     struct pyro_stack_memory *memory, uint64_t *ret_cfa)
{
	const struct pyro_cfi_rule *rule = &row->cfa;

	if (rule->kind == PYRO_CFI_EXPRESSION)
		return pyro_expression_evaluate(pyro_cfi_row_expressions(row) + rule->value,
						rule->size, registers, memory, NULL, ret_cfa);
	if (!pyro_registers_know(registers, rule->reg))
		return PYRO_RC_NOTFOUND;
	*ret_cfa = registers->value[rule->reg] + (uint64_t)(int64_t)rule->value;
	return PYRO_RC_OK;
}

/* The caller's value of one register. NOTFOUND: it cannot be known. */
static enum pyro_rc find_value(const struct pyro_cfi_row *row, const struct pyro_cfi_rule *rule,
			       const struct pyro_registers *registers,
			       struct pyro_stack_memory *memory, uint64_t cfa, uint64_t *ret_value)
{
	const uint64_t at = cfa + (uint64_t)(int64_t)rule->value;
	uint64_t place;
	enum pyro_rc rc;

	switch (rule->kind) {
	case PYRO_CFI_AT:
		return read_word(memory, at, ret_value) ? PYRO_RC_OK : PYRO_RC_FAULT;
	case PYRO_CFI_IS:
		*ret_value = at;
		return PYRO_RC_OK;
	case PYRO_CFI_REGISTER:
		if (rule->value < 0 || !pyro_registers_know(registers, (unsigned int)rule->value))
			return PYRO_RC_NOTFOUND;
		*ret_value = registers->value[rule->value];
		return PYRO_RC_OK;
	case PYRO_CFI_AT_EXPRESSION:
	case PYRO_CFI_EXPRESSION:
		rc = pyro_expression_evaluate(pyro_cfi_row_expressions(row) + rule->value,
					      rule->size, registers, memory, &cfa, &place);
		if (rc != PYRO_RC_OK || rule->kind == PYRO_CFI_EXPRESSION) {
			*ret_value = rc == PYRO_RC_OK ? place : 0;
			return rc;
		}
		return read_word(memory, place, ret_value) ? PYRO_RC_OK : PYRO_RC_FAULT;
	default:
		return PYRO_RC_NOTFOUND;
	}
}

static void set_pc(const struct pyro_machine *machine, struct pyro_registers *registers,
		   uint64_t pc)
{
	registers->pc = pc & machine->addresses;
	pyro_registers_set(registers, machine->pc, registers->pc);
}

static enum pyro_stack_end by_row(const struct pyro_machine *machine,
				  const struct pyro_cfi_row *row,
				  const struct pyro_registers *registers, uint64_t cfa,
				  struct pyro_stack_memory *memory, struct pyro_step *step)
{
	struct pyro_registers *caller = &step->caller;
	const uint8_t link = row->return_register;
	bool undefined = false;

	*caller = *registers;
	caller->known &= row->signal ? 0 : machine->preserved;
	pyro_registers_set(caller, machine->sp, cfa);
	/* Where no rule speaks of the return address it is still where a call puts it. */
	if (link == machine->link && link != machine->pc && pyro_registers_know(registers, link))
		pyro_registers_set(caller, link, registers->value[link]);
	for (unsigned int i = 0; i < row->save_count; i++) {
		const struct pyro_cfi_rule *rule = &row->saves[i];
		uint64_t value;
		enum pyro_rc rc;

		caller->known &= ~(1ull << rule->reg);
		undefined |= rule->kind == PYRO_CFI_UNDEFINED && rule->reg == link;
		rc = find_value(row, rule, registers, memory, cfa, &value);
		if (rc == PYRO_RC_OK)
			pyro_registers_set(caller, rule->reg, value);
		else if (rule->reg == link && !undefined)
			return end_of(rc);
	}
	step->cfa = cfa;
	step->outermost = undefined;
	if (undefined)
		return PYRO_STACK_END_COMPLETE;
	if (!pyro_registers_know(caller, link))
		return PYRO_STACK_END_BAD_TABLE;
	if (!pyro_registers_know(caller, machine->sp))
		return PYRO_STACK_END_UNREADABLE;
	set_pc(machine, caller, caller->value[link]);
	return PYRO_STACK_END_COMPLETE;
}

/* A stub for calls into other modules is no function that a call could lead to directly. */
static bool is_stub(struct pyro_known *known, uint64_t target)
{
	const struct pyro_known_pc *pc = pyro_known_find(known, target);

	return pc && pc->start != target;
}

/* The CFA, of a function whose frame hangs on a register that is not known: behind the return
 * address that a call of this very function left on the stack. Else behind one that a call left
 * which may have led there. */
static bool recover_cfa(struct pyro_known *known, uint64_t start, uint64_t sp,
			struct pyro_stack_memory *memory, size_t *words_left, uint64_t *ret_cfa)
{
	uint64_t likely = 0, word, target;

	for (uint64_t i = 0; i < RECOVER_WORDS && sp <= UINT64_MAX - 8 * (i + 1); i++) {
		const uint64_t at = sp + 8 * i;

		if (*words_left == 0)
			break;
		(*words_left)--;
		if (!read_word(memory, at, &word))
			break;
		if (!pyro_modules_has(known->modules, word) ||
		    !pyro_known_call(known, word, &target))
			continue;
		if (target == start) {
			*ret_cfa = at + 8;
			return true;
		}
		if (!likely && (target == 0 || is_stub(known, target)))
			likely = at + 8;
	}
	*ret_cfa = likely;
	return likely != 0;
}

static enum pyro_stack_end by_table(struct pyro_known *known, const struct pyro_known_pc *pc,
				    const struct pyro_registers *registers,
				    struct pyro_stack_memory *memory, struct pyro_step *step)
{
	const struct pyro_machine *machine = known->machine;
	const struct pyro_cfi_row *row = pyro_known_row(known, pc);
	const uint64_t start = pc->start; /* what @pc points to may move */
	uint64_t cfa;
	enum pyro_rc rc;

	step->signal = row->signal;
	step->source = PYRO_FRAME_TABLE;
	rc = find_cfa(row, registers, memory, &cfa);
	if (rc == PYRO_RC_NOTFOUND && row->cfa.kind == PYRO_CFI_REGISTER && !row->signal &&
	    machine->link == machine->pc &&
	    recover_cfa(known, start, registers->value[machine->sp], memory, &step->words_left,
			&cfa)) {
		struct pyro_registers guessed = *registers;

		pyro_registers_set(&guessed, row->cfa.reg, cfa - (uint64_t)(int64_t)row->cfa.value);
		step->source = PYRO_FRAME_GUESS;
		return by_row(machine, row, &guessed, cfa, memory, step);
	}
	return rc == PYRO_RC_OK ? by_row(machine, row, registers, cfa, memory, step) : end_of(rc);
}

/* Leaves @step ready to go on at return address @pc, with @sp. */
static void go_on(const struct pyro_machine *machine, const struct pyro_registers *registers,
		  uint64_t pc, uint64_t sp, enum pyro_frame_source source, struct pyro_step *step)
{
	step->caller = *registers;
	step->caller.known &= machine->preserved;
	pyro_registers_set(&step->caller, machine->sp, sp);
	set_pc(machine, &step->caller, pc);
	step->cfa = sp;
	step->source = source;
}

static bool is_return_address(struct pyro_known *known, uint64_t pc)
{
	uint64_t target;

	return pyro_known_call(known, pc & known->machine->addresses, &target);
}

/* By what the code after the call does. */
static bool by_code(struct pyro_known *known, const struct pyro_registers *registers,
		    struct pyro_stack_memory *memory, struct pyro_step *step)
{
	const struct pyro_machine *machine = known->machine;
	const uint64_t sp = registers->value[machine->sp];
	uint8_t code[32];
	uint64_t size, pc, fp;
	int fp_at;

	if (!step->returned || !machine->returns ||
	    !pyro_modules_code(known->modules, registers->pc, false, code, sizeof(code)) ||
	    !machine->returns(code, sizeof(code), &size, &fp_at) || size > UINT64_MAX - sp - 8 ||
	    !read_word(memory, sp + size, &pc) || !is_return_address(known, pc))
		return false;
	go_on(machine, registers, pc, sp + size + 8, PYRO_FRAME_CODE, step);
	if (fp_at >= 0 && read_word(memory, sp + (uint64_t)fp_at, &fp))
		pyro_registers_set(&step->caller, machine->fp, fp);
	return true;
}

static bool by_pointer(struct pyro_known *known, const struct pyro_registers *registers,
		       struct pyro_stack_memory *memory, struct pyro_step *step)
{
	const struct pyro_machine *machine = known->machine;
	const uint64_t sp = registers->value[machine->sp], fp = registers->value[machine->fp];
	uint64_t words[2];

	if (!pyro_registers_know(registers, machine->fp) || fp < sp || fp - sp > MAX_FRAME ||
	    fp % 8 != 0 || fp > UINT64_MAX - sizeof(words) ||
	    !pyro_stack_memory_read(memory, fp, words, sizeof(words)) ||
	    !is_return_address(known, words[1]))
		return false;
	go_on(machine, registers, words[1], fp + sizeof(words), PYRO_FRAME_POINTER, step);
	pyro_registers_set(&step->caller, machine->fp, words[0]);
	return true;
}

static bool by_guess(struct pyro_known *known, const struct pyro_registers *registers,
		     struct pyro_stack_memory *memory, struct pyro_step *step)
{
	const struct pyro_machine *machine = known->machine;
	const uint64_t sp = registers->value[machine->sp];
	uint64_t word;

	if (machine->link != machine->pc)
		return false;
	for (uint64_t i = 0; i < GUESS_WORDS && sp <= UINT64_MAX - 8 * (i + 1); i++) {
		if (step->words_left == 0 || !read_word(memory, sp + 8 * i, &word))
			return false;
		step->words_left--;
		if (pyro_modules_has(known->modules, word) && is_return_address(known, word)) {
			go_on(machine, registers, word, sp + 8 * (i + 1), PYRO_FRAME_GUESS, step);
			return true;
		}
	}
	return false;
}

enum pyro_stack_end pyro_step(struct pyro_known *known, const struct pyro_known_pc *pc,
			      const struct pyro_registers *registers,
			      struct pyro_stack_memory *memory, struct pyro_step *step)
{
	const struct pyro_machine *machine = known->machine;
	const enum pyro_rc rc = (enum pyro_rc)pc->rc;
	const bool in_file = pc->kind != PYRO_CODE_JIT; /* what @pc points to may move */

	step->signal = step->outermost = false;
	if (!pyro_registers_know(registers, machine->sp))
		return PYRO_STACK_END_UNKNOWN;
	if (rc == PYRO_RC_OK)
		return by_table(known, pc, registers, memory, step);
	if (by_code(known, registers, memory, step))
		return PYRO_STACK_END_COMPLETE;
	/* What starts a thread empties the frame pointer. */
	if (step->returned && in_file && pyro_registers_know(registers, machine->fp) &&
	    registers->value[machine->fp] == 0) {
		step->outermost = true;
		return PYRO_STACK_END_COMPLETE;
	}
	if (by_pointer(known, registers, memory, step) || by_guess(known, registers, memory, step))
		return PYRO_STACK_END_COMPLETE;
	return rc == PYRO_RC_NOTFOUND ? PYRO_STACK_END_NO_RULE : PYRO_STACK_END_BAD_TABLE;
}
