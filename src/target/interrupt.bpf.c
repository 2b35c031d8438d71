/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program that the kernel runs on the processor of a thread that it interrupts for it: copies
 * what is asked for of that thread's memory. tools/kernel-program makes interrupt_program.h of it,
 * which is what gets built. */
#include "target/interrupt_area.h"

struct thread_ids {
	unsigned int tid; /* the kernel calls it pid */
	unsigned int pid; /* and this tgid */
};

/* By their numbers in linux/bpf.h. */
static unsigned long long (*const ktime_get_ns)(void) = (void *)5;
static long (*const probe_read_user)(void *into, unsigned int size, const void *from) = (void *)112;
static long (*const get_ns_current_pid_tgid)(unsigned long long dev, unsigned long long ino,
					     struct thread_ids *ids,
					     unsigned int size) = (void *)120;

struct pyro_interrupt_area area;

__attribute__((section("program"), used)) int read_interrupted(void *context)
{
	struct thread_ids ids = {0};

	(void)context;
	area.begin_ns = ktime_get_ns();
	area.found = 0;
	if (get_ns_current_pid_tgid(area.namespace_dev, area.namespace_ino, &ids, sizeof(ids)) == 0)
		area.found = ids.tid;
	if (area.found == area.tid) {
#pragma clang loop unroll(disable)
		for (unsigned int i = 0; i < PYRO_INTERRUPT_SPANS; i++) {
			unsigned long long at, size;

			if (i >= area.count)
				break;
			at = area.spans[i].at;
			size = area.spans[i].size;
			if (at >= PYRO_INTERRUPT_BYTES || size > PYRO_INTERRUPT_SPAN)
				break;
			area.spans[i].read = probe_read_user(area.data + at, size,
							     (void *)area.spans[i].addr) == 0;
		}
	}
	return 0;
}
