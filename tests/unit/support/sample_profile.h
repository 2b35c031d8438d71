/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_SAMPLE_PROFILE_H
#define PYRO_TESTS_SAMPLE_PROFILE_H

#include "profile/profile.h"

/* A small recording whose numbers are known, for the tests of every room that shows profiles. Each
 * sample weighs 1 ms of wall; "running" ones 1 ms of cpu and gil_held, "waiting for the GIL" ones
 * 1 ms of gil_wait, those off cpu 1 ms of wait_net. Of half of that it is known who had the GIL
 * (track 0 at Cart.price:88) and which socket it was. The working directory is /home/ada/shop.
 *
 *   process 0, pid 4127, CPython 3.13.0, "python shop.py --orders 5000"
 *     track 0 MainThread                                                       820 samples
 *       <module>:120 main:105 Cart.price:88                          running   300
 *       <module>:120 main:106 fib:22 fib:22 fib:21                   running   200
 *       <module>:120 main:107 json dumps:231 encode:200              running   150
 *       <module>:120 main:108 requests Session.get:510               off cpu   100
 *       <module>:120 main:109 (hostile name, hostile file):1         running    50
 *       no Python code                                               running    20
 *     track 1 "worker-1"                                                       460 samples
 *       threading _bootstrap:1014 run:994 flush:31                   running   100
 *       the same                                                 gil wait      300
 *       threading _bootstrap:1014 run:994 flush:33 dumps:231 encode:202 running 60
 *   process 1, pid 4130, its child, CPython 3.13.0
 *     track 2 MainThread                                                        40 samples
 *       <module>:120 Cart.price:90                                   running    40
 *
 * In all 1320 samples, 1.32 s of wall, 920 ms of cpu; of Python code 1300 ms of wall. */

#define SAMPLE_HOSTILE_NAME "a;b\n<script>alert(1)</script>\x1b[31m"
#define SAMPLE_HOSTILE_FILE "/home/ada/shop/evil \"<b>&\n.py"

enum sample_function {
	SAMPLE_MODULE,    /* <module>            /home/ada/shop/shop.py:1 */
	SAMPLE_MAIN,      /* main                /home/ada/shop/shop.py:100 */
	SAMPLE_PRICE,     /* Cart.price          /home/ada/shop/shop.py:80 */
	SAMPLE_FIB,       /* fib                 /home/ada/shop/shop.py:20 */
	SAMPLE_DUMPS,     /* dumps               /usr/lib/python3.13/json/__init__.py:183 */
	SAMPLE_ENCODE,    /* JSONEncoder.encode  /usr/lib/python3.13/json/encoder.py:183 */
	SAMPLE_GET,       /* Session.get         …/site-packages/requests/sessions.py:500 */
	SAMPLE_HOSTILE,   /* SAMPLE_HOSTILE_NAME SAMPLE_HOSTILE_FILE:1 */
	SAMPLE_BOOTSTRAP, /* Thread._bootstrap   /usr/lib/python3.13/threading.py:1000 */
	SAMPLE_RUN,       /* Thread.run          /usr/lib/python3.13/threading.py:980 */
	SAMPLE_FLUSH,     /* flush               /home/ada/shop/worker/queue.py:30 */
	SAMPLE_FUNCTION_COUNT
};

/** Creates and fills the profile; NULL when out of memory. Functions have the indices above. */
struct pyro_profile *sample_profile_create(void);

/** Calls @each for each sample in the order of time (one tick per ms over all threads), as the
 *  recorder would have seen them; @profile must come from sample_profile_create(). */
struct sample_moment {
	uint64_t at_ns;
	uint32_t track;
	uint32_t stack;
	bool running;
	enum pyro_reason reason;
};
void sample_profile_moments(const struct pyro_profile *profile,
			    void (*each)(void *context, const struct sample_moment *moment),
			    void *context);

#endif
