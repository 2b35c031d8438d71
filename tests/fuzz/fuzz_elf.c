/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as an object file, and as what is loaded of one. */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpython/version.h"
#include "elf/elf_file.h"
#include "unwind/debug_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOADED_AT 0x7f0000000000ull

struct bytes {
	struct pyro_reader reader;
	const uint8_t *data;
	size_t size;
};

static enum pyro_rc bytes_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				size_t count, size_t *ret_done)
{
	const struct bytes *bytes = (const struct bytes *)reader;

	for (*ret_done = 0; *ret_done < count; (*ret_done)++) {
		const uint64_t at = spans[*ret_done].addr - LOADED_AT;

		if (at > bytes->size || spans[*ret_done].size > bytes->size - at)
			return PYRO_RC_FAULT;
		memcpy(spans[*ret_done].into, bytes->data + at, spans[*ret_done].size);
	}
	return PYRO_RC_OK;
}

static void unpack(struct pyro_elf *elf, const char *name)
{
	static char into[1 << 16];
	struct pyro_elf_section section;
	uint64_t size;

	if (pyro_elf_section(elf, name, &section) == PYRO_RC_OK &&
	    pyro_elf_contents_size(elf, &section, &size) == PYRO_RC_OK && size <= sizeof(into))
		(void)!pyro_elf_contents_load(elf, &section, into, (size_t)size);
}

static void use(struct pyro_elf *elf)
{
	static const char *const names[] = {"_PyRuntime", "alpha", "hidden", ""};
	uint8_t id[PYRO_ELF_BUILD_ID_SIZE];
	struct pyro_elf_section section;
	struct pyro_elf_symbol symbol;
	const struct pyro_elf_segment *segments;
	uint64_t value;
	uint32_t hex;
	size_t count;

	segments = pyro_elf_segments(elf, &count);
	for (size_t i = 0; i < count; i++)
		(void)!pyro_elf_bias(elf, LOADED_AT, segments[i].offset, i % 3, &value);
	(void)pyro_elf_has_interpreter(elf);
	(void)pyro_elf_is_stripped(elf);
	(void)!pyro_elf_build_id(elf, id, &count);
	(void)!pyro_elf_section(elf, ".PyRuntime", &section);
	unpack(elf, ".debug_info");
	unpack(elf, ".debug_line");
	(void)!pyro_elf_dynamic_entry(elf, DT_DEBUG, &value);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)!pyro_elf_dynamic_symbol(elf, names[i], &symbol);
		(void)!pyro_elf_table_symbol(elf, names[i], &symbol);
	}
	(void)!pyro_version_scan(elf, &hex, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct pyro_debug_image image = {NULL, 0};
	struct bytes bytes = {{.readv = bytes_readv}, data, size};
	struct pyro_elf *elf = NULL;

	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	if (pyro_elf_create_from_fd(fd, &elf, NULL) == PYRO_RC_OK)
		use(elf);
	pyro_elf_destroy(elf);
	/* What says that it is large once it is unpacked is as any other, only slow. */
	if (size < 4096 && pyro_debug_image_create(fd, &image) == PYRO_RC_OK)
		pyro_debug_image_deinit(&image);
	elf = NULL;
	if (pyro_elf_create_from_memory(&bytes.reader, LOADED_AT, &elf, NULL) == PYRO_RC_OK)
		use(elf);
	pyro_elf_destroy(elf);
	return 0;
}
