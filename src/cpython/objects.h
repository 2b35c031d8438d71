/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_OBJECTS_H
#define PYRO_CPYTHON_OBJECTS_H

#include "base/map.h"
#include "cpython/layout.h"
#include "cpython/window.h"

/** What an object is, by the name of its type or of one that this inherits from. */
enum pyro_kind {
	PYRO_KIND_OTHER,
	PYRO_KIND_NONE,
	PYRO_KIND_INT,
	PYRO_KIND_STR,
	PYRO_KIND_LIST,
	PYRO_KIND_SET,
	PYRO_KIND_REF,       /**< a weak reference */
	PYRO_KIND_GENERATOR, /**< or a coroutine, or an asynchronous generator: has a frame */
	PYRO_KIND_WRAPPER,   /**< leads to what it stands for: its first member */
	PYRO_KIND_FUTURE_ITER,
	PYRO_KIND_FUTURE,
	PYRO_KIND_GATHER, /**< a future of many */
	PYRO_KIND_TASK,
	PYRO_KIND_FRAME,
	PYRO_KIND_GREENLET,
};

struct pyro_type {
	enum pyro_kind kind;
	uint32_t name; /**< of the type: id for pyro_objects_text */
	uint64_t base; /**< the type which `kind` is of, or one without a base */
	uint64_t flags;
	uint64_t basicsize;      /**< of `base` */
	uint64_t weaklistoffset; /**< of `base` */
};

/** Objects of a target, read by whole pages that are kept: what lies together is read together.
 * What was got lives until the next get. */
struct pyro_objects {
	const struct pyro_layout *layout;
	struct pyro_window window;
	struct pyro_map type_index; /**< address to index */
	struct pyro_type *types;
	size_t type_count, type_capacity;
	struct pyro_intern texts;
	uint32_t head; /**< bytes of PyObject */
};

/** @reader and @layout are borrowed. Errors: NOMEM. */
enum pyro_rc pyro_objects_init(struct pyro_objects *objects, struct pyro_reader *reader,
			       const struct pyro_layout *layout) PYRO_NODISCARD;
void pyro_objects_deinit(struct pyro_objects *objects);
/** Forgets what was read, but for types. */
void pyro_objects_forget(struct pyro_objects *objects);
/** Between one read of a target and the next: forgets types and texts too if they have become many,
 * as in a program that makes ever new ones. Those that were given are void. */
void pyro_objects_renew(struct pyro_objects *objects);

/** Plans to read what lies at @addr; @size is a page at most. */
void pyro_objects_plan(struct pyro_objects *objects, uint64_t addr, size_t size);
/** Reads what was planned, at once. Errors: GONE, PERM. */
enum pyro_rc pyro_objects_fetch(struct pyro_objects *objects) PYRO_NODISCARD;
/** Errors of these: FAULT (cannot be read), GONE, PERM. */
enum pyro_rc pyro_objects_get(struct pyro_objects *objects, uint64_t addr, size_t size,
			      struct pyro_bytes *ret_bytes) PYRO_NODISCARD;
enum pyro_rc pyro_objects_u64(struct pyro_objects *objects, uint64_t addr,
			      uint64_t *ret_value) PYRO_NODISCARD;
/** The type of the object at @addr, which stays where it is until the next call. Errors: also FAULT
 *  for what is no object, NOMEM, LIMIT. */
enum pyro_rc pyro_objects_type(struct pyro_objects *objects, uint64_t addr,
			       const struct pyro_type **ret_type) PYRO_NODISCARD;
/** Its kind; OTHER for what is no object. */
enum pyro_kind pyro_objects_kind(struct pyro_objects *objects, uint64_t addr);
/** The str object at @addr as UTF-8, cut to PYRO_MAX_NAME. Errors: also NOMEM, LIMIT. */
enum pyro_rc pyro_objects_str(struct pyro_objects *objects, uint64_t addr,
			      uint32_t *ret_text) PYRO_NODISCARD;
/** Calls @each for every member of the set or list at @addr, at most @limit, those of a set in no
 *  order. Errors: also FAULT for what is neither, or is being changed. */
enum pyro_rc pyro_objects_members(struct pyro_objects *objects, uint64_t addr, size_t limit,
				  enum pyro_rc (*each)(void *context, uint64_t member),
				  void *context) PYRO_NODISCARD;
/** Lives as long as the objects. */
const char *pyro_objects_text(const struct pyro_objects *objects, uint32_t text);

#endif
