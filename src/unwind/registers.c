/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/registers.h"

#include <elf.h>
#include <string.h>

const struct pyro_machine *pyro_machine_find(uint16_t elf)
{
	static const struct pyro_machine *const machines[] = {
		&pyro_machine_x86_64,
		&pyro_machine_aarch64,
	};

	for (size_t i = 0; i < PYRO_COUNT(machines); i++) {
		if (machines[i]->elf == elf)
			return machines[i];
	}
	return NULL;
}

const struct pyro_machine *pyro_machine_own(void)
{
#if defined(__x86_64__)
	return &pyro_machine_x86_64;
#elif defined(__aarch64__)
	return &pyro_machine_aarch64;
#else
	return NULL;
#endif
}

enum pyro_rc pyro_registers_from_kernel(const struct pyro_machine *machine, const void *words,
					size_t size, struct pyro_registers *ret_registers)
{
	struct pyro_registers registers = {.known = 0};

	for (size_t i = 0; i < machine->word_count && size / sizeof(uint64_t) > i; i++) {
		uint64_t value;

		memcpy(&value, (const char *)words + i * sizeof(value), sizeof(value));
		pyro_registers_set(&registers, machine->words[i], value);
	}
	if (!pyro_registers_know(&registers, machine->pc) ||
	    !pyro_registers_know(&registers, machine->sp))
		return PYRO_RC_FORMAT;
	registers.pc = registers.value[machine->pc];
	*ret_registers = registers;
	return PYRO_RC_OK;
}

void pyro_registers_from_syscall(const struct pyro_machine *machine, uint64_t pc, uint64_t sp,
				 struct pyro_registers *ret_registers)
{
	*ret_registers = (struct pyro_registers){.pc = pc};
	pyro_registers_set(ret_registers, machine->pc, pc);
	pyro_registers_set(ret_registers, machine->sp, sp);
}
