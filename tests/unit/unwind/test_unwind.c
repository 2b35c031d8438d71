/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind/symbols.h"
#include "unwind/unwind.h"

/* The test unwinds its own stack, from a copy or by reading itself. */

#if __has_attribute(noclone)
#define KEPT __attribute__((noinline, noclone, used))
#else
#define KEPT __attribute__((noinline, used))
#endif

static struct pyro_unwinder *unwinder;
static struct pyro_reader *reader;
static struct pyro_stack_memory memory;
static struct pyro_native_stack stack;
static struct pyro_registers taken;
static uint8_t copy[1 << 18];
static size_t copied;
static volatile int sink;

static void take_registers(const ucontext_t *context)
{
#if defined(__x86_64__)
	static const int words[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
				    REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
				    REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

	taken = (struct pyro_registers){.pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP]};
	for (unsigned int i = 0; i < 17; i++)
		pyro_registers_set(&taken, i, (uint64_t)context->uc_mcontext.gregs[words[i]]);
#else
	taken = (struct pyro_registers){.pc = context->uc_mcontext.pc};
	for (unsigned int i = 0; i < 31; i++)
		pyro_registers_set(&taken, i, context->uc_mcontext.regs[i]);
	pyro_registers_set(&taken, 31, context->uc_mcontext.sp);
	pyro_registers_set(&taken, 32, context->uc_mcontext.pc);
#endif
}

static uint64_t sp_of(const struct pyro_registers *registers)
{
	return registers->value[pyro_machine_own()->sp];
}

/* Takes the caller's registers and stack; what it calls is below them. */
#define TAKE()                                                                                     \
	do {                                                                                       \
		static ucontext_t context_;                                                        \
		getcontext(&context_);                                                             \
		take_registers(&context_);                                                         \
		copied = 0;                                                                        \
		while (copied < sizeof(copy) && pyro_reader_read(reader, sp_of(&taken) + copied,   \
								 copy + copied, 8) == PYRO_RC_OK)  \
			copied += 8;                                                               \
	} while (0)

KEPT static int leaf(int depth)
{
	TAKE();
	sink++;
	return depth;
}

KEPT static int down(int depth)
{
	const int result = depth ? down(depth - 1) : leaf(depth);

	sink++;
	return result + 1;
}

static void unwind_copy(void)
{
	pyro_stack_memory_init(&memory, sp_of(&taken), copy, copied, NULL);
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
}

static bool is_in(const struct pyro_native_frame *frame, const char *name)
{
	static struct pyro_symbols *symbols;
	const struct pyro_symbol *symbol;

	if (!symbols && pyro_symbols_create(pyro_unwinder_modules(unwinder), PYRO_DEBUG_NONE,
					    &symbols) != PYRO_RC_OK)
		return false;
	return pyro_symbols_find(symbols, frame->module, frame->addr, &symbol) == PYRO_RC_OK &&
	       strcmp(symbol->names[symbol->count - 1].function, name) == 0;
}

static void test_from_a_copy(void **state)
{
	(void)state;
	assert_int_equal(down(5), 6);
	unwind_copy();
	assert_int_equal(stack.end, PYRO_STACK_END_COMPLETE);
	assert_true(is_in(&stack.frames[0], "leaf"));
	assert_int_equal(stack.frames[0].source, PYRO_FRAME_REGISTERS);
	assert_false(stack.frames[0].returns);
	for (size_t i = 1; i < 7; i++) {
		assert_true(is_in(&stack.frames[i], "down"));
		assert_int_equal(stack.frames[i].source, PYRO_FRAME_TABLE);
		assert_true(stack.frames[i].returns);
		assert_int_equal(stack.frames[i].sp, stack.frames[i - 1].cfa);
		assert_int_equal(stack.frames[i].kind, PYRO_CODE_NATIVE);
	}
	assert_true(is_in(&stack.frames[7], "test_from_a_copy"));
	assert_true(is_in(&stack.frames[stack.count - 1], "_start"));
}

static void test_what_is_known_is_not_looked_up_again(void **state)
{
	struct pyro_unwind_counts before, after;

	(void)state;
	assert_int_equal(down(5), 6);
	unwind_copy();
	pyro_unwinder_counts(unwinder, &before);
	unwind_copy();
	unwind_copy();
	pyro_unwinder_counts(unwinder, &after);
	assert_int_equal(after.looked_up, before.looked_up);
	assert_int_equal(after.stacks, before.stacks + 2);
	assert_int_equal(after.frames, before.frames + 2 * stack.count);
}

