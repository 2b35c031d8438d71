/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"

static uint64_t of(clockid_t clock)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Each clock is the kernel's of that name: its reading lies between two of the kernel's. */
static void each_is_the_kernels(uint64_t (*now)(void), clockid_t clock)
{
	for (int i = 0; i < 100; i++) {
		const uint64_t before = of(clock);
		const uint64_t seen = now();

		assert_in_range(seen, before, of(clock));
	}
}

static void clocks_are_the_kernels(void **state)
{
	each_is_the_kernels(pyro_clock_now, CLOCK_MONOTONIC);
	each_is_the_kernels(pyro_clock_realtime, CLOCK_REALTIME);
	each_is_the_kernels(pyro_clock_process_cpu, CLOCK_PROCESS_CPUTIME_ID);
	each_is_the_kernels(pyro_clock_thread_cpu, CLOCK_THREAD_CPUTIME_ID);
}

static void *burn(void *context)
{
	const uint64_t until = pyro_clock_thread_cpu() + 20 * PYRO_NS_PER_MS;

	while (pyro_clock_thread_cpu() < until)
		;
	return NULL;
}

static void a_threads_time_is_its_own(void **state)
{
	const uint64_t ours = pyro_clock_thread_cpu();
	const uint64_t all = pyro_clock_process_cpu();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, burn, NULL), 0);
	pthread_join(thread, NULL);
	assert_true(pyro_clock_process_cpu() - all >= 20 * PYRO_NS_PER_MS);
	assert_true(pyro_clock_thread_cpu() - ours < 20 * PYRO_NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_are_the_kernels),
		cmocka_unit_test(a_threads_time_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
