/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/table.h"

static const struct pyro_report_column columns[] = {
	{.title = "self", .right = true},
	{.rank = 3, .joined = true},
	{.title = "name", .cut = PYRO_CUT_MIDDLE, .least = 6},
	{.title = "where", .cut = PYRO_CUT_FRONT, .least = 6, .rank = 2},
};

static void check(unsigned width, bool note, const char *expected)
{
	struct pyro_report_look look = {.columns = width, .unicode = true};
	struct pyro_report_table table;
	struct pyro_buf buf;
	pyro_buf_init(&buf, 4096);
	pyro_report_table_init(&table, columns, PYRO_COUNT(columns), &look);
	pyro_report_table_row(&table);
	pyro_report_table_cell(&table, PYRO_INK_BOLD, "38 %");
	pyro_report_table_cell(&table, PYRO_INK_DIM, "±2");
	pyro_report_table_cell(&table, PYRO_INK_PLAIN, "price_of_basket");
	pyro_report_table_cell(&table, PYRO_INK_PLAIN, "shop.py:88");
	if (note)
		pyro_report_table_note(&table, "and more of it");
	pyro_report_table_row(&table);
	pyro_report_table_cell(&table, PYRO_INK_BOLD, "2 %");
	pyro_report_table_cell(&table, PYRO_INK_DIM, "");
	pyro_report_table_cell(&table, PYRO_INK_DIM, "→ ");
	pyro_report_table_more(&table, PYRO_INK_PLAIN, "価格");
	assert_int_equal(pyro_report_table_render(&table, 1, &buf), PYRO_RC_OK);
	assert_string_equal(buf.data, expected);
	pyro_report_table_deinit(&table);
	pyro_buf_deinit(&buf);
}

static void test_as_wide_as_needed(void **state)
{
	check(80, true,
	      " self     name             where\n"
	      " 38 % ±2  price_of_basket  shop.py:88\n"
	      " and more of it\n"
	      "  2 %     → 価格\n");
}

static void test_shrinks(void **state)
{
	check(28, false,
	      " self     name      where\n"
	      " 38 % ±2  pr…asket  …p.py:88\n"
	      "  2 %     → 価格\n");
}

static void test_drops_columns(void **state)
{
	check(21, false,
	      " self  name    where\n"
	      " 38 %  …asket  …py:88\n"
	      "  2 %  → 価格\n");
	check(16, false,
	      " self  name\n"
	      " 38 %  pr…basket\n"
	      "  2 %  → 価格\n");
}

/* A missing cell, a cell too many or one without a row: a mistake of ours, told, never a crash. */
static void test_misuse(void **state)
{
	struct pyro_report_look look = {.columns = 80};
	struct pyro_report_table table;
	struct pyro_buf buf;
	pyro_buf_init(&buf, 4096);
	pyro_report_table_init(&table, columns, PYRO_COUNT(columns), &look);
	pyro_report_table_cell(&table, PYRO_INK_PLAIN, "x");
	assert_int_equal(pyro_report_table_render(&table, 0, &buf), PYRO_RC_NOMEM);
	pyro_report_table_deinit(&table);
	pyro_buf_deinit(&buf);
}

static void test_empty(void **state)
{
	struct pyro_report_look look = {.columns = 80};
	struct pyro_report_table table;
	struct pyro_buf buf;
	pyro_buf_init(&buf, 4096);
	pyro_report_table_init(&table, columns, PYRO_COUNT(columns), &look);
	assert_int_equal(pyro_report_table_render(&table, 0, &buf), PYRO_RC_OK);
	assert_int_equal(buf.size, 0);
	pyro_report_table_deinit(&table);
	pyro_buf_deinit(&buf);
}

/* What is drawn again and again stands still: a steady column has its width whatever is in it, and
 * is there when nothing is. */
static void test_steady(void **state)
{
	static const struct pyro_report_column steady[] = {
		{.title = "self", .right = true, .steady = 6},
		{.title = "wait", .right = true, .steady = 6},
		{.title = "name", .marked = true},
	};
	const struct pyro_report_look look = {.columns = 40, .unicode = true, .colour = true};
	struct pyro_report_table table;
	struct pyro_buf buf;

	pyro_buf_init(&buf, 4096);
	pyro_report_table_init(&table, steady, PYRO_COUNT(steady), &look);
	pyro_report_table_row(&table);
	pyro_report_table_cell(&table, PYRO_INK_PLAIN, "2 %");
	pyro_report_table_cell(&table, PYRO_INK_PLAIN, "");
	pyro_report_table_cell(&table, PYRO_INK_PLAIN, "x");
	assert_int_equal(pyro_report_table_render(&table, 0, &buf), PYRO_RC_OK);
	assert_string_equal(buf.data,
			    "  \033[2mself\033[0m    \033[2mwait\033[0m  "
			    "\033[1mname\033[0m\n"
			    "   2 %          x\n");
	pyro_report_table_deinit(&table);
	pyro_buf_deinit(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_wide_as_needed),
		cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_drops_columns),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_steady),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