static void test_a_copy_that_is_cut_off(void **state)
{
	size_t count;

	(void)state;
	assert_int_equal(down(5), 6);
	unwind_copy();
	count = stack.count;
	pyro_stack_memory_init(&memory, sp_of(&taken), copy, stack.frames[3].cfa - sp_of(&taken),
			       NULL);
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
	assert_int_equal(stack.end, PYRO_STACK_END_UNREADABLE);
	assert_int_equal(stack.count, 5);
	assert_int_equal(stack.end_pc, stack.frames[4].pc);
	/* What the copy lacks of what is still there is read. */
	unwind_copy();
	pyro_stack_memory_init(&memory, sp_of(&taken), copy, stack.frames[6].cfa - sp_of(&taken),
			       reader);
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
	assert_int_equal(stack.end, PYRO_STACK_END_COMPLETE);
	assert_int_equal(stack.count, count);
	pyro_stack_memory_init(&memory, 0, NULL, 0, NULL);
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
	assert_int_equal(stack.count, 1);
	assert_int_equal(stack.end, PYRO_STACK_END_UNREADABLE);
}

static void test_a_stack_that_leads_nowhere(void **state)
{
	const struct pyro_registers zero = {.pc = 0};
	struct pyro_registers wild;

	(void)state;
	assert_int_equal(down(2), 3);
	wild = taken;
	wild.pc = 0x10;
	pyro_stack_memory_init(&memory, sp_of(&taken), copy, copied, NULL);
	pyro_unwinder_unwind(unwinder, &wild, &memory, &stack);
	assert_int_equal(stack.count, 0);
	assert_int_equal(stack.end, PYRO_STACK_END_NO_CODE);
	pyro_unwinder_unwind(unwinder, &zero, &memory, &stack);
	assert_int_equal(stack.count, 0);
	/* Nothing but a pc. */
	wild = (struct pyro_registers){.pc = taken.pc};
	pyro_unwinder_unwind(unwinder, &wild, &memory, &stack);
	assert_int_equal(stack.count, 1);
	assert_int_equal(stack.end, PYRO_STACK_END_UNKNOWN);
	/* Every word is the same return address: sp grows until the copy ends. */
	for (size_t i = 0; i + 8 <= copied; i += 8)
		memcpy(copy + i, &taken.pc, 8);
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
	assert_true(stack.end == PYRO_STACK_END_UNREADABLE ||
		    stack.end == PYRO_STACK_END_NO_PROGRESS ||
		    stack.end == PYRO_STACK_END_TOO_DEEP || stack.end == PYRO_STACK_END_UNKNOWN);
	memset(copy, 0xff, sizeof(copy));
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
	assert_int_equal(stack.end, PYRO_STACK_END_NO_CODE);
}

static void handle(int number)
{
	(void)number;
	TAKE();
	sink++;
}

KEPT static int interrupted(void)
{
	raise(SIGUSR1);
	sink++;
	return 1;
}

static void test_through_a_signal(void **state)
{
	struct sigaction action = {.sa_handler = handle};
	size_t at = 0, signals = 0;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(interrupted(), 1);
	unwind_copy();
	assert_int_equal(stack.end, PYRO_STACK_END_COMPLETE);
	assert_true(is_in(&stack.frames[0], "handle"));
	for (size_t i = 0; i < stack.count; i++) {
		signals += stack.frames[i].signal;
		if (stack.frames[i].signal)
			assert_false(stack.frames[i + 1].returns);
		if (is_in(&stack.frames[i], "interrupted"))
			at = i;
	}
	assert_int_equal(signals, 1);
	assert_true(at > 2);
	assert_true(is_in(&stack.frames[at + 1], "test_through_a_signal"));
}

static size_t count_signals(void)
{
	size_t signals = 0;

	for (size_t i = 0; i < stack.count; i++)
		signals += stack.frames[i].signal;
	return signals;
}

