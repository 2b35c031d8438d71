/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "cfi_build.h"
#include "unwind/cfi.h"

enum {
	RBX = 3,
	RBP = 6,
	RSP = 7,
	R12 = 12,
	RIP = 16
};

static enum pyro_rc find(const uint8_t file[CFI_SIZE], uint64_t addr, struct pyro_cfi_row *row)
{
	struct pyro_cfi_range range;
	int fd;
	struct pyro_elf *elf = cfi_open(file, &fd);
	enum pyro_rc rc = pyro_cfi_find(elf, &pyro_machine_x86_64, addr, &range, row);

	pyro_elf_destroy(elf);
	close(fd);
	if (rc == PYRO_RC_OK)
		assert_true(addr >= range.start && addr < range.end);
	return rc;
}

/* The rule of one register; SAME where there is none. */
static struct pyro_cfi_rule rule_of(const struct pyro_cfi_row *row, uint8_t reg)
{
	for (size_t i = 0; i < row->save_count; i++) {
		if (row->saves[i].reg == reg)
			return row->saves[i];
	}
	return (struct pyro_cfi_rule){.kind = PYRO_CFI_SAME};
}

static void test_a_function_from_its_first_to_its_last_instruction(void **state)
{
	/* push %rbp; mov %rsp,%rbp; push %rbx … pop; leave; ret, with a second way out. */
	static const uint8_t program[] = {
		0x41, 0x0e, 16,   0x86, 2, /* after 1: cfa offset 16, rbp at cfa-16 */
		0x43, 0x0d, 6,             /* after 4: cfa from rbp */
		0x41, 0x83, 3,             /* after 5: rbx at cfa-24 */
		0x0a,                      /* remember */
		0x02, 0x20, 0x0c, 7,    8, /* after 0x25: cfa rsp+8 */
		0xc3, 0xc6,                /* restore rbx, rbp */
		0x0b,                      /* as it was remembered: for what follows */
		0x03, 0x10, 0x00, 0x07, 3  /* after 0x35: rbx undefined */
	};
	const struct cfi_build build = {.program = program, .program_size = sizeof(program)};
	const uint64_t at = cfi_function(1);
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE];

	(void)state;
	cfi_build(&build, file);
	assert_int_equal(find(file, at, &row), PYRO_RC_OK);
	assert_true(pyro_cfi_row_is_entry(&row, &pyro_machine_x86_64));
	assert_int_equal(row.cfa.reg, RSP);
	assert_int_equal(row.cfa.value, 8);
	assert_int_equal(rule_of(&row, RIP).kind, PYRO_CFI_AT);
	assert_int_equal(rule_of(&row, RIP).value, -8);
	assert_int_equal(rule_of(&row, RBP).kind, PYRO_CFI_SAME);
	assert_int_equal(find(file, at + 1, &row), PYRO_RC_OK);
	assert_false(pyro_cfi_row_is_entry(&row, &pyro_machine_x86_64));
	assert_int_equal(row.cfa.value, 16);
	assert_int_equal(rule_of(&row, RBP).value, -16);
	assert_int_equal(find(file, at + 3, &row), PYRO_RC_OK);
	assert_int_equal(row.cfa.reg, RSP);
	assert_int_equal(find(file, at + 4, &row), PYRO_RC_OK);
	assert_int_equal(row.cfa.reg, RBP);
	assert_int_equal(row.cfa.value, 16);
	assert_int_equal(find(file, at + 5, &row), PYRO_RC_OK);
	assert_int_equal(rule_of(&row, RBX).value, -24);
	assert_int_equal(find(file, at + 0x24, &row), PYRO_RC_OK);
	assert_int_equal(row.cfa.reg, RBP);
	/* What is remembered at one place is recalled at the same: the state before is lost there.
	 */
	assert_int_equal(find(file, at + 0x25, &row), PYRO_RC_OK);
	assert_int_equal(row.cfa.reg, RBP);
	assert_int_equal(find(file, at + 0x35, &row), PYRO_RC_OK);
	assert_int_equal(rule_of(&row, RBX).kind, PYRO_CFI_UNDEFINED);
	assert_int_equal(rule_of(&row, RBP).value, -16);
	/* The neighbours have nothing but what is common. */
	assert_int_equal(find(file, at - 1, &row), PYRO_RC_OK);
	assert_true(pyro_cfi_row_is_entry(&row, &pyro_machine_x86_64));
	assert_int_equal(find(file, at + CFI_FUNCTION, &row), PYRO_RC_OK);
	assert_true(pyro_cfi_row_is_entry(&row, &pyro_machine_x86_64));
}

