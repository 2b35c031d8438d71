/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_CPYTHON_FAKE_H
#define PYRO_TESTS_CPYTHON_FAKE_H

#include <string.h>

#include "cpython/layout.h"
#include "cpython/python.h"

/* The memory of an interpreter that never was: objects are laid out by a struct pyro_layout, and
 * read by a reader that knows what is mapped. */

#define FAKE_BASE 0x7f0000000000ull
#define FAKE_SIZE (4u << 20)

struct fake {
	struct pyro_reader reader; /* first */
	uint8_t memory[FAKE_SIZE];
	uint32_t used;
	struct pyro_layout layout;
	struct pyro_python_origin origin;
	uint64_t interp; /* in which threads are made */
	uint64_t gil;
	uint64_t code_type;
	uint64_t data_top;  /* end of the newest function's frame */
	uint64_t elsewhere; /* where other frames go */
	uint64_t reads;
	enum pyro_rc fail; /* what every read answers, PYRO_RC_OK: reads */
};

/* With the layout of a row, or @minor 14 by its table, free-threaded or not. Ready to be read. */
struct fake *fake_create(uint32_t minor, bool free_threaded);
void fake_destroy(struct fake *fake);
uint64_t fake_alloc(struct fake *fake, size_t size);
void *fake_at(struct fake *fake, uint64_t addr);
void fake_put(struct fake *fake, uint64_t addr, uint64_t value, size_t width);
/* @kind as in PEP 393: 1, 2, 4; @ascii for kind 1. */
uint64_t fake_string(struct fake *fake, const void *text, size_t count, unsigned int kind,
		     bool ascii, uint64_t hash);
uint64_t fake_ascii(struct fake *fake, const char *text);
uint64_t fake_bytes(struct fake *fake, const void *data, size_t size);
struct fake_code {
	const char *name, *qualname, *file;
	int32_t first_line;
	const void *table;
	size_t table_size;
	uint32_t units;
	uint32_t version;
};
uint64_t fake_code(struct fake *fake, const struct fake_code *code);
/* A frame whose current instruction is at byte @offset; the outermost is called by C code. */
uint64_t fake_frame(struct fake *fake, uint64_t previous, uint64_t code, uint32_t offset,
		    uint8_t owner);
/* A thread in front of those there are. */
uint64_t fake_thread(struct fake *fake, uint64_t pthread, uint64_t native_id, uint64_t top);
/** Another interpreter, in which threads are from now on; before 3.12 it has no GIL of its own. */
uint64_t fake_interp(struct fake *fake, uint64_t id, bool own_gil);
/** Puts the cframe of @thread on another one, whose current frame is @frame. None but 3.11, 3.12.
 */
void fake_cframe_below(struct fake *fake, uint64_t thread, uint64_t frame);

#endif
