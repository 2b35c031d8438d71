/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/units.h"

static struct pyro_buf buf;

#define CHECK(call, text)                                                                          \
	do {                                                                                       \
		pyro_buf_reset(&buf);                                                              \
		call;                                                                              \
		assert_string_equal(buf.data, text);                                               \
	} while (0)

static void test_durations(void **state)
{
	CHECK(pyro_units_duration(&buf, 0), "0 ns");
	CHECK(pyro_units_duration(&buf, 999), "999 ns");
	CHECK(pyro_units_duration(&buf, 12345), "12.3 us");
	CHECK(pyro_units_duration(&buf, 999999), "999 us");
	CHECK(pyro_units_duration(&buf, 184000000), "184 ms");
	CHECK(pyro_units_duration(&buf, 4210000000), "4.21 s");
	CHECK(pyro_units_duration(&buf, 59990000000), "59.9 s");
	CHECK(pyro_units_duration(&buf, 192000000000), "3 min 12 s");
	CHECK(pyro_units_duration(&buf, 11520000000000), "3 h 12 min");
	CHECK(pyro_units_duration(&buf, UINT64_MAX), "5,124,095 h 34 min");
}

static void test_bytes_and_counts(void **state)
{
	CHECK(pyro_units_bytes(&buf, 0), "0 B");
	CHECK(pyro_units_bytes(&buf, 999), "999 B");
	CHECK(pyro_units_bytes(&buf, 184321), "184 kB");
	CHECK(pyro_units_bytes(&buf, 1234567890), "1.2 GB");
	CHECK(pyro_units_bytes(&buf, UINT64_MAX), "18 EB");
	CHECK(pyro_units_count(&buf, 0), "0");
	CHECK(pyro_units_count(&buf, 999), "999");
	CHECK(pyro_units_count(&buf, 2104), "2,104");
	CHECK(pyro_units_count(&buf, 1000005), "1,000,005");
	CHECK(pyro_units_count(&buf, UINT64_MAX), "18,446,744,073,709,551,615");
	CHECK(pyro_units_plural(&buf, 1, "process"), "1 process");
	CHECK(pyro_units_plural(&buf, 2, "process"), "2 processes");
	CHECK(pyro_units_plural(&buf, 0, "thread"), "0 threads");
	CHECK(pyro_units_plural(&buf, 2, "branch"), "2 branches");
}

static void test_decimals(void **state)
{
	CHECK(pyro_units_decimal(&buf, 0.5, 0), "1");
	CHECK(pyro_units_decimal(&buf, 0.369565, 6), "0.369565");
	CHECK(pyro_units_decimal(&buf, -1.25, 1), "-1.3");
	CHECK(pyro_units_decimal(&buf, 3.0000004, 6), "3.000000");
	CHECK(pyro_units_decimal(&buf, 0.0 / 0.0, 0), "-1000000000");
	CHECK(pyro_units_decimal(&buf, 1e300, 0), "1000000000");
}

static void test_percents(void **state)
{
	CHECK(pyro_units_percent(&buf, 0), "0 %");
	CHECK(pyro_units_percent(&buf, 0.0001), "<0.1 %");
	CHECK(pyro_units_percent(&buf, 0.032), "3.2 %");
	CHECK(pyro_units_percent(&buf, 0.0996), "10 %");
	CHECK(pyro_units_percent(&buf, 0.384), "38 %");
	CHECK(pyro_units_percent(&buf, 2.3), "230 %");
	CHECK(pyro_units_percent(&buf, 9.994), "999 %");
	CHECK(pyro_units_percent(&buf, 9.996), "1,000 %");
	CHECK(pyro_units_percent(&buf, 12345.6), "1,234,560 %");
}

static void test_shares_show_what_is_known(void **state)
{
	struct pyro_share wide = {.share = 0.032, .low = 0.01, .high = 0.09};
	struct pyro_share fine = {.share = 0.032, .low = 0.0301, .high = 0.0345};
	struct pyro_share tiny = {.share = 0.001, .low = 0, .high = 0.05};
	struct pyro_share large = {.share = 0.38, .low = 0.361, .high = 0.399};
	CHECK(pyro_units_share(&buf, &wide), "3 %");
	CHECK(pyro_units_margin(&buf, &wide, "±"), "±6");
	CHECK(pyro_units_share(&buf, &fine), "3.2 %");
	CHECK(pyro_units_margin(&buf, &fine, "+-"), "+-0.3");
	CHECK(pyro_units_share(&buf, &tiny), "<1 %");
	CHECK(pyro_units_share(&buf, &large), "38 %");
	CHECK(pyro_units_margin(&buf, &large, "±"), "±2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_bytes_and_counts),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_percents),
		cmocka_unit_test(test_shares_show_what_is_known),
	};
	pyro_buf_init(&buf, 4096);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	pyro_buf_deinit(&buf);
	return failed;
}
