/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sample/seat.h"

static cpu_set_t before;

static int some_cpu(const struct pyro_seat *seat, int skip)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &seat->allowed) && skip-- == 0)
			return cpu;
	}
	return -1;
}

static void sits_where_it_says(void **state)
{
	struct pyro_seat seat;

	pyro_seat_init(&seat);
	for (int i = 0; i < seat.allowed_count; i++) {
		const int cpu = some_cpu(&seat, i);

		assert_true(pyro_seat_take(&seat, cpu));
		assert_int_equal(sched_getcpu(), cpu);
	}
	assert_int_equal(seat.moves, seat.allowed_count);
	/* Staying is no move. */
	assert_true(pyro_seat_take(&seat, seat.cpu));
	assert_int_equal(seat.moves, seat.allowed_count);
}

static void goes_elsewhere(void **state)
{
	struct pyro_seat seat;

	pyro_seat_init(&seat);
	if (seat.allowed_count < 2) {
		print_message("skipped: one processor\n");
		skip();
	}
	const int cpu = some_cpu(&seat, 0);

	assert_true(pyro_seat_take(&seat, cpu));
	pyro_seat_leave(&seat, cpu);
	assert_int_equal(seat.cpu, -1);
	assert_int_not_equal(sched_getcpu(), cpu);
}

static void goes_where_it_may(void **state)
{
	struct pyro_seat seat;
	cpu_set_t now;

	pyro_seat_init(&seat);
	assert_true(pyro_seat_take(&seat, some_cpu(&seat, 0)));
	pyro_seat_leave(&seat, seat.cpu);
	pyro_seat_free(&seat);
	assert_int_equal(seat.cpu, -1);
	assert_int_equal(seat.avoid, -1);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_true(CPU_EQUAL(&now, &before));
}

static void refuses_what_is_not_there(void **state)
{
	struct pyro_seat seat;

	pyro_seat_init(&seat);
	assert_false(pyro_seat_take(&seat, -2));
	assert_false(pyro_seat_take(&seat, CPU_SETSIZE));
	assert_false(pyro_seat_take(&seat, CPU_SETSIZE - 1));
	assert_int_equal(seat.cpu, -1);
}

static int remember(void **state)
{
	return sched_getaffinity(0, sizeof(before), &before);
}

static int restore(void **state)
{
	return sched_setaffinity(0, sizeof(before), &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sits_where_it_says, remember, restore),
		cmocka_unit_test_setup_teardown(goes_elsewhere, remember, restore),
		cmocka_unit_test_setup_teardown(goes_where_it_may, remember, restore),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_there, remember, restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
