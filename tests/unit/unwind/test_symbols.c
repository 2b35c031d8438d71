/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/debug_files.h"
#include "unwind/debug_info.h"
#include "unwind/symbols.h"

static struct pyro_reader *reader;
static struct pyro_modules *modules;
static volatile uint64_t where;
static int inlined_line;

__attribute__((noinline)) static void note_where(void)
{
	where = (uint64_t)(uintptr_t)__builtin_return_address(0);
}

__attribute__((always_inline)) static inline int inner_call(int value)
{
	note_where(), inlined_line = __LINE__;
	return value + 1;
}

__attribute__((noinline)) static int outer_call(int value)
{
	const int result = inner_call(value); /* the line before OUTER_LINE */
	enum {
		OUTER_LINE = __LINE__ - 2
	};

	return result + OUTER_LINE;
}

static const struct pyro_symbol *find(struct pyro_symbols *symbols, uint64_t pc)
{
	const struct pyro_code_range *range = pyro_modules_find(modules, pc);
	const struct pyro_symbol *symbol = NULL;

	assert_non_null(range);
	assert_int_equal(pyro_symbols_find(symbols, range->module, pc - range->bias, &symbol),
			 PYRO_RC_OK);
	return symbol;
}

static struct pyro_symbols *create(enum pyro_debug_trust trust)
{
	struct pyro_symbols *symbols = NULL;

	assert_int_equal(pyro_symbols_create(modules, trust, &symbols), PYRO_RC_OK);
	return symbols;
}

static void test_functions_of_tables(void **state)
{
	struct pyro_symbols *symbols = create(PYRO_DEBUG_NONE);
	const struct pyro_symbol *symbol, *again;
	const struct pyro_code_range *range;

	(void)state;
	symbol = find(symbols, (uint64_t)(uintptr_t)&outer_call + 1);
	assert_int_equal(symbol->count, 1);
	assert_string_equal(symbol->names[0].function, "outer_call");
	assert_null(symbol->names[0].file);
	assert_true(symbol->named);
	assert_non_null(strstr(symbol->module, "test_unwind_symbols"));
	range = pyro_modules_find(modules, (uint64_t)(uintptr_t)&outer_call);
	assert_int_equal(symbol->start, (uint64_t)(uintptr_t)&outer_call - range->bias);
	again = find(symbols, (uint64_t)(uintptr_t)&outer_call + 1);
	assert_ptr_equal(again, symbol);
	symbol = find(symbols, (uint64_t)(uintptr_t)&qsort);
	assert_non_null(strstr(symbol->names[0].function, "qsort"));
	/* Where no function is. */
	assert_int_equal(pyro_symbols_find(symbols, range->module, 0x10, &symbol), PYRO_RC_OK);
	assert_false(symbol->named);
	assert_string_equal(symbol->names[0].function, "test_unwind_symbols+0x10");
	assert_int_equal(pyro_symbols_find(symbols, 12345, 0x10, &symbol), PYRO_RC_NOTFOUND);
	pyro_symbols_destroy(symbols);
	pyro_symbols_destroy(NULL);
}

static void test_lines_and_inlined_calls(void **state)
{
	struct pyro_symbols *symbols = create(PYRO_DEBUG_ALL);
	struct pyro_debug_info *info = NULL;
	const struct pyro_code_range *range;
	const struct pyro_symbol *symbol;
	int line;

	(void)state;
	line = outer_call(1) - 2;
	range = pyro_modules_find(modules, where);
	if (pyro_debug_info_create(pyro_modules_get(modules, range->module)->fd, &info) !=
	    PYRO_RC_OK) {
		pyro_symbols_destroy(symbols);
		skip(); /* built without debug information */
	}
	pyro_debug_info_destroy(info);
	symbol = find(symbols, where - 1);
	assert_int_equal(symbol->count, 2);
	assert_string_equal(symbol->names[0].function, "inner_call");
	assert_int_equal(symbol->names[0].line, inlined_line);
	assert_non_null(strstr(symbol->names[0].file, "test_symbols.c"));
	assert_string_equal(symbol->names[1].function, "outer_call");
	assert_in_range(symbol->names[1].line, line - 2, line);
	pyro_symbols_destroy(symbols);
}

static void test_what_is_no_debug_information(void **state)
{
	const int fd = memfd_create("nothing", MFD_CLOEXEC);
	struct pyro_debug_info *info = NULL;
	const struct pyro_space space = pyro_space_live((int)getpid(), reader);
	struct pyro_module module = {.fd = -1, .path = "/nowhere/at/all.so"};
	int got;

	(void)state;
	assert_int_equal(write(fd, "not an object", 13), 13);
	assert_int_equal(pyro_debug_info_create(fd, &info), PYRO_RC_FORMAT);
	assert_null(info);
	assert_true(pyro_debug_files_is_trusted(fd));
	if (geteuid() == 0 && fchown(fd, 65534, 65534) == 0)
		assert_false(pyro_debug_files_is_trusted(fd));
	assert_int_equal(pyro_debug_files_open(&space, &module, &got), PYRO_RC_NOTFOUND);
	close(fd);
}

static void test_code_made_at_run_time(void **state)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint64_t pc = (uint64_t)(uintptr_t)page;
	struct pyro_symbols *symbols = create(PYRO_DEBUG_NONE);
	const struct pyro_symbol *symbol;
	struct pyro_symbols_counts counts;
	char path[64];
	bool moved;
	FILE *file;

	(void)state;
	assert_int_equal(pyro_modules_refresh(modules, &moved), PYRO_RC_OK);
	symbol = find(symbols, pc + 0x10);
	assert_string_equal(symbol->names[0].function, "[jit]");
	assert_false(symbol->named);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%lx 100 _ZN3foo3barEi\nnonsense\n", (unsigned long)pc);
	fclose(file);
	symbol = find(symbols, pc + 0x10);
	assert_string_equal(symbol->names[0].function, "foo::bar");
	assert_int_equal(symbol->start, pc);
	assert_string_equal(symbol->module, "[jit]");
	assert_ptr_equal(find(symbols, pc + 0x20), symbol);
	/* Another is made in its place. */
	file = fopen(path, "a");
	fprintf(file, "%lx 80 later\n", (unsigned long)pc);
	fclose(file);
	symbol = find(symbols, pc + 0x200); /* of nobody: what is new is read */
	assert_false(symbol->named);
	assert_string_equal(find(symbols, pc + 0x10)->names[0].function, "later");
	pyro_symbols_counts(symbols, &counts);
	assert_int_equal(counts.jit_malformed, 1);
	unlink(path);
	munmap(page, 4096);
	pyro_symbols_destroy(symbols);
}

static int begin(void **state)
{
	struct pyro_space space;

	(void)state;
	if (pyro_live_reader_create((int)getpid(), &reader, NULL) != PYRO_RC_OK)
		return 1;
	space = pyro_space_live((int)getpid(), reader);
	return pyro_modules_create(&space, pyro_machine_own(), &modules, NULL) != PYRO_RC_OK;
}

static int end(void **state)
{
	(void)state;
	pyro_modules_destroy(modules);
	pyro_reader_destroy(reader);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_of_tables),
		cmocka_unit_test(test_lines_and_inlined_calls),
		cmocka_unit_test(test_what_is_no_debug_information),
		cmocka_unit_test(test_code_made_at_run_time),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
