/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target/procfs.h"

static void test_reads_small_files_and_ends_them(void **state)
{
	char text[8];
	size_t size = 0;

	(void)state;
	assert_int_equal(pyro_procfs_read((int)getpid(), "comm", text, sizeof(text), &size, NULL),
			 PYRO_RC_OK);
	/* The name is longer than the buffer. */
	assert_int_equal(size, sizeof(text) - 1);
	assert_string_equal(text, "test_ta");
}

static void test_reads_whole_files_up_to_a_limit(void **state)
{
	struct pyro_buf buf;
	bool truncated = true;

	(void)state;
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_procfs_read_all((int)getpid(), "maps", &buf, &truncated, NULL),
			 PYRO_RC_OK);
	assert_false(truncated);
	assert_non_null(strstr(buf.data, "[stack]"));
	pyro_buf_deinit(&buf);
	pyro_buf_init(&buf, 100);
	assert_int_equal(pyro_procfs_read_all((int)getpid(), "maps", &buf, &truncated, NULL),
			 PYRO_RC_OK);
	assert_true(truncated);
	assert_int_equal(buf.size, 100);
	pyro_buf_deinit(&buf);
}

static void test_tells_why_it_failed(void **state)
{
	char text[8], link[4];
	struct pyro_err err = {0};
	size_t size;
	int fd;

	(void)state;
	assert_int_equal(pyro_procfs_read(0x3fffffff, "comm", text, 8, &size, &err), PYRO_RC_GONE);
	assert_string_equal(err.message, "process 1073741823 has ended");
	assert_int_equal(pyro_procfs_open(0x3fffffff, "comm", &fd, NULL), PYRO_RC_GONE);
	assert_int_equal(pyro_procfs_link(0x3fffffff, "exe", text, 8, NULL), PYRO_RC_GONE);
	assert_int_equal(pyro_procfs_link((int)getpid(), "exe", link, sizeof(link), NULL),
			 PYRO_RC_LIMIT);
	assert_int_equal(pyro_procfs_read((int)getpid(), "task", text, 8, &size, NULL), PYRO_RC_IO);
}

static void test_parses_numbers_within_bounds(void **state)
{
	const char *text = "18446744073709551615 x";
	const char *at = text;
	uint64_t value = 0;

	(void)state;
	assert_true(pyro_procfs_decimal(&at, text + strlen(text), &value));
	assert_int_equal(value, UINT64_MAX);
	assert_int_equal(*at, ' ');
	assert_false(pyro_procfs_decimal(&at, text + strlen(text), &value));
	text = at = "18446744073709551616";
	assert_false(pyro_procfs_decimal(&at, text + strlen(text), &value));
	assert_ptr_equal(at, text);
	text = at = "123456";
	assert_true(pyro_procfs_decimal(&at, text + 3, &value)); /* the end counts, not the text */
	assert_int_equal(value, 123);
	text = at = "fFffffffffffffff-";
	assert_true(pyro_procfs_hex(&at, text + strlen(text), &value));
	assert_int_equal(value, UINT64_MAX);
	text = at = "10000000000000000";
	assert_false(pyro_procfs_hex(&at, text + strlen(text), &value));
	text = at = "xyz";
	assert_false(pyro_procfs_hex(&at, text + strlen(text), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_small_files_and_ends_them),
		cmocka_unit_test(test_reads_whole_files_up_to_a_limit),
		cmocka_unit_test(test_tells_why_it_failed),
		cmocka_unit_test(test_parses_numbers_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
