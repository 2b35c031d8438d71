/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

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
