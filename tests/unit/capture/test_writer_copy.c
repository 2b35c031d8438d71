/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/sample_capture.h"
#include "support/sample_profile.h"
#include "support/scratch.h"

#define NAME_BYTES 5000

struct setting {
	struct scratch scratch;
	char copy[128];
	struct pyro_profile *profile;
	struct pyro_capture_writer *writer;
	unsigned calls;
};

static int setup(void **state)
{
	static struct setting setting;
	setting = (struct setting){.calls = 0};
	scratch_make(&setting.scratch, "a.pyro");
	snprintf(setting.copy, sizeof(setting.copy), "%s/a.1.pyro", setting.scratch.directory);
	setting.profile = sample_profile_create();
	*state = &setting;
	return setting.scratch.directory[0] && setting.profile &&
			       pyro_capture_writer_create(setting.scratch.path, setting.profile,
							  &setting.writer, NULL) == PYRO_RC_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	struct setting *s = *state;
	pyro_capture_writer_destroy(s->writer);
	pyro_profile_destroy(s->profile);
	scratch_remove(&s->scratch);
	return 0;
}

static void count_call(void *context)
{
	((struct setting *)context)->calls++;
}

static enum pyro_rc copy(struct setting *s, struct pyro_err *err)
{
	return pyro_capture_writer_copy(s->writer, s->copy, count_call, s, err);
}

/* Strings in a capture, which must be whole. */
static uint32_t strings_of(const char *path)
{
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	struct pyro_profile_counts counts;
	struct pyro_err err = {0};
	if (pyro_capture_reader_create(path, &reader, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	assert_true(pyro_capture_reader_complete(reader));
	assert_int_equal(pyro_capture_reader_profile(reader, &profile, NULL), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
	return counts.strings;
}

static void add_names(struct setting *s, unsigned count)
{
	char name[NAME_BYTES + 1];
	uint32_t index;
	for (unsigned i = 0; i < count; i++) {
		int size = snprintf(name, sizeof(name), "%0*u", NAME_BYTES, i);
		assert_int_equal(pyro_profile_string(s->profile, name, (size_t)size, &index),
				 PYRO_RC_OK);
	}
}

static void a_copy_has_what_was_flushed_and_the_writer_goes_on(void **state)
{
	struct setting *s = *state;
	struct pyro_profile_counts before;
	struct stat st;
	pyro_profile_counts(s->profile, &before);
	assert_int_equal(pyro_capture_writer_flush(s->writer, NULL), PYRO_RC_OK);
	add_names(s, 1);
	assert_int_equal(copy(s, NULL), PYRO_RC_OK);
	assert_true(s->calls > 0);
	assert_int_equal(strings_of(s->copy), before.strings);
	assert_int_equal(stat(s->copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(pyro_capture_writer_finish(s->writer, NULL), PYRO_RC_OK);
	s->writer = NULL;
	assert_int_equal(strings_of(s->scratch.path), before.strings + 1);
}

/* Never for long at a time: the queue of the recorder would overflow. */
static void a_large_one_is_copied_in_pieces(void **state)
{
	struct setting *s = *state;
	add_names(s, 4000); /* 20 MB */
	assert_int_equal(pyro_capture_writer_flush(s->writer, NULL), PYRO_RC_OK);
	assert_int_equal(copy(s, NULL), PYRO_RC_OK);
	assert_true(s->calls > 3);
	assert_true(strings_of(s->copy) > 4000);
}

static void never_over_a_file(void **state)
{
	struct setting *s = *state;
	struct pyro_err err = {0};
	FILE *mine = fopen(s->copy, "w");
	assert_non_null(mine);
	fclose(mine);
	assert_int_equal(copy(s, &err), PYRO_RC_EXISTS);
	assert_non_null(strstr(err.message, s->copy));
	assert_int_equal(access(s->copy, F_OK), 0);
	snprintf(s->copy, sizeof(s->copy), "%s/nowhere/a.pyro", s->scratch.directory);
	assert_int_equal(copy(s, &err), PYRO_RC_NOTFOUND);
	assert_int_equal(s->calls, 0);
}

/* A limit on the size of files stands for the disk. */
static void copy_what_does_not_fit(struct setting *s)
{
	const struct rlimit low = {600000, RLIM_INFINITY}, high = {RLIM_INFINITY, RLIM_INFINITY};
	struct pyro_err err = {0};
	signal(SIGXFSZ, SIG_IGN);
	if (pyro_capture_writer_flush(s->writer, NULL) != PYRO_RC_OK ||
	    setrlimit(RLIMIT_FSIZE, &low) != 0)
		_exit(1);
	if (copy(s, &err) != PYRO_RC_FULL || !strstr(err.message, s->copy))
		_exit(2);
	if (access(s->copy, F_OK) == 0)
		_exit(3);
	if (setrlimit(RLIMIT_FSIZE, &high) != 0)
		_exit(4);
	_exit(pyro_capture_writer_finish(s->writer, NULL) == PYRO_RC_OK ? 0 : 5);
}

static void a_full_disk_leaves_nothing_and_the_writer_goes_on(void **state)
{
	struct setting *s = *state;
	int status;
	add_names(s, 400); /* 2 MB */
	pid_t child = fork();
	if (child == 0)
		copy_what_does_not_fit(s);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(strings_of(s->scratch.path) > 400);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_copy_has_what_was_flushed_and_the_writer_goes_on),
		CASE(a_large_one_is_copied_in_pieces),
		CASE(never_over_a_file),
		CASE(a_full_disk_leaves_nothing_and_the_writer_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
