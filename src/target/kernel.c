/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "target/kallsyms.h"
#include "target/procfs.h"

#define STACK_TEXT 16384
/* Of addresses it is remembered what is there. */
#define MAX_PCS 65536
#define NOBODY  UINT32_MAX

struct pyro_kernel {
	struct pyro_kallsyms symbols;
	struct pyro_intern names; /* by number */
	struct pyro_map pcs;      /* address to number; NOBODY: nothing that has a name is there */
	bool shows_stacks;
};

static bool shows_own(void)
{
	char text[64];
	size_t size;

	return pyro_procfs_read((int)getpid(), "stack", text, sizeof(text), &size, NULL) ==
	       PYRO_RC_OK;
}

enum pyro_rc pyro_kernel_create(struct pyro_kernel **ret_kernel, struct pyro_err *err)
{
	struct pyro_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	pyro_kallsyms_init(&kernel->symbols);
	pyro_intern_init(&kernel->names, PYRO_MAX_KERNEL_NAMES);
	pyro_map_init(&kernel->pcs, MAX_PCS);
	kernel->shows_stacks = shows_own();
	*ret_kernel = kernel;
	return PYRO_RC_OK;
}

void pyro_kernel_destroy(struct pyro_kernel *kernel)
{
	if (!kernel)
		return;
	pyro_kallsyms_deinit(&kernel->symbols);
	pyro_intern_deinit(&kernel->names);
	pyro_map_deinit(&kernel->pcs);
	free(kernel);
}

const char *pyro_kernel_name(const struct pyro_kernel *kernel, uint32_t number)
{
	return pyro_intern_get(&kernel->names, number, NULL);
}

/* "ext4_file_read_iter [ext4]"; what has no module is of the kernel itself. */
static uint32_t number_of(struct pyro_kernel *kernel, const char *name, size_t size)
{
	char text[PYRO_MAX_NAME + sizeof(" [kernel]")];
	const bool has_module = memchr(name, ' ', size);
	uint32_t number;

	if (!size || size > PYRO_MAX_NAME || memchr(name, 0, size))
		return NOBODY;
	snprintf(text, sizeof(text), "%.*s%s", (int)size, name, has_module ? "" : " [kernel]");
	return pyro_intern_add(&kernel->names, text, strlen(text), &number) ? NOBODY : number;
}

static void add(struct pyro_kernel_stack *stack, uint32_t number)
{
	if (number != NOBODY && stack->count < PYRO_MAX_KERNEL_STACK)
		stack->functions[stack->count++] = number;
}

/* ---- who waits ---- */

/* "[<0>] ext4_file_read_iter+0x4c/0x120 [ext4]". Where the kernel has no name it writes the
 * address, which is nobody's business. */
static void parse_line(struct pyro_kernel *kernel, const char *line, const char *end,
		       struct pyro_kernel_stack *stack)
{
	static const char begin[] = "[<", after[] = ">] ", address[] = "0x";
	const char *name = memmem(line, (size_t)(end - line), after, sizeof(after) - 1);
	const char *offset, *module;
	char text[PYRO_MAX_NAME];
	int size;

	if (!name || memcmp(line, begin, sizeof(begin) - 1) != 0)
		return;
	name += sizeof(after) - 1;
	offset = memchr(name, '+', (size_t)(end - name));
	if (!offset || offset == name || memcmp(name, address, sizeof(address) - 1) == 0)
		return;
	module = memchr(offset, '[', (size_t)(end - offset));
	size = snprintf(text, sizeof(text), "%.*s%s%.*s", (int)(offset - name), name,
			module ? " " : "", module ? (int)(end - module) : 0, module ? module : "");
	if (size > 0 && (size_t)size < sizeof(text))
		add(stack, number_of(kernel, text, (size_t)size));
}

void pyro_kernel_stack_parse(struct pyro_kernel *kernel, const char *text, size_t size,
			     struct pyro_kernel_stack *stack)
{
	const char *at = text, *end;

	stack->count = 0;
	while (at < text + size && (end = memchr(at, '\n', size - (size_t)(at - text)))) {
		parse_line(kernel, at, end, stack);
		at = end + 1;
	}
}

/* "hrtimer_nanosleep", whatever module it is of; a number where there is none. */
void pyro_kernel_wchan_parse(struct pyro_kernel *kernel, const char *text, size_t size,
			     struct pyro_kernel_stack *stack)
{
	stack->count = 0;
	if (size && (text[0] < '0' || text[0] > '9') && !memchr(text, ' ', size))
		add(stack, number_of(kernel, text, size));
}

bool pyro_kernel_shows_stacks(const struct pyro_kernel *kernel)
{
	return kernel->shows_stacks;
}

void pyro_kernel_waiting(struct pyro_kernel *kernel, int pid, int tid,
			 struct pyro_kernel_stack *stack)
{
	char name[64], text[STACK_TEXT];
	size_t size;

	stack->count = 0;
	snprintf(name, sizeof(name), "task/%d/%s", tid, kernel->shows_stacks ? "stack" : "wchan");
	/* What has no room is longer than any. */
	if (pyro_procfs_read(pid, name, text, sizeof(text), &size, NULL) ||
	    size == sizeof(text) - 1)
		return;
	if (kernel->shows_stacks)
		pyro_kernel_stack_parse(kernel, text, size, stack);
	else
		pyro_kernel_wchan_parse(kernel, text, size, stack);
}

/* ---- who was interrupted ---- */

enum pyro_rc pyro_kernel_load(struct pyro_kernel *kernel, struct pyro_err *err)
{
	return pyro_kallsyms_load(&kernel->symbols, err);
}

bool pyro_kernel_find(const struct pyro_kernel *kernel, const char *name, uint64_t *ret_start,
		      uint64_t *ret_end)
{
	return pyro_kallsyms_find(&kernel->symbols, name, ret_start, ret_end);
}

static uint32_t number_at(struct pyro_kernel *kernel, uint64_t pc)
{
	uint64_t number;
	const char *name;

	if (pyro_map_get(&kernel->pcs, pc, &number))
		return (uint32_t)number;
	name = pyro_kallsyms_at(&kernel->symbols, pc);
	number = name ? number_of(kernel, name, strlen(name)) : NOBODY;
	if (pyro_map_put(&kernel->pcs, pc, number) == PYRO_RC_LIMIT)
		pyro_map_clear(&kernel->pcs);
	return (uint32_t)number;
}

/* What interrupted its caller, and was not called by it. */
static bool is_entry(const struct pyro_kernel *kernel, uint32_t number)
{
	static const char *const begins[] = {"asm_", "el1h_"};
	const char *name = number == NOBODY ? NULL : pyro_kernel_name(kernel, number);

	for (size_t i = 0; i < PYRO_COUNT(begins) && name; i++) {
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}

void pyro_kernel_at(struct pyro_kernel *kernel, const uint64_t *pcs, size_t count,
		    struct pyro_kernel_stack *stack)
{
	bool interrupted = true;

	stack->count = 0;
	for (size_t i = 0; i < count; i++) {
		const uint32_t number = number_at(kernel, pcs[i] - (interrupted ? 0 : 1));

		add(stack, number);
		interrupted = is_entry(kernel, number);
	}
}
