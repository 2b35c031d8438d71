/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "report/report.h"
#include "stage.h"
#include "support/sample_profile.h"
#include "support/task_profile.h"

static struct pyro_profile *idle_threads(void)
{
	return stage_threads(150);
}

static struct pyro_profile *many_processes(void)
{
	return stage_processes(12);
}

enum what {
	SUMMARY,
	ROWS,
	TREE,
	CALLERS,
	CALLEES,
	SOURCE
};

#define WALL                                                                                       \
	{                                                                                          \
		.metric = PYRO_REPORT_WALL                                                         \
	}

static const struct shot {
	const char *name;
	struct pyro_profile *(*make)(void);
	enum what what;
	struct pyro_report_look look;
	struct pyro_report_view view;
	const char *argument;
} shots[] = {
	{"sample-80", sample_profile_create, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"sample-40", sample_profile_create, SUMMARY, {40, 30, false, true}, {0}, NULL},
	{"sample-120", sample_profile_create, SUMMARY, {120, 40, false, true}, {0}, NULL},
	{"sample-80-colour", sample_profile_create, SUMMARY, {80, 30, true, true}, {0}, NULL},
	{"sample-80-ascii", sample_profile_create, SUMMARY, {80, 30, false, false}, {0}, NULL},
	{"sample-80-all",
	 sample_profile_create,
	 SUMMARY,
	 {80, 30, false, true},
	 {.unfold = true},
	 0},
	{"sample-80-cut-off",
	 sample_profile_create,
	 SUMMARY,
	 {80, 30, false, true},
	 {.incomplete = true},
	 NULL},
	{"empty", stage_empty, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"one-sample", stage_one_sample, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"waiting", stage_waiting, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"waiting-40", stage_waiting, SUMMARY, {40, 30, false, true}, {0}, NULL},
	{"threads", idle_threads, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"threads-wall",
	 idle_threads,
	 SUMMARY,
	 {80, 30, false, true},
	 {.metric = PYRO_REPORT_WALL},
	 NULL},
	{"processes", many_processes, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"names", stage_names, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"names-40", stage_names, SUMMARY, {40, 30, false, true}, {0}, NULL},
	{"names-ascii", stage_names, SUMMARY, {80, 30, false, false}, {0}, NULL},
	{"rows-function",
	 sample_profile_create,
	 ROWS,
	 {80, 30, false, true},
	 {.unfold = true},
	 NULL},
	{"rows-line-wait",
	 stage_waiting,
	 ROWS,
	 {80, 30, false, true},
	 {.group = PYRO_GROUP_LINE, .metric = PYRO_REPORT_WAIT},
	 NULL},
	{"rows-file-total",
	 sample_profile_create,
	 ROWS,
	 {80, 30, false, true},
	 {.group = PYRO_GROUP_FILE, .sort = PYRO_REPORT_BY_TOTAL},
	 NULL},
	{"rows-module-name",
	 sample_profile_create,
	 ROWS,
	 {80, 30, false, true},
	 {.group = PYRO_GROUP_MODULE, .sort = PYRO_REPORT_BY_NAME, .unfold = true},
	 NULL},
	{"rows-limit", sample_profile_create, ROWS, {80, 30, false, true}, {.limit = 2}, NULL},
	{"rows-filter",
	 sample_profile_create,
	 ROWS,
	 {80, 30, false, true},
	 {.filter = "json", .unfold = true},
	 NULL},
	{"rows-thread",
	 idle_threads,
	 ROWS,
	 {80, 30, false, true},
	 {.group = PYRO_GROUP_THREAD, .limit = 7},
	 NULL},
	{"rows-process",
	 many_processes,
	 ROWS,
	 {80, 30, false, true},
	 {.group = PYRO_GROUP_PROCESS, .limit = 4},
	 NULL},
	{"rows-gil",
	 idle_threads,
	 ROWS,
	 {80, 30, false, true},
	 {.metric = PYRO_REPORT_GIL_WAIT},
	 NULL},
	{"tree", sample_profile_create, TREE, {80, 30, false, true}, {0}, NULL},
	{"tree-all-40", sample_profile_create, TREE, {40, 30, false, true}, {.unfold = true}, NULL},
	{"tree-ascii", sample_profile_create, TREE, {80, 30, false, false}, {.unfold = true}, NULL},
	{"tree-limit", sample_profile_create, TREE, {80, 30, false, true}, {.limit = 4}, NULL},
	{"tree-filter",
	 sample_profile_create,
	 TREE,
	 {80, 30, false, true},
	 {.filter = "flush"},
	 NULL},
	{"tree-deep", stage_deep, TREE, {80, 30, false, true}, {.limit = 20}, NULL},
	{"callers", sample_profile_create, CALLERS, {80, 30, false, true}, {0}, "dumps"},
	{"callers-40", sample_profile_create, CALLERS, {40, 30, false, true}, {0}, "price"},
	{"callers-root", sample_profile_create, CALLERS, {80, 30, false, true}, {0}, "<module>"},
	{"callees", sample_profile_create, CALLEES, {80, 30, false, true}, {0}, "main"},
	{"callees-leaf", sample_profile_create, CALLEES, {80, 30, false, true}, {0}, "Cart.price"},
	{"by-threads", task_profile_create, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"by-tasks", task_profile_logical, SUMMARY, {80, 30, false, true}, WALL, NULL},
	{"by-tasks-40", task_profile_logical, SUMMARY, {40, 30, false, true}, WALL, NULL},
	{"by-tasks-time", task_profile_logical, SUMMARY, {80, 30, false, true}, {0}, NULL},
	{"by-tasks-wait",
	 task_profile_logical,
	 SUMMARY,
	 {80, 30, false, true},
	 {.metric = PYRO_REPORT_WAIT},
	 NULL},
	{"by-tasks-rows",
	 task_profile_logical,
	 ROWS,
	 {80, 30, false, true},
	 {.group = PYRO_GROUP_THREAD, .limit = 3},
	 NULL},
	{"by-tasks-callers", task_profile_logical, CALLERS, {80, 30, false, true}, WALL, "main"},
	{"by-tasks-tree", task_profile_logical, TREE, {80, 30, false, true}, WALL, NULL},
	{"source-missing", sample_profile_create, SOURCE, {80, 30, false, true}, {0}, "shop.py"},
};

