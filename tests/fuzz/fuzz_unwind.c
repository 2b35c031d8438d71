/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as an object file whose unwind tables are searched, and whose expressions are evaluated
 * over the bytes as a stack. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/elf_functions.h"
#include "unwind/cfi.h"
#include "unwind/expression.h"
#include "unwind/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const struct pyro_cfi_row *row, const struct pyro_cfi_rule *rule,
		     const uint8_t *data, size_t size)
{
	static struct pyro_stack_memory memory;
	struct pyro_registers registers = {.known = 0};
	uint64_t value;

	if (rule->kind != PYRO_CFI_EXPRESSION && rule->kind != PYRO_CFI_AT_EXPRESSION)
		return;
	for (unsigned int i = 0; i < 17; i++)
		pyro_registers_set(&registers, i, 0x1000 + 8 * i);
	pyro_stack_memory_init(&memory, 0x1000, data, size, NULL);
	(void)!pyro_expression_evaluate(pyro_cfi_row_expressions(row) + rule->value, rule->size,
					&registers, &memory, &registers.value[7], &value);
}

static void use(struct pyro_elf *elf, const uint8_t *data, size_t size)
{
	const struct pyro_machine *machine = pyro_machine_find(pyro_elf_machine(elf));
	struct pyro_elf_functions functions = {.items = NULL};
	const struct pyro_elf_segment *segments;
	struct pyro_cfi_range range;
	struct pyro_cfi_row row;
	struct pyro_loop loop;
	size_t count;

	segments = pyro_elf_segments(elf, &count);
	for (size_t i = 0; i < count && i < 4; i++) {
		for (uint64_t at = 0; at < segments[i].memory_size && at < 0x2000; at += 0x55) {
			if (pyro_cfi_find(elf, machine, segments[i].addr + at, &range, &row) !=
			    PYRO_RC_OK)
				continue;
			evaluate(&row, &row.cfa, data, size);
			for (size_t j = 0; j < row.save_count; j++)
				evaluate(&row, &row.saves[j], data, size);
		}
	}
	if (pyro_loop_find(elf, machine, true, &loop) == PYRO_RC_OK)
		pyro_loop_deinit(&loop);
	(void)!pyro_elf_functions_add(&functions, elf);
	(void)!pyro_elf_functions_add_packed(&functions, elf);
	(void)pyro_elf_functions_find(&functions, 0x401000);
	pyro_elf_functions_deinit(&functions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct pyro_elf *elf = NULL;

	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (pyro_elf_create_from_fd(fd, &elf, NULL) == PYRO_RC_OK)
		use(elf, data, size);
	pyro_elf_destroy(elf);
	return 0;
}
