/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "unwind/registers.h"

static const struct pyro_machine *const machine = &pyro_machine_x86_64;

static void test_what_ends_a_call(void **state)
{
	static const struct {
		uint8_t code[8];
		bool ends;
		uint64_t target;
	} cases[] = {
		{{0, 0, 0, 0xe8, 0x10, 0, 0, 0}, true, 0x1010},         /* call rel32 */
		{{0, 0, 0, 0xe8, 0xf0, 0xff, 0xff, 0xff}, true, 0xff0}, /* backwards */
		{{0, 0, 0, 0, 0, 0, 0xff, 0xd0}, true, 0},              /* call *%rax */
		{{0, 0, 0, 0, 0, 0x41, 0xff, 0xd4}, true, 0},           /* call *%r12 */
		{{0, 0, 0, 0, 0, 0, 0xff, 0x10}, true, 0},              /* call *(%rax) */
		{{0, 0, 0, 0, 0, 0xff, 0x50, 0x08}, true, 0},           /* call *8(%rax) */
		{{0, 0, 0, 0, 0xff, 0x54, 0x24, 0x08}, true, 0},        /* call *8(%rsp) */
		{{0, 0, 0xff, 0x15, 1, 2, 3, 4}, true, 0},              /* call *x(%rip) */
		{{0, 0xff, 0x14, 0xc5, 1, 2, 3, 4}, true, 0},           /* call *x(,%rax,8) */
		{{0, 0, 0, 0, 0, 0, 0xff, 0xe0}, false, 0},             /* jmp *%rax */
		{{0, 0, 0, 0xe9, 0x10, 0, 0, 0}, false, 0},             /* jmp */
		{{0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90}, false, 0},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t target = 0;

		if (machine->ends_call(cases[i].code, 0x1000, &target) != cases[i].ends ||
		    (cases[i].ends && target != cases[i].target))
			fail_msg("case %zu", i);
	}
}

static void test_jumps(void **state)
{
	static const uint8_t code[] = {0x90, 0xe9, 1,    0,    0,    0,    0x0f, 0x84,
				       0xfa, 0xff, 0xff, 0xff, 0xc3, 0xe9, 0,    0};
	uint64_t target;
	size_t at = 0;

	(void)state;
	assert_true(machine->next_jump(code, sizeof(code), 0x100, &at, &target));
	assert_int_equal(target, 0x107);
	assert_true(machine->next_jump(code, sizeof(code), 0x100, &at, &target));
	assert_int_equal(target, 0x106);
	assert_false(machine->next_jump(code, sizeof(code), 0x100, &at, &target)); /* cut off */
	at = 0;
	assert_false(machine->next_jump(code, 3, 0x100, &at, &target));
}

static void test_how_a_function_returns(void **state)
{
	static const uint8_t plain[] = {0x48, 0x83, 0xc4, 0x18, 0x5b, 0x5d, 0x41, 0x5c, 0xc3};
	static const uint8_t large[] = {0x48, 0x81, 0xc4, 0x00, 0x01, 0, 0, 0xc3};
	static const uint8_t other[] = {0x48, 0x83, 0xc4, 0x18, 0x90, 0xc3};
	static const uint8_t pops_sp[] = {0x5c, 0xc3};
	uint64_t size;
	int fp;

	(void)state;
	assert_true(machine->returns(plain, sizeof(plain), &size, &fp));
	assert_int_equal(size, 0x18 + 3 * 8);
	assert_int_equal(fp, 0x20);
	assert_true(machine->returns(large, sizeof(large), &size, &fp));
	assert_int_equal(size, 256);
	assert_int_equal(fp, -1);
	assert_false(machine->returns(other, sizeof(other), &size, &fp));
	assert_false(machine->returns(pops_sp, sizeof(pops_sp), &size, &fp));
	for (size_t cut = 0; cut < sizeof(plain); cut++)
		assert_false(machine->returns(plain, cut, &size, &fp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_ends_a_call),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_how_a_function_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
