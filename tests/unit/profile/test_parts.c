/* SPDX-License-Identifier: Apache-2.0 */
/* The small files of the room: metrics, quality, meta, table, match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "profile/match.h"
#include "profile/profile.h"
#include "profile/quality.h"
#include "profile/table.h"

static void metrics_have_names_and_units(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PYRO_METRIC_COUNT; i++) {
		const struct pyro_metric_info *info = pyro_metric_info((enum pyro_metric)i);
		assert_int_equal(pyro_metric_by_name(info->name), i);
		assert_true(info->unit[0] && info->meaning[0]);
	}
	assert_string_equal(pyro_metric_info(PYRO_METRIC_WALL)->unit, "ns");
	assert_int_equal(pyro_metric_by_name("warmth"), PYRO_METRIC_COUNT);
	assert_null(pyro_metric_info(PYRO_METRIC_COUNT));
}

static void counters_go_by_name(void **state)
{
	struct pyro_quality quality = {0};
	(void)state;
	for (size_t i = 0; i < pyro_quality_field_count(); i++) {
		const char *name = pyro_quality_field(i)->name;
		assert_true(pyro_quality_set(&quality, name, i + 100));
		assert_int_equal(pyro_quality_get(&quality, i), i + 100);
	}
	assert_int_equal(quality.ticks_due, 100);
	assert_int_equal(quality.parts_proc, 99 + pyro_quality_field_count());
	assert_false(pyro_quality_set(&quality, "charm", 1));
	assert_null(pyro_quality_field(pyro_quality_field_count()));
	assert_string_equal(pyro_proof_name(PYRO_PROOF_SWITCH), "switch");
	assert_non_null(pyro_proof_meaning(PYRO_PROOF_NONE));
	assert_null(pyro_proof_name(PYRO_PROOF_COUNT));
}

static void facts_are_replaced(void **state)
{
	struct pyro_profile *p = NULL;
	const char *key;
	const char *value;
	size_t at = 0;
	(void)state;
	assert_int_equal(pyro_profile_create(&p, NULL), PYRO_RC_OK);
	assert_null(pyro_profile_meta_get(p, "host"));
	assert_int_equal(pyro_profile_meta_set(p, "host", "elm"), PYRO_RC_OK);
	assert_int_equal(pyro_profile_meta_set(p, "rate", "1"), PYRO_RC_OK);
	assert_int_equal(pyro_profile_meta_set(p, "host", "oak"), PYRO_RC_OK);
	assert_string_equal(pyro_profile_meta_get(p, "host"), "oak");
	assert_true(pyro_profile_meta_next(p, &at, &key, &value));
	assert_string_equal(key, "host");
	assert_true(pyro_profile_meta_next(p, &at, &key, &value));
	assert_false(pyro_profile_meta_next(p, &at, &key, &value));
	for (int i = 2; i < PYRO_MAX_FACTS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "k%d", i);
		assert_int_equal(pyro_profile_meta_set(p, name, ""), PYRO_RC_OK);
	}
	assert_int_equal(pyro_profile_meta_set(p, "one more", ""), PYRO_RC_LIMIT);
	pyro_profile_destroy(p);
}

static void tables_grow_to_their_limit(void **state)
{
	struct pyro_table table;
	(void)state;
	pyro_table_init(&table, sizeof(int), 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pyro_table_push(&table, &i), PYRO_RC_OK);
	assert_int_equal(pyro_table_push(&table, &(int){0}), PYRO_RC_LIMIT);
	assert_int_equal(table.count, 1000);
	assert_int_equal(*(int *)pyro_table_at(&table, 999), 999);
	assert_null(pyro_table_at(&table, 1000));
	pyro_table_deinit(&table);
}

static void expressions_match_anywhere(void **state)
{
	regex_t regex;
	struct pyro_err err = {0};
	(void)state;
	assert_int_equal(pyro_match_compile(&regex, "json|^a+$", &err), PYRO_RC_OK);
	assert_true(pyro_match_text(&regex, "x/json/y"));
	assert_true(pyro_match_text(&regex, "aaa"));
	assert_false(pyro_match_text(&regex, "ab"));
	regfree(&regex);
	assert_int_equal(pyro_match_compile(&regex, "[", &err), PYRO_RC_USAGE);
	assert_non_null(strstr(err.message, "Try: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_have_names_and_units),
		cmocka_unit_test(counters_go_by_name),
		cmocka_unit_test(facts_are_replaced),
		cmocka_unit_test(tables_grow_to_their_limit),
		cmocka_unit_test(expressions_match_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
