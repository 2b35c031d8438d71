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
	struct pyro_aggregate *folded;
};

static struct pyro_aggregate *aggregate(const struct pyro_profile *p,
					struct pyro_aggregate_options options)
{
	struct pyro_aggregate *a = NULL;
	assert_int_equal(pyro_aggregate_create(p, &options, &a, NULL), PYRO_RC_OK);
	return a;
}

static int setup(void **state)
{
	static struct fixture f;
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	f.profile = sample_profile_create();
	if (!f.profile)
		return -1;
	f.all = aggregate(f.profile, options);
	options.fold_library = true;
	f.folded = aggregate(f.profile, options);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	pyro_aggregate_destroy(f->all);
	pyro_aggregate_destroy(f->folded);
	pyro_profile_destroy(f->profile);
	return 0;
}

static struct pyro_rows rows(const struct pyro_aggregate *a, enum pyro_group group, bool by_total)
{
	struct pyro_rows result = {0};
	struct pyro_rows_options options = {
		.group = group, .metric = PYRO_METRIC_WALL, .by_total = by_total};
	assert_int_equal(pyro_aggregate_rows(a, &options, &result, NULL), PYRO_RC_OK);
	return result;
}

static const struct pyro_row *named(const struct pyro_rows *rows, const char *name, int32_t line)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strcmp(rows->rows[i].name, name) == 0 &&
		    (line == 0 || rows->rows[i].line == line))
			return &rows->rows[i];
	return NULL;
}

static void check(const struct pyro_rows *rows, const char *name, int32_t line, uint64_t self_ms,
		  uint64_t total_ms)
{
	const struct pyro_row *row = named(rows, name, line);
	if (!row)
		print_error("no row %s\n", name);
	assert_non_null(row);
	assert_int_equal(row->self.of[PYRO_METRIC_WALL], self_ms * MS);
	assert_int_equal(row->total.of[PYRO_METRIC_WALL], total_ms * MS);
}

static void functions_have_self_and_total(void **state)
{
	struct fixture *f = *state;
	struct pyro_rows r = rows(f->all, PYRO_GROUP_FUNCTION, false);
	assert_int_equal(r.count, SAMPLE_FUNCTION_COUNT);
	assert_string_equal(r.rows[0].name, "flush");
	check(&r, "flush", 0, 400, 460);
	check(&r, "Cart.price", 0, 340, 340);
	check(&r, "main", 0, 0, 800);
	check(&r, "<module>", 0, 0, 840);
	check(&r, "dumps", 0, 0, 210);
	/* Three deep, counted once. */
	check(&r, "fib", 0, 200, 200);
	check(&r, SAMPLE_HOSTILE_NAME, 0, 50, 50);
	assert_string_equal(named(&r, "flush", 0)->place, "worker/queue.py");
	assert_string_equal(named(&r, "dumps", 0)->place, "json/__init__.py");
	assert_true(named(&r, "dumps", 0)->library);
	assert_false(named(&r, "fib", 0)->library);
	assert_int_equal(named(&r, "fib", 0)->line, 20);
	pyro_rows_deinit(&r);
}

static void the_whole_holds_what_is_outside(void **state)
{
	struct fixture *f = *state;
	struct pyro_values whole;
	struct pyro_values outside;
	pyro_aggregate_whole(f->all, &whole, &outside);
	assert_int_equal(whole.of[PYRO_METRIC_WALL], 1320 * MS);
	assert_int_equal(outside.of[PYRO_METRIC_WALL], 20 * MS);
	struct pyro_share share = pyro_values_share(&outside, &whole, PYRO_METRIC_WALL);
	assert_true(share.share > 0.0151 && share.share < 0.0152);
	assert_true(share.samples > 1319 && share.samples < 1321);
	/* A metric without squares of its own has an interval of about that many samples. */
	share = pyro_values_share(&whole, &whole, PYRO_METRIC_GIL_WAIT);
	assert_true(share.share >= 1 && share.samples > 1300 && share.samples < 1321);
}

static void lines_files_modules(void **state)
{
	struct fixture *f = *state;
	struct pyro_rows r = rows(f->all, PYRO_GROUP_LINE, false);
	check(&r, "fib", 22, 0, 200);
	check(&r, "fib", 21, 200, 200);
	check(&r, "flush", 31, 400, 400);
	check(&r, "flush", 33, 0, 60);
	pyro_rows_deinit(&r);
	r = rows(f->all, PYRO_GROUP_FILE, true);
	check(&r, "shop.py", 0, 540, 840);
	check(&r, "json/encoder.py", 0, 210, 210);
	check(&r, "requests/sessions.py", 0, 100, 100);
	pyro_rows_deinit(&r);
	r = rows(f->all, PYRO_GROUP_MODULE, true);
	check(&r, "shop", 0, 540, 840);
	check(&r, "json", 0, 0, 210);
	check(&r, "json.encoder", 0, 210, 210);
	check(&r, "requests.sessions", 0, 100, 100);
	check(&r, "worker.queue", 0, 400, 460);
	pyro_rows_deinit(&r);
}

