/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_CPYTHON_OBJECTS_H
#define PYRO_TESTS_CPYTHON_OBJECTS_H

#include "cpython/values.h"
#include "fake.h"

/* Python objects in a fake memory, and what is written of them. */

struct objects {
	struct fake *fake;
	struct pyro_python *python;
	struct pyro_values *values;
	struct pyro_buf text;
	uint64_t type; /* the type of types */
	uint64_t type_int, type_str, type_list, type_tuple, type_dict, type_cell;
};

void objects_create(struct objects *objects, uint32_t minor, bool free_threaded);
void objects_destroy(struct objects *objects);
/* @flags besides those that every type has. */
uint64_t objects_type(struct objects *objects, const char *name, uint64_t flags, uint64_t base);
/* @size bytes behind the header. */
uint64_t objects_new(struct objects *objects, uint64_t type, size_t size);
/* Writes @value at @offset behind the header. */
void objects_put(struct objects *objects, uint64_t object, size_t offset, uint64_t value);
uint64_t objects_int(struct objects *objects, int64_t value);
uint64_t objects_str(struct objects *objects, const char *text);
uint64_t objects_list(struct objects *objects, const uint64_t *items, size_t count);
uint64_t objects_tuple(struct objects *objects, const uint64_t *items, size_t count);
/* @items: keys and values in turn. */
uint64_t objects_dict(struct objects *objects, const uint64_t *items, size_t count);
/* Address of the keys of a dict. */
uint64_t objects_keys(struct objects *objects, uint64_t dict);
/* The object as text, which lives until the next call. */
const char *objects_text(struct objects *objects, uint64_t object);

#endif
