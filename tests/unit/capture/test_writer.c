/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
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

#include "profile/quality.h"
#include "support/sample_capture.h"
#include "support/sample_profile.h"
#include "support/scratch.h"

#define MS 1000000ull

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

static bool exists(const char *path, const char *suffix)
{
	char name[128];
	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return access(name, F_OK) == 0;
}

struct sums {
	uint64_t wall, cpu, samples, running, waiting, last_ns;
	uint32_t track;
};

static enum pyro_rc add_up(void *context, const struct pyro_capture_sample *sample)
{
	struct sums *sums = context;
	if (sample->track == sums->track)
		assert_true(sample->at_ns >= sums->last_ns);
	sums->track = sample->track;
	sums->last_ns = sample->at_ns;
	sums->wall += sample->wall_ns;
	sums->cpu += sample->cpu_ns;
	sums->running += sample->on_cpu;
	sums->waiting += sample->reason == PYRO_REASON_GIL;
	sums->samples++;
	return PYRO_RC_OK;
}

static void same_profile(struct pyro_profile *a, struct pyro_profile *b)
{
	struct pyro_profile_counts x;
	struct pyro_profile_counts y;
	pyro_profile_counts(a, &x);
	pyro_profile_counts(b, &y);
	assert_int_equal(x.strings, y.strings);
	assert_int_equal(x.stacks, y.stacks);
	assert_int_equal(x.tracks, y.tracks);
	assert_int_equal(x.processes, y.processes);
	assert_int_equal(x.totals, y.totals);
	for (uint32_t i = 0; i < x.strings; i++)
		assert_string_equal(pyro_profile_string_get(a, i, NULL),
				    pyro_profile_string_get(b, i, NULL));
	for (uint32_t i = 0; i < x.functions; i++)
		assert_memory_equal(pyro_profile_function_get(a, i),
				    pyro_profile_function_get(b, i), sizeof(struct pyro_function));
	for (uint32_t i = 0; i < x.stacks; i++)
		assert_memory_equal(pyro_profile_stack_get(a, i), pyro_profile_stack_get(b, i),
				    sizeof(struct pyro_stack));
	for (uint32_t i = 0; i < x.totals; i++)
		assert_memory_equal(pyro_profile_total_get(a, i), pyro_profile_total_get(b, i),
				    sizeof(struct pyro_total));
	assert_int_equal(x.objects, y.objects);
	assert_int_equal(x.waits, y.waits);
	for (uint32_t i = 0; i < x.objects; i++)
		assert_memory_equal(pyro_profile_object_get(a, i), pyro_profile_object_get(b, i),
				    sizeof(struct pyro_object));
	for (uint32_t i = 0; i < x.waits; i++)
		assert_memory_equal(pyro_profile_wait_get(a, i), pyro_profile_wait_get(b, i),
				    sizeof(struct pyro_waited));
	for (uint32_t i = 0; i < x.tracks; i++) {
		assert_int_equal(pyro_profile_track_get(a, i)->tid,
				 pyro_profile_track_get(b, i)->tid);
		assert_int_equal(pyro_profile_track_get(a, i)->wall_ns,
				 pyro_profile_track_get(b, i)->wall_ns);
	}
	assert_int_equal(pyro_profile_process_get(b, 1)->parent, 0);
	assert_int_equal(pyro_profile_process_get(b, 0)->parent, PYRO_NONE);
	assert_string_equal(pyro_profile_meta_get(b, "cwd"), "/home/ada/shop");
	assert_null(pyro_profile_meta_get(b, "complete"));
	assert_int_equal(pyro_profile_duration(b), 820 * MS);
	for (size_t i = 0; i < pyro_quality_field_count(); i++)
		assert_int_equal(pyro_quality_get(pyro_profile_quality(a), i),
				 pyro_quality_get(pyro_profile_quality(b), i));
}

