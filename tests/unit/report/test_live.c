/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "stage.h"
#include "stand.h"
#include "support/sample_profile.h"

static struct pyro_profile *four_threads(void)
{
	return stage_threads(3);
}

static struct pyro_profile *some_processes(void)
{
	return stage_processes(5);
}

/* Screens after some keys; see golden.h. */
static const struct shot {
	const char *name;
	struct pyro_profile *(*make)(void);
	struct pyro_report_look look;
	const char *keys; /* each a character */
} shots[] = {
	{"live-80", sample_profile_create, {80, 24, false, true}, ""},
	{"live-40", sample_profile_create, {40, 24, false, true}, ""},
	{"live-200", sample_profile_create, {200, 24, false, true}, ""},
	{"live-80-colour", sample_profile_create, {80, 20, true, true}, ""},
	{"live-80-ascii", sample_profile_create, {80, 20, false, false}, ""},
	{"live-small", sample_profile_create, {40, 5, false, true}, ""},
	{"live-library", sample_profile_create, {80, 24, false, true}, "a"},
	{"live-lines", sample_profile_create, {80, 24, false, true}, "2"},
	{"live-lines-of", sample_profile_create, {80, 16, false, true}, "j\n"},
	{"live-total", sample_profile_create, {80, 16, false, true}, ">"},
	{"live-name", sample_profile_create, {80, 16, false, true}, "<"},
	{"live-least", sample_profile_create, {80, 16, false, true}, "r"},
	{"live-wall", sample_profile_create, {80, 16, false, true}, "m"},
	{"live-wait", sample_profile_create, {80, 16, false, true}, "mmm"},
	{"live-split", sample_profile_create, {120, 16, false, true}, "d"},
	{"live-filter", sample_profile_create, {80, 12, false, true}, "/SHOP.PY\n"},
	{"live-typing", sample_profile_create, {40, 12, false, true}, "/car"},
	{"live-nothing", sample_profile_create, {80, 12, false, true}, "/nowhere\n"},
	{"live-threads", sample_profile_create, {80, 16, false, true}, "3"},
	{"live-threads-40", sample_profile_create, {40, 16, false, true}, "3"},
	{"live-thread", sample_profile_create, {80, 16, false, true}, "3j\n"},
	{"live-processes", sample_profile_create, {80, 16, false, true}, "4"},
	{"live-process", sample_profile_create, {80, 16, false, true}, "4\n"},
	{"live-process-thread", sample_profile_create, {80, 16, false, true}, "4\n\n"},
	{"live-help", sample_profile_create, {80, 24, false, true}, "?"},
	{"live-help-40", sample_profile_create, {40, 24, false, true}, "?"},
	{"live-paused", sample_profile_create, {80, 12, false, true}, " "},
	{"live-end", sample_profile_create, {80, 10, false, true}, "aG"},
	{"live-names", stage_names, {80, 24, false, true}, ""},
	{"live-names-40", stage_names, {40, 24, false, true}, ""},
	{"live-names-ascii", stage_names, {60, 24, false, false}, ""},
	{"live-waiting", stage_waiting, {80, 12, false, true}, ""},
	{"live-busy-threads", four_threads, {80, 16, false, true}, "3"},
	{"live-many", some_processes, {80, 16, false, true}, "4"},
	{"live-empty", stage_empty, {80, 10, false, true}, ""},
};

static void screens(void **state)
{
	for (size_t i = 0; i < PYRO_COUNT(shots); i++) {
		struct stand stand;

		stand_set(&stand, NULL, shots[i].make());
		/* As if it had been drawn before, so that pages have a size. */
		stand_draw(&stand, &shots[i].look);
		for (const char *key = shots[i].keys; *key; key++)
			stand_press(&stand, (uint32_t)*key);
		stand_draw(&stand, &shots[i].look);
		stand_check(shots[i].name, &shots[i].look, &stand.screen.text);
		stand_clear(&stand);
	}
}

/* Every view of every stage on screens of every size: no line is too wide, none too many. */
static void all_sizes(void **state)
{
	struct pyro_profile *(*const stages[])(void) = {sample_profile_create, stage_empty,
							stage_names,           four_threads,
							some_processes,        stage_deep};

	for (size_t s = 0; s < PYRO_COUNT(stages); s++) {
		struct stand stand;

		stand_set(&stand, NULL, stages[s]());
		for (unsigned columns = 1; columns <= 130; columns += columns < 60 ? 7 : 30) {
			for (uint32_t view = '1'; view <= '5'; view++) {
				const struct pyro_report_look look = {columns, 1 + columns % 23,
								      columns & 2, columns & 1};

				stand_press(&stand, view);
				stand_draw(&stand, &look);
				if (columns >= 24)
					golden_check_lines("sizes", &look, &stand.screen.text);
			}
		}
		stand_clear(&stand);
	}
}

