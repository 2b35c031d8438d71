/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sample/ledger.h"
#include "sample/rate.h"

static void enter(struct pyro_ledger *ledger, enum pyro_sched_state state, uint32_t stack,
		  uint32_t looks)
{
	const struct pyro_ledger_entry entry = {.state = state, .stack = stack, .looks = looks};

	assert_true(pyro_ledger_enter(ledger, &entry));
}

static void divides_each_kind_evenly(void **state)
{
	struct pyro_ledger ledger = {
		.running_ns = 1000, .switching_ns = 100, .ready_ns = 70, .blocked_ns = 901};

	enter(&ledger, PYRO_SCHED_RUNNING, 1, 1);
	enter(&ledger, PYRO_SCHED_BLOCKED, 2, 1);
	enter(&ledger, PYRO_SCHED_RUNNING, 3, 1);
	enter(&ledger, PYRO_SCHED_BLOCKED, 4, 2);
	enter(&ledger, PYRO_SCHED_READY, 5, 1);
	pyro_ledger_share(&ledger);
	assert_int_equal(ledger.entries[0].wall_ns, 550);
	assert_int_equal(ledger.entries[0].cpu_ns, 500);
	assert_int_equal(ledger.entries[1].wall_ns, 300);
	assert_int_equal(ledger.entries[1].cpu_ns, 0);
	assert_int_equal(ledger.entries[2].wall_ns, 550);
	assert_int_equal(ledger.entries[2].cpu_ns, 500);
	assert_int_equal(ledger.entries[3].wall_ns, 601);
	assert_int_equal(ledger.entries[4].wall_ns, 70);
	assert_int_equal(ledger.running_ns + ledger.switching_ns, 0);
	assert_int_equal(ledger.ready_ns + ledger.blocked_ns, 0);
}

static void loses_nothing_by_rounding(void **state)
{
	struct pyro_ledger ledger = {.running_ns = 1000000007};
	uint64_t sum = 0;

	for (uint32_t i = 0; i < PYRO_LEDGER_ENTRIES - 1; i++)
		enter(&ledger, PYRO_SCHED_RUNNING, i, 1 + i % 3);
	pyro_ledger_share(&ledger);
	for (uint32_t i = 0; i < ledger.count; i++)
		sum += ledger.entries[i].cpu_ns;
	assert_int_equal(sum, 1000000007);
}

static void says_when_it_is_full(void **state)
{
	struct pyro_ledger ledger = {0};
	const struct pyro_ledger_entry entry = {.looks = 1};

	for (int i = 1; i < PYRO_LEDGER_ENTRIES; i++)
		assert_true(pyro_ledger_enter(&ledger, &entry));
	assert_false(pyro_ledger_enter(&ledger, &entry));
}

static void keeps_what_none_saw_until_it_closes(void **state)
{
	struct pyro_ledger ledger = {.running_ns = 30, .ready_ns = 12, .blocked_ns = 500};
	const struct pyro_ledger_entry running = {.state = PYRO_SCHED_RUNNING, .stack = 8};
	const struct pyro_ledger_entry waiting = {.state = PYRO_SCHED_BLOCKED, .stack = 9};

	enter(&ledger, PYRO_SCHED_BLOCKED, 1, 3);
	pyro_ledger_share(&ledger);
	assert_int_equal(ledger.entries[0].wall_ns, 500);
	assert_int_equal(ledger.running_ns, 30);
	pyro_ledger_close(&ledger, &running, &waiting);
	assert_int_equal(ledger.count, 2);
	assert_int_equal(ledger.entries[1].stack, 8);
	assert_int_equal(ledger.entries[1].looks, 0);
	assert_int_equal(ledger.entries[1].wall_ns, 42);
	assert_int_equal(ledger.entries[1].cpu_ns, 30);
	ledger.count = 0;
	pyro_ledger_close(&ledger, &running, &waiting);
	assert_int_equal(ledger.count, 0);
}

static void closes_with_what_was_entered_last(void **state)
{
	struct pyro_ledger ledger = {.blocked_ns = 500};
	const struct pyro_ledger_entry none = {0};

	enter(&ledger, PYRO_SCHED_BLOCKED, 1, 3);
	pyro_ledger_close(&ledger, &none, &none);
	assert_int_equal(ledger.count, 1);
	assert_int_equal(ledger.entries[0].wall_ns, 500);
}

/* A program that naps for half a period and sleeps for three, and works a little in between: most
 * looks at waits see sleeps, which must not cost the naps their due. */
static void is_true_to_short_waits(void **state)
{
	static const double lasts[] = {0.5e6, 0.3e6, 3e6, 0.3e6};
	static const bool runs[] = {false, true, false, true};
	struct pyro_ledger ledger = {0};
	struct pyro_rate rate;
	double begin = 0, walls[4] = {0}, truth[4] = {0}, of_all = 0;
	unsigned random = 1;

	pyro_rate_init(&rate, 1000, 0, 0, 3);
	pyro_rate_next(&rate, 0);
	for (int i = 0; i < 200000; i++) {
		const int phase = i % 4;
		const double end =
			begin + lasts[phase] * (0.5 + rand_r(&random) / (RAND_MAX + 1.0));
		uint64_t *kind = runs[phase] ? &ledger.running_ns : &ledger.blocked_ns;
		double from = begin;

		while ((double)rate.due_ns < end) {
			const struct pyro_ledger_entry entry = {
				.state = runs[phase] ? PYRO_SCHED_RUNNING : PYRO_SCHED_BLOCKED,
				.stack = (uint32_t)phase,
				.looks = 1,
			};

			*kind += (uint64_t)((double)rate.due_ns - from);
			from = (double)rate.due_ns;
			if (!pyro_ledger_enter(&ledger, &entry)) {
				pyro_ledger_share(&ledger);
				for (uint32_t j = 0; j < ledger.count; j++)
					walls[ledger.entries[j].stack] +=
						(double)ledger.entries[j].wall_ns;
				ledger.count = 0;
			}
			pyro_rate_next(&rate, rate.due_ns);
		}
		*kind += (uint64_t)(end - from);
		truth[phase] += end - begin;
		of_all += end - begin;
		begin = end;
	}
	for (int i = 0; i < 4; i++)
		assert_true(fabs(walls[i] - truth[i]) / of_all < 0.003);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divides_each_kind_evenly),
		cmocka_unit_test(loses_nothing_by_rounding),
		cmocka_unit_test(says_when_it_is_full),
		cmocka_unit_test(keeps_what_none_saw_until_it_closes),
		cmocka_unit_test(closes_with_what_was_entered_last),
		cmocka_unit_test(is_true_to_short_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
