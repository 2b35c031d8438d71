/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/quality.h"
#include "stage.h"

static void check(struct pyro_quality quality, bool incomplete, const char *expected)
{
	const struct pyro_report_look look = {.columns = 200};
	struct pyro_profile *profile = stage_one_sample();
	struct pyro_buf buf;
	assert_non_null(profile);
	pyro_buf_init(&buf, 1 << 16);
	*pyro_profile_quality(profile) = quality;
	pyro_quality_print(profile, incomplete, &look, &buf);
	assert_string_equal(buf.data ? buf.data : "", expected);
	pyro_buf_deinit(&buf);
	pyro_profile_destroy(profile);
}

static void test_print(void **state)
{
	check((struct pyro_quality){0}, false, "");
	check((struct pyro_quality){.samples = 10, .proved = 10, .proof_stop = 10}, false,
	      "  all proved (stopped)\n");
	check((struct pyro_quality){.samples = 200,
				    .proved = 200,
				    .proof_interrupt = 150,
				    .proof_switch = 40,
				    .proof_still = 10},
	      false, "  all proved (75 % interrupted, 20 % frozen, 5.0 % standing still)\n");
	check((struct pyro_quality){.samples = 10, .unproved = 10, .proof_none = 10}, false,
	      "  0 % of samples proved  -  10 kept without proof\n");
	check((struct pyro_quality){.samples = 100000,
				    .proved = 99999,
				    .unproved = 1,
				    .proof_switch = 99999,
				    .missed = 1200,
				    .ticks_late = 3,
				    .truncated = 4,
				    .partial = 5,
				    .lost_records = 6,
				    .held_ns = 10000,
				    .recorder_cpu_ns = 20000},
	      true,
	      "  the recording was cut off: up to a second is missing  -  >99.9 % of samples "
	      "proved "
	      "(>99.9 % frozen)  -  1 kept without proof  -  1,200 missed  -  3 late moments "
	      "skipped\n  4 stacks cut at the depth limit  -  5 stacks with an unreadable frame  - "
	      " "
	      "6 kernel records lost  -  held 10.0 us  -  recorder 2.0 % CPU\n");
	check((struct pyro_quality){.native_merged = 1200, .native_cut = 3, .native_unmerged = 1},
	      false,
	      "  1,200 stacks with machine code  -  3 of them cut at the root  -  "
	      "1 stack without machine code\n");
	check((struct pyro_quality){.native_merged = 50, .kernel_seen = 40, .kernel_unseen = 1},
	      false,
	      "  50 stacks with machine code  -  40 stacks with kernel frames  -  "
	      "1 stack in system calls without kernel frames\n");
	/* All of it known: nothing is said. Nearly: neither. */
	check((struct pyro_quality){.parts_stack = 1000, .parts_proc = 1}, false, "");
	check((struct pyro_quality){.parts_pointer = 10}, false,
	      "  python/native/system estimated from the instruction pointer\n");
	check((struct pyro_quality){.parts_stack = 10, .parts_pointer = 70, .parts_proc = 20},
	      false,
	      "  python/native/system estimated: 10 % from the machine code, 70 % from the "
	      "instruction pointer, 20 % from /proc\n");
	check((struct pyro_quality){.ticks_late = 1, .partial = 1}, false,
	      "  1 late moment skipped  -  1 stack with an unreadable frame\n");
}

static void test_short(void **state)
{
	static const struct {
		uint64_t proved;
		const char *text;
	} cases[] = {{1000000, "all proved"},
		     {999999, ">99.9 % proved"},
		     {997000, "99.7 % proved"},
		     {0, "not proved"}};
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_quality quality = {.samples = 1000000, .proved = cases[i].proved};
		struct pyro_buf buf;
		pyro_buf_init(&buf, 256);
		pyro_quality_short(&quality, &buf);
		assert_string_equal(buf.data, cases[i].text);
		pyro_buf_deinit(&buf);
	}
}

static void test_overhead_is_measured_or_unknown(void **state)
{
	struct pyro_profile *profile = stage_one_sample();
	double share = -1;
	assert_non_null(profile);
	assert_false(pyro_quality_overhead(profile, &share));
	pyro_profile_quality(profile)->held_ns = 10000;
	assert_true(pyro_quality_overhead(profile, &share));
	assert_true(share > 0.00999 && share < 0.01001);
	assert_int_equal(pyro_profile_meta_set(profile, "overhead", "0.020000"), PYRO_RC_OK);
	assert_true(pyro_quality_overhead(profile, &share));
	assert_true(share > 0.01999 && share < 0.02001);
	assert_int_equal(pyro_profile_meta_set(profile, "overhead", "nonsense"), PYRO_RC_OK);
	assert_true(pyro_quality_overhead(profile, &share));
	assert_true(share > 0.00999 && share < 0.01001);
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_overhead_is_measured_or_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
