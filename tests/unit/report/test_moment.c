/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "golden.h"
#include "report/moment.h"

#define THREADS 16

struct step {
	const char *name;
	const char *file;
	int32_t line;
};

static enum pyro_function_kind kind_of(const char *file)
{
	return file[0] == '['         ? PYRO_FUNCTION_KERNEL
	       : strstr(file, ".so.") ? PYRO_FUNCTION_NATIVE
				      : PYRO_FUNCTION_PYTHON;
}

static uint32_t stack_of(struct pyro_moment *moment, const struct step *steps, size_t count)
{
	uint32_t stack = PYRO_NONE;

	for (size_t i = 0; i < count; i++) {
		struct pyro_function function = {.first_line = 1, .kind = kind_of(steps[i].file)};
		struct pyro_frame frame = {.line = steps[i].line};
		uint32_t index;

		assert_int_equal(pyro_profile_string(moment->profile, steps[i].name,
						     strlen(steps[i].name), &function.name),
				 PYRO_RC_OK);
		assert_int_equal(pyro_profile_string(moment->profile, steps[i].file,
						     strlen(steps[i].file), &function.file),
				 PYRO_RC_OK);
		assert_int_equal(pyro_profile_function(moment->profile, &function, &frame.function),
				 PYRO_RC_OK);
		assert_int_equal(pyro_profile_frame(moment->profile, &frame, &index), PYRO_RC_OK);
		assert_int_equal(pyro_profile_stack(moment->profile, stack, index, &stack),
				 PYRO_RC_OK);
	}
	return stack;
}

static struct pyro_moment_thread *add(struct pyro_moment *moment, const char *name)
{
	struct pyro_moment_thread *thread = &moment->threads[moment->thread_count];

	*thread = (struct pyro_moment_thread){
		.tid = 4127 + (int)moment->thread_count++,
		.name = name,
		.python = true,
		.proved = true,
		.wait = "",
		.wait_text = "",
		.object = "",
		.stack = PYRO_NONE,
	};
	return thread;
}

static void waits(struct pyro_moment_thread *thread, const char *wait, const char *text,
		  const char *object, uint64_t ns)
{
	thread->wait = wait;
	thread->wait_text = text;
	thread->object = object;
	thread->wait_ns = ns;
}

/* A server of every kind of thread. */
static struct pyro_moment *server(void)
{
	static const struct step serve[] = {
		{"<module>", "/srv/shop/app.py", 9},
		{"checkout", "/srv/shop/shop/views.py", 61},
		{"take_gil", "/usr/lib/libpython3.11.so.1.0", 0},
		{"futex_wait", "[kernel]", 0},
	};
	static const struct step render[] = {
		{"Thread.run", "/usr/lib/python3.11/threading.py", 982},
		{"render", "/srv/shop/shop/report.py", 210},
		{"walk", "/srv/shop/shop/report.py", 12},
		{"walk", "/srv/shop/shop/report.py", 12},
		{"walk", "/srv/shop/shop/report.py", 12},
		{"walk", "/srv/shop/shop/report.py", 14},
	};
	static const struct step idle[] = {
		{"Thread.run", "/usr/lib/python3.11/threading.py", 982},
		{"_worker", "/usr/lib/python3.11/concurrent/futures/thread.py", 81},
	};
	static const struct step fetch[] = {
		{"fetch", "/srv/shop/a/very/long/path/that/does/not/fit/db.py", 33},
		{"a_function_with_a_name_that_is_much_too_long_for_any_column\033[2J",
		 "/usr/lib/python3/dist-packages/psycopg/cursor.py", 7000},
	};
	struct pyro_moment *moment;
	struct pyro_moment_thread *thread;

	assert_int_equal(pyro_moment_create(&moment, NULL), PYRO_RC_OK);
	moment->pid = 4127;
	moment->command = "/usr/bin/python3 -m gunicorn shop:app";
	moment->version = "3.11.7";
	moment->up_ns = 11520 * PYRO_NS_PER_S;
	moment->stops = 2;
	moment->stopped_ns = 154000;
	moment->collecting = true;
	moment->threads = pyro_arena_alloc(&moment->arena, THREADS * sizeof(*moment->threads));
	assert_non_null(moment->threads);
	assert_int_equal(pyro_profile_meta_set(moment->profile, "cwd", "/srv/shop"), PYRO_RC_OK);