static void threads_and_processes(void **state)
{
	struct fixture *f = *state;
	struct pyro_rows r = rows(f->all, PYRO_GROUP_THREAD, false);
	assert_int_equal(r.count, 3);
	check(&r, "MainThread", 0, 820, 820);
	check(&r, "worker-1", 0, 460, 460);
	assert_int_equal(named(&r, "worker-1", 0)->self.of[PYRO_METRIC_GIL_WAIT], 300 * MS);
	pyro_rows_deinit(&r);
	r = rows(f->all, PYRO_GROUP_PROCESS, false);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.rows[0].process, 0);
	assert_int_equal(r.rows[0].total.of[PYRO_METRIC_WALL], 1280 * MS);
	pyro_rows_deinit(&r);
}

static void library_folds_into_the_calling_line(void **state)
{
	struct fixture *f = *state;
	struct pyro_rows r = rows(f->folded, PYRO_GROUP_LINE, false);
	check(&r, "main", 107, 150, 150); /* json under it */
	check(&r, "main", 108, 100, 100); /* requests */
	check(&r, "flush", 33, 60, 60);
	assert_null(named(&r, "dumps", 0));
	assert_null(named(&r, "Thread.run", 0));
	pyro_rows_deinit(&r);
	struct pyro_values whole;
	pyro_aggregate_whole(f->folded, &whole, NULL);
	assert_int_equal(whole.of[PYRO_METRIC_WALL], 1320 * MS);
}

static void stacks_of_library_alone_stay(void **state)
{
	struct fixture *f = *state;
	uint32_t frame;
	uint32_t stack;
	uint64_t values[PYRO_METRIC_COUNT] = {MS};
	struct pyro_profile *p = sample_profile_create();
	(void)f;
	assert_int_equal(pyro_profile_frame(p, &(struct pyro_frame){SAMPLE_RUN, 5}, &frame),
			 PYRO_RC_OK);
	assert_int_equal(pyro_profile_stack(p, PYRO_NONE, frame, &stack), PYRO_RC_OK);
	assert_int_equal(pyro_profile_add(p, 1, stack, values), PYRO_RC_OK);
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	options.fold_library = true;
	struct pyro_aggregate *a = aggregate(p, options);
	struct pyro_rows r = rows(a, PYRO_GROUP_LINE, false);
	check(&r, "Thread.run", 5, 1, 1);
	pyro_rows_deinit(&r);
	pyro_aggregate_destroy(a);
	pyro_profile_destroy(p);
}

static void filters_choose_stacks(void **state)
{
	struct fixture *f = *state;
	struct pyro_values whole;
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	options.stacks_matching = "^json/";
	struct pyro_aggregate *a = aggregate(f->profile, options);
	pyro_aggregate_whole(a, &whole, NULL);
	assert_int_equal(whole.of[PYRO_METRIC_WALL], 210 * MS);
	struct pyro_rows r = rows(a, PYRO_GROUP_FUNCTION, true);
	check(&r, "<module>", 0, 0, 150);
	assert_null(named(&r, "fib", 0));
	pyro_rows_deinit(&r);
	pyro_aggregate_destroy(a);
	options = PYRO_AGGREGATE_ALL;
	options.process = 1;
	a = aggregate(f->profile, options);
	pyro_aggregate_whole(a, &whole, NULL);
	assert_int_equal(whole.of[PYRO_METRIC_WALL], 40 * MS);
	pyro_aggregate_destroy(a);
	options = PYRO_AGGREGATE_ALL;
	options.having = PYRO_METRIC_GIL_WAIT;
	options.track = 1;
	a = aggregate(f->profile, options);
	pyro_aggregate_whole(a, &whole, NULL);
	assert_int_equal(whole.of[PYRO_METRIC_WALL], 400 * MS);
	pyro_aggregate_destroy(a);
}

static void a_bad_expression_is_said(void **state)
{
	struct fixture *f = *state;
	struct pyro_err err = {0};
	struct pyro_aggregate *a = NULL;
	struct pyro_aggregate_options options = PYRO_AGGREGATE_ALL;
	options.stacks_matching = "a(";
	assert_int_equal(pyro_aggregate_create(f->profile, &options, &a, &err), PYRO_RC_USAGE);
	assert_non_null(strstr(err.message, "\"a(\""));
}

static void rows_can_be_matched_and_limited(void **state)
{
	struct fixture *f = *state;
	struct pyro_rows r = {0};
	struct pyro_rows_options options = {.matching = "^shop.py$|flush", .limit = 2};
	assert_int_equal(pyro_aggregate_rows(f->all, &options, &r, NULL), PYRO_RC_OK);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.rows[0].name, "flush");
	assert_string_equal(r.rows[1].name, "Cart.price");
	pyro_rows_deinit(&r);
}

static void groups_have_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PYRO_GROUP_COUNT; i++)
		assert_int_equal(pyro_group_by_name(pyro_group_name((enum pyro_group)i)), i);
	assert_int_equal(pyro_group_by_name("planet"), PYRO_GROUP_COUNT);
	assert_null(pyro_group_name(PYRO_GROUP_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_have_self_and_total),
		cmocka_unit_test(the_whole_holds_what_is_outside),
		cmocka_unit_test(lines_files_modules),
		cmocka_unit_test(threads_and_processes),
		cmocka_unit_test(library_folds_into_the_calling_line),
		cmocka_unit_test(stacks_of_library_alone_stay),
		cmocka_unit_test(filters_choose_stacks),
		cmocka_unit_test(a_bad_expression_is_said),
		cmocka_unit_test(rows_can_be_matched_and_limited),
		cmocka_unit_test(groups_have_names),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
