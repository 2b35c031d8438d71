/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "capture/capture.h"
#include "support/sample_capture.h"
#include "support/scratch.h"

static int setup(void **state)
{
	static struct scratch scratch;
	scratch_make(&scratch, "a.pyro");
	*state = &scratch;
	return scratch.directory[0] ? 0 : -1;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	return 0;
}

static enum pyro_rc count_one(void *context, const struct pyro_capture_sample *sample)
{
	(void)sample;
	++*(uint64_t *)context;
	return PYRO_RC_OK;
}

/* All that a report would ask of a file. */
static enum pyro_rc read_all(const char *path, struct pyro_err *err)
{
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	uint64_t samples = 0;
	enum pyro_rc rc = pyro_capture_reader_create(path, &reader, err);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_capture_reader_profile(reader, &profile, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_capture_reader_samples(reader, count_one, &samples, err);
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
	return rc;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* Changes a sound capture by SQL, as an attacker could, and expects @rc and a word in the message.
 */
static void spoiled(struct scratch *s, const char *sql, enum pyro_rc rc, const char *word)
{
	struct pyro_err err = {0};
	sqlite3 *db = NULL;
	unlink(s->path);
	assert_int_equal(sample_capture_write(s->path, &err), PYRO_RC_OK);
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
	enum pyro_rc got = read_all(s->path, &err);
	if (got != rc || !strstr(err.message, word) || !strstr(err.message, s->path))
		fail_msg("%s: %s: \"%s\"", sql, pyro_rc_name(got), err.message);
}

static void what_is_no_capture_is_said(void **state)
{
	struct scratch *s = *state;
	struct pyro_err err = {0};
	sqlite3 *db = NULL;
	assert_int_equal(read_all("/nowhere", &err), PYRO_RC_NOTFOUND);
	assert_int_equal(read_all(s->directory, &err), PYRO_RC_FORMAT);
	assert_non_null(strstr(err.message, "a directory"));
	write_file(s->path, "", 0);
	assert_int_equal(read_all(s->path, &err), PYRO_RC_FORMAT);
	assert_non_null(strstr(err.message, "empty"));
	write_file(s->path, "import this\n", 12);
	assert_int_equal(read_all(s->path, &err), PYRO_RC_FORMAT);
	unlink(s->path);
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(read_all(s->path, &err), PYRO_RC_FORMAT);
	assert_non_null(strstr(err.message, "another program"));
	unlink(s->path);
	assert_int_equal(mkfifo(s->path, 0600), 0);
	assert_int_equal(read_all(s->path, &err), PYRO_RC_FORMAT);
	assert_non_null(strstr(err.message, "not a regular file"));
}

static void a_newer_schema_names_both(void **state)
{
	struct scratch *s = *state;
	struct pyro_err err = {0};
	spoiled(s, "PRAGMA user_version = 7", PYRO_RC_NEWER, "written by schema 7");
	assert_int_equal(read_all(s->path, &err), PYRO_RC_NEWER);
	assert_non_null(strstr(err.message, "reads up to 4. Try: pip install -U pyrometer"));
	spoiled(s, "PRAGMA user_version = 0", PYRO_RC_FORMAT, "schema 0");
}

static void what_does_not_add_up_is_refused(void **state)
{
	static const char *const damages[][2] = {
		{"UPDATE stacks SET parent = id WHERE id = 2", "table stacks, row 2: parent"},
		{"UPDATE stacks SET parent = 5 WHERE id = 2", "table stacks, row 2"},
		{"UPDATE stacks SET parent = -1 WHERE id = 2", "table stacks, row 2"},
		{"UPDATE stacks SET frame = 4294967296 WHERE id = 2", "table stacks, row 2: frame"},
		{"UPDATE stacks SET parent = NULL, frame = 0 WHERE id = 3",
		 "the same as an earlier"},
		{"DELETE FROM stacks WHERE id = 1", "a row before it is missing"},
		{"UPDATE frames SET function = 9999 WHERE id = 0", "table frames, row 0: function"},
		{"UPDATE frames SET function = 'x' WHERE id = 0", "table frames, row 0: function"},
		{"UPDATE functions SET name = 5000000000 WHERE id = 0", "functions, row 0: name"},
		{"UPDATE functions SET first_line = 1e300 WHERE id = 0", "first_line"},
		{"UPDATE strings SET text = (SELECT text FROM strings WHERE id = 1) WHERE id = 2",
		 "the same as an earlier"},
		{"UPDATE totals SET wall = -1 WHERE id = 0", "wall"},
		{"UPDATE totals SET wall = 9223372036854775807", "sums overflow"},
		{"UPDATE totals SET wall_squared = 9e999", "wall_squared"},
		{"UPDATE totals SET track = 3 WHERE id = 1", "track"},
		{"UPDATE totals SET stack = 3, track = 0", "same as an earlier"},
		{"UPDATE tracks SET process = 2", "process"},
		{"UPDATE processes SET parent = 1 WHERE id = 0", "parent"},
		{"UPDATE processes SET pid = -4", "pid"},
		{"UPDATE objects SET metric = 99", "table objects, row 0: metric"},
		{"UPDATE objects SET kind = -1", "objects, row 0: kind"},
		{"UPDATE objects SET name = 'x'", "objects, row 0: name"},
		{"UPDATE objects SET track = 3", "objects, row 0: track"},
		{"UPDATE objects SET frame = 9999", "objects, row 0: frame"},
		{"UPDATE objects SET metric = 3, kind = 0, name = 0, track = NULL, frame = NULL",
		 "the same as an earlier"},
		{"UPDATE waits SET object = 2", "table waits, row 0: object"},
		{"UPDATE waits SET stack = 9999", "waits, row 0: stack"},
		{"UPDATE waits SET track = 3", "waits, row 0: track"},
		{"UPDATE waits SET ns = -1", "waits, row 0: ns"},
		{"UPDATE waits SET ns = 9223372036854775807", "sums overflow"},
		{"UPDATE waits SET track = 0, stack = 0, object = 0", "the same as an earlier"},
		{"DELETE FROM waits WHERE id = 0", "a row before it is missing"},
		{"UPDATE meta SET value = 'soon' WHERE key = 'duration_ns'", "length of time"},
		{"UPDATE quality SET value = -1", "value"},
		{"UPDATE metrics SET name = 'wall) --' WHERE id = 0", "metric"},
		{"UPDATE chunks SET track = 77", "track"},
		{"UPDATE chunks SET samples = samples + 1", "data"},
		{"UPDATE chunks SET from_us = to_us + 1", "data"},
		{"UPDATE chunks SET encoding = 3", "an encoding that this version"},
		{"UPDATE chunks SET size = size + 1", "size"},
		{"UPDATE chunks SET size = 1 << 40", "size"},
		{"UPDATE chunks SET data = zeroblob(1000)", "size"},
		{"UPDATE chunks SET data = substr(data, 1, length(data) - 1)", "data"},
		{"INSERT INTO chunks SELECT 99, track, from_us, to_us, samples, encoding, size, "
		 "data "
		 "FROM chunks WHERE id = 1",
		 "begins before"},
	};
	struct scratch *s = *state;
	for (size_t i = 0; i < PYRO_COUNT(damages); i++)
		spoiled(s, damages[i][0], PYRO_RC_FORMAT, damages[i][1]);
}

/* A view or a computed column would run what the file's author wrote. */
static void tables_must_be_plain(void **state)
{
	struct scratch *s = *state;
	spoiled(s, "DROP TABLE strings; CREATE VIEW strings AS SELECT 0 AS id, 'a' AS text",
		PYRO_RC_FORMAT, "table strings is not as schema 4 has it");
	spoiled(s,
		"DROP TABLE frames; CREATE TABLE frames(id INTEGER PRIMARY KEY, function INTEGER "
		"NOT NULL, line INTEGER AS (abs(id)))",
		PYRO_RC_FORMAT, "table frames is not");
	spoiled(s, "DROP TABLE chunks", PYRO_RC_FORMAT, "table chunks is not");
	spoiled(s, "ALTER TABLE totals ADD COLUMN more INTEGER", PYRO_RC_FORMAT, "totals");
}

static void unknown_metrics_and_counters_are_left_out(void **state)
{
	struct scratch *s = *state;
	struct pyro_err err = {0};
	sqlite3 *db = NULL;
	assert_int_equal(sample_capture_write(s->path, &err), PYRO_RC_OK);
	assert_int_equal(sqlite3_open(s->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "INSERT INTO metrics SELECT count(*), 'warmth', 'K', 'from a later "
			     "version' FROM metrics;"
			     "ALTER TABLE totals ADD COLUMN warmth INTEGER;"
			     "INSERT INTO quality VALUES('charm', 3, 'from a later version')",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	if (read_all(s->path, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
}

static enum pyro_rc count_reasons(void *context, const struct pyro_capture_sample *sample)
{
	((uint64_t *)context)[sample->reason]++;
	return PYRO_RC_OK;
}

/* What earlier versions wrote: all of it, with no more than they knew. */
static void an_older_schema_is_read(void **state)
{
	uint64_t reasons[PYRO_REASON_COUNT] = {0};
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	struct pyro_profile_counts counts;
	struct pyro_err err = {0};
	uint64_t wall = 0;
	uint64_t gil = 0;
	(void)state;
	if (pyro_capture_reader_create(PYRO_GOLDEN "/schema-1", &reader, &err) != PYRO_RC_OK ||
	    pyro_capture_reader_profile(reader, &profile, &err) != PYRO_RC_OK ||
	    pyro_capture_reader_samples(reader, count_reasons, reasons, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	pyro_profile_counts(profile, &counts);
	for (size_t i = 0; i < counts.totals; i++) {
		wall += pyro_profile_total_get(profile, i)->values[PYRO_METRIC_WALL];
		gil += pyro_profile_total_get(profile, i)->values[PYRO_METRIC_GIL_WAIT];
		assert_int_equal(pyro_profile_total_get(profile, i)->values[PYRO_METRIC_WAIT_NET],
				 0);
	}
	assert_int_equal(wall, 1320 * 1000000ull);
	assert_int_equal(gil, 300 * 1000000ull);
	assert_int_equal(counts.waits, 0);
	assert_int_equal(counts.objects, 0);
	assert_int_equal(reasons[PYRO_REASON_GIL], 300);
	assert_int_equal(reasons[PYRO_REASON_NONE], 1020);
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
}

static char *load(const char *path, size_t *ret_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	char *bytes = malloc((size_t)st.st_size);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static void any_result_but_one_line(const char *path)
{
	struct pyro_err err = {0};
	enum pyro_rc rc = read_all(path, &err);
	if (rc != PYRO_RC_OK) {
		assert_true(err.message[0] != '\0');
		assert_null(strchr(err.message, '\n'));
	}
}

static void damage_never_crashes(void **state)
{
	struct scratch *s = *state;
	struct pyro_err err = {0};
	size_t size;
	uint64_t seed = 42;
	assert_int_equal(sample_capture_write(s->path, &err), PYRO_RC_OK);
	char *bytes = load(s->path, &size);
	for (size_t cut = 0; cut < size; cut += 1 + size / 150) {
		write_file(s->path, bytes, cut);
		any_result_but_one_line(s->path);
	}
	for (int i = 0; i < 1500; i++) {
		/* The header, its first pages and the rest alike. */
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		size_t range = i % 3 == 0 ? 200 : i % 3 == 1 ? 8192 : size;
		size_t at = (seed >> 20) % range;
		char kept = bytes[at];
		bytes[at] ^= (char)(1 << (seed >> 60 & 7));
		write_file(s->path, bytes, size);
		any_result_but_one_line(s->path);
		if (i % 10)
			bytes[at] = kept;
	}
	free(bytes);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_no_capture_is_said),
		CASE(a_newer_schema_names_both),
		CASE(what_does_not_add_up_is_refused),
		CASE(tables_must_be_plain),
		CASE(unknown_metrics_and_counters_are_left_out),
		CASE(an_older_schema_is_read),
		CASE(damage_never_crashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
