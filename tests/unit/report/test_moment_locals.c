/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "report/moment.h"
#include "report/moment_locals.h"

static char wide[1500];

/* A function that calls itself, with variables of every kind and length. */
static struct pyro_moment *recursion(void)
{
	static const struct pyro_moment_local first[] = {
		{"order", "Order(id=3, items=['a', 'b'], note='函数 \xf0\x9f\x98\x80')",
		 "argument"},
		{"total", "1.5", "local"},
		{"sha\033[2J", "'\033]0;x\007'", "cell"},
		{"many",
		 "[1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, "
		 "1013, 1014, 1015, ... 84 more]",
		 "free"},
		{"wide", wide, "local"},
	};
	static const struct pyro_moment_local second[] = {{"order", "<unreadable>", "argument"}};
	static const struct pyro_moment_frame frames[] = {
		{.locals = first, .local_count = 5, .left_out = 12},
		{.locals = second, .local_count = 1, .changed = true, .unreadable = true},
		{.changed = true},
		{.local_count = 0},
	};
	struct pyro_moment *moment;

	memset(wide, 'w', sizeof(wide) - 1);
	assert_int_equal(pyro_moment_create(&moment, NULL), PYRO_RC_OK);
	moment->pid = 4127;
	moment->command = "/usr/bin/python3 shop.py";
	moment->version = "3.13.0";
	moment->threads = pyro_arena_alloc(&moment->arena, 2 * sizeof(*moment->threads));
	assert_non_null(moment->threads);
	moment->thread_count = 2;
	for (int i = 0; i < 2; i++)
		moment->threads[i] = (struct pyro_moment_thread){
			.tid = 4127 + i,
			.name = i ? "worker" : "MainThread",
			.main = i == 0,
			.python = true,
			.proved = true,
			.runs = true,
			.wait = "",
			.wait_text = "",
			.object = "",
			.stack = PYRO_NONE,
			.frames = frames,
			.frame_count = PYRO_COUNT(frames),
		};
	for (size_t i = 0; i < PYRO_COUNT(frames); i++) {
		struct pyro_function function = {.first_line = 1};
		struct pyro_frame frame = {.line = 12};
		uint32_t index;

		assert_int_equal(pyro_profile_string(moment->profile, "walk", 4, &function.name),
				 PYRO_RC_OK);
		assert_int_equal(
			pyro_profile_string(moment->profile, "/srv/shop.py", 12, &function.file),
			PYRO_RC_OK);
		assert_int_equal(pyro_profile_function(moment->profile, &function, &frame.function),
				 PYRO_RC_OK);
		assert_int_equal(pyro_profile_frame(moment->profile, &frame, &index), PYRO_RC_OK);
		for (int j = 0; j < 2; j++)
			assert_int_equal(pyro_profile_stack(moment->profile,
							    moment->threads[j].stack, index,
							    &moment->threads[j].stack),
					 PYRO_RC_OK);
	}
	return moment;
}

static void shot(const char *name, const struct pyro_report_look *look)
{
	struct pyro_moment *moment = recursion();
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment(moment, look, &buf, NULL), PYRO_RC_OK);
	golden_check_lines(name, look, &buf);
	golden_compare(name, &buf);
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

static void it_fits_the_terminal(void **state)
{
	shot("moment-locals-80.txt", &(struct pyro_report_look){80, 30, false, true});
	shot("moment-locals-40-ascii.txt", &(struct pyro_report_look){40, 30, true, false});
}

static void json_has_all_of_it(void **state)
{
	struct pyro_moment *moment = recursion();
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment_json(moment, &buf), PYRO_RC_OK);
	golden_compare("moment-locals.json", &buf);
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

/* Threads are shown as one only where their variables are equal. */
static void equal_ones_are_one(void **state)
{
	const struct pyro_report_look look = {80, 30, false, true};
	struct pyro_moment *moment = recursion();
	struct pyro_moment_local other = {"order", "2", "argument"};
	struct pyro_moment_frame frame = {.locals = &other, .local_count = 1};
	const uint64_t hash = pyro_moment_locals_hash(&moment->threads[0]);
	struct pyro_buf buf;

	assert_int_equal(hash, pyro_moment_locals_hash(&moment->threads[1]));
	moment->threads[0].main = false;
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment(moment, &look, &buf, NULL), PYRO_RC_OK);
	assert_non_null(strstr(buf.data, "MainThread 4127, worker 4128"));
	moment->threads[1].frames = &frame;
	moment->threads[1].frame_count = 1;
	assert_int_not_equal(hash, pyro_moment_locals_hash(&moment->threads[1]));
	pyro_buf_reset(&buf);
	assert_int_equal(pyro_report_moment(moment, &look, &buf, NULL), PYRO_RC_OK);
	assert_null(strstr(buf.data, "MainThread 4127, worker 4128"));
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fits_the_terminal),
		cmocka_unit_test(json_has_all_of_it),
		cmocka_unit_test(equal_ones_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
