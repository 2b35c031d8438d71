/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of /proc, whose names and paths are the target's. */
#include <string.h>

#include "base/limits.h"
#include "target/kallsyms.h"
#include "target/kernel.h"
#include "target/maps.h"
#include "target/socket.h"
#include "target/stat.h"
#include "target/thread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct pyro_kernel *kernel, const struct pyro_kernel_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const char *name = pyro_kernel_name(kernel, stack->functions[i]);

		if (!name || !strchr(name, ' '))
			__builtin_trap();
	}
}

/* What is found must be a name. */
static void name_kernel(const char *text, size_t size)
{
	struct pyro_kernel_stack stack;
	struct pyro_kallsyms symbols;
	struct pyro_kernel *kernel;

	pyro_kallsyms_init(&symbols);
	if (pyro_kallsyms_parse(&symbols, text, size) > size)
		__builtin_trap();
	pyro_kallsyms_sort(&symbols);
	for (size_t at = 0; at < size; at += 8) {
		const char *name = pyro_kallsyms_at(&symbols, at << 48 | at);

		if (name && !*name)
			__builtin_trap();
	}
	pyro_kallsyms_deinit(&symbols);
	if (pyro_kernel_create(&kernel, NULL))
		return;
	pyro_kernel_stack_parse(kernel, text, size, &stack);
	check_names(kernel, &stack);
	pyro_kernel_wchan_parse(kernel, text, size, &stack);
	check_names(kernel, &stack);
	pyro_kernel_destroy(kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct pyro_thread_syscall call;
	struct pyro_stat stat;
	struct pyro_socket socket = {.inode = 4711};
	struct pyro_maps maps;

	if (pyro_maps_parse(text, size, &maps, NULL) == PYRO_RC_OK) {
		for (size_t i = 0; i < maps.count; i++) {
			(void)pyro_maps_find(&maps, maps.items[i].start);
			(void)pyro_mapping_same_file(&maps.items[0], &maps.items[i]);
		}
		pyro_maps_deinit(&maps);
	}
	if (pyro_stat_parse(text, size, &stat) &&
	    (stat.comm < text || stat.comm + stat.comm_size > text + size))
		__builtin_trap();
	(void)pyro_thread_syscall_parse(text, size, &call);
	name_kernel(text, size);
	pyro_buf_init(&socket.text, PYRO_MAX_PATH);
	pyro_sockets_find_in(text, size, true, &socket, 1);
	pyro_sockets_find_in(text, size, false, &socket, 1);
	pyro_buf_deinit(&socket.text);
	return 0;
}
