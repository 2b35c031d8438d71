/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cpython/window.h"

#define BASE 0x100000ull
#define SIZE 0x8000ull

/* Every byte tells its address; nothing outside of [BASE, BASE + SIZE) is mapped. */
static size_t reads, spans_read;

static enum pyro_rc readv(struct pyro_reader *reader, const struct pyro_span *spans, size_t count,
			  size_t *ret_done)
{
	(void)reader;
	reads++;
	*ret_done = 0;
	for (size_t i = 0; i < count; i++) {
		if (spans[i].addr < BASE || spans[i].addr + spans[i].size > BASE + SIZE)
			return PYRO_RC_FAULT;
		for (size_t j = 0; j < spans[i].size; j++)
			((uint8_t *)spans[i].into)[j] = (uint8_t)((spans[i].addr + j) % 251);
		(*ret_done)++;
		spans_read++;
	}
	return PYRO_RC_OK;
}

static struct pyro_reader reader = {.readv = readv};
static struct pyro_window window;

static int set_up(void **state)
{
	(void)state;
	reads = 0;
	spans_read = 0;
	return pyro_window_init(&window, &reader) == PYRO_RC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	pyro_window_deinit(&window);
	return 0;
}

static void check(uint64_t addr, size_t size)
{
	const struct pyro_bytes bytes = pyro_window_find(&window, addr, size);

	assert_non_null(bytes.data);
	assert_int_equal(bytes.size, size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes.data[i], (addr + i) % 251);
}

static void test_wishes_in_a_page_are_one_read(void **state)
{
	(void)state;
	pyro_window_plan(&window, BASE + 100, 8);
	pyro_window_plan(&window, BASE + 4000, 8);
	pyro_window_plan(&window, BASE + 16, 40);
	pyro_window_plan(&window, BASE + 4090, 20); /* into the next page: alone */
	pyro_window_plan(&window, BASE + 0x3000, 8);
	assert_true(pyro_window_pending(&window));
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	assert_false(pyro_window_pending(&window));
	assert_int_equal(reads, 1);
	assert_int_equal(spans_read, 3);
	check(BASE + 100, 8);
	check(BASE + 16, 40);
	check(BASE + 4000, 8);
	check(BASE + 4090, 20);
	check(BASE + 2000, 100); /* came along */
	check(BASE + 0x3000, 8);
	assert_null(pyro_window_find(&window, BASE + 15, 8).data);
	assert_null(pyro_window_find(&window, BASE + 0x3004, 8).data);
	pyro_window_plan(&window, BASE + 200, 8);
	assert_false(pyro_window_pending(&window)); /* there already */
	pyro_window_reset(&window);
	assert_null(pyro_window_find(&window, BASE + 100, 8).data);
}

static void test_what_cannot_be_read_spoils_nothing(void **state)
{
	struct pyro_bytes bytes;

	(void)state;
	pyro_window_plan(&window, 8, 8);
	pyro_window_plan(&window, BASE + 8, 8);
	pyro_window_plan(&window, BASE + SIZE - 4, 8);
	pyro_window_plan(&window, BASE + SIZE - 64, 8);
	pyro_window_plan(&window, UINT64_MAX - 2, 8);
	pyro_window_plan_region(&window, BASE + SIZE, 64);
	pyro_window_plan_region(&window, UINT64_MAX - 10, 64);
	pyro_window_plan(&window, BASE + 0x2000, 8);
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	assert_int_equal(window.faults, 2);
	check(BASE + 8, 8);
	check(BASE + SIZE - 64, 8);
	check(BASE + 0x2000, 8);
	assert_null(pyro_window_find(&window, BASE + SIZE - 4, 8).data);
	assert_int_equal(pyro_window_get(&window, BASE + SIZE, 1, &bytes), PYRO_RC_FAULT);
	assert_int_equal(pyro_window_get(&window, BASE + 0x5000, 1, &bytes), PYRO_RC_OK);
}

static void test_regions(void **state)
{
	(void)state;
	pyro_window_plan_region(&window, BASE + 10, 0x6000);
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	check(BASE + 10, 0x6000);
	check(BASE + 0x4ffc, 16);
	pyro_window_reset(&window);
	pyro_window_plan_region(&window, BASE, PYRO_WINDOW_BYTES + 1); /* over the limit: dropped */
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	assert_null(pyro_window_find(&window, BASE, 8).data);
}

static void test_limits(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < PYRO_WINDOW_SPANS + 100; i++)
		pyro_window_plan(&window, BASE + i * 4096, 8);
	assert_int_equal(pyro_window_fetch(&window), PYRO_RC_OK);
	check(BASE + 0x7000, 8);
	assert_true(reads <= 65);
}

static void test_getters(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	const struct pyro_bytes bytes = {data, sizeof(data)}, nothing = {NULL, 0};

	(void)state;
	assert_int_equal(pyro_bytes_u8(bytes, 8), 9);
	assert_int_equal(pyro_bytes_u8(bytes, 9), 0);
	assert_int_equal(pyro_bytes_u32(bytes, 5), 0x09080706);
	assert_int_equal(pyro_bytes_u32(bytes, 6), 0);
	assert_int_equal(pyro_bytes_u64(bytes, 1), 0x0908070605040302);
	assert_int_equal(pyro_bytes_u64(bytes, SIZE_MAX - 1), 0);
	assert_int_equal(pyro_bytes_u64(nothing, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wishes_in_a_page_are_one_read, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_read_spoils_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_regions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test(test_getters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
