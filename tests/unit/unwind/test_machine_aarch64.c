/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "unwind/registers.h"

static const struct pyro_machine *const machine = &pyro_machine_aarch64;

static void test_what_ends_a_call(void **state)
{
	static const struct {
		uint32_t code;
		bool ends;
		uint64_t target;
	} cases[] = {
		{0x94000004, true, 0x1000 - 4 + 16}, /* bl +16 */
		{0x97ffffff, true, 0x1000 - 8},      /* bl -4 */
		{0xd63f0100, true, 0},               /* blr x8 */
		{0xd63f0900, true, 0},               /* blraaz x8 */
		{0x14000004, false, 0},              /* b */
		{0xd61f0100, false, 0},              /* br x8 */
		{0xd503201f, false, 0},              /* nop */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t code[8] = {0};
		uint64_t target = 0;

		memcpy(code + 4, &cases[i].code, 4);
		if (machine->ends_call(code, 0x1000, &target) != cases[i].ends ||
		    (cases[i].ends && target != cases[i].target))
			fail_msg("case %zu", i);
	}
}

static void test_jumps(void **state)
{
	static const uint32_t code[] = {
		0xd503201f, 0x14000002, /* b +8 */
		0x54ffffe0,             /* b.eq -4 */
		0xb4000040,             /* cbz x0, +8 */
		0x3607ffe1,             /* tbz w1, #0, -4 */
		0x94000001,             /* bl: no jump */
	};
	static const uint64_t targets[] = {0x104 + 8, 0x108 - 4, 0x10c + 8, 0x110 - 4};
	uint64_t target;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(machine->next_jump((const uint8_t *)code, sizeof(code), 0x100, &at,
					       &target));
		assert_int_equal(target, targets[i]);
	}
	assert_false(machine->next_jump((const uint8_t *)code, sizeof(code), 0x100, &at, &target));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_ends_a_call),
		cmocka_unit_test(test_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
