/* SPDX-License-Identifier: Apache-2.0 */
/* Wakes up at a rate on every processor that it may use, and does nothing: what a program loses to
 * being interrupted alone. No sampler that wakes up that often where the program runs can cost
 * less. Prints, for each processor, the percent of it that waking up took, and how many moments it
 * missed as it came a whole period late: where the machine does not let it run in time, no sampler
 * does better.
 *
 *     timer RATE SECONDS
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"

static double rate;
static uint64_t end_ns;

static void *wake(void *cpu)
{
	const struct sched_param lowest = {.sched_priority = 1};
	const double period_ns = PYRO_NS_PER_S / rate;
	unsigned short seed[3] = {(unsigned short)(uintptr_t)cpu, 1, 2};
	const uint64_t begin_ns = pyro_clock_now();
	uint64_t now_ns, due_ns = 0, due = 0, missed = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((int)(uintptr_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	/* As a sampler does where it may; in an ordinary class it wakes later, no cheaper. */
	sched_setscheduler(0, SCHED_FIFO, &lowest);
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	while ((now_ns = pyro_clock_now()) < end_ns) {
		if (due_ns < now_ns) /* it was stopped for a while */
			due_ns = now_ns;
		due_ns += (uint64_t)(period_ns * (0.5 + erand48(seed)));
		pyro_clock_sleep_until(due_ns);
		now_ns = pyro_clock_now();
		due++;
		if (now_ns > due_ns + (uint64_t)period_ns)
			missed += (uint64_t)((double)(now_ns - due_ns) / period_ns);
	}
	printf("%.3f %% of processor %d, %" PRIu64 " missed of %" PRIu64 "\n",
	       100 * (double)pyro_clock_thread_cpu() / (double)(now_ns - begin_ns),
	       (int)(uintptr_t)cpu, missed, due + missed);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[CPU_SETSIZE];
	int count = 0;
	cpu_set_t allowed;

	rate = argc == 3 ? strtod(argv[1], NULL) : 0;
	if (!(rate > 0)) {
		fputs("usage: timer RATE SECONDS\n", stderr);
		return 64;
	}
	end_ns = pyro_clock_now() + (uint64_t)(strtod(argv[2], NULL) * PYRO_NS_PER_S);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) &&
		    pthread_create(&threads[count], NULL, wake, (void *)(uintptr_t)cpu) == 0)
			count++;
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
