/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "unpack.h"
#include "view/pack.h"

/* Bytes that gzip cannot shrink, so that several elements are made. */
static void fill_random(unsigned char *bytes, size_t size)
{
	uint64_t random = 7;

	for (size_t i = 0; i < size; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		bytes[i] = (unsigned char)(random >> 56);
	}
}

static void pack_and_compare(const unsigned char *bytes, size_t size, size_t step,
			     size_t least_elements)
{
	struct pyro_view_pack *pack;
	struct pyro_buf page, data;
	struct pyro_view_sink sink = {.write = sink_to_buf, .context = &page};
	size_t elements;

	pyro_buf_init(&page, 1 << 28);
	pyro_buf_init(&data, 1 << 28);
	assert_int_equal(pyro_view_pack_create(&sink, &pack, NULL), PYRO_RC_OK);
	for (size_t at = 0; at < size; at += step)
		assert_int_equal(pyro_view_pack_add(pack, bytes + at,
						    size - at < step ? size - at : step, NULL),
				 PYRO_RC_OK);
	assert_int_equal(pyro_view_pack_finish(pack, NULL), PYRO_RC_OK);
	pyro_view_pack_destroy(pack);
	elements = unpack_page(&page, &data);
	assert_true(elements >= least_elements);
	assert_int_equal(data.size, size);
	if (size > 0)
		assert_memory_equal(data.data, bytes, size);
	pyro_buf_deinit(&page);
	pyro_buf_deinit(&data);
}

static void test_round_trip(void **state)
{
	static unsigned char bytes[3000000];

	fill_random(bytes, sizeof(bytes));
	pack_and_compare(bytes, 0, 1, 1);
	for (size_t size = 1; size < 8; size++)
		pack_and_compare(bytes, size, 1, 1);
	pack_and_compare(bytes, sizeof(bytes), 70001, 3);
	pack_and_compare(bytes, sizeof(bytes), sizeof(bytes), 3);
}

static void test_likeness_is_used(void **state)
{
	static unsigned char zeros[2000000];

	pack_and_compare(zeros, sizeof(zeros), 100000, 1);
}

static enum pyro_rc full(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	return pyro_err_set(err, PYRO_RC_FULL, "no space left");
}

static void test_sink_fails(void **state)
{
	struct pyro_view_sink sink = {.write = full};
	struct pyro_view_pack *pack;
	struct pyro_err err;

	assert_int_equal(pyro_view_pack_create(&sink, &pack, &err), PYRO_RC_OK);
	assert_int_equal(pyro_view_pack_add(pack, "abc", 3, &err), PYRO_RC_OK);
	assert_int_equal(pyro_view_pack_finish(pack, &err), PYRO_RC_FULL);
	assert_string_equal(err.message, "no space left");
	pyro_view_pack_destroy(pack);
	pyro_view_pack_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_likeness_is_used),
		cmocka_unit_test(test_sink_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
