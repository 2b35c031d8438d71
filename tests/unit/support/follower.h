/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_FOLLOWER_H
#define PYRO_TESTS_FOLLOWER_H

#include "target/reader.h"

/* A reader that follows trails, as src/target/interrupt.bpf.c does in the kernel, over any memory
 * that another one reads. */
struct follower {
	struct pyro_reader reader; /* first */
	struct pyro_reader *inner;
	bool armed;                   /* can follow: once */
	void (*after)(void *context); /* what happens to the memory right after it was followed */
	void *context;
	size_t late; /* reads since then */
};

void follower_init(struct follower *follower, struct pyro_reader *inner);

#endif
