/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_REPORT_STAGE_H
#define PYRO_TESTS_REPORT_STAGE_H

#include "profile/profile.h"

/* Profiles of programs of every shape, for the tests of reports. All are to be destroyed; NULL when
 * out of memory. Samples weigh 1 ms. */

/** A process, no thread, no sample. */
struct pyro_profile *stage_empty(void);
/** One thread, one sample of one function, running. */
struct pyro_profile *stage_one_sample(void);
/** One thread: 300 samples running in own code, 500 waiting in a library called by own code at
 *  fetch.py:12, 150 importing modules, 50 outside of Python. */
struct pyro_profile *stage_waiting(void);
/** Four workers that share 1000 ms, each running 250 and waiting for the GIL else, a main thread
 * that waits for them all the time, and @idle threads that only wait. */
struct pyro_profile *stage_threads(unsigned idle);
/** @count processes after the first, each one thread that runs for 100 ms. */
struct pyro_profile *stage_processes(unsigned count);
/** Names with wide, combining and right-to-left characters, escape sequences, invalid UTF-8, and a
 *  very long one. */
struct pyro_profile *stage_names(void);
/** Chains of calls 3000 deep: recursion, and functions that each call the next. */
struct pyro_profile *stage_deep(void);

/** Adds @samples of the stack @frames, root first,
 *  to @track: each 1 ms of wall, and of cpu if @running, of what it waits for by @reason. */
struct stage_frame {
	const char *name;
	const char *file;
	int32_t first_line;
	int32_t line;
};
enum pyro_rc stage_add(struct pyro_profile *profile, uint32_t track,
		       const struct stage_frame *frames, size_t depth, unsigned samples,
		       bool running, enum pyro_reason reason) PYRO_NODISCARD;

#endif
