/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "target/kallsyms.h"

/* Unsorted, as modules and programs are behind the kernel; several names at an address; data that
 * ends a function; addresses that are hidden. */
static const char text[] =
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000100 t ksys_read\n"
	"ffffffff81000180 W weak\n"
	"ffffffff81000200 D data\n"
	"ffffffffc0300000 t xfs_read\t[xfs]\n"
	"ffffffffc0000000 t ext4_read\t[ext4]\n"
	"ffffffffc0000000 t ext4_alias\t[ext4]\n"
	"0000000000000000 A fixed_percpu_data\n"
	"ffffffff80fff000 T before\n";

static struct pyro_kallsyms symbols;

static int set_up(void **state)
{
	pyro_kallsyms_init(&symbols);
	return 0;
}

static int tear_down(void **state)
{
	pyro_kallsyms_deinit(&symbols);
	return 0;
}

static void take(const char *lines)
{
	assert_int_equal(pyro_kallsyms_parse(&symbols, lines, strlen(lines)), strlen(lines));
	pyro_kallsyms_sort(&symbols);
}

static void check(uint64_t addr, const char *expected)
{
	const char *name = pyro_kallsyms_at(&symbols, addr);

	assert_string_equal(name ? name : "", expected);
}

static void functions_are_found_by_address(void **state)
{
	take(text);
	assert_int_equal(symbols.functions, 8);
	check(0, "");
	check(0xffffffff80ffefff, "");
	check(0xffffffff80fff000, "before");
	/* Of several names the first. */
	check(0xffffffff81000000, "_stext");
	check(0xffffffff810000ff, "_stext");
	check(0xffffffff81000100, "ksys_read");
	check(0xffffffff810001ff, "weak");
	/* That is no code. */
	check(0xffffffff81000200, "");
	check(0xffffffff81000fff, "");
	/* Modules' have theirs with them. */
	check(0xffffffffc0000010, "ext4_read [ext4]");
	check(0xffffffffc0300010, "xfs_read [xfs]");
	/* Too far behind it to be a part of it. */
	check(0xffffffffc0000000 + 65535, "ext4_read [ext4]");
	check(0xffffffffc0000000 + 65536, "");
	check(UINT64_MAX, "");
}

static void functions_are_found_by_name(void **state)
{
	uint64_t start = 1, end = 2;

	take(text);
	assert_true(pyro_kallsyms_find(&symbols, "ksys_read", &start, &end));
	assert_int_equal(start, 0xffffffff81000100);
	assert_int_equal(end, 0xffffffff81000180);
	assert_true(pyro_kallsyms_find(&symbols, "_text", &start, &end));
	assert_int_equal(start, 0xffffffff81000000);
	assert_int_equal(end, 0xffffffff81000100);
	assert_false(pyro_kallsyms_find(&symbols, "ksys_rea", &start, &end));
	assert_false(pyro_kallsyms_find(&symbols, "data", &start, &end));
}

static void what_is_hidden_has_no_names(void **state)
{
	take("0000000000000000 T _stext\n0000000000000000 t ksys_read\n");
	assert_int_equal(symbols.functions, 0);
	check(0, "");
	check(0xffffffff81000000, "");
}

static void nonsense_is_passed_over(void **state)
{
	static const char *const lines[] = {
		"",
		"\n\n\n",
		"ffffffff81000000\n",
		"ffffffff81000000 T\n",
		"ffffffff81000000 T \n", /* a symbol without a name */
		"ffffffff81000000T name\n",
		"ffffffff81000000 TT name\n",
		"fffffffff81000000 T too_many_digits\n",
		"no address at all\n",
		" ffffffff81000000 T name\n",
		"\t[module]\n",
	};

	for (size_t i = 0; i < PYRO_COUNT(lines); i++)
		take(lines[i]);
	assert_int_equal(symbols.functions, 0);
	check(0xffffffff81000000, "");
	/* A name is not cut short by a NUL. */
	static const char broken[] = "ffffffff81000000 T na\0me\nffffffff81001000 T whole\n";

	assert_int_equal(pyro_kallsyms_parse(&symbols, broken, sizeof(broken) - 1),
			 sizeof(broken) - 1);
	pyro_kallsyms_sort(&symbols);
	assert_int_equal(symbols.functions, 1);
	check(0xffffffff81001000, "whole");
	check(0xffffffff81000000, "");
}

static void lines_may_come_in_pieces(void **state)
{
	for (size_t from = 0, to = 1; to <= strlen(text); to++)
		from += pyro_kallsyms_parse(&symbols, text + from, to - from);
	pyro_kallsyms_sort(&symbols);
	assert_int_equal(symbols.functions, 8);
	check(0xffffffff81000180, "weak");
}

static void names_have_a_limit(void **state)
{
	const size_t size = PYRO_MAX_NAME + 1;
	char *line = malloc(size + 64);
	int start;

	assert_non_null(line);
	start = snprintf(line, 64, "ffffffff81000000 T ");
	memset(line + start, 'x', size);
	memcpy(line + start + size, "\n", 2);
	take(line);
	assert_int_equal(symbols.functions, 0);
	memcpy(line + start + size - 1, "\n", 2);
	take(line);
	assert_int_equal(symbols.functions, 1);
	assert_int_equal(strlen(pyro_kallsyms_at(&symbols, 0xffffffff81000000)), PYRO_MAX_NAME);
	free(line);
}

static void so_many_have_room_and_no_more(void **state)
{
	enum {
		LINES = PYRO_MAX_KERNEL_SYMBOLS + 10
	};
	char line[64];

	for (size_t i = 0; i < LINES; i++) {
		const int size = snprintf(line, sizeof(line), "ffffffff8%07zx t f%zu\n", i, i);

		assert_int_equal(pyro_kallsyms_parse(&symbols, line, (size_t)size), size);
	}
	assert_true(symbols.failed);
	assert_int_equal(symbols.count, PYRO_MAX_KERNEL_SYMBOLS);
}

static void this_kernels_are_read_or_hidden(void **state)
{
	struct pyro_err err = {0};
	const enum pyro_rc rc = pyro_kallsyms_load(&symbols, &err);
	uint64_t start, end;

	if (rc) {
		assert_int_equal(rc, PYRO_RC_PERM);
		assert_true(*err.message);
		assert_int_equal(symbols.functions, 0);
		print_message("skipped: %s\n", err.message);
		skip();
	}
	assert_true(symbols.functions > 1000);
	assert_true(pyro_kallsyms_find(&symbols, "vfs_read", &start, &end));
	assert_true(start < end);
	check(start, "vfs_read");
	check(end - 1, "vfs_read");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(functions_are_found_by_address), TEST(functions_are_found_by_name),
		TEST(what_is_hidden_has_no_names),    TEST(nonsense_is_passed_over),
		TEST(lines_may_come_in_pieces),       TEST(names_have_a_limit),
		TEST(so_many_have_room_and_no_more),  TEST(this_kernels_are_read_or_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
