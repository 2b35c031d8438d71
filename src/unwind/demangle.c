/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

#include "base/limits.h"

/* libiberty (GCC, with an exception for linking) knows C++ and Rust, and bounds its recursion,
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

/* Cython's: a prefix by the kind of the function; the module's names, the classes' and those of
 * functions around it, each after its length; the name itself, where it is one of Python's after a
 * number that makes it the only one. */
static const struct {
	const char *prefix;
	bool numbered;
} cython[] = {
	{"__pyx_pw_", true},
	{"__pyx_pf_", true},
	{"__pyx_gb_", true},
	{"__pyx_f_", false},
};

/* What follows a length and its text, or NULL if that is not what is at @at. */
static const char *after_part(const char *at, const char **ret_part, size_t *ret_size)
{
	size_t size = 0;

	for (; *at >= '0' && *at <= '9' && size < PYRO_MAX_NAME; at++)
		size = 10 * size + (size_t)(*at - '0');
	if (!size || strnlen(at, size + 2) < size + 2 || at[size] != '_')
		return NULL;
	*ret_part = at;
	*ret_size = size;
	return at + size + 1;
}

static bool demangle_cython(const char *mangled, struct pyro_buf *buf)
{
	static const char specialised[] = "__pyx_fuse_";
	const char *part, *next, *at = NULL;
	const size_t start = buf->size;
	bool numbered = false;
	size_t size;

	if (strncmp(mangled, specialised, strlen(specialised)) == 0)
		mangled = strstr(mangled + strlen(specialised), "__pyx_");
	for (size_t i = 0; mangled && i < PYRO_COUNT(cython) && !at; i++) {
		size = strlen(cython[i].prefix);
		at = strncmp(mangled, cython[i].prefix, size) == 0 ? mangled + size : NULL;
		numbered = cython[i].numbered;
	}
	for (; at && (next = after_part(at, &part, &size)); at = next) {
		pyro_buf_add(buf, part, size);
		pyro_buf_add_char(buf, '.');
	}
	while (at && numbered && *at >= '0' && *at <= '9')
		at++;
	if (!at || !*at || buf->size == start)
		return false;
	pyro_buf_add_text(buf, at);
	return !buf->failed;
}

static bool demangle_compiled(const char *mangled, struct pyro_buf *buf)
{
	struct output output = {.buf = buf, .start = buf->size};

	if (strncmp(mangled, "_Z", 2) != 0 && strncmp(mangled, "_R", 2) != 0)
		return false;
	return carry_out(mangled, &output) && !buf->failed && buf->size > output.start;
}

bool pyro_demangle(const char *mangled, struct pyro_buf *buf)
{
	const size_t start = buf->size;

	if (pyro_buf_status(buf) != PYRO_RC_OK || strnlen(mangled, MAX_MANGLED) == MAX_MANGLED)
		return false;
	if (demangle_compiled(mangled, buf) || demangle_cython(mangled, buf))
		return true;
	buf->failed = false;
	buf->size = start;
	if (buf->data)
		buf->data[buf->size] = 0;
	return false;
}
