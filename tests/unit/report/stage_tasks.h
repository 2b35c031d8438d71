/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_REPORT_STAGE_TASKS_H
#define PYRO_TESTS_REPORT_STAGE_TASKS_H

#include "profile/alive.h"
#include "profile/profile.h"

/* A server with tasks, watched for 2 s, the last look at them being at 1.9 s; on the thread that
 * runs its loop there are 2,000 samples of 1 ms, 400 of them running.
 *
 *   main             one, waits for tasks since before we came
 *   handler          37: Task-10 runs in parse, has run for 300 ms; Task-11 is ready, since 1.85 s;
 *                    the others wait for a socket in fetch, below main, the first since 1.0 s,
 *                    each next one for 10 ms less
 *   "cache cleaner"  one of sweep, blocks its thread in flush since 1.6 s
 *   brief            none lives, but they ran for 100 ms and slept for 500
 *   "\x1b[2J\u202eevil" one of worker, awaits a future; it was not there at the first look
 */

/** NULL when out of memory; *ret_alive too. */
struct pyro_profile *stage_tasks(struct pyro_alive **ret_alive);
/** The same with @tasks handlers in place of 37, each named "Task-N", and @unseen more. */
struct pyro_profile *stage_many_tasks(struct pyro_alive **ret_alive, unsigned tasks,
				      uint64_t unseen);
/** Tells that the handler that runs, and the first that waits, have ended. */
void stage_tasks_end(struct pyro_alive *alive);

#endif
