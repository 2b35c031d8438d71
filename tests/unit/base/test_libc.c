/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/libc.h"

static bool is(const char *path)
{
	return pyro_libc_is(path, strlen(path));
}

static void its_files(void **state)
{
	assert_true(is("/usr/lib/x86_64-linux-gnu/libc.so.6"));
	assert_true(is("/lib/x86_64-linux-gnu/libc-2.31.so"));
	assert_true(is("/lib/x86_64-linux-gnu/libm-2.31.so"));
	assert_true(is("/lib/x86_64-linux-gnu/libm.so.6"));
	assert_true(is("/lib/x86_64-linux-gnu/libpthread-2.31.so"));
	assert_true(is("/lib/ld-musl-x86_64.so.1"));
	assert_true(is("/lib/libc.musl-aarch64.so.1"));
	assert_true(is("/lib64/ld-linux-x86-64.so.2"));
	assert_true(is("/lib/x86_64-linux-gnu/ld-2.31.so"));
	assert_true(is("libc.so.6"));
}

static void others(void **state)
{
	assert_false(is(""));
	assert_false(is("/"));
	assert_false(is("/usr/lib/libc.so.6/libz.so.1"));
	assert_false(is("/usr/lib/libcrypto.so.3"));
	assert_false(is("/usr/lib/libmagic.so.1"));
	assert_false(is("/usr/lib/libpython3.13.so.1.0"));
	assert_false(is("/usr/bin/ld-wrapper"));
	assert_false(is("[vdso]"));
	/* Not what follows in the text. */
	assert_false(pyro_libc_is("/lib/libc.so.6", 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_files),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
