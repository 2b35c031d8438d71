/* SPDX-License-Identifier: Apache-2.0 */
#include "base/libc.h"

#include <string.h>

#include "base/cleanup.h"

/* How their names begin: "libc.so.6", "libc-2.31.so", "libc.musl-x86_64.so.1". */
static const char *const names[] = {
	"libc.so", "libc-",       "libc.musl-",  "ld-linux", "ld-musl-", "ld-2.",  "libm.so",
	"libm-",   "libpthread.", "libpthread-", "libdl.",   "libdl-",   "librt.", "librt-",
};

bool pyro_libc_is(const char *path, size_t size)
{
	const char *slash = memrchr(path, '/', size);
	const char *name = slash ? slash + 1 : path;

	size -= (size_t)(name - path);
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		const size_t start = strlen(names[i]);

		if (size >= start && memcmp(name, names[i], start) == 0)
			return true;
	}
	return false;
}
