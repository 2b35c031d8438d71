/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_TASK_PROFILE_H
#define PYRO_TESTS_TASK_PROFILE_H

#include "profile/profile.h"

/* A recording of a server on asyncio whose numbers are known, of 10 s. One look every 10 ms.
 *
 *   process 0, pid 4127, CPython 3.13.0, "python serve.py"
 *     track 0 MainThread, which runs the loop
 *       <module>:90 run_forever:640                      off cpu, net   6000 ms
 *       <module>:90 run_forever:640                           running    500 ms
 *       <module>:90 run_forever:640 work:31 price:12          running   3000 ms
 *       <module>:90 run_forever:640 work:33 price:12          for GIL    500 ms
 *     track 1 "asyncio_0"
 *       Thread.run:994 read:50                              off cpu, io  4000 ms
 *   tasks
 *     8 of work, without names
 *       main:80 work:31 price:12                              running   2000 ms
 *       main:80 work:33 price:12                              for GIL    500 ms
 *       main:80 work:29                           waiting for a queue  60000 ms
 *       main:80 work:30 fetch:20                             sleeping  17500 ms
 *     "first", of work
 *       main:80 work:31 price:12                              running   1000 ms
 *       main:80 work:29                           waiting for a queue   9000 ms
 *     1 of main
 *       main:80                                     waiting for tasks  10000 ms
 */

/** By threads; NULL when out of memory. */
struct pyro_profile *task_profile_create(void);
/** By tasks. */
struct pyro_profile *task_profile_logical(void);
/** By tasks, as many different ones with a name as said: each waits 1 ms longer than the one
 * before.
 */
struct pyro_profile *task_profile_many(unsigned int count);

#endif
