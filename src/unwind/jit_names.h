/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_UNWIND_JIT_NAMES_H
#define PYRO_UNWIND_JIT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"

/* Names of code that a process makes at run time, as it writes them down for profilers. */

struct pyro_jit_name {
	uint64_t start;
	uint64_t end;
	uint32_t name;  /**< in `names` */
	uint32_t order; /**< of two at one place the later is right */
};

struct pyro_jit_names {
	struct pyro_jit_name *items; /**< in order of address once looked at */
	size_t count;
	size_t capacity;
	struct pyro_intern names;
	struct pyro_map by_start; /**< address: the name of what began there last */
	bool sorted;
	uint64_t malformed; /**< lines or records that made no sense and were passed over */
	uint64_t dropped;   /**< those for which there was no room */
};

void pyro_jit_names_init(struct pyro_jit_names *names);
void pyro_jit_names_deinit(struct pyro_jit_names *names);

/** Lines "START SIZE NAME" with hexadecimal numbers (/tmp/perf-PID.map). Returns how many bytes
 * were used: a last line without its end may still be written and is left. */
size_t pyro_jit_names_parse_map(struct pyro_jit_names *names, const char *text, size_t size);
/** Records of a jitdump file from byte @at of it on, 0 being its header (tools/perf/Documentation/
 *  jitdump-specification.txt in Linux). Returns how many bytes were used; a record that is not
 *  there to its end is left. 0 at the beginning of what is no jitdump file of this machine's. */
size_t pyro_jit_names_parse_dump(struct pyro_jit_names *names, const uint8_t *data, size_t size,
				 uint64_t at, uint16_t machine);

/** The name of the code at @addr, any bytes; NULL if there is none. Lives as long as @names. */
const char *pyro_jit_names_find(struct pyro_jit_names *names, uint64_t addr, uint64_t *ret_start);

#endif
