/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as a core file, in which an interpreter is looked for. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpython/locate.h"
#include "unwind/unwind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The machine code of its first threads, as far as the core has it. */
static void unwind(struct pyro_core *core, const struct pyro_core_places *places)
{
	static struct pyro_native_stack stack;
	static struct pyro_stack_memory memory;
	const struct pyro_space space = pyro_space_core(core, places);
	const struct pyro_core_thread *threads;
	struct pyro_unwinder *unwinder = NULL;
	struct pyro_registers registers;
	size_t count;

	if (pyro_unwinder_create(&space, &unwinder, NULL) != PYRO_RC_OK)
		return;
	threads = pyro_core_threads(core, &count);
	for (size_t i = 0; i < count && i < 4; i++) {
		if (pyro_registers_from_kernel(pyro_unwinder_machine(unwinder),
					       threads[i].registers, sizeof(threads[i].registers),
					       &registers) != PYRO_RC_OK)
			continue;
		pyro_stack_memory_init(&memory, 0, NULL, 0, pyro_core_reader(core));
		pyro_unwinder_unwind(unwinder, &registers, &memory, &stack);
		if (stack.count > PYRO_MAX_STACK_DEPTH)
			__builtin_trap();
	}
	pyro_unwinder_destroy(unwinder);
}

static void use(struct pyro_core *core)
{
	/* No file of this machine is of interest. */
	static const struct pyro_core_places places = {NULL, "/nonexistent"};
	const struct pyro_maps *maps = pyro_core_maps(core);
	struct pyro_python_origin origin;
	char into[4096];
	size_t count;

	(void)pyro_core_exe(core);
	(void)pyro_core_threads(core, &count);
	for (size_t i = 0; i < maps->count && i < 64; i++) {
		const struct pyro_mapping *mapping = &maps->items[i];

		if (mapping->end <= mapping->start ||
		    (i > 0 && maps->items[i - 1].end > mapping->start))
			__builtin_trap();
		(void)!pyro_reader_read(pyro_core_reader(core), mapping->start, into, 1);
		(void)!pyro_reader_read(pyro_core_reader(core), mapping->end - 1, into, 2);
		(void)!pyro_reader_read(pyro_core_reader(core), mapping->start - 1, into,
					sizeof(into));
	}
	pyro_core_file_open_all(core, &places);
	(void)!pyro_python_locate_core(core, &places, &origin, NULL);
	unwind(core, &places);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct pyro_core *core = NULL;
	const struct pyro_maps *maps;

	if (fd < 0)
		fd = memfd_create("core", MFD_CLOEXEC);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size ||
	    pyro_core_open_take(fcntl(fd, F_DUPFD_CLOEXEC, 0), &core, NULL) != PYRO_RC_OK)
		return 0;
	use(core);
	/* As if the bytes were a file that was mapped as well. */
	maps = pyro_core_maps(core);
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->items[i].inode == 0)
			continue;
		if (pyro_core_supply(core, &maps->items[i], fcntl(fd, F_DUPFD_CLOEXEC, 0)) ==
		    PYRO_RC_OK)
			use(core);
		break;
	}
	pyro_core_close(core);
	return 0;
}
