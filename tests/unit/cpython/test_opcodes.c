/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cpython/decoder.h"

/* Numbers from each version's Include/opcode.h and opcode_ids.h. What they are on a stack is tested
 * with whole programs, in tests/cli. */
static void calls_are_told(void **state)
{
	static const struct {
		uint32_t minor;
		uint8_t opcode;
		bool calls;
	} known[] = {
		{8, 131, true},   /* CALL_FUNCTION */
		{8, 161, true},   /* CALL_METHOD */
		{8, 162, false},  /* CALL_FINALLY */
		{8, 23, false},   /* BINARY_ADD */
		{10, 142, true},  /* CALL_FUNCTION_EX */
		{11, 171, true},  /* CALL */
		{11, 78, true},   /* PRECALL_NO_KW_LEN */
		{11, 122, false}, /* BINARY_OP */
		{12, 171, true},  /* CALL */
		{12, 173, false}, /* CALL_INTRINSIC_1 */
		{13, 53, true},   /* CALL */
		{13, 45, false},  /* BINARY_OP */
		{7, 131, false},  /* no such row */
	};

	for (size_t i = 0; i < PYRO_COUNT(known); i++) {
		print_message("3.%u %u\n", known[i].minor, known[i].opcode);
		assert_int_equal(pyro_opcode_calls(known[i].minor, known[i].opcode),
				 known[i].calls);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
