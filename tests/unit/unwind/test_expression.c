/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "unwind/expression.h"

static uint8_t words[64];

/* Registers 6 and 7 are known; the memory is @words at 0x1000. */
static enum pyro_rc evaluate(const uint8_t *bytes, size_t size, uint64_t *ret_value)
{
	static struct pyro_stack_memory memory;
	struct pyro_registers registers = {.pc = 0};
	const uint64_t initial = 100;

	pyro_registers_set(&registers, 6, 0x1008);
	pyro_registers_set(&registers, 7, 0x1000);
	pyro_registers_set(&registers, 16, 0x40000f);
	pyro_stack_memory_init(&memory, 0x1000, words, sizeof(words), NULL);
	return pyro_expression_evaluate(bytes, size, &registers, &memory, &initial, ret_value);
}

static void test_values(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t size;
		uint64_t value;
	} cases[] = {
		{{0x96}, 1, 100},                        /* nop: the initial value */
		{{0x35}, 1, 5},                          /* lit5 */
		{{0x08, 0xff}, 2, 255},                  /* const1u */
		{{0x09, 0xff}, 2, UINT64_MAX},           /* const1s */
		{{0x0b, 0xfe, 0xff}, 3, UINT64_MAX - 1}, /* const2s */
		{{0x0c, 1, 2, 3, 4}, 5, 0x04030201},     /* const4u */
		{{0x0e, 1, 0, 0, 0, 0, 0, 0, 0x80}, 9, 0x8000000000000001},
		{{0x10, 0x80, 0x01}, 3, 128},                    /* constu */
		{{0x11, 0x7f}, 2, UINT64_MAX},                   /* consts */
		{{0x23, 5}, 2, 105},                             /* plus_uconst */
		{{0x32, 0x33, 0x16, 0x1c}, 4, 1},                /* 2 3 swap minus */
		{{0x31, 0x32, 0x33, 0x17, 0x1c}, 5, UINT64_MAX}, /* rot: 3 1 2; 1 - 2 */
		{{0x12, 0x22}, 2, 200},                          /* dup plus */
		{{0x31, 0x14, 0x22}, 3, 101},                    /* over plus */
		{{0x31, 0x15, 1, 0x22}, 4, 101},                 /* pick */
		{{0x31, 0x13}, 2, 100},                          /* drop */
		{{0x11, 0x7f, 0x19}, 3, 1},                      /* abs */
		{{0x31, 0x1f}, 2, UINT64_MAX},                   /* neg */
		{{0x30, 0x20}, 2, UINT64_MAX},                   /* not */
		{{0x37, 0x33, 0x1b}, 3, 2},                      /* div */
		{{0x37, 0x33, 0x1d}, 3, 1},                      /* mod */
		{{0x37, 0x33, 0x1e}, 3, 21},                     /* mul */
		{{0x33, 0x36, 0x1a}, 3, 2},                      /* and */
		{{0x33, 0x36, 0x21}, 3, 7},                      /* or */
		{{0x33, 0x36, 0x27}, 3, 5},                      /* xor */
		{{0x31, 0x33, 0x24}, 3, 8},                      /* shl */
		{{0x31, 0x08, 200, 0x24}, 4, 0},                 /* by more than there are */
		{{0x38, 0x32, 0x25}, 3, 2},                      /* shr */
		{{0x11, 0x70, 0x32, 0x26}, 4, UINT64_MAX - 3},   /* shra: -16 >> 2 */
		{{0x11, 0x7f, 0x31, 0x2d}, 4, 1},                /* -1 < 1 */
		{{0x31, 0x31, 0x29}, 3, 1},                      /* eq */
		{{0x76, 0x78}, 2, 0x1000},                       /* breg6 - 8 */
		{{0x92, 7, 8}, 3, 0x1008},                       /* bregx */
		{{0x77, 0, 0x06}, 3, 0x1716151413121110},        /* breg7 deref */
		{{0x77, 0, 0x94, 2}, 4, 0x1110},                 /* deref_size */
		{{0x31, 0x28, 1, 0, 0x32, 0x33}, 6, 3},          /* bra over lit2 */
		{{0x30, 0x28, 1, 0, 0x32, 0x33, 0x22}, 7, 5},    /* not taken */
		{{0x2f, 1, 0, 0x32, 0x34}, 5, 4},                /* skip */
		/* That of the stubs for calls into other modules. */
		{{0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}, 11, 0x1010},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words); i++)
		words[i] = (uint8_t)(0x10 + i);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		if (evaluate(cases[i].bytes, cases[i].size, &value) != PYRO_RC_OK ||
		    value != cases[i].value)
			fail_msg("case %zu yields %llx", i, (unsigned long long)value);
	}
}

static void test_what_makes_no_sense_ends(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t size;
		enum pyro_rc rc;
	} cases[] = {
		{{0x13, 0x13}, 2, PYRO_RC_FORMAT},             /* nothing there */
		{{0x13}, 1, PYRO_RC_FORMAT},                   /* nothing left to yield */
		{{0x31, 0x30, 0x1b}, 3, PYRO_RC_FORMAT},       /* division by zero */
		{{0x31, 0x30, 0x1d}, 3, PYRO_RC_FORMAT},       /* and its rest */
		{{0x2f, 0xfd, 0xff}, 3, PYRO_RC_FORMAT},       /* for ever */
		{{0x12, 0x2f, 0xfc, 0xff}, 4, PYRO_RC_FORMAT}, /* ever more */
		{{0x2f, 0x00, 0x10}, 3, PYRO_RC_FORMAT},       /* out of it */
		{{0x2f, 0x00, 0x80}, 3, PYRO_RC_FORMAT},       /* the other way */
		{{0x0e, 1}, 2, PYRO_RC_FORMAT},                /* cut off */
		{{0x31, 0x31, 0xff}, 3, PYRO_RC_UNSUPPORTED},  /* unknown */
		{{0x70, 0}, 2, PYRO_RC_NOTFOUND},              /* a register that is not known */
		{{0x30, 0x06}, 2, PYRO_RC_FAULT},              /* memory that is not there */
		{{0x77, 0, 0x94, 9}, 4, PYRO_RC_FORMAT},       /* nine bytes */
		{{0x17}, 1, PYRO_RC_FORMAT},                   /* three of one */
		{{0x15, 200}, 2, PYRO_RC_FORMAT},              /* the two-hundredth */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value;
		const enum pyro_rc rc = evaluate(cases[i].bytes, cases[i].size, &value);

		if (rc != cases[i].rc)
			fail_msg("case %zu ends with %d", i, rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_what_makes_no_sense_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
