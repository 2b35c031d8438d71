/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report/live.h"
#include "support/sample_profile.h"

#define S 1000000000ull

static struct pyro_profile *profile;
static struct pyro_recent *recent;
static struct pyro_live live;

static int set_up(void **state)
{
	profile = sample_profile_create();
	if (!profile || pyro_recent_create(profile, NULL, PYRO_LIVE_LONGEST, &recent))
		return -1;
	pyro_live_init(&live, profile, recent, &PYRO_LIVE_CHOICE);
	live.page = 4;
	return pyro_live_refresh(&live, 2 * S, NULL);
}

static int tear_down(void **state)
{
	pyro_live_deinit(&live);
	pyro_recent_destroy(recent);
	pyro_profile_destroy(profile);
	return 0;
}

static enum pyro_live_want press(uint32_t key)
{
	const enum pyro_live_want want = pyro_live_key(&live, key);

	if (want == PYRO_LIVE_ARRANGE)
		assert_int_equal(pyro_live_arrange(&live, NULL), PYRO_RC_OK);
	if (want == PYRO_LIVE_RENEW)
		assert_int_equal(pyro_live_refresh(&live, 2 * S, NULL), PYRO_RC_OK);
	return want;
}

static void type(const char *text)
{
	while (*text)
		press((uint32_t)*text++);
}

static const char *chosen(void)
{
	return live.rows.rows[live.chosen].name;
}

static void moving(void **state)
{
	const size_t last = live.rows.count - 1;

	assert_true(last >= 5);
	press(PYRO_KEY_UP);
	assert_int_equal(live.chosen, 0);
	press(PYRO_KEY_DOWN);
	press('j');
	assert_int_equal(live.chosen, 2);
	press(PYRO_KEY_PAGE_DOWN);
	assert_int_equal(live.chosen, last < 6 ? last : 6);
	press(PYRO_KEY_END);
	assert_int_equal(live.chosen, last);
	press(PYRO_KEY_PAGE_DOWN);
	press(PYRO_KEY_DOWN);
	assert_int_equal(live.chosen, last);
	press(PYRO_KEY_PAGE_UP);
	assert_int_equal(live.chosen, last - 4);
	press(PYRO_KEY_HOME);
	assert_int_equal(live.chosen, 0);
}

/* Sorted anew, the choice stays with its row; at the top it stays at the top. */
static void the_choice_stays(void **state)
{
	const char *second;

	press(PYRO_KEY_DOWN);
	second = chosen();
	press('<'); /* by name */
	assert_ptr_equal(chosen(), second);
	press('r');
	assert_ptr_equal(chosen(), second);
	press(PYRO_KEY_HOME);
	press('r');
	assert_int_equal(live.chosen, 0);
}

static void orders(void **state)
{
	assert_int_equal(live.choice.order, PYRO_LIVE_SELF);
	press('>');
	assert_int_equal(live.choice.order, PYRO_LIVE_TOTAL);
	press(PYRO_KEY_LEFT);
	press('<');
	assert_int_equal(live.choice.order, PYRO_LIVE_NAME);
	for (size_t i = 1; i < live.rows.count; i++)
		assert_true(strcmp(live.rows.rows[i - 1].name, live.rows.rows[i].name) <= 0);
	press('r');
	for (size_t i = 1; i < live.rows.count; i++)
		assert_true(strcmp(live.rows.rows[i - 1].name, live.rows.rows[i].name) >= 0);
	/* A view that has no such column sorts by its first, and keeps what both have. */
	press('1');
	press('>');
	press('3');
	assert_int_equal(live.choice.order, PYRO_LIVE_RUNNING);
	assert_false(live.choice.reversed);
	press('4');
	assert_int_equal(live.choice.order, PYRO_LIVE_RUNNING);
}

static void into_and_back(void **state)
{
	press('4');
	assert_int_equal(press('\n'), PYRO_LIVE_ARRANGE);
	assert_int_equal(live.choice.view, PYRO_LIVE_THREADS);
	assert_int_equal(live.choice.process, 0);
	assert_int_equal(live.rows.count, 2);
	press(PYRO_KEY_DOWN);
	assert_string_equal(chosen(), "worker-1");
	press(PYRO_KEY_ENTER);
	assert_int_equal(live.choice.view, PYRO_LIVE_FUNCTIONS);
	assert_int_equal(live.choice.track, 1);
	assert_string_equal(chosen(), "flush");
	press('\r');
	assert_int_equal(live.choice.view, PYRO_LIVE_LINES);
	assert_int_equal(live.choice.function, SAMPLE_FLUSH);
	for (size_t i = 0; i < live.rows.count; i++)
		assert_string_equal(live.rows.rows[i].name, "flush");
	/* There is nothing in a line. */
	assert_int_equal(press('\n'), PYRO_LIVE_NOTHING);
	press(PYRO_KEY_ESCAPE);
	assert_int_equal(live.choice.view, PYRO_LIVE_FUNCTIONS);
	assert_int_equal(live.choice.function, PYRO_NONE);
	press(PYRO_KEY_BACKSPACE);
	press(PYRO_KEY_ESCAPE);
	assert_int_equal(live.choice.view, PYRO_LIVE_PROCESSES);
	assert_int_equal(live.choice.process, PYRO_NONE);
	/* As often as one likes. */
	for (int i = 0; i < 3 * PYRO_LIVE_BACK; i++) {
		press('3');
		press('\n');
	}
	for (int i = 0; i < 4 * PYRO_LIVE_BACK; i++)
		press(PYRO_KEY_ESCAPE);
	assert_int_equal(live.choice.track, PYRO_NONE);
	assert_int_equal(live.choice.process, PYRO_NONE);
}