static enum pyro_rc take(const struct shot *shot, struct pyro_profile *profile,
			 struct pyro_buf *buf, struct pyro_err *err)
{
	switch (shot->what) {
	case ROWS:
		return pyro_report_rows(profile, &shot->view, &shot->look, buf, err);
	case TREE:
		return pyro_report_tree(profile, &shot->view, &shot->look, buf, err);
	case CALLERS:
	case CALLEES:
		return pyro_report_callers(profile, &shot->view, shot->argument,
					   shot->what == CALLEES, &shot->look, buf, err);
	case SOURCE:
		return pyro_report_source(profile, &shot->view, shot->argument, &shot->look, buf,
					  err);
	default:
		return pyro_report_summary(profile, &shot->view, &shot->look, buf, err);
	}
}

static void test_shots(void **state)
{
	for (size_t i = 0; i < PYRO_COUNT(shots); i++) {
		const struct shot *shot = &shots[i];
		struct pyro_profile *profile = shot->make();
		struct pyro_buf buf;
		struct pyro_err err = {0};
		char name[64];
		assert_non_null(profile);
		pyro_buf_init(&buf, 1 << 24);
		if (take(shot, profile, &buf, &err) != PYRO_RC_OK)
			fail_msg("%s: %s", shot->name, err.message);
		golden_check_lines(shot->name, &shot->look, &buf);
		snprintf(name, sizeof(name), "%s.txt", shot->name);
		golden_compare(name, &buf);
		pyro_buf_deinit(&buf);
		pyro_profile_destroy(profile);
	}
}

/* Every report of every stage at every width from 1 on: nothing wider than 20 columns wraps, and
 * nothing breaks. */
static void test_all_widths(void **state)
{
	struct pyro_profile *(*const stages[])(void) = {sample_profile_create, stage_empty,
							stage_names, stage_one_sample};
	for (size_t s = 0; s < PYRO_COUNT(stages); s++) {
		struct pyro_profile *profile = stages[s]();
		assert_non_null(profile);
		for (unsigned columns = 1; columns <= 130; columns += columns < 50 ? 3 : 20) {
			for (int kind = SUMMARY; kind <= TREE; kind++) {
				struct shot shot = {.name = "widths",
						    .what = (enum what)kind,
						    .look = {columns, 30, columns & 2, columns & 1},
						    .view = {.unfold = columns & 4}};
				struct pyro_buf buf;
				pyro_buf_init(&buf, 1 << 24);
				assert_int_equal(take(&shot, profile, &buf, NULL), PYRO_RC_OK);
				if (columns >= 24)
					golden_check_lines(shot.name, &shot.look, &buf);
				pyro_buf_deinit(&buf);
			}
		}
		pyro_profile_destroy(profile);
	}
}

static void test_summary_fits_its_screen(void **state)
{
	struct pyro_profile *(*const stages[])(void) = {sample_profile_create, idle_threads,
							many_processes, stage_waiting, stage_names};
	for (size_t s = 0; s < PYRO_COUNT(stages); s++) {
		struct pyro_profile *profile = stages[s]();
		struct pyro_report_view view = {0};
		struct pyro_report_look look = {80, 30, false, true};
		struct pyro_buf buf;
		size_t lines = 0;
		assert_non_null(profile);
		pyro_buf_init(&buf, 1 << 24);
		assert_int_equal(pyro_report_summary(profile, &view, &look, &buf, NULL),
				 PYRO_RC_OK);
		for (size_t i = 0; i < buf.size; i++)
			lines += buf.data[i] == '\n';
		assert_in_range(lines, 10, 30);
		pyro_buf_deinit(&buf);
		pyro_profile_destroy(profile);
	}
}

/* A buffer too small for the report is an error, never half a report called whole. */
static void test_no_memory(void **state)
{
	struct pyro_profile *profile = sample_profile_create();
	assert_non_null(profile);
	for (size_t limit = 0; limit < 1500; limit += 250) {
		for (int kind = SUMMARY; kind <= CALLEES; kind++) {
			struct shot shot = {.what = (enum what)kind,
					    .look = {80, 30, true, true},
					    .argument = "<module>"};
			struct pyro_buf whole;
			struct pyro_buf buf;
			pyro_buf_init(&whole, 1 << 24);
			pyro_buf_init(&buf, limit);
			assert_int_equal(take(&shot, profile, &whole, NULL), PYRO_RC_OK);
			enum pyro_rc rc = take(&shot, profile, &buf, NULL);
			assert_int_equal(rc, limit < whole.size ? PYRO_RC_NOMEM : PYRO_RC_OK);
			pyro_buf_deinit(&whole);
			pyro_buf_deinit(&buf);
		}
	}
	pyro_profile_destroy(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shots),
		cmocka_unit_test(test_all_widths),
		cmocka_unit_test(test_summary_fits_its_screen),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
