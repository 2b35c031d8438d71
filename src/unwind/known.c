/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/known.h"

#include <string.h>

#include "base/limits.h"

enum {
	MAX_CALLS = 1 << 18,
	NO_CALL = 0,
	ANY_CALL = 1
};

void pyro_known_init(struct pyro_known *known, struct pyro_modules *modules,
		     const struct pyro_machine *machine)
{
	*known = (struct pyro_known){.modules = modules, .machine = machine};
	pyro_map_init(&known->by_pc, PYRO_MAX_UNWIND_PCS);
	pyro_map_init(&known->calls, MAX_CALLS);
	pyro_intern_init(&known->rows, PYRO_MAX_UNWIND_ROWS);
}

void pyro_known_deinit(struct pyro_known *known)
{
	pyro_map_deinit(&known->by_pc);
	pyro_map_deinit(&known->calls);
	pyro_intern_deinit(&known->rows);
	free(known->pcs);
	known->pcs = NULL;
}

void pyro_known_forget(struct pyro_known *known)
{
	pyro_map_clear(&known->by_pc);
	pyro_map_clear(&known->calls);
	known->count = 0;
}

static enum pyro_code_kind kind_of(const struct pyro_module *module, uint64_t addr)
{
	switch (module->kind) {
	case PYRO_MODULE_JIT:
		return PYRO_CODE_JIT;
	case PYRO_MODULE_VDSO:
		return PYRO_CODE_VDSO;
	default:
		return module->loop.count ? pyro_loop_kind(&module->loop, addr) : PYRO_CODE_NATIVE;
	}
}

static void look_up(struct pyro_known *known, const struct pyro_code_range *range, uint64_t pc,
		    struct pyro_known_pc *ret_pc)
{
	const struct pyro_module *module = pyro_modules_get(known->modules, range->module);
	const uint64_t addr = pc - range->bias;
	struct pyro_cfi_range function = {0, 0};
	struct pyro_cfi_row row;
	enum pyro_rc rc = PYRO_RC_NOTFOUND;

	known->looked_up++;
	*ret_pc = (struct pyro_known_pc){
		.bias = range->bias,
		.module = range->module,
		.kind = (uint8_t)kind_of(module, addr),
	};
	if (module->elf)
		rc = pyro_cfi_find(module->elf, known->machine, addr, &function, &row);
	if (rc == PYRO_RC_OK) {
		ret_pc->start = function.start + range->bias;
		rc = pyro_intern_add(&known->rows, &row, pyro_cfi_row_size(&row), &ret_pc->row);
	}
	ret_pc->rc = (uint8_t)rc;
}

static bool has_room(struct pyro_known *known)
{
	const size_t capacity = known->capacity ? 2 * known->capacity : 1024;
	struct pyro_known_pc *pcs;

	if (known->count < known->capacity)
		return true;
	pcs = reallocarray(known->pcs, capacity, sizeof(*pcs));
	if (!pcs)
		return false;
	known->pcs = pcs;
	known->capacity = capacity;
	return true;
}

const struct pyro_known_pc *pyro_known_find(struct pyro_known *known, uint64_t pc)
{
	const struct pyro_code_range *range;
	uint64_t index;

	if (pyro_map_get(&known->by_pc, pc, &index))
		return &known->pcs[index];
	range = pyro_modules_find(known->modules, pc);
	if (!range)
		return NULL;
	/* Code that is in no file may be another tomorrow. */
	if (pyro_modules_get(known->modules, range->module)->kind == PYRO_MODULE_JIT ||
	    !has_room(known)) {
		look_up(known, range, pc, &known->unkept);
		return &known->unkept;
	}
	if (known->count >= PYRO_MAX_UNWIND_PCS)
		pyro_known_forget(known);
	look_up(known, range, pc, &known->pcs[known->count]);
	if (pyro_map_put(&known->by_pc, pc, known->count) != PYRO_RC_OK) {
		known->unkept = known->pcs[known->count];
		return &known->unkept;
	}
	return &known->pcs[known->count++];
}

enum pyro_code_kind pyro_known_kind(struct pyro_known *known, uint64_t pc)
{
	const struct pyro_code_range *range = pyro_modules_find(known->modules, pc);

	if (!range)
		return PYRO_CODE_NATIVE;
	return kind_of(pyro_modules_get(known->modules, range->module), pc - range->bias);
}

const struct pyro_cfi_row *pyro_known_row(const struct pyro_known *known,
					  const struct pyro_known_pc *pc)
{
	return (const struct pyro_cfi_row *)(const void *)pyro_intern_get(&known->rows, pc->row,
									  NULL);
}

bool pyro_known_call(struct pyro_known *known, uint64_t pc, uint64_t *ret_target)
{
	const struct pyro_known_pc *known_pc;
	uint64_t value = NO_CALL;
	uint8_t code[8];

	if (!pyro_map_get(&known->calls, pc, &value)) {
		if (!pyro_modules_has(known->modules, pc) ||
		    !pyro_modules_has(known->modules, pc - 1))
			return false;
		if (pyro_modules_code(known->modules, pc, true, code, sizeof(code)) &&
		    known->machine->ends_call(code, pc, &value) && value < 2)
			value = ANY_CALL;
		known_pc = pyro_known_find(known, pc - 1);
		if (known_pc && known_pc->kind != PYRO_CODE_JIT) {
			if (known->calls.count >= MAX_CALLS)
				pyro_map_clear(&known->calls);
			(void)!pyro_map_put(&known->calls, pc, value);
		}
	}
	*ret_target = value == ANY_CALL ? 0 : value;
	return value != NO_CALL;
}
