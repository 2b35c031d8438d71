/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as a line table of every version: runs within the bound, in order. */
#include <stdlib.h>

#include "cpython/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pyro_line_run *runs = calloc(pyro_lines_bound(size), sizeof(*runs));

	if (!runs)
		return 0;
	for (uint32_t minor = 8; minor <= 15; minor++) {
		const size_t count = pyro_lines_decode(minor, data, size, 1 << 30, runs);

		for (size_t i = 0; i < count; i++) {
			if (runs[i].line < 0 || (i > 0 && runs[i].start <= runs[i - 1].start))
				__builtin_trap();
			(void)pyro_lines_find(runs, count, 1, runs[i].start);
		}
		(void)pyro_lines_find(runs, count, 1, UINT32_MAX - 1);
	}
	free(runs);
	return 0;
}
