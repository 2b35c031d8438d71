/* SPDX-License-Identifier: Apache-2.0 */
/* What processes write about code that they make: the bytes as a perf map and as a jitdump file,
 * each in two pieces, and its names as mangled ones. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/demangle.h"
#include "unwind/jit_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct pyro_jit_names *names)
{
	struct pyro_buf buf;

	pyro_buf_init(&buf, 1 << 20);
	for (uint64_t addr = 0; addr < 0x8000; addr += 0x333) {
		uint64_t start;
		const char *name = pyro_jit_names_find(names, addr, &start);

		if (name && (start > addr || strlen(name) == 0))
			abort();
		pyro_buf_reset(&buf);
		if (name)
			(void)pyro_demangle(name, &buf);
	}
	pyro_buf_deinit(&buf);
	pyro_jit_names_deinit(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pyro_jit_names names;
	size_t used;

	pyro_jit_names_init(&names);
	used = pyro_jit_names_parse_map(&names, (const char *)data, size / 2);
	if (used > size / 2)
		abort();
	(void)pyro_jit_names_parse_map(&names, (const char *)data + used, size - used);
	use(&names);
	pyro_jit_names_init(&names);
	used = pyro_jit_names_parse_dump(&names, data, size / 2, 0, EM_X86_64);
	if (used > size / 2)
		abort();
	(void)pyro_jit_names_parse_dump(&names, data + used, size - used, used, EM_X86_64);
	use(&names);
	return 0;
}