static void test_every_kind_of_rule(void **state)
{
	static const uint8_t program[] = {
		0x12, 7,   0x7e,             /* def_cfa_sf rsp + -2 * -8 */
		0x05, R12, 5,                /* offset_extended */
		0x11, 13,  0x7f,             /* offset_extended_sf: -1 * -8 */
		0x14, 14,  2,                /* val_offset */
		0x15, 15,  0x7e,             /* val_offset_sf */
		0x09, 0,   2,                /* rax is in rcx's number 2 */
		0x10, 3,   2,    0x77, 0x08, /* expression: breg7 + 8 */
		0x16, 6,   1,    0x31,       /* val_expression: lit1 */
		0x2f, 1,   3,                /* negative_offset_extended: 3 * 8 */
		0x2e, 16,                    /* args_size */
		0x07, 60,                    /* a register that is not followed */
		0x08, 16,                    /* same_value */
	};
	const struct cfi_build build = {.program = program, .program_size = sizeof(program)};
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE];

	(void)state;
	cfi_build(&build, file);
	assert_int_equal(find(file, cfi_function(1) + 9, &row), PYRO_RC_OK);
	assert_int_equal(row.cfa.value, 16);
	assert_int_equal(rule_of(&row, R12).value, -40);
	assert_int_equal(rule_of(&row, 13).value, 8);
	assert_int_equal(rule_of(&row, 14).kind, PYRO_CFI_IS);
	assert_int_equal(rule_of(&row, 14).value, -16);
	assert_int_equal(rule_of(&row, 15).value, 16);
	assert_int_equal(rule_of(&row, 0).kind, PYRO_CFI_REGISTER);
	assert_int_equal(rule_of(&row, 0).value, 2);
	assert_int_equal(rule_of(&row, RBX).kind, PYRO_CFI_AT_EXPRESSION);
	assert_memory_equal(pyro_cfi_row_expressions(&row) + rule_of(&row, RBX).value, "\x77\x08",
			    2);
	assert_int_equal(rule_of(&row, RBP).kind, PYRO_CFI_EXPRESSION);
	assert_int_equal(rule_of(&row, RBP).size, 1);
	assert_int_equal(pyro_cfi_row_expressions(&row)[rule_of(&row, RBP).value], 0x31);
	assert_int_equal(rule_of(&row, 1).value, 24);
	assert_int_equal(rule_of(&row, RIP).kind, PYRO_CFI_SAME);
	assert_int_equal(row.expression_size, 3);
}

static void test_augmentations(void **state)
{
	/* A routine by an absolute pointer, data of its own, a signal frame, and what comes after
	 * all that. */
	static const uint8_t data[] = {0x03, 1, 2, 3, 4, 0x1b, 0x1b, 0xaa, 0xbb};
	const struct cfi_build build = {
		.augmentation = "zPLRSx", .augmented = data, .augmented_size = sizeof(data)};
	const struct cfi_build old = {.augmentation = "eh"};
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE];

	(void)state;
	cfi_build(&build, file);
	assert_int_equal(find(file, cfi_function(1), &row), PYRO_RC_OK);
	assert_true(row.signal);
	assert_int_equal(row.cfa.value, 8);
	cfi_build(&old, file);
	assert_int_equal(find(file, cfi_function(1), &row), PYRO_RC_UNSUPPORTED);
}

static void test_rows_that_are_equal_are_equal_bytes(void **state)
{
	static const uint8_t program[] = {0x44, 0x0e, 16, 0x44, 0x0e, 8};
	const struct cfi_build build = {.program = program, .program_size = sizeof(program)};
	struct pyro_cfi_row rows[2];
	uint8_t file[CFI_SIZE];

	(void)state;
	cfi_build(&build, file);
	memset(&rows[0], 0x55, sizeof(rows[0]));
	memset(&rows[1], 0xaa, sizeof(rows[1]));
	assert_int_equal(find(file, cfi_function(0), &rows[0]), PYRO_RC_OK);
	assert_int_equal(find(file, cfi_function(1) + 8, &rows[1]), PYRO_RC_OK);
	assert_int_equal(pyro_cfi_row_size(&rows[0]), pyro_cfi_row_size(&rows[1]));
	assert_memory_equal(&rows[0], &rows[1], pyro_cfi_row_size(&rows[0]));
}

static void test_what_the_tables_do_not_speak_of(void **state)
{
	const struct cfi_build build = {.program = NULL};
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE];

	(void)state;
	cfi_build(&build, file);
	assert_int_equal(find(file, cfi_function(0) - 1, &row), PYRO_RC_NOTFOUND);
	assert_int_equal(find(file, cfi_function(CFI_FUNCTIONS), &row), PYRO_RC_NOTFOUND);
	assert_int_equal(find(file, 0, &row), PYRO_RC_NOTFOUND);
	assert_int_equal(find(file, UINT64_MAX, &row), PYRO_RC_NOTFOUND);
}

