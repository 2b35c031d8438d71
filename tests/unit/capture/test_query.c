/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "capture/query.h"
#include "capture/schema.h"
#include "support/sample_capture.h"
#include "support/sample_profile.h"
#include "support/scratch.h"

struct answer {
	size_t rows;
	size_t columns;
	char first_name[64];
	char first_text[256];
	int64_t first_integer;
	enum pyro_query_kind kinds[8];
	enum pyro_rc stop;
};

static enum pyro_rc take_columns(void *context, const char *const *names, size_t count)
{
	struct answer *a = context;
	a->columns = count;
	snprintf(a->first_name, sizeof(a->first_name), "%s", names[0]);
	return PYRO_RC_OK;
}

static enum pyro_rc take_row(void *context, const struct pyro_query_cell *cells, size_t count)
{
	struct answer *a = context;
	if (a->rows++ == 0) {
		a->first_integer = cells[0].integer;
		snprintf(a->first_text, sizeof(a->first_text), "%.*s", (int)cells[0].size,
			 cells[0].bytes);
		for (size_t i = 0; i < count && i < 8; i++)
			a->kinds[i] = cells[i].kind;
	}
	return a->stop;
}

static struct scratch scratch;
static struct pyro_err error;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch, "a.pyro");
	return sample_capture_write(scratch.path, NULL) == PYRO_RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static enum pyro_rc ask(const char *sql, struct answer *answer)
{
	struct pyro_query_sink sink = {take_columns, take_row, answer};
	memset(answer, 0, sizeof(*answer));
	memset(&error, 0, sizeof(error));
	return pyro_capture_query(scratch.path, sql, &sink, &error);
}

static void views_answer(void **state)
{
	struct answer a;
	(void)state;
	assert_int_equal(ask("select * from by_function", &a), PYRO_RC_OK);
	assert_int_equal(a.rows, SAMPLE_FUNCTION_COUNT);
	assert_string_equal(a.first_name, "name");
	assert_string_equal(a.first_text, "flush");
	assert_int_equal(ask("select total_ms from by_function where name = 'fib'", &a),
			 PYRO_RC_OK);
	assert_int_equal(a.kinds[0], PYRO_QUERY_REAL);
	assert_int_equal(
		ask("select cast(total_ms as integer) from by_function where name = 'fib'", &a),
		PYRO_RC_OK);
	assert_int_equal(a.first_integer, 200);
	assert_int_equal(ask("select place from by_line limit 3;  ", &a), PYRO_RC_OK);
	assert_int_equal(a.rows, 3);
	assert_int_equal(ask("select stack from folded where stack like '%fib'", &a), PYRO_RC_OK);
	assert_string_equal(a.first_text, "<module>;main;fib;fib;fib");
	assert_int_equal(ask("select samples from samples_per_track where track = 1", &a),
			 PYRO_RC_OK);
	assert_int_equal(a.first_integer, 460);
}

static void all_kinds_come_through(void **state)
{
	struct answer a;
	(void)state;
	assert_int_equal(ask("select 7, 1.5, 'x', x'00ff', null", &a), PYRO_RC_OK);
	assert_int_equal(a.columns, 5);
	assert_int_equal(a.kinds[0], PYRO_QUERY_INTEGER);
	assert_int_equal(a.kinds[1], PYRO_QUERY_REAL);
	assert_int_equal(a.kinds[2], PYRO_QUERY_TEXT);
	assert_int_equal(a.kinds[3], PYRO_QUERY_BLOB);
	assert_int_equal(a.kinds[4], PYRO_QUERY_NULL);
	assert_int_equal(ask("select 1 where 0", &a), PYRO_RC_OK);
	assert_int_equal(a.columns, 1);
	assert_int_equal(a.rows, 0);
	assert_int_equal(ask("pragma user_version", &a), PYRO_RC_OK);
	assert_int_equal(a.first_integer, PYRO_SCHEMA_VERSION);
	assert_int_equal(ask("pragma table_info(stacks)", &a), PYRO_RC_OK);
	assert_int_equal(a.rows, 3);
}

static void only_reading_is_allowed(void **state)
{
	static const char *const refused[] = {
		"delete from strings",
		"insert into meta values('a', 'b')",
		"create table t(a)",
		"create temp table t(a)",
		"drop view by_line",
		"attach '/tmp/x' as x",
		"vacuum into '/tmp/pyrometer-must-not-exist'",
		"pragma journal_mode = wal",
		"pragma writable_schema = on",
		"pragma user_version = 3",
		"begin",
		"select load_extension('x')",
		"reindex",
		"select 1; select 2",
		"",
		"  -- nothing",
		"selekt 1",
		"select * from planets",
	};
	struct answer a;
	(void)state;
	for (size_t i = 0; i < PYRO_COUNT(refused); i++) {
		enum pyro_rc rc = ask(refused[i], &a);
		if (rc != PYRO_RC_USAGE)
			fail_msg("%s: %s: %s", refused[i], pyro_rc_name(rc), error.message);
		assert_int_equal(a.rows, 0);
		assert_true(error.message[0] != '\0');
	}
	assert_int_not_equal(access("/tmp/pyrometer-must-not-exist", F_OK), 0);
}

static void a_callback_can_stop(void **state)
{
	struct answer a = {.stop = PYRO_RC_IO};
	struct pyro_query_sink sink = {take_columns, take_row, &a};
	(void)state;
	assert_int_equal(pyro_capture_query(scratch.path, "select id from strings", &sink, NULL),
			 PYRO_RC_IO);
	assert_int_equal(a.rows, 1);
}

/* Views of a hostile file run in a query: they must not get far. */
static void hostile_views_are_bounded(void **state)
{
	struct answer a;
	sqlite3 *db = NULL;
	(void)state;
	assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "create view huge as select zeroblob(1000000000) as a;"
				      "create view loaded as select load_extension('x') as a;"
				      "create view writing as select writefile('/tmp/x', 'y') as a",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(ask("select * from huge", &a), PYRO_RC_USAGE);
	assert_int_equal(ask("select * from loaded", &a), PYRO_RC_USAGE);
	assert_int_equal(ask("select * from writing", &a), PYRO_RC_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_answer),
		cmocka_unit_test(all_kinds_come_through),
		cmocka_unit_test(only_reading_is_allowed),
		cmocka_unit_test(a_callback_can_stop),
		cmocka_unit_test(hostile_views_are_bounded),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
