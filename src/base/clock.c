/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * PYRO_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t pyro_clock_now(void)
{
	return now(CLOCK_MONOTONIC);
}

uint64_t pyro_clock_realtime(void)
{
	return now(CLOCK_REALTIME);
}

uint64_t pyro_clock_process_cpu(void)
{
	return now(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t pyro_clock_thread_cpu(void)
{
	return now(CLOCK_THREAD_CPUTIME_ID);
}

void pyro_clock_sleep_until(uint64_t due_ns)
{
	const struct timespec at = {
		.tv_sec = (time_t)(due_ns / PYRO_NS_PER_S),
		.tv_nsec = (long)(due_ns % PYRO_NS_PER_S),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}
