/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/moment.h"

static void it_begins_empty(void **state)
{
	struct pyro_moment *moment;

	assert_int_equal(pyro_moment_create(&moment, NULL), PYRO_RC_OK);
	assert_string_equal(moment->command, "");
	assert_string_equal(moment->version, "");
	assert_int_equal(moment->thread_count, 0);
	assert_non_null(moment->profile);
	pyro_moment_destroy(moment);
	pyro_moment_destroy(NULL);
}

static void its_text_is_a_copy(void **state)
{
	struct pyro_moment *moment;
	char text[] = "worker";
	const char *kept;

	assert_int_equal(pyro_moment_create(&moment, NULL), PYRO_RC_OK);
	kept = pyro_moment_text(moment, text);
	text[0] = 'W';
	assert_string_equal(kept, "worker");
	assert_string_equal(pyro_moment_text(moment, ""), "");
	/* Where there is no memory left it is empty, never NULL. */
	moment->arena.limit = moment->arena.used;
	assert_string_equal(pyro_moment_text(moment, "more"), "");
	pyro_moment_destroy(moment);
}

static struct pyro_moment_thread thread_of(int tid, bool main, bool python, bool killed)
{
	return (struct pyro_moment_thread){
		.tid = tid, .main = main, .python = python, .killed = killed};
}

static void threads_have_an_order(void **state)
{
	static const int order[] = {6, 3, 2, 4, 1, 5};
	struct pyro_moment_thread threads[] = {
		thread_of(5, false, false, false), thread_of(1, false, false, false),
		thread_of(4, false, true, false),  thread_of(2, false, true, false),
		thread_of(3, true, true, false),   thread_of(6, false, false, true),
	};
	struct pyro_moment moment = {.threads = threads, .thread_count = 6};

	pyro_moment_sort(&moment);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(threads[i].tid, order[i]);
	moment.thread_count = 0;
	moment.threads = NULL;
	pyro_moment_sort(&moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_empty),
		cmocka_unit_test(its_text_is_a_copy),
		cmocka_unit_test(threads_have_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
