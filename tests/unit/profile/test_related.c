/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile/aggregate.h"
#include "support/sample_profile.h"

#define MS 1000000ull

struct fixture {
	struct pyro_profile *profile;
	struct pyro_aggregate *all;
};

static int setup(void **state)
{
	static struct fixture f;
	f.profile = sample_profile_create();
	if (!f.profile ||
	    pyro_aggregate_create(f.profile, &PYRO_AGGREGATE_ALL, &f.all, NULL) != PYRO_RC_OK)
		return -1;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	pyro_aggregate_destroy(f->all);
	pyro_profile_destroy(f->profile);
	return 0;
}

static void check(const struct pyro_row *row, uint32_t function, uint64_t self, uint64_t total)
{
	assert_int_equal(row->function, function);
	assert_int_equal(row->self.of[PYRO_METRIC_WALL], self * MS);
	assert_int_equal(row->total.of[PYRO_METRIC_WALL], total * MS);
}

static struct pyro_rows callers(struct fixture *f, uint32_t function)
{
	struct pyro_rows r = {0};
	assert_int_equal(pyro_aggregate_callers(f->all, function, PYRO_METRIC_WALL, &r, NULL),
			 PYRO_RC_OK);
	return r;
}

static struct pyro_rows callees(struct fixture *f, uint32_t function)
{
	struct pyro_rows r = {0};
	assert_int_equal(pyro_aggregate_callees(f->all, function, PYRO_METRIC_WALL, &r, NULL),
			 PYRO_RC_OK);
	return r;
}

static void who_called(void **state)
{
	struct pyro_rows r = callers(*state, SAMPLE_PRICE);
	assert_int_equal(r.count, 2);
	check(&r.rows[0], SAMPLE_MAIN, 300, 300);
	check(&r.rows[1], SAMPLE_MODULE, 40, 40);
	pyro_rows_deinit(&r);
	r = callers(*state, SAMPLE_MODULE);
	assert_int_equal(r.count, 1);
	check(&r.rows[0], PYRO_NONE, 0, 840);
	assert_string_equal(r.rows[0].name, "");
	pyro_rows_deinit(&r);
}

static void recursion_calls_itself_once_per_stack(void **state)
{
	struct pyro_rows r = callers(*state, SAMPLE_FIB);
	assert_int_equal(r.count, 2);
	/* Equal totals: the one with more self first. */
	check(&r.rows[0], SAMPLE_FIB, 200, 200);
	check(&r.rows[1], SAMPLE_MAIN, 0, 200);
	pyro_rows_deinit(&r);
}

static void whom_it_called(void **state)
{
	struct pyro_rows r = callees(*state, SAMPLE_MAIN);
	assert_int_equal(r.count, 5);
	check(&r.rows[0], SAMPLE_PRICE, 300, 300);
	check(&r.rows[1], SAMPLE_FIB, 0, 200);
	check(&r.rows[2], SAMPLE_DUMPS, 0, 150);
	pyro_rows_deinit(&r);
	r = callees(*state, SAMPLE_ENCODE);
	assert_int_equal(r.count, 0);
	pyro_rows_deinit(&r);
}

static void source_has_one_row_per_line(void **state)
{
	static const struct {
		int32_t line;
		uint64_t self, total;
	} expected[] = {{21, 200, 200}, {22, 0, 200},  {88, 300, 300}, {90, 40, 40}, {105, 0, 300},
			{106, 0, 200},  {107, 0, 150}, {108, 0, 100},  {109, 0, 50}, {120, 0, 840}};
	struct fixture *f = *state;
	struct pyro_rows r = {0};
	uint32_t file = pyro_profile_function_get(f->profile, SAMPLE_MAIN)->file;
	assert_int_equal(pyro_aggregate_source(f->all, file, &r, NULL), PYRO_RC_OK);
	assert_int_equal(r.count, PYRO_COUNT(expected));
	for (size_t i = 0; i < r.count; i++) {
		assert_int_equal(r.rows[i].line, expected[i].line);
		assert_int_equal(r.rows[i].self.of[PYRO_METRIC_WALL], expected[i].self * MS);
		assert_int_equal(r.rows[i].total.of[PYRO_METRIC_WALL], expected[i].total * MS);
	}
	assert_string_equal(r.rows[0].name, "fib");
	pyro_rows_deinit(&r);
	assert_int_equal(pyro_aggregate_source(f->all, 999, &r, NULL), PYRO_RC_OK);
	assert_int_equal(r.count, 0);
	pyro_rows_deinit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_called),
		cmocka_unit_test(recursion_calls_itself_once_per_stack),
		cmocka_unit_test(whom_it_called),
		cmocka_unit_test(source_has_one_row_per_line),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
