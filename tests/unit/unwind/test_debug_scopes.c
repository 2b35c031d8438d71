/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dwarf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unwind/debug_scopes.h"

#define MAX 32

/* Calls within calls, in blocks, and side by side, for the compiler to describe. */
__attribute__((always_inline)) static inline int innermost(volatile int *value)
{
	*value += 1;
	return *value;
}

__attribute__((always_inline)) static inline int inner(volatile int *value)
{
	int sum = 0;

	for (int i = 0; i < 3; i++) {
		const int got = innermost(value);

		if (got > 1) {
			const int again = innermost(value);

			sum += again;
		}
	}
	return sum;
}

__attribute__((noinline)) static int outer(volatile int *value)
{
	return inner(value) + innermost(value) + inner(value);
}

static int is_call(int tag)
{
	return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
}

/* The same by libdw, which walks the whole unit. */
static size_t by_libdw(Dwarf_Die *unit, uint64_t addr, Dwarf_Die *calls)
{
	Dwarf_Die *scopes = NULL, *chain = NULL;
	int depth = dwarf_getscopes(unit, addr, &scopes);
	size_t count = 0;

	if (depth > 0)
		depth = dwarf_getscopes_die(&scopes[0], &chain);
	for (int i = 0; i < depth && count < MAX; i++) {
		if (!is_call(dwarf_tag(&chain[i])))
			continue;
		calls[count++] = chain[i];
		if (dwarf_tag(&chain[i]) == DW_TAG_subprogram)
			break;
	}
	free(scopes);
	free(chain);
	return count;
}

static bool is_this_file(Dwarf_Die *unit)
{
	const char *name = dwarf_diename(unit);

	return name && strstr(name, "test_debug_scopes.c");
}

static void it_finds_what_libdw_finds(void **state)
{
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	struct pyro_debug_scopes *scopes;
	Dwarf_Off at = 0, next;
	size_t header, deepest = 0, compared = 0;
	volatile int value = 0;

	(void)state;
	assert_true(outer(&value) > 0);
	if (!dwarf) {
		close(fd);
		print_message("skipped: built without debug information\n");
		skip();
	}
	assert_int_equal(pyro_debug_scopes_create(&scopes), PYRO_RC_OK);
	for (; dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0; at = next) {
		Dwarf_Addr base, start, end;
		ptrdiff_t range = 0;
		Dwarf_Die unit;

		assert_non_null(dwarf_offdie(dwarf, at + header, &unit));
		while (is_this_file(&unit) &&
		       (range = dwarf_ranges(&unit, range, &base, &start, &end)) > 0) {
			for (uint64_t addr = start - 1; addr <= end; addr++) {
				Dwarf_Die expected[MAX], found[MAX];
				const size_t count = by_libdw(&unit, addr, expected);

				assert_int_equal(
					pyro_debug_scopes_find(scopes, &unit, addr, found, MAX),
					count);
				for (size_t i = 0; i < count; i++)
					assert_int_equal(dwarf_dieoffset(&found[i]),
							 dwarf_dieoffset(&expected[i]));
				deepest = count > deepest ? count : deepest;
				compared += count > 0;
				/* With less room, the innermost ones. */
				if (count > 1) {
					assert_int_equal(pyro_debug_scopes_find(scopes, &unit, addr,
										found, 1),
							 1);
					assert_int_equal(dwarf_dieoffset(&found[0]),
							 dwarf_dieoffset(&expected[0]));
				}
			}
		}
	}
	assert_true(compared > 200);
	assert_true(deepest >= 3);
	pyro_debug_scopes_destroy(scopes);
	pyro_debug_scopes_destroy(NULL);
	dwarf_end(dwarf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_what_libdw_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
