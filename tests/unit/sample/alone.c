/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sched.h>

#include "alone.h"

static struct pyro_raw_stack stack, scratch;
static cpu_set_t before;

void alone_init(struct pyro_probe_shared *shared, struct messages *messages)
{
	sched_getaffinity(0, sizeof(before), &before);
	messages_init(messages, 1 << 20);
	*shared = (struct pyro_probe_shared){.queue = messages->queue, .stack = &stack};
	shared->frames = calloc(PYRO_MAX_STACK_DEPTH, sizeof(*shared->frames));
	assert_non_null(shared->frames);
	pyro_seat_init(&shared->seat);
	assert_int_equal(pyro_sched_create(PYRO_SCHED_PROC, NULL, NULL, &shared->sched, NULL),
			 PYRO_RC_OK);
	shared->freeze = (struct pyro_freeze){
		.method = PYRO_PROOF_BY_PROC,
		.sched = shared->sched,
		.seat = &shared->seat,
		.scratch = &scratch,
	};
}

void alone_deinit(struct pyro_probe_shared *shared, struct messages *messages)
{
	sched_setaffinity(0, sizeof(before), &before);
	pyro_sched_destroy(shared->sched);
	free(shared->frames);
	messages_deinit(messages);
}
