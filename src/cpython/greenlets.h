/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_GREENLETS_H
#define PYRO_CPYTHON_GREENLETS_H

#include "cpython/python.h"

/* The greenlets of a process (the package greenlet, and gevent and others on top of it): stacks
 * that a thread leaves and comes back to. */

enum pyro_greenlet_state {
	PYRO_GREENLET_RUNNING,   /**< its frames are its thread's stack */
	PYRO_GREENLET_SUSPENDED, /**< it was switched away from */
	PYRO_GREENLET_NOT_STARTED,
};

/** Text is UTF-8, NUL-terminated, never NULL, as the target has it (escape before showing). */
struct pyro_greenlet {
	uint64_t addr;
	uint64_t thread; /**< the thread state whose greenlet it is; 0: unknown */
	uint64_t parent; /**< the greenlet that goes on when this one ends; 0: unknown, or the first
			    of its thread */
	uint32_t interp_id; /**< 0 is the main interpreter */
	enum pyro_greenlet_state state;
	const char *type;     /**< its class: "greenlet.greenlet", "Greenlet", "Hub" */
	uint32_t first_frame; /**< index into pyro_greenlets_view.frames, leaf first */
	uint32_t frame_count;
	bool partial; /**< a frame is missing */
	bool moving;  /**< changed whenever it was read: may be of two moments */
};

/** Arrays live until the next read. */
struct pyro_greenlets_view {
	const struct pyro_greenlet *greenlets; /**< those that are dead are left out */
	size_t count;
	const struct pyro_raw_frame *frames; /**< with their lines */
	size_t frame_count;
	size_t unread;  /**< greenlets that could not be read */
	bool truncated; /**< there are more than are kept, or the collector knows too many objects
			 */
	bool torn;      /**< what the garbage collector knows changed: some may be missing */
};

/** A reader of greenlets. Not thread-safe, and its pyro_python must not be used meanwhile. */
struct pyro_greenlets;

/** @python is borrowed and must outlive the result. Errors: NOMEM. */
enum pyro_rc pyro_greenlets_create(struct pyro_python *python,
				   struct pyro_greenlets **ret_greenlets,
				   struct pyro_err *err) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_greenlets_destroy(struct pyro_greenlets *greenlets);
/** Reads every greenlet that is not dead; none where the module was not imported. The target is not
 *  stopped. They are found among all objects of the garbage collector: milliseconds, or tenths of a
 *  second in a large program. Errors: UNSUPPORTED (a build without a GIL), GONE, PERM, NOMEM. */
enum pyro_rc pyro_greenlets_read(struct pyro_greenlets *greenlets,
				 struct pyro_greenlets_view *ret_view,
				 struct pyro_err *err) PYRO_NODISCARD;

#endif
