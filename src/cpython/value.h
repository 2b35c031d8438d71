/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_VALUE_H
#define PYRO_CPYTHON_VALUE_H

/* What the files that write values share and nobody else sees. */

#include "base/arena.h"
#include "base/map.h"
#include "cpython/decoder.h"
#include "cpython/dict.h"
#include "cpython/unicode.h"
#include "cpython/values.h"

#define PYRO_UNREADABLE        "<unreadable>"

#define PYRO_TYPE_HEAP         (1u << 9)  /**< Py_TPFLAGS_HEAPTYPE */
#define PYRO_TYPE_READY        (1u << 12) /**< Py_TPFLAGS_READY */
#define PYRO_TYPE_MANAGED_DICT (1u << 4)  /**< Py_TPFLAGS_MANAGED_DICT, 3.11 on */
#define PYRO_TYPE_IS_DICT      (1u << 29) /**< Py_TPFLAGS_DICT_SUBCLASS */
#define PYRO_TYPE_IS_TYPE      (1u << 31) /**< Py_TPFLAGS_TYPE_SUBCLASS */

struct pyro_value;

enum pyro_value_style {
	PYRO_KIND_OWN,       /**< writes the name of a derived type itself, if need be */
	PYRO_KIND_WRAPPED,   /**< those of a derived type are written as Derived(…) */
	PYRO_KIND_DEFINITION /**< a module, class or function */
};

/** How objects of a type, and of those derived from it, are written. */
struct pyro_value_kind {
	const char *type; /**< its full name */
	/** False when it makes no sense: what was written is taken back. */
	bool (*write)(struct pyro_values *values, const struct pyro_value *value);
	enum pyro_value_style style;
};

/** A type of the target, remembered as long as the pyro_values. */
struct pyro_value_type {
	uint64_t addr;
	uint64_t flags;
	uint64_t base;
	uint64_t dict;
	uint64_t members; /**< PyMemberDef array, 0: none */
	uint64_t dictoffset;
	uint64_t fields;      /**< the names of a named tuple, 0: it is none */
	const char *name;     /**< "OrderedDict" */
	const char *qualname; /**< "function.<locals>.Class" */
	const char *full;     /**< "collections.OrderedDict" */
	const struct pyro_value_kind *kind;
	bool exact; /**< its kind is made for it, not for one that it is derived from */
	bool dataclass;
	bool enumeration;
};

/** An object of which the beginning was read. */
struct pyro_value {
	uint64_t addr;
	const struct pyro_value_type *type;
	struct pyro_bytes bytes; /**< into `data` */
	uint8_t data[PYRO_READ_VALUE];
};

struct pyro_values {
	struct pyro_python *python;
	const struct pyro_layout *layout;
	struct pyro_window *window;
	struct pyro_buf text; /**< the value being written */
	struct pyro_map types;
	struct pyro_arena type_arena;
	uint64_t path[PYRO_MAX_VALUE_DEPTH]; /**< containers that it is inside of */
	size_t depth;
	unsigned int nesting; /**< values that it is inside of, containers or not */
	uint64_t reads;       /**< for this value, not counting the window's */
	uint64_t window_reads;
	size_t total; /**< bytes of all values */
	enum pyro_rc rc;
	struct pyro_arena arena; /**< of the variables of the last frame */
	struct pyro_local locals[PYRO_MAX_FRAME_LOCALS];
};

/** Where what is an object's own begins: behind its header. */
static inline uint32_t pyro_value_head(const struct pyro_values *values)
{
	return values->layout->ob_type + 8;
}
static inline uint64_t pyro_value_u64(const struct pyro_value *value, size_t offset)
{
	return pyro_bytes_u64(value->bytes, offset);
}

/* values.c */

/** Begins a value, with nothing written and nothing read. */
void pyro_value_begin(struct pyro_values *values);
/** Reads all of it or nothing. */
bool pyro_value_read(struct pyro_values *values, uint64_t addr, void *into, size_t size);
/** Keeps an error that ends everything; whether it was none. */
bool pyro_value_ok(struct pyro_values *values, enum pyro_rc rc);
/** Whether the value is long enough, or has cost enough, to begin nothing more. */
bool pyro_value_is_full(const struct pyro_values *values);
/** Reads the beginning of the object at @addr. False when there is none. */
bool pyro_value_open(struct pyro_values *values, uint64_t addr, struct pyro_value *ret_value);
/** Writes the object at @addr. */
void pyro_value_add(struct pyro_values *values, uint64_t addr);
/** Enters the container at @addr, which has @count items: writes @open. When it is inside of itself
 *  or too deep, writes what stands for it with @close, and returns false. */