/* @samples of 1 ms of the thread's first stack. */
static void gather(struct pyro_profile *profile, unsigned samples)
{
	const struct pyro_total *first = pyro_profile_total_get(profile, 0);
	const uint32_t track = first->track, stack = first->stack;
	const uint64_t values[PYRO_METRIC_COUNT] = {[PYRO_METRIC_WALL] = 1000000,
						    [PYRO_METRIC_CPU] = 1000000,
						    [PYRO_METRIC_SAMPLES] = 1};

	while (samples-- > 0)
		assert_int_equal(pyro_profile_add(profile, track, stack, values), PYRO_RC_OK);
}

static void time_goes_on(void **state)
{
	struct stand stand;

	stand_set(&stand, NULL, sample_profile_create());
	stand.live.choice.span_ns = S;
	gather(stand.profile, 1000);
	assert_int_equal(pyro_live_refresh(&stand.live, 3 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "last 1.00 s"));
	assert_true(stand_shows(&stand, "1,000 samples"));
	assert_string_equal(stand.live.rows.rows[0].name, "Cart.price");
	assert_false(stand_shows(&stand, "fib"));
	/* Held, it stays while time goes on; then it shows what is new. */
	stand_press(&stand, ' ');
	gather(stand.profile, 10);
	assert_int_equal(pyro_live_refresh(&stand.live, 4 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "1,000 samples"));
	assert_true(stand_shows(&stand, "paused"));
	assert_int_equal(pyro_live_key(&stand.live, ' '), PYRO_LIVE_RENEW);
	assert_int_equal(pyro_live_refresh(&stand.live, 4 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "10 samples"));
	/* All since the start, and all since it was started anew. */
	stand_press(&stand, 's');
	assert_true(stand_shows(&stand, "all 4.00 s"));
	assert_true(stand_shows(&stand, "2,330 samples"));
	stand_press(&stand, 'z');
	assert_true(stand_shows(&stand, "no samples yet"));
	gather(stand.profile, 5);
	assert_int_equal(pyro_live_refresh(&stand.live, 5 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "5 samples"));
	stand_clear(&stand);
}

static void an_end_is_said(void **state)
{
	struct stand stand;

	stand_set(&stand, NULL, some_processes());
	stand.live.ended = 0;
	for (uint32_t i = 0; i < 6; i++)
		pyro_profile_process_get(stand.profile, i)->end_ns = 0;
	assert_int_equal(pyro_live_refresh(&stand.live, 20 * S, NULL), PYRO_RC_OK);
	assert_false(stand_shows(&stand, "has ended"));
	pyro_profile_process_get(stand.profile, 2)->end_ns = 21 * S;
	assert_int_equal(pyro_live_refresh(&stand.live, 21 * S, NULL), PYRO_RC_OK);
	assert_true(stand_shows(&stand, "has ended"));
	assert_int_equal(pyro_live_refresh(&stand.live, 40 * S, NULL), PYRO_RC_OK);
	assert_false(stand_shows(&stand, "has ended"));
	stand_clear(&stand);
}

static void printed(void **state)
{
	const struct pyro_report_look look = {80, 24, false, true};
	struct stand stand;
	struct pyro_buf buf;

	stand_set(&stand, NULL, sample_profile_create());
	pyro_buf_init(&buf, 1 << 20);
	assert_int_equal(pyro_live_print(&stand.live, &look, 3, &buf, NULL), PYRO_RC_OK);
	stand_check("live-printed", &look, &buf);
	pyro_buf_reset(&buf);
	assert_int_equal(pyro_live_json(&stand.live, 1, 2, &buf, NULL), PYRO_RC_OK);
	stand_check("live-json", &(struct pyro_report_look){.columns = 10000, .unicode = true},
		    &buf);
	pyro_buf_deinit(&buf);
	/* Half a text is none. */
	pyro_buf_init(&buf, 100);
	assert_int_equal(pyro_live_print(&stand.live, &look, 3, &buf, NULL), PYRO_RC_NOMEM);
	pyro_buf_reset(&buf);
	assert_int_equal(pyro_live_json(&stand.live, 1, 2, &buf, NULL), PYRO_RC_NOMEM);
	pyro_buf_deinit(&buf);
	stand_clear(&stand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(screens),      cmocka_unit_test(all_sizes),
		cmocka_unit_test(time_goes_on), cmocka_unit_test(an_end_is_said),
		cmocka_unit_test(printed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
