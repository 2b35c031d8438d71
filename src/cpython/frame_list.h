/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_FRAME_LIST_H
#define PYRO_CPYTHON_FRAME_LIST_H

#include "cpython/decoder.h"
#include "cpython/objects.h"

#define PYRO_STACKREF_MASK (~(uint64_t)3) /**< of a tagged _PyStackRef; 3.14 on */

/** Where a frame is, before its code object is known. */
struct pyro_raw_place {
	uint64_t frame; /**< its address */
	uint64_t code;
	uint64_t instr; /**< as it stands there */
	int32_t tlbc;
};

/** Frames that hang from objects, of many stacks one after the other. */
struct pyro_frame_list {
	struct pyro_raw_place *places;
	struct pyro_raw_frame *frames; /**< the same, when they are resolved */
	size_t count, capacity;
};

/** A part of a C stack that was copied away, to be copied back before it is used again. */
struct pyro_stack_copy {
	uint64_t low, size; /**< where it belongs */
	uint64_t copy;      /**< where it is */
};

/** Takes zeroes for none. */
void pyro_frame_list_deinit(struct pyro_frame_list *places);
/** Errors: NOMEM, LIMIT (PYRO_MAX_TASK_FRAMES). */
enum pyro_rc pyro_frame_list_add(struct pyro_frame_list *places,
				 const struct pyro_raw_place *place) PYRO_NODISCARD;
/** Adds the frames from the one at @top outwards: to @last, or to where they end if that is 0.
 * @copy may be NULL. *ret_found: @last was met, or the end. Errors: FAULT, NOMEM, LIMIT, GONE,
 * PERM. */
enum pyro_rc pyro_frame_list_walk(struct pyro_frame_list *places, const struct pyro_python *python,
				  struct pyro_objects *objects, uint64_t top, uint64_t last,
				  const struct pyro_stack_copy *copy,
				  bool *ret_found) PYRO_NODISCARD;
/** The same from the newest frame of @thread on. */
enum pyro_rc pyro_frame_list_walk_thread(struct pyro_frame_list *places,
					 const struct pyro_python *python,
					 struct pyro_objects *objects,
					 const struct pyro_thread *thread, uint64_t last,
					 bool *ret_found) PYRO_NODISCARD;
/** Fills `frames`, with lines; the code of what is no frame is PYRO_CODE_NONE. Resets the window of
 *  @python. Errors: NOMEM, GONE, PERM. */
enum pyro_rc pyro_frame_list_resolve(struct pyro_frame_list *places,
				     struct pyro_python *python) PYRO_NODISCARD;
/** Of the @count resolved frames from @first on, moves those that are frames of the program to *end
 *  and those behind it. False: something was no frame. */
bool pyro_frame_list_keep(struct pyro_frame_list *places, const struct pyro_python *python,
			  uint32_t *first, uint32_t *count, size_t *end);

/** Reads what says where the frame at @addr is. Errors: FAULT, GONE, PERM. */
enum pyro_rc pyro_place_read(struct pyro_objects *objects, uint64_t addr,
			     struct pyro_raw_place *ret_place) PYRO_NODISCARD;
/** The first local of the frame at @addr: of a method, self. 0: it has no value. */
enum pyro_rc pyro_place_local(struct pyro_objects *objects, uint64_t addr,
			      uint64_t *ret_object) PYRO_NODISCARD;

#endif
