/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/native.h"

#include <stdlib.h>

struct pyro_native {
	struct pyro_unwinder *unwinder;
	struct pyro_stack_memory memory;
	struct pyro_native_stack stack;
	struct pyro_merged merged;
	uint64_t asked_pc; /* in a module that is to be opened; 0: in none */
};

enum pyro_rc pyro_native_create(const struct pyro_space *space, struct pyro_native **ret_native,
				struct pyro_err *err)
{
	struct pyro_native *native = calloc(1, sizeof(*native));
	enum pyro_rc rc;

	if (!native)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	rc = pyro_unwinder_create(space, &native->unwinder, err);
	if (rc) {
		free(native);
		return rc;
	}
	*ret_native = native;
	return PYRO_RC_OK;
}

void pyro_native_destroy(struct pyro_native *native)
{
	if (!native)
		return;
	pyro_unwinder_destroy(native->unwinder);
	free(native);
}

/* False if the snapshot does not show where the thread is. */
static bool registers_of(const struct pyro_machine *machine, const struct pyro_snapshot *snapshot,
			 struct pyro_registers *registers)
{
	switch (snapshot->kind) {
	case PYRO_SNAPSHOT_WHOLE:
		return pyro_registers_from_kernel(machine, snapshot->words,
						  snapshot->word_count * sizeof(snapshot->words[0]),
						  registers) == PYRO_RC_OK;
	case PYRO_SNAPSHOT_AT:
		*registers = (struct pyro_registers){.pc = snapshot->pc};
		return true;
	case PYRO_SNAPSHOT_CALL:
		pyro_registers_from_syscall(machine, snapshot->pc, snapshot->stack_addr, registers);
		return true;
	default:
		return false;
	}
}

const struct pyro_merged *pyro_native_merge(struct pyro_native *native,
					    const struct pyro_snapshot *snapshot,
					    const struct pyro_raw_stack *python)
{
	struct pyro_registers registers;

	native->stack.count = 0;
	native->stack.end = PYRO_STACK_END_UNREADABLE;
	if (registers_of(pyro_unwinder_machine(native->unwinder), snapshot, &registers)) {
		pyro_stack_memory_init(&native->memory, snapshot->stack_addr, snapshot->stack,
				       snapshot->stack_size, snapshot->rest);
		pyro_unwinder_unwind(native->unwinder, &registers, &native->memory, &native->stack);
	}
	pyro_merge(python, &native->stack, snapshot->within.count, &native->merged);
	return &native->merged;
}

bool pyro_native_kind(struct pyro_native *native, const struct pyro_snapshot *snapshot,
		      enum pyro_code_kind *ret_kind, const struct pyro_module **ret_module)
{
	struct pyro_modules *modules = pyro_unwinder_modules(native->unwinder);
	const struct pyro_code_range *range;
	struct pyro_registers registers;

	if (!registers_of(pyro_unwinder_machine(native->unwinder), snapshot, &registers))
		return false;
	if (pyro_modules_is_unopened(modules, registers.pc)) {
		native->asked_pc = registers.pc;
		return false;
	}
	*ret_kind = pyro_unwinder_kind(native->unwinder, registers.pc);
	range = pyro_modules_find(modules, registers.pc);
	*ret_module = range ? pyro_modules_get(modules, range->module) : NULL;
	return true;
}

bool pyro_native_is_asked(const struct pyro_native *native)
{
	return native->asked_pc;
}

void pyro_native_open(struct pyro_native *native)
{
	(void)pyro_modules_find(pyro_unwinder_modules(native->unwinder), native->asked_pc);
	native->asked_pc = 0;
}

const struct pyro_native_stack *pyro_native_stack(const struct pyro_native *native)
{
	return &native->stack;
}

struct pyro_modules *pyro_native_modules(struct pyro_native *native)
{
	return pyro_unwinder_modules(native->unwinder);
}

void pyro_native_refresh(struct pyro_native *native)
{
	/* What fails leaves what was there, and is due again. */
	if (pyro_unwinder_is_stale(native->unwinder) &&
	    pyro_unwinder_refresh(native->unwinder) != PYRO_RC_OK)
		return;
}
