/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "unwind/loop.h"

/* A function cut in pieces as compilers do it: what is seldom run lies elsewhere, and only the
 * entry has a name. Others are jumped to for other reasons. */
#if defined(__x86_64__)
#define FRAME(directive)                                                                           \
	directive                                                                                  \
		"\n"                                                                               \
		".cfi_def_cfa_offset 16\n"                                                         \
		".cfi_offset rbx, -16\n"
__asm__(".text\n"
	".globl _PyEval_EvalFrameDefault\n"
	".type _PyEval_EvalFrameDefault, @function\n"
	"_PyEval_EvalFrameDefault:\n"
	".cfi_startproc\n"
	FRAME("push %rbx")
	"je seldom_inside\n"
	"loop_inside:\n"
	"jne far_inside\n"
	"jmp other_inside\n"
	"pop %rbx\n"
	".cfi_def_cfa_offset 8\n"
	".cfi_restore rbx\n"
	"jmp tail_start\n"
	".cfi_endproc\n"
	".size _PyEval_EvalFrameDefault, .-_PyEval_EvalFrameDefault\n"
	".type part_start, @function\n"
	".section .text.pieces, \"ax\", @progbits\n"
	"seldom_start:\n"
	".cfi_startproc\n"
	FRAME("nop")
	"seldom_inside:\n"
	"jmp third_inside\n"
	"jmp loop_inside\n"
	".cfi_endproc\n"
	"seldom_end:\n"
	".section .text.third, \"ax\", @progbits\n"
	"third_start:\n" /* reached from the second piece alone */
	".cfi_startproc\n"
	FRAME("nop")
	"third_inside:\n"
	"jmp seldom_inside\n"
	".cfi_endproc\n"
	"third_end:\n"
	".section .text.others, \"ax\", @progbits\n"
	"far_start:\n" /* never comes back */
	".cfi_startproc\n"
	FRAME("nop")
	"far_inside:\n"
	"ud2\n"
	".cfi_endproc\n"
	"other_start:\n" /* comes back, but is another function that begins there */
	".cfi_startproc\n"
	"other_inside:\n"
	"jmp loop_inside\n"
	".cfi_endproc\n"
	"tail_start:\n"
	".cfi_startproc\n"
	"ret\n"
	".cfi_endproc\n"
	".type \"_PyEval_EvalFrameDefault.part.0\", @function\n"
	"\"_PyEval_EvalFrameDefault.part.0\":\n"
	"part_start:\n"
	"ret\n"
	".size \"_PyEval_EvalFrameDefault.part.0\", .-\"_PyEval_EvalFrameDefault.part.0\"\n"
	".type \"_PyEval_EvalFrameDefault.cold\", @function\n"
	"\"_PyEval_EvalFrameDefault.cold\":\n"
	"cold_start:\n"
	"ret\n"
	".size \"_PyEval_EvalFrameDefault.cold\", .-\"_PyEval_EvalFrameDefault.cold\"\n"
	".type _TAIL_CALL_LOAD_FAST, @function\n"
	"_TAIL_CALL_LOAD_FAST:\n"
	"ret\n"
	".size _TAIL_CALL_LOAD_FAST, .-_TAIL_CALL_LOAD_FAST\n"
	".text\n");

static uint64_t address(struct pyro_elf *elf, const char *name)
{
	struct pyro_elf_symbol symbol;

	if (pyro_elf_table_symbol(elf, name, &symbol) != PYRO_RC_OK)
		fail_msg("no %s", name);
	return symbol.value;
}

static void test_pieces(void **state)
{
	static const struct {
		const char *symbol;
		enum pyro_code_kind kind;
	} places[] = {
		{"_PyEval_EvalFrameDefault", PYRO_CODE_LOOP},
		{"loop_inside", PYRO_CODE_LOOP},
		{"seldom_start", PYRO_CODE_LOOP},
		{"seldom_inside", PYRO_CODE_LOOP},
		{"third_inside", PYRO_CODE_LOOP},
		{"far_inside", PYRO_CODE_INTERPRETER},
		{"other_inside", PYRO_CODE_INTERPRETER},
		{"tail_start", PYRO_CODE_INTERPRETER},
		{"part_start", PYRO_CODE_LOOP_PART},
		{"cold_start", PYRO_CODE_LOOP},
		{"_TAIL_CALL_LOAD_FAST", PYRO_CODE_LOOP_PART},
		{"main", PYRO_CODE_INTERPRETER},
	};
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct pyro_elf *elf = NULL;
	struct pyro_loop loop;

	(void)state;
	assert_int_equal(pyro_elf_create_from_fd(fd, &elf, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_loop_find(elf, &pyro_machine_x86_64, true, &loop), PYRO_RC_OK);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (pyro_loop_kind(&loop, address(elf, places[i].symbol)) != places[i].kind)
			fail_msg("%s is %s", places[i].symbol,
				 pyro_code_kind_name(
					 pyro_loop_kind(&loop, address(elf, places[i].symbol))));
	}
	pyro_loop_deinit(&loop);
	pyro_elf_destroy(elf);
	close(fd);
}
#else
static void test_pieces(void **state)
{
	(void)state;
	skip(); /* the pieces are written for x86-64 */
}
#endif

static void test_an_object_without_the_interpreter(void **state)
{
	const int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	struct pyro_elf *elf = NULL;
	struct pyro_loop loop = {.pieces = NULL};

	(void)state;
	assert_int_equal(pyro_elf_create_from_fd(fd, &elf, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_loop_find(elf, pyro_machine_own(), true, &loop), PYRO_RC_NOTFOUND);
	assert_int_equal(loop.count, 0);
	pyro_elf_destroy(elf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_an_object_without_the_interpreter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
