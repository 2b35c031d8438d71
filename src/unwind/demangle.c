/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

#include "base/limits.h"

/* libiberty (GCC, with an exception for linking) knows both languages and bounds its recursion,
 * but not how long a name becomes: each step may double it. It hands over what it has made piece by
 * piece and keeps nothing besides but on the stack, so it is left by a jump when that is enough. */

#define MAX_MANGLED   (8 * PYRO_MAX_NAME)
#define MAX_DEMANGLED (64 * PYRO_MAX_NAME)

struct output {
	struct pyro_buf *buf;
	size_t start;
	jmp_buf enough;
};

static void take(const char *text, size_t size, void *context)
{
	struct output *output = context;

	if (output->buf->failed || size > MAX_DEMANGLED - (output->buf->size - output->start))
		longjmp(output->enough, 1);
	pyro_buf_add(output->buf, text, size);
}

/* In a function of its own: what it changes is not looked at after the jump. */
static bool carry_out(const char *mangled, struct output *output)
{
	if (setjmp(output->enough))
		return false;
	return rust_demangle_callback(mangled, DMGL_NO_OPTS, take, output) ||
	       cplus_demangle_v3_callback(mangled, DMGL_ANSI, take, output);
}

bool pyro_demangle(const char *mangled, struct pyro_buf *buf)
{
	struct output output = {.buf = buf, .start = buf->size};

	if (strncmp(mangled, "_Z", 2) != 0 && strncmp(mangled, "_R", 2) != 0)
		return false;
	if (strnlen(mangled, MAX_MANGLED) == MAX_MANGLED || pyro_buf_status(buf) != PYRO_RC_OK)
		return false;
	if (carry_out(mangled, &output) && !buf->failed && buf->size > output.start)
		return true;
	buf->failed = false;
	buf->size = output.start;
	if (buf->data)
		buf->data[buf->size] = 0;
	return false;
}
