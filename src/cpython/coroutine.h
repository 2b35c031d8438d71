/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_COROUTINE_H
#define PYRO_CPYTHON_COROUTINE_H

#include "cpython/frame_list.h"

enum pyro_suspension {
	PYRO_SUSPENDED,
	PYRO_NOT_STARTED,
	PYRO_EXECUTING,
	PYRO_FINISHED, /**< it has no frame any more */
};

/** A generator, coroutine or asynchronous generator. */
struct pyro_coroutine {
	enum pyro_suspension state;
	struct pyro_raw_place place; /**< nothing of one that has finished */
	uint64_t awaits;             /**< the object that it awaits or yields from; 0: none */
};

/** Reads the object at @addr, which is of PYRO_KIND_GENERATOR. Errors: FAULT, GONE, PERM. */
enum pyro_rc pyro_coroutine_read(struct pyro_objects *objects, uint64_t addr,
				 struct pyro_coroutine *ret_coroutine) PYRO_NODISCARD;
/** What a coroutine awaits, and what that awaits, down to what is none. */
struct pyro_await_chain {
	struct pyro_raw_place *places; /**< the caller's array, the outermost first */
	size_t room, count;
	uint64_t target; /**< what the innermost waits for; 0: for nothing */
	bool executing;  /**< it runs, so its callees are to be found on a thread's stack */
	bool partial;    /**< a part could not be read or there was no room for it */
};

/** Follows the object at @addr. One that is no coroutine is its own target. Errors: TORN (it goes
 *  round in a circle), GONE, PERM; what cannot be read ends the chain and is said in it. */
enum pyro_rc pyro_await_chain_follow(struct pyro_objects *objects, uint64_t addr,
				     struct pyro_await_chain *chain) PYRO_NODISCARD;

#endif
