/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/moment_core.h"
#include "support/core_build.h"
#include "support/scratch.h"
#include "target/image.h"

/* Cores are made here of the captured memory of interpreters that are found in memory alone; the
 * ones that the kernel writes are tested in tests/cli, of every interpreter. */

static const struct pyro_moment_options options = {.locals = true};

static const struct pyro_core_places places = {NULL, "/nonexistent"};
static struct core_build build;
static struct scratch scratch;

/* All threads of what was captured stand in Event.wait of stop(), one of them in recursion(). */
#define MAIN_THREAD 21430

static void write_core(const char *image, const int *tids, size_t count, size_t cut)
{
	struct pyro_reader *reader = NULL;
	const struct pyro_image_segment *segments;
	char path[512];
	size_t segment_count;
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", PYRO_IMAGES, image);
	assert_int_equal(pyro_image_reader_create(path, &reader, NULL), PYRO_RC_OK);
	segments = pyro_image_reader_segments(reader, &segment_count);
	assert_true(segment_count <= CORE_BUILD_LOADS);
	core_build_init(&build);
	for (size_t i = 0; i < count; i++) {
		core_build_thread(&build, tids[i], SIGSEGV, 0);
		if (i == 0) {
			core_build_process(&build, MAIN_THREAD, "python3", "python3 shapes.py");
			core_build_signal(&build, SIGSEGV, SEGV_MAPERR, 0x10, 0);
		}
	}
	for (size_t i = 0; i < segment_count; i++)
		core_build_load(&build, segments[i].addr, segments[i].size, PF_R | PF_W,
				segments[i].data, segments[i].size);
	core_build_finish(&build);
	pyro_reader_destroy(reader);
	scratch_make(&scratch, "core");
	out = fopen(scratch.path, "w");
	assert_non_null(out);
	assert_true(cut < build.file.size);
	assert_int_equal(fwrite(build.file.data, 1, build.file.size - cut, out),
			 build.file.size - cut);
	fclose(out);
	core_build_deinit(&build);
}

static const char *leaf_of(const struct pyro_moment *moment,
			   const struct pyro_moment_thread *thread)
{
	const struct pyro_stack *node = pyro_profile_stack_get(moment->profile, thread->stack);
	const struct pyro_frame *frame =
		node ? pyro_profile_frame_get(moment->profile, node->frame) : NULL;
	const struct pyro_function *function =
		frame ? pyro_profile_function_get(moment->profile, frame->function) : NULL;

	return function ? pyro_profile_string_get(moment->profile, function->name, NULL) : "";
}

static struct pyro_moment *take(void)
{
	struct pyro_moment *moment = NULL;
	struct pyro_err err = {0};

	if (pyro_moment_take_core(scratch.path, &places, &options, &moment, &err) != PYRO_RC_OK)
		fail_msg("%s", err.message);
	return moment;
}

/* One thread has Python's state and got the signal, one has none, and of the others the core has no
 * registers. */
static void test_threads_of_every_kind(void **state)
{
	static const int tids[] = {MAIN_THREAD + 16, 5};
	struct pyro_moment *moment;

	(void)state;
	write_core("cpython-3.14.img", tids, 2, 0);
	moment = take();
	assert_string_equal(moment->core, scratch.path);
	assert_int_equal(moment->pid, MAIN_THREAD);
	assert_string_equal(moment->command, "python3 shapes.py");
	assert_string_equal(moment->signal, "SIGSEGV");
	assert_string_equal(moment->cause, "no memory at 0x10");
	assert_int_equal(moment->lost, 0);
	assert_true(moment->thread_count > 10);
	assert_int_equal(moment->threads[0].tid, tids[0]);
	assert_true(moment->threads[0].killed);
	assert_string_equal(moment->threads[0].name, "recursion-\xc3\xa9\xe2\x9c\x93");
	assert_string_equal(leaf_of(moment, &moment->threads[0]), "Condition.wait");
	assert_int_equal(moment->threads[1].tid, MAIN_THREAD);
	assert_true(moment->threads[1].main);
	assert_string_equal(moment->threads[1].name, "MainThread");
	for (size_t i = 0; i + 1 < moment->thread_count; i++) {
		assert_true(moment->threads[i].python && !moment->threads[i].unread);
		assert_true(moment->threads[i].stack != PYRO_NONE);
	}
	assert_int_equal(moment->threads[moment->thread_count - 1].tid, 5);
	assert_false(moment->threads[moment->thread_count - 1].python);
	pyro_moment_destroy(moment);
	scratch_remove(&scratch);
}

static void test_cut_short(void **state)
{
	static const int tids[] = {MAIN_THREAD};
	struct pyro_moment *moment = NULL;
	struct pyro_err err = {0};
	char expected[256];

	(void)state;
	write_core("cpython-3.13.img", tids, 1, 400000);
	assert_int_not_equal(pyro_moment_take_core(scratch.path, &places, &options, &moment, &err),
			     PYRO_RC_OK);
	snprintf(expected, sizeof(expected),
		 "%s: cut short, 400000 bytes are missing: ", scratch.path);
	assert_memory_equal(err.message, expected, strlen(expected));
	scratch_remove(&scratch);
	/* A little that is missing does not matter. */
	write_core("cpython-3.13.img", tids, 1, 10);
	moment = take();
	assert_int_equal(moment->lost, 10);
	pyro_moment_destroy(moment);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_of_every_kind),
		cmocka_unit_test(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
