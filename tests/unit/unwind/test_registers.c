/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <string.h>

#include "unwind/registers.h"

static void test_from_the_kernels_words(void **state)
{
	struct pyro_registers registers;
	uint64_t words[34];

	(void)state;
	for (size_t i = 0; i < 34; i++)
		words[i] = 1000 + i;
	assert_int_equal(
		pyro_registers_from_kernel(&pyro_machine_x86_64, words, 27 * 8, &registers),
		PYRO_RC_OK);
	assert_int_equal(registers.pc, 1016);
	assert_int_equal(registers.value[7], 1019); /* rsp */
	assert_int_equal(registers.value[6], 1004); /* rbp */
	assert_int_equal(registers.value[15], 1000);
	assert_int_equal(registers.value[3], 1005); /* rbx */
	assert_int_equal(registers.known, 0x1ffff);
	/* Cut off before the stack pointer. */
	assert_int_equal(
		pyro_registers_from_kernel(&pyro_machine_x86_64, words, 19 * 8, &registers),
		PYRO_RC_FORMAT);
	assert_int_equal(
		pyro_registers_from_kernel(&pyro_machine_aarch64, words, 34 * 8, &registers),
		PYRO_RC_OK);
	assert_int_equal(registers.pc, 1032);
	assert_int_equal(registers.value[31], 1031);
	assert_int_equal(registers.value[29], 1029);
}

static void test_from_a_system_call(void **state)
{
	struct pyro_registers registers;

	(void)state;
	pyro_registers_from_syscall(&pyro_machine_x86_64, 5, 6, &registers);
	assert_int_equal(registers.pc, 5);
	assert_int_equal(registers.value[7], 6);
	assert_true(pyro_registers_know(&registers, 7));
	assert_false(pyro_registers_know(&registers, 6));
	assert_false(pyro_registers_know(&registers, PYRO_MAX_REGISTERS));
	pyro_registers_set(&registers, PYRO_MAX_REGISTERS, 1); /* nothing happens */
}

static void test_machines(void **state)
{
	(void)state;
	assert_ptr_equal(pyro_machine_find(EM_X86_64), &pyro_machine_x86_64);
	assert_ptr_equal(pyro_machine_find(EM_AARCH64), &pyro_machine_aarch64);
	assert_null(pyro_machine_find(EM_386));
	assert_non_null(pyro_machine_own());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_the_kernels_words),
		cmocka_unit_test(test_from_a_system_call),
		cmocka_unit_test(test_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