static void enter_where_nothing_is(void **state)
{
	type("/nowhere\n");
	assert_int_equal(live.rows.count, 0);
	assert_int_equal(press('\n'), PYRO_LIVE_NOTHING);
	assert_int_equal(press(PYRO_KEY_DOWN), PYRO_LIVE_NOTHING);
	assert_int_equal(press(PYRO_KEY_END), PYRO_LIVE_NOTHING);
}

static void typing(void **state)
{
	const size_t all = live.rows.count;

	type("/pri");
	assert_true(live.typing);
	assert_int_equal(live.rows.count, 1);
	assert_string_equal(chosen(), "Cart.price");
	press(PYRO_KEY_BACKSPACE);
	press('\b');
	assert_string_equal(live.choice.filter, "p");
	press(0xe9);
	assert_string_equal(live.choice.filter, "p\xc3\xa9");
	press(PYRO_KEY_BACKSPACE);
	assert_string_equal(live.choice.filter, "p");
	/* Controls and keys without a character are not typed. */
	press(PYRO_KEY_UP);
	press(0x07);
	press(0x202e);
	assert_string_equal(live.choice.filter, "p");
	press(PYRO_KEY_ESCAPE);
	assert_false(live.typing);
	assert_int_equal(live.rows.count, all);
	/* Kept by Enter, given back by Esc, gone by Ctrl-U. */
	type("/fib\n");
	assert_int_equal(live.rows.count, 1);
	type("/x");
	press(PYRO_KEY_ESCAPE);
	assert_string_equal(live.choice.filter, "fib");
	press('/');
	press('U' - '@');
	assert_string_equal(live.choice.filter, "");
	for (int i = 0; i < 2 * PYRO_LIVE_FILTER; i++)
		press(i % 2 ? 0x10348 : 'x');
	assert_true(strlen(live.choice.filter) < PYRO_LIVE_FILTER);
	for (int i = 0; i < 2 * PYRO_LIVE_FILTER; i++)
		press(PYRO_KEY_BACKSPACE);
	assert_string_equal(live.choice.filter, "");
}

static void times(void **state)
{
	assert_int_equal(live.choice.span_ns, 10 * S);
	press(']');
	assert_int_equal(live.choice.span_ns, 30 * S);
	press('-');
	press('[');
	assert_int_equal(live.choice.span_ns, 5 * S);
	for (int i = 0; i < 20; i++)
		press('[');
	assert_int_equal(live.choice.span_ns, 1 * S);
	for (int i = 0; i < 20; i++)
		press('+');
	assert_int_equal(live.choice.span_ns, PYRO_LIVE_LONGEST);
	/* One that was asked for by an option is somewhere between. */
	live.choice.span_ns = 7 * S;
	press('[');
	assert_int_equal(live.choice.span_ns, 5 * S);
	live.choice.span_ns = 7 * S;
	press(']');
	assert_int_equal(live.choice.span_ns, 10 * S);
	press('s');
	assert_true(live.choice.since_start);
	press(']');
	assert_false(live.choice.since_start);
}

static void other_keys(void **state)
{
	assert_int_equal(press('q'), PYRO_LIVE_QUIT);
	assert_int_equal(press('z'), PYRO_LIVE_RESET);
	assert_int_equal(press(0), PYRO_LIVE_NOTHING);
	assert_int_equal(press('~'), PYRO_LIVE_NOTHING);
	assert_int_equal(press(0x10ffff), PYRO_LIVE_NOTHING);
	press('?');
	assert_true(live.help);
	press(PYRO_KEY_ESCAPE);
	assert_false(live.help);
	for (int i = 0; i < PYRO_REPORT_METRIC_COUNT; i++)
		press('m');
	assert_int_equal(live.choice.metric, PYRO_REPORT_TIME);
	for (int i = 0; i <= PYRO_LIVE_TASKS; i++)
		press('\t');
	assert_int_equal(live.choice.view, PYRO_LIVE_FUNCTIONS);
	press(PYRO_KEY_BACK_TAB);
	assert_int_equal(live.choice.view, PYRO_LIVE_TASKS);
	press(PYRO_KEY_BACK_TAB);
	assert_int_equal(live.choice.view, PYRO_LIVE_PROCESSES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(moving),
		TEST(the_choice_stays),
		TEST(orders),
		TEST(into_and_back),
		TEST(enter_where_nothing_is),
		TEST(typing),
		TEST(times),
		TEST(other_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
