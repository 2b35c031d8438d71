/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CPYTHON_LINES_H
#define PYRO_CPYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/rc.h"

/** Instructions from byte offset `start` up to the next run belong to `line`; 0: to none. */
struct pyro_line_run {
	uint32_t start;
	int32_t line;
};

/** Upper bound of the runs that a line table of @size bytes decodes to. */
size_t pyro_lines_bound(size_t size);
/** Decodes a whole line table of CPython 3.@minor (co_lnotab to 3.9, co_linetable after) into
 *  @runs (at least pyro_lines_bound(size) of them), ordered by start. Returns how many there are.
 *  Garbage yields some runs, never more than the bound. */
size_t pyro_lines_decode(uint32_t minor, const uint8_t *table, size_t size, int32_t first_line,
			 struct pyro_line_run *runs);
/** The line of the instruction at byte @offset as PyCode_Addr2Line tells it; 0 where CPython says
 *  that there is none. Instructions before the first one that has a line, which set the frame up,
 *  and @offset UINT32_MAX, a frame not started, have @first_line. */
int32_t pyro_lines_find(const struct pyro_line_run *runs, size_t count, int32_t first_line,
			uint32_t offset);

#endif