static void test_on_another_stack(void **state)
{
	static uint8_t other[1 << 16];
	const stack_t alternate = {.ss_sp = other, .ss_size = sizeof(other)};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};

	(void)state;
	assert_int_equal(sigaltstack(&alternate, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	TAKE();
	assert_int_equal(interrupted(), 1);
	/* Two stacks: what the copy of one lacks is read. */
	pyro_stack_memory_init(&memory, 0, NULL, 0, reader);
	pyro_unwinder_unwind(unwinder, &taken, &memory, &stack);
	assert_int_equal(count_signals(), 1);
}

#if defined(__x86_64__)
typedef int calling(int (*function)(int), int argument);

/* Code made at run time: no table speaks of it. */
static calling *make(const uint8_t *code, size_t size)
{
	uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	memcpy(page, code, size);
	return (calling *)(uintptr_t)page;
}

static void check_made(const uint8_t *code, size_t size, enum pyro_frame_source source)
{
	calling *made = make(code, size);
	size_t at = 0;

	assert_int_equal(made(down, 1), 2);
	assert_true(pyro_unwinder_kind(unwinder, (uint64_t)(uintptr_t)made) != PYRO_CODE_JIT);
	unwind_copy(); /* what was mapped since is not known yet: this is how that is noticed */
	assert_int_equal(stack.end, PYRO_STACK_END_NO_CODE);
	assert_true(pyro_unwinder_is_stale(unwinder));
	assert_int_equal(pyro_unwinder_refresh(unwinder), PYRO_RC_OK);
	assert_false(pyro_unwinder_is_stale(unwinder));
	unwind_copy();
	assert_int_equal(stack.end, PYRO_STACK_END_COMPLETE);
	while (stack.frames[at].kind != PYRO_CODE_JIT)
		assert_true(++at < stack.count);
	assert_int_equal(at, 3);
	assert_int_equal(stack.frames[at + 1].source, source);
	assert_true(is_in(&stack.frames[at + 1], "check_made"));
	munmap((void *)(uintptr_t)made, 4096);
	assert_int_equal(pyro_unwinder_refresh(unwinder), PYRO_RC_OK);
}

static void test_code_without_tables(void **state)
{
	/* mov %rdi,%rax; mov %esi,%edi */
#define BEGIN 0x48, 0x89, 0xf8, 0x89, 0xf7
	static const uint8_t returns[] = {0x48, 0x83, 0xec, 0x18, BEGIN, 0xff,
					  0xd0, 0x48, 0x83, 0xc4, 0x18,  0xc3};
	static const uint8_t pointer[] = {0x55, 0x48, 0x89, 0xe5, BEGIN,
					  0xff, 0xd0, 0x90, 0x5d, 0xc3};
#undef BEGIN

	(void)state;
	check_made(returns, sizeof(returns), PYRO_FRAME_CODE);
	check_made(pointer, sizeof(pointer), PYRO_FRAME_POINTER);
}
#endif

static void test_with_sp_and_pc_alone(void **state)
{
	struct pyro_registers bare;
	size_t count;

	(void)state;
	assert_int_equal(down(4), 5);
	unwind_copy();
	count = stack.count;
	pyro_registers_from_syscall(pyro_machine_own(), taken.pc, sp_of(&taken), &bare);
	pyro_stack_memory_init(&memory, sp_of(&taken), copy, copied, NULL);
	pyro_unwinder_unwind(unwinder, &bare, &memory, &stack);
	assert_int_equal(stack.end, PYRO_STACK_END_COMPLETE);
	assert_int_equal(stack.count, count);
	for (size_t i = 1; i < 6; i++)
		assert_true(is_in(&stack.frames[i], "down"));
}

static void test_names_of_ends(void **state)
{
	(void)state;
	assert_string_equal(pyro_stack_end_name(PYRO_STACK_END_COMPLETE), "complete");
	assert_string_equal(pyro_stack_end_name((enum pyro_stack_end)99), "unknown");
	assert_string_equal(pyro_stack_end_text(PYRO_STACK_END_TOO_DEEP),
			    "more frames than are kept");
	assert_string_equal(pyro_frame_source_name(PYRO_FRAME_GUESS), "guess");
	assert_string_equal(pyro_code_kind_name(PYRO_CODE_LOOP), "loop");
}

static int begin(void **state)
{
	(void)state;
	struct pyro_space space;

	if (pyro_live_reader_create((int)getpid(), &reader, NULL) != PYRO_RC_OK)
		return 1;
	space = pyro_space_live((int)getpid(), reader);
	return pyro_unwinder_create(&space, &unwinder, NULL) != PYRO_RC_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_a_copy),
		cmocka_unit_test(test_what_is_known_is_not_looked_up_again),
		cmocka_unit_test(test_a_copy_that_is_cut_off),
		cmocka_unit_test(test_a_stack_that_leads_nowhere),
		cmocka_unit_test(test_through_a_signal),
		cmocka_unit_test(test_on_another_stack),
#if defined(__x86_64__)
		cmocka_unit_test(test_code_without_tables),
#endif
		cmocka_unit_test(test_with_sp_and_pc_alone),
		cmocka_unit_test(test_names_of_ends),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