static void check_capture(const char *path, bool complete)
{
	struct pyro_err err = {0};
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *read = NULL;
	struct sums sums = {.track = PYRO_NONE};
	struct pyro_profile *written = sample_profile_create();
	if (pyro_capture_reader_create(path, &reader, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	assert_int_equal(pyro_capture_reader_complete(reader), complete);
	if (pyro_capture_reader_profile(reader, &read, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	same_profile(written, read);
	if (pyro_capture_reader_samples(reader, add_up, &sums, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	assert_int_equal(sums.samples, 1320);
	assert_int_equal(sums.wall, 1320 * MS);
	assert_int_equal(sums.cpu, 920 * MS);
	assert_int_equal(sums.running, 920);
	assert_int_equal(sums.waiting, 300);
	pyro_profile_destroy(read);
	pyro_profile_destroy(written);
	pyro_capture_reader_destroy(reader);
}

static void a_finished_capture_is_one_private_file(void **state)
{
	struct scratch *s = *state;
	struct stat st;
	struct pyro_err err = {0};
	mode_t mask = umask(0);
	assert_int_equal(sample_capture_write(s->path, &err), PYRO_RC_OK);
	umask(mask);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(exists(s->path, "-wal"));
	assert_false(exists(s->path, "-shm"));
	assert_false(exists(s->path, "-journal"));
	check_capture(s->path, true);
}

static void never_over_a_file_or_through_a_link(void **state)
{
	struct scratch *s = *state;
	struct pyro_err err = {0};
	char link[128];
	char target[128];
	snprintf(target, sizeof(target), "%s/target", s->directory);
	snprintf(link, sizeof(link), "%s/link.pyro", s->directory);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(sample_capture_write(link, &err), PYRO_RC_EXISTS);
	assert_int_not_equal(access(target, F_OK), 0);
	assert_int_equal(sample_capture_write(s->path, &err), PYRO_RC_OK);
	assert_int_equal(sample_capture_write(s->path, &err), PYRO_RC_EXISTS);
	assert_non_null(strstr(err.message, s->path));
	assert_non_null(strstr(err.message, "Try: "));
	check_capture(s->path, true);
	assert_int_equal(sample_capture_write("/nowhere/a.pyro", &err), PYRO_RC_NOTFOUND);
	assert_int_equal(sample_capture_write(s->directory, &err), PYRO_RC_EXISTS);
}

struct recording {
	struct pyro_capture_writer *writer;
	unsigned count;
};

static void record(void *context, const struct sample_moment *moment)
{
	struct recording *r = context;
	struct pyro_capture_sample sample = {
		.at_ns = moment->at_ns,
		.track = moment->track,
		.stack = moment->stack,
		.wall_ns = MS,
		.cpu_ns = moment->running ? MS : 0,
		.on_cpu = moment->running,
		.reason = moment->reason,
	};
	if (pyro_capture_writer_sample(r->writer, &sample) != PYRO_RC_OK)
		_exit(2);
	/* Many flushes: the open chunk is written over and over. */
	if (++r->count % 100 == 0 && pyro_capture_writer_flush(r->writer, NULL) != PYRO_RC_OK)
		_exit(3);
}

/* A recorder that is killed in the middle, after its last flush. */
static void record_and_die(const char *path)
{
	pid_t child = fork();
	int status;
	if (child == 0) {
		struct recording r = {0};
		struct pyro_profile *profile = sample_profile_create();
		if (pyro_capture_writer_create(path, profile, &r.writer, NULL) != PYRO_RC_OK)
			_exit(1);
		sample_profile_moments(profile, record, &r);
		if (pyro_capture_writer_flush(r.writer, NULL) != PYRO_RC_OK)
			_exit(4);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_killed_recorder_leaves_all_it_flushed(void **state)
{
	struct scratch *s = *state;
	record_and_die(s->path);
	assert_true(exists(s->path, "-wal"));
	check_capture(s->path, false);
	check_capture(s->path, false);
}

/* The directory cannot be written, as an ordinary user and with no index left by anybody. */
static void it_opens_from_a_read_only_directory(void **state)
{
	struct scratch *s = *state;
	char index[128];
	int status;
	record_and_die(s->path);
	snprintf(index, sizeof(index), "%s-shm", s->path);
	unlink(index);
	pid_t child = fork();
	if (child == 0) {
		char log[128];
		snprintf(log, sizeof(log), "%s-wal", s->path);
		chmod(s->path, 0444);
		chmod(log, 0444);
		chmod(s->directory, 0555);
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		check_capture(s->path, false);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	chmod(s->directory, 0755);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(exists(s->path, "-shm"));
}

static void a_reader_may_look_while_it_is_written(void **state)
{
	struct scratch *s = *state;
	struct recording r = {0};
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = sample_profile_create();
	assert_int_equal(pyro_capture_writer_create(s->path, profile, &r.writer, NULL), PYRO_RC_OK);
	sample_profile_moments(profile, record, &r);
	assert_int_equal(pyro_capture_writer_flush(r.writer, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_reader_create(s->path, &reader, NULL), PYRO_RC_OK);
	assert_false(pyro_capture_reader_complete(reader));
	/* The writer finishes although it is being read. */
	assert_int_equal(pyro_capture_writer_finish(r.writer, NULL), PYRO_RC_OK);
	pyro_capture_reader_destroy(reader);
	check_capture(s->path, true);
	pyro_profile_destroy(profile);
}

/* Writes under a limit on the size of files until it is full. */
static void fill_up(const char *path)
{
	struct pyro_err err = {0};
	struct pyro_capture_writer *writer = NULL;
	struct pyro_profile *profile = sample_profile_create();
	struct rlimit limit = {600000, 600000};
	signal(SIGXFSZ, SIG_IGN);
	if (pyro_capture_writer_create(path, profile, &writer, &err) != PYRO_RC_OK ||
	    setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(1);
	enum pyro_rc rc = PYRO_RC_OK;
	for (unsigned i = 0; rc == PYRO_RC_OK && i < 2000; i++) {
		char name[2000];
		uint32_t index;
		int size = snprintf(name, sizeof(name), "%01900u", i);
		if (pyro_profile_string(profile, name, (size_t)size, &index) != PYRO_RC_OK)
			_exit(2);
		rc = pyro_capture_writer_flush(writer, &err);
	}
	if (rc != PYRO_RC_FULL || !strstr(err.message, "no space left") ||
	    !strstr(err.message, path)) {
		print_error("%s: %s\n", pyro_rc_name(rc), err.message);
		_exit(3);
	}
	struct pyro_err again = {0};
	if (pyro_capture_writer_flush(writer, &again) != PYRO_RC_FULL ||
	    strcmp(err.message, again.message) != 0)
		_exit(4);
	if (pyro_capture_writer_finish(writer, &again) != PYRO_RC_FULL)
		_exit(5);
	pyro_profile_destroy(profile);
	_exit(0);
}

static void a_full_disk_is_a_clean_stop(void **state)
{
	struct scratch *s = *state;
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	struct pyro_profile_counts counts;
	int status;
	pid_t child = fork();
	if (child == 0)
		fill_up(s->path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(pyro_capture_reader_create(s->path, &reader, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_reader_profile(reader, &profile, NULL), PYRO_RC_OK);
	pyro_profile_counts(profile, &counts);
	assert_true(counts.strings > 50);
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
}

static void kinds_of_functions_are_kept(void **state)
{
	const struct scratch *scratch = *state;
	struct pyro_profile *written = NULL, *read = NULL;
	struct pyro_capture_writer *writer = NULL;
	struct pyro_capture_reader *reader = NULL;
	uint32_t text, functions[PYRO_FUNCTION_KINDS];
	assert_int_equal(pyro_profile_create(&written, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_profile_string(written, "fib", 3, &text), PYRO_RC_OK);
	for (int kind = 0; kind < PYRO_FUNCTION_KINDS; kind++) {
		const struct pyro_function function = {
			.name = text, .file = text, .kind = (enum pyro_function_kind)kind};
		assert_int_equal(pyro_profile_function(written, &function, &functions[kind]),
				 PYRO_RC_OK);
	}
	assert_int_not_equal(functions[0], functions[1]);
	assert_int_equal(pyro_capture_writer_create(scratch->path, written, &writer, NULL),
			 PYRO_RC_OK);
	assert_int_equal(pyro_capture_writer_finish(writer, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_reader_create(scratch->path, &reader, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_reader_profile(reader, &read, NULL), PYRO_RC_OK);
	for (int kind = 0; kind < PYRO_FUNCTION_KINDS; kind++)
		assert_int_equal(pyro_profile_function_get(read, functions[kind])->kind, kind);
	pyro_capture_reader_destroy(reader);
	pyro_profile_destroy(written);
	pyro_profile_destroy(read);
}

static void tasks_are_kept(void **state)
{
	const struct scratch *scratch = *state;
	struct pyro_profile *written = sample_profile_create(), *read = NULL;
	struct pyro_capture_writer *writer = NULL;
	struct pyro_capture_reader *reader = NULL;
	struct pyro_task_group group = {.process = 1, .track = PYRO_NONE, .tasks = 5};
	struct pyro_task_total total = {.stack = 3, .wall_squared = 2.5, .cpu_squared = 1.5};
	struct pyro_profile_counts counts;
	uint32_t task;
	assert_non_null(written);
	group.function = SAMPLE_PRICE;
	assert_int_equal(pyro_profile_task(written, &group, &task), PYRO_RC_OK);
	total.values[PYRO_METRIC_WALL] = 900;
	total.values[PYRO_METRIC_CPU] = 300;
	total.values[PYRO_METRIC_READY] = 200;
	total.values[PYRO_METRIC_WAIT_SLEEP] = 400;
	total.values[PYRO_METRIC_SAMPLES] = 7;
	assert_int_equal(pyro_profile_task_add(written, &total), PYRO_RC_OK);
	assert_int_equal(pyro_capture_writer_create(scratch->path, written, &writer, NULL),
			 PYRO_RC_OK);
	assert_int_equal(pyro_capture_writer_flush(writer, NULL), PYRO_RC_OK);
	/* What grows after a flush is written anew. */
	pyro_profile_task_get(written, task)->tasks = 6;
	assert_int_equal(pyro_profile_task_add(written, &total), PYRO_RC_OK);
	assert_int_equal(pyro_capture_writer_finish(writer, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_reader_create(scratch->path, &reader, NULL), PYRO_RC_OK);
	assert_int_equal(pyro_capture_reader_profile(reader, &read, NULL), PYRO_RC_OK);
	pyro_profile_counts(read, &counts);
	assert_int_equal(counts.tasks, 1);
	assert_int_equal(counts.task_totals, 1);
	assert_int_equal(pyro_profile_task_get(read, 0)->tasks, 6);
	assert_int_equal(pyro_profile_task_get(read, 0)->track, PYRO_NONE);
	assert_int_equal(pyro_profile_task_get(read, 0)->function, SAMPLE_PRICE);
	const struct pyro_task_total *back = pyro_profile_task_total_get(read, 0);
	assert_int_equal(back->stack, 3);
	assert_int_equal(back->values[PYRO_METRIC_WALL], 1800);
	assert_int_equal(back->values[PYRO_METRIC_WAIT], 1200);
	assert_int_equal(back->values[PYRO_METRIC_WAIT_SLEEP], 800);
	assert_int_equal(back->values[PYRO_METRIC_SAMPLES], 14);
	assert_true(back->wall_squared == 5);
	pyro_capture_reader_destroy(reader);
	pyro_profile_destroy(written);
	pyro_profile_destroy(read);
}

static void wrong_samples_are_refused(void **state)
{
	struct scratch *s = *state;
	struct pyro_capture_writer *writer = NULL;
	struct pyro_profile *profile = sample_profile_create();
	assert_int_equal(pyro_capture_writer_create(s->path, profile, &writer, NULL), PYRO_RC_OK);
	assert_int_equal(
		pyro_capture_writer_sample(writer, &(struct pyro_capture_sample){.track = 3}),
		PYRO_RC_FORMAT);
	assert_int_equal(
		pyro_capture_writer_sample(writer, &(struct pyro_capture_sample){.stack = 99}),
		PYRO_RC_FORMAT);
	pyro_capture_writer_destroy(writer);
	pyro_profile_destroy(profile);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_finished_capture_is_one_private_file),
		CASE(never_over_a_file_or_through_a_link),
		CASE(a_killed_recorder_leaves_all_it_flushed),
		CASE(it_opens_from_a_read_only_directory),
		CASE(a_reader_may_look_while_it_is_written),
		CASE(a_full_disk_is_a_clean_stop),
		CASE(kinds_of_functions_are_kept),
		CASE(tasks_are_kept),
		CASE(wrong_samples_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