bool pyro_value_enter(struct pyro_values *values, uint64_t addr, const char *open, uint64_t count,
		      const char *close);
void pyro_value_leave(struct pyro_values *values, const char *close);
/** What comes before item @at of @count. False when no more are shown, which it says. */
bool pyro_value_next(struct pyro_values *values, uint64_t at, uint64_t count);
/** "<TYPE at 0x…>". */
void pyro_value_add_plain(struct pyro_values *values, const struct pyro_value *value);

/* value_types.c */

/** The type at @addr, NULL if there is none. */
const struct pyro_value_type *pyro_value_type(struct pyro_values *values, uint64_t addr);
/** The value under @name in the dict of @type alone, 0 if there is none. */
uint64_t pyro_value_type_find(struct pyro_values *values, const struct pyro_value_type *type,
			      const char *name);
/** Forgets all types, when there are too many. Only between two values. */
void pyro_value_types_limit(struct pyro_values *values);

/* value_kinds.c */

/** The kind made for the type of this full name, NULL if there is none. */
const struct pyro_value_kind *pyro_value_kind_find(const char *name);
/** How an object is written of which nothing more is known. */
extern const struct pyro_value_kind pyro_value_kind_object;
extern const struct pyro_value_kind pyro_value_kind_enum;

/* The others: what writes a kind. */

#define PYRO_VALUE_WRITERS(X)                                                                      \
	X(constant)                                                                                \
	X(int)                                                                                     \
	X(bool)                                                                                    \
	X(float)                                                                                   \
	X(complex)                                                                                 \
	X(str)                                                                                     \
	X(bytes)                                                                                   \
	X(bytearray)                                                                               \
	X(list)                                                                                    \
	X(tuple)                                                                                   \
	X(set)                                                                                     \
	X(deque)                                                                                   \
	X(dict)                                                                                    \
	X(ordered)                                                                                 \
	X(default)                                                                                 \
	X(frozendict)                                                                              \
	X(range)                                                                                   \
	X(slice)                                                                                   \
	X(exception)                                                                               \
	X(instance)                                                                                \
	X(enum)                                                                                    \
	X(cell)                                                                                    \
	X(module)                                                                                  \
	X(class)                                                                                   \
	X(function)                                                                                \
	X(generator)                                                                               \
	X(method)                                                                                  \
	X(builtin)                                                                                 \
	X(date)                                                                                    \
	X(time)                                                                                    \
	X(datetime)                                                                                \
	X(timedelta)                                                                               \
	X(timezone)                                                                                \
	X(decimal)                                                                                 \
	X(path)                                                                                    \
	X(ndarray)                                                                                 \
	X(scalar)
#define PYRO_VALUE_DECLARE(name)                                                                   \
	bool pyro_value_write_##name(struct pyro_values *values, const struct pyro_value *value);
PYRO_VALUE_WRITERS(PYRO_VALUE_DECLARE)
#undef PYRO_VALUE_DECLARE

/** Appends the str at @addr as repr has it, @quoted or only with what is not printable escaped.
 *  @limit characters at most. False when it is none. */
bool pyro_value_add_string(struct pyro_values *values, uint64_t addr, bool quoted, size_t limit);
/** Appends a float as repr has it; without the ".0" of whole numbers unless @point. */
void pyro_value_add_float(struct pyro_values *values, double number, bool point);
/** The items at @items, an array of @count pointers, between @open and @close. */
bool pyro_value_add_items(struct pyro_values *values, uint64_t addr, const char *open,
			  uint64_t items, uint64_t count, const char *close);
/** The attribute @name of the instance @value, in a slot or in its dict; 0 if it is not set. */
uint64_t pyro_value_attribute(struct pyro_values *values, const struct pyro_value *value,
			      const char *name);

#endif
