/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_BASE_CLOCK_H
#define PYRO_BASE_CLOCK_H

#include <stdint.h>

#define PYRO_NS_PER_S  1000000000ull
#define PYRO_NS_PER_MS 1000000ull

/** CLOCK_MONOTONIC in ns: the one clock of every recording. */
uint64_t pyro_clock_now(void);
/** How long after @start_ns that is; 0 if it was before. */
static inline uint64_t pyro_clock_since(uint64_t start_ns, uint64_t at_ns)
{
	return at_ns > start_ns ? at_ns - start_ns : 0;
}
/** Sleeps until that clock shows @due_ns, through signals. */
void pyro_clock_sleep_until(uint64_t due_ns);
/** CLOCK_REALTIME in ns since 1970, for start times that people read. */
uint64_t pyro_clock_realtime(void);
/** CPU time of this process in ns. */
uint64_t pyro_clock_process_cpu(void);
/** CPU time of this thread in ns. */
uint64_t pyro_clock_thread_cpu(void);

#endif