static void test_lies(void **state)
{
	static const struct {
		size_t at; /* file offset; from the second FDE where `in_entry` */
		bool in_entry;
		uint32_t value;
		enum pyro_rc rc;
	} lies[] = {
		{CFI_HEADER, false, 0x3b031b02, PYRO_RC_FORMAT},      /* version of the header */
		{CFI_HEADER, false, 0x3c031b01, PYRO_RC_UNSUPPORTED}, /* form of the table */
		{CFI_HEADER, false, 0x3bff1b01, PYRO_RC_NOTFOUND},    /* no count */
		{CFI_HEADER + 8, false, 0x7fffffff, PYRO_RC_FORMAT},  /* count */
		{CFI_HEADER + 12 + 12, false, 0x10000000, PYRO_RC_FAULT}, /* of the second entry */
		{CFI_COMMON, false, 0x7fffffff, PYRO_RC_LIMIT},           /* length of the CIE */
		{CFI_COMMON, false, 0xffffffff, PYRO_RC_FORMAT},          /* a long length */
		{CFI_COMMON, false, 5, PYRO_RC_FORMAT},                   /* it ends early */
		{CFI_COMMON + 4, false, 1, PYRO_RC_FORMAT},               /* not a CIE */
		{0, true, 0, PYRO_RC_FORMAT},                             /* the table's end */
		{0, true, 8, PYRO_RC_FORMAT},                             /* the entry ends early */
		{4, true, 0, PYRO_RC_FORMAT},                             /* a CIE, not an entry */
		{4, true, 4, PYRO_RC_FORMAT},                             /* its own CIE */
		{4, true, 0x7fffffff, PYRO_RC_FORMAT},                    /* a CIE before all */
		{8, true, 0, PYRO_RC_NOTFOUND},                           /* of other code */
		{12, true, 0, PYRO_RC_NOTFOUND},                          /* of no code */
	};
	const struct cfi_build build = {.program = NULL};
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const size_t second = cfi_build(&build, file);

		memcpy(file + lies[i].at + (lies[i].in_entry ? second : 0), &lies[i].value, 4);
		if (find(file, cfi_function(1) + 1, &row) != lies[i].rc)
			fail_msg("lie %zu was found to be %d", i,
				 find(file, cfi_function(1) + 1, &row));
	}
}

static void test_programs_that_make_no_sense(void **state)
{
	static const struct {
		uint8_t program[8];
		size_t size;
		enum pyro_rc rc;
	} programs[] = {
		{{0x0b}, 1, PYRO_RC_FORMAT},         /* recall without remember */
		{{0x3f}, 1, PYRO_RC_UNSUPPORTED},    /* unknown */
		{{0x01, 0}, 2, PYRO_RC_UNSUPPORTED}, /* set_loc */
		{{0x0c, 99, 8}, 3, PYRO_RC_FORMAT},  /* CFA from no register */
		{{0x0f, 100, 1}, 3, PYRO_RC_FORMAT}, /* an expression beyond the end */
		{{0x0e, 0xff, 0xff, 0xff, 0xff, 0x7f}, 6, PYRO_RC_FORMAT}, /* 32 GB of frame */
	};
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE], many[64];

	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const struct cfi_build build = {.program = programs[i].program,
						.program_size = programs[i].size};

		cfi_build(&build, file);
		if (find(file, cfi_function(1) + 1, &row) != programs[i].rc)
			fail_msg("program %zu was found to be %d", i,
				 find(file, cfi_function(1) + 1, &row));
	}
	memset(many, 0x0a, sizeof(many));
	cfi_build(&(struct cfi_build){.program = many, .program_size = sizeof(many)}, file);
	assert_int_equal(find(file, cfi_function(1), &row), PYRO_RC_LIMIT);
	/* No rule for the CFA at all. */
	memset(many, 0, sizeof(many));
	cfi_build(&(struct cfi_build){.common = many, .common_size = 8}, file);
	assert_int_equal(find(file, cfi_function(1), &row), PYRO_RC_FORMAT);
}

static void test_another_machine(void **state)
{
	const struct cfi_build build = {.program = NULL};
	struct pyro_cfi_range range;
	struct pyro_cfi_row row;
	uint8_t file[CFI_SIZE];
	struct pyro_elf *elf;
	int fd;

	(void)state;
	cfi_build(&build, file);
	elf = cfi_open(file, &fd);
	assert_int_equal(pyro_cfi_find(elf, &pyro_machine_aarch64, cfi_function(0), &range, &row),
			 PYRO_RC_UNSUPPORTED);
	assert_int_equal(pyro_cfi_range(elf, cfi_function(2) + 7, &range), PYRO_RC_OK);
	assert_int_equal(range.start, cfi_function(2));
	assert_int_equal(range.end, cfi_function(3));
	pyro_elf_destroy(elf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_from_its_first_to_its_last_instruction),
		cmocka_unit_test(test_every_kind_of_rule),
		cmocka_unit_test(test_augmentations),
		cmocka_unit_test(test_rows_that_are_equal_are_equal_bytes),
		cmocka_unit_test(test_what_the_tables_do_not_speak_of),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_programs_that_make_no_sense),
		cmocka_unit_test(test_another_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
