/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/seat.h"

void pyro_seat_init(struct pyro_seat *seat)
{
	*seat = (struct pyro_seat){.cpu = -1, .avoid = -1};
	if (sched_getaffinity(0, sizeof(seat->allowed), &seat->allowed) != 0)
		CPU_ZERO(&seat->allowed);
	seat->allowed_count = CPU_COUNT(&seat->allowed);
}

bool pyro_seat_take(struct pyro_seat *seat, int cpu)
{
	cpu_set_t set;

	if (cpu == seat->cpu)
		return true;
	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return false;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		return false;
	seat->cpu = cpu;
	seat->avoid = -1;
	seat->moves++;
	return true;
}

void pyro_seat_leave(struct pyro_seat *seat, int cpu)
{
	cpu_set_t set = seat->allowed;

	if (seat->allowed_count < 2 || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	if (seat->avoid == cpu)
		return;
	CPU_CLR(cpu, &set);
	if (CPU_COUNT(&set) && sched_setaffinity(0, sizeof(set), &set) == 0) {
		seat->cpu = -1;
		seat->avoid = cpu;
	}
}

void pyro_seat_free(struct pyro_seat *seat)
{
	if (seat->cpu < 0 && seat->avoid < 0)
		return;
	if (sched_setaffinity(0, sizeof(seat->allowed), &seat->allowed) == 0)
		seat->cpu = seat->avoid = -1;
}
