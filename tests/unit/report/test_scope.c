/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/scope.h"
#include "stage.h"
#include "support/sample_profile.h"

#define MS 1000000ull

static struct pyro_scope open_scope(struct pyro_profile *profile, enum pyro_report_metric metric)
{
	struct pyro_report_view view = {.metric = metric};
	struct pyro_scope scope;
	assert_non_null(profile);
	assert_int_equal(pyro_scope_open(profile, &view, NULL, &scope, NULL), PYRO_RC_OK);
	return scope;
}

static void close_scope(struct pyro_scope *scope)
{
	struct pyro_profile *profile = scope->profile;
	pyro_scope_close(scope);
	pyro_profile_destroy(profile);
}

static void test_one_thread_is_the_run(void **state)
{
	struct pyro_scope scope = open_scope(stage_waiting(), PYRO_REPORT_TIME);
	assert_int_equal(scope.weight, PYRO_REPORT_WALL);
	assert_int_equal(scope.track, 0);
	assert_true(scope.of_run);
	assert_int_equal(scope.base_ns, 1000 * MS);
	close_scope(&scope);
}

/* 151 threads that wait for 1 s each must not push what runs below 1 %. */
static void test_idle_threads_hide_nothing(void **state)
{
	struct pyro_scope scope = open_scope(stage_threads(150), PYRO_REPORT_TIME);
	struct pyro_report_view view = {.group = PYRO_GROUP_FUNCTION};
	struct pyro_rows rows;
	assert_int_equal(scope.weight, PYRO_REPORT_CPU);
	assert_int_equal(scope.track, PYRO_NONE);
	assert_int_equal(scope.idle, 151);
	assert_true(scope.of_run);
	assert_int_equal(pyro_scope_rows(&scope, &view, 0, &rows, NULL, NULL), PYRO_RC_OK);
	assert_string_equal(rows.rows[0].name, "work");
	struct pyro_share share = pyro_scope_share(&scope, &rows.rows[0].self);
	assert_true(share.share > 0.999);
	pyro_rows_deinit(&rows);
	close_scope(&scope);
}

static void test_parallel_work_is_of_processor_time(void **state)
{
	struct pyro_scope scope = open_scope(stage_processes(30), PYRO_REPORT_TIME);
	assert_int_equal(scope.weight, PYRO_REPORT_CPU);
	assert_false(scope.of_run);
	assert_int_equal(scope.base_ns, 3050 * MS);
	close_scope(&scope);
}

/* Little ran: the shares stay shares of the run and do not blow up to 100 %. */
static void test_mostly_waiting_threads(void **state)
{
	struct pyro_profile *profile = stage_processes(2);
	struct pyro_scope scope = open_scope(profile, PYRO_REPORT_TIME);
	assert_true(scope.of_run);
	assert_int_equal(scope.base_ns, 1000 * MS);
	struct pyro_share share = pyro_scope_share(&scope, &scope.all);
	assert_true(share.share > 0.249 && share.share < 0.251);
	assert_true(share.low <= share.share && share.share <= share.high);
	close_scope(&scope);
}

static void test_metrics_asked_for(void **state)
{
	static const struct {
		enum pyro_report_metric metric;
		uint64_t base_ms;
	} cases[] = {
		{PYRO_REPORT_WALL, 1320},    {PYRO_REPORT_CPU, 920}, {PYRO_REPORT_WAIT, 400},
		{PYRO_REPORT_GIL_WAIT, 300}, {PYRO_REPORT_GIL, 920}, {PYRO_REPORT_NET, 100},
		{PYRO_REPORT_LOCK, 0},
	};
	for (size_t i = 0; i < PYRO_COUNT(cases); i++) {
		struct pyro_scope scope = open_scope(sample_profile_create(), cases[i].metric);
		assert_int_equal(scope.base_ns, cases[i].base_ms * MS);
		assert_int_equal(scope.track, PYRO_NONE);
		close_scope(&scope);
	}
}

static void test_waits_sort_by_waiting(void **state)
{
	struct pyro_scope scope = open_scope(sample_profile_create(), PYRO_REPORT_WAIT);
	struct pyro_report_view view = {.group = PYRO_GROUP_FUNCTION};
	struct pyro_rows rows;
	size_t found = 0;
	assert_int_equal(pyro_scope_rows(&scope, &view, 1, &rows, &found, NULL), PYRO_RC_OK);
	assert_string_equal(rows.rows[0].name, "flush");
	assert_int_equal(rows.count, 1);
	assert_true(found > 1);
	struct pyro_share share = pyro_scope_share(&scope, &rows.rows[0].self);
	assert_true(share.share > 0.749 && share.share < 0.751);
	pyro_rows_deinit(&rows);
	close_scope(&scope);
}

static void test_bad_filter(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	struct pyro_report_view view = {0};
	struct pyro_scope scope;
	struct pyro_err err = {0};
	assert_int_equal(pyro_scope_open(profile, &view, "(", &scope, &err), PYRO_RC_USAGE);
	assert_string_not_equal(err.message, "");
	pyro_scope_close(&scope);
	pyro_profile_destroy(profile);
}

static void test_names_of_metrics(void **state)
{
	for (unsigned i = 0; i < PYRO_REPORT_METRIC_COUNT; i++)
		assert_int_equal(pyro_report_metric_by_name(
					 pyro_report_metric_name((enum pyro_report_metric)i)),
				 i);
	assert_int_equal(pyro_report_metric_by_name("nonsense"), PYRO_REPORT_METRIC_COUNT);
	assert_null(pyro_report_metric_name(PYRO_REPORT_METRIC_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_thread_is_the_run),
		cmocka_unit_test(test_idle_threads_hide_nothing),
		cmocka_unit_test(test_parallel_work_is_of_processor_time),
		cmocka_unit_test(test_mostly_waiting_threads),
		cmocka_unit_test(test_metrics_asked_for),
		cmocka_unit_test(test_waits_sort_by_waiting),
		cmocka_unit_test(test_bad_filter),
		cmocka_unit_test(test_names_of_metrics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
