/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_VALUES_H
#define PYRO_CPYTHON_VALUES_H

#include "base/buf.h"
#include "cpython/python.h"

/* What the variables of a frame hold, read from outside and written as Python's repr would: no code
 * of the target is run, so an object whose class has a repr of its own is shown by its type, its
 * address and its attributes. What cannot be read, or makes no sense, is "<unreadable>". */

enum pyro_local_kind {
	PYRO_LOCAL_ARGUMENT,
	PYRO_LOCAL_LOCAL,
	PYRO_LOCAL_CELL,   /**< a local that functions inside use as well */
	PYRO_LOCAL_FREE,   /**< of a function around this one */
	PYRO_LOCAL_GLOBAL, /**< of a module's body */
	PYRO_LOCAL_KINDS
};

/** "argument", "local", "cell", "free", "global". */
const char *pyro_local_kind_name(enum pyro_local_kind kind);

/** A variable of a frame. UTF-8, NUL-terminated, without control characters. */
struct pyro_local {
	const char *name;
	const char *value;
	enum pyro_local_kind kind;
};

/** Variables of a frame that hold something, in the order of its code. */
struct pyro_frame_locals {
	const struct pyro_local *locals;
	size_t count;
	size_t left_out; /**< variables that are not here because there are too many, or too much */
	size_t definitions; /**< modules, classes and functions of a module or class body, which are
			       left out as well */
	bool changed; /**< the frame went on while it was read: values may be of different moments,
			 and where nothing is here it was gone already */
	bool unreadable; /**< some or all of it could not be read */
};

/** Where a frame lies, and what it was doing when its stack was read. */
struct pyro_frame_place {
	uint64_t frame;
	uint64_t code;
	uint64_t instr; /**< as the frame has it: not an offset */
};

/** The places of the frames of @stack, the last one that pyro_python_stack read: until it reads
 *  another one. Reads nothing. Fills places[0] to [stack->count - 1]. */
void pyro_python_places(const struct pyro_python *python, const struct pyro_raw_stack *stack,
			struct pyro_frame_place *places);

/** Reads values of one process for one dump, which has limits of its own (base/limits.h). Not
 *  thread-safe. */
struct pyro_values;

/** @python is borrowed. Errors: NOMEM. */
enum pyro_rc pyro_values_create(struct pyro_python *python,
				struct pyro_values **ret_values) PYRO_NODISCARD;
/** Takes NULL. */
void pyro_values_destroy(struct pyro_values *values);
/** The variables of the frame at @place, which live until the next call. The thread may run: the
 *  frame is compared with @place before and after. Errors: GONE, PERM, NOMEM. */
enum pyro_rc pyro_values_frame(struct pyro_values *values, const struct pyro_frame_place *place,
			       struct pyro_frame_locals *ret_locals) PYRO_NODISCARD;
/** Appends the object at @addr to @buf. Errors: as above. */
enum pyro_rc pyro_values_object(struct pyro_values *values, uint64_t addr,
				struct pyro_buf *buf) PYRO_NODISCARD;

#endif