	thread = add(moment, "MainThread");
	thread->main = true;
	thread->stack = stack_of(moment, serve, 4);
	waits(thread, "gil", "the GIL", "", 5100 * PYRO_NS_PER_MS);
	thread = add(moment, "worker-3");
	thread->runs = thread->holds_gil = true;
	thread->stack = stack_of(moment, render, 6);
	for (int i = 0; i < 5; i++) {
		thread = add(moment, "pool");
		thread->stack = stack_of(moment, idle, 2);
		waits(thread, "lock", "a lock", "", (uint64_t)(10 + i) * PYRO_NS_PER_S);
	}
	thread = add(moment, "db\n\033]0;x\007");
	thread->stack = stack_of(moment, fetch, 2);
	thread->interpreter = 2;
	waits(thread, "socket", "a socket", "10.0.3.7:5432 from 10.0.3.9:60122", 0);
	thread = add(moment, "");
	thread->runs = thread->unread = true;
	thread->proved = false;
	thread = add(moment, "torn");
	thread->stack = stack_of(moment, serve, 1);
	thread->runs = thread->truncated = thread->partial = true;
	thread->proved = false;
	thread = add(moment, "jemalloc_bg_thd");
	thread->python = false;
	waits(thread, "sleep", "sleep", "", 60 * PYRO_NS_PER_S);
	return moment;
}

/* The same server, as a core that was cut short has it. */
static struct pyro_moment *dead(void)
{
	struct pyro_moment *moment = server();

	moment->up_ns = 0;
	moment->core = "/var/crash/core.4127";
	moment->signal = "SIGSEGV";
	moment->cause = "no memory at 0x10";
	moment->has_fault = true;
	moment->fault = 0x10;
	moment->pc = 0x7f12345678;
	moment->pc_file = "/usr/lib/libfast\x1b.so";
	assert_int_equal(pyro_moment_add_file(moment, "/usr/lib/libfast\x1b.so",
					      "libfast.so: not the file that was mapped"),
			 PYRO_RC_OK);
	moment->lost = 12300000;
	moment->stops = moment->stopped_ns = 0;
	for (size_t i = 0; i < moment->thread_count; i++)
		moment->threads[i].wait_ns = 0;
	moment->threads[1].killed = true;
	pyro_moment_sort(moment);
	return moment;
}

static void shot(struct pyro_moment *moment, const char *name, const struct pyro_report_look *look)
{
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
	shot(server(), "moment-80.txt", &(struct pyro_report_look){80, 30, false, true});
	shot(server(), "moment-40.txt", &(struct pyro_report_look){40, 30, false, true});
	shot(server(), "moment-120-ascii.txt", &(struct pyro_report_look){120, 30, false, false});
	shot(server(), "moment-80-colour.txt", &(struct pyro_report_look){80, 30, true, true});
}

static void shot_json(struct pyro_moment *moment, const char *name)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_report_moment_json(moment, &buf), PYRO_RC_OK);
	golden_compare(name, &buf);
	pyro_buf_deinit(&buf);
	pyro_moment_destroy(moment);
}

static void json_has_all_of_it(void **state)
{
	shot_json(server(), "moment.json");
	shot_json(dead(), "moment-core.json");
}

static void a_core_says_what_killed_it(void **state)
{
	shot(dead(), "moment-core-80.txt", &(struct pyro_report_look){80, 30, false, true});
}

static void half_a_report_is_an_error(void **state)
{
	const struct pyro_report_look look = {80, 30, false, true};
	struct pyro_moment *moment = server();

	for (size_t limit = 0; limit < 1000; limit += 100) {
		struct pyro_buf buf;

		pyro_buf_init(&buf, limit);
		assert_int_equal(pyro_report_moment(moment, &look, &buf, NULL), PYRO_RC_NOMEM);
		pyro_buf_deinit(&buf);
		pyro_buf_init(&buf, limit);
		assert_int_equal(pyro_report_moment_json(moment, &buf), PYRO_RC_NOMEM);
		pyro_buf_deinit(&buf);
	}
	pyro_moment_destroy(moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_fits_the_terminal),
		cmocka_unit_test(json_has_all_of_it),
		cmocka_unit_test(a_core_says_what_killed_it),
		cmocka_unit_test(half_a_report_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
