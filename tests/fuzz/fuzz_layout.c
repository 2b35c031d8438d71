/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as a table of offsets of 3.13 to 3.15: whatever is accepted must be sound. */
#include <string.h>

#include "cpython/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t table[2048] = "xdebugpy";

	if (size < 1 || size > sizeof(table) - 24)
		return 0;
	for (uint32_t minor = 13; minor <= 15; minor++) {
		const struct pyro_python_origin origin = {
			.version = 0x030000f0u | minor << 16,
			.free_threaded = data[0] & 1,
		};
		const uint64_t version = origin.version, threaded = data[0] & 1;
		struct pyro_layout layout;

		memcpy(table + 8, &version, 8);
		memcpy(table + 16, &threaded, 8);
		memcpy(table + 24, data + 1, size - 1);
		if (pyro_offsets_decode(table, 24 + size - 1, &origin, &layout, NULL) ==
			    PYRO_RC_OK &&
		    !pyro_layout_is_sound(&layout))
			__builtin_trap();
	}
	return 0;
}
