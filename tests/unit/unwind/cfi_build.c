/* SPDX-License-Identifier: Apache-2.0 */
#include "cfi_build.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"

static const uint8_t plain[] = {0x0c, 7, 8, 0x90, 1}; /* def_cfa rsp+8; offset rip at cfa-8 */

static void put_u32(uint8_t *file, size_t at, uint32_t value)
{
	memcpy(file + at, &value, sizeof(value));
}

/* Fills in the length, to a multiple of 8 bytes with no-operations. */
static size_t finish(uint8_t *file, size_t start, size_t at)
{
	while ((at - start) % 8 != 4)
		file[at++] = 0;
	put_u32(file, start, (uint32_t)(at - start - 4));
	return at;
}

static size_t put_common(const struct cfi_build *build, uint8_t *file)
{
	const char *letters = build->augmentation ? build->augmentation : "zR";
	const uint8_t pointers[] = {0x1b}; /* pc-relative, four bytes */
	const uint8_t *data = build->augmented ? build->augmented : pointers;
	const size_t size = build->augmented ? build->augmented_size : sizeof(pointers);
	const uint8_t *program = build->common ? build->common : plain;
	const size_t program_size = build->common ? build->common_size : sizeof(plain);
	size_t at = CFI_COMMON + 4;

	put_u32(file, at, 0);
	at += 4;
	file[at++] = 1; /* version */
	memcpy(file + at, letters, strlen(letters) + 1);
	at += strlen(letters) + 1;
	file[at++] = 1;    /* code alignment */
	file[at++] = 0x78; /* data alignment: -8 */
	file[at++] = 16;   /* return address */
	if (letters[0] == 'z') {
		file[at++] = (uint8_t)size;
		memcpy(file + at, data, size);
		at += size;
	}
	memcpy(file + at, program, program_size);
	return finish(file, CFI_COMMON, at + program_size);
}

static size_t put_entry(uint8_t *file, size_t start, unsigned int index, const uint8_t *program,
			size_t size)
{
	size_t at = start + 4;

	put_u32(file, at, (uint32_t)(at - CFI_COMMON));
	at += 4;
	put_u32(file, at, (uint32_t)(cfi_function(index) - (CFI_BASE + at)));
	at += 4;
	put_u32(file, at, CFI_FUNCTION);
	at += 4;
	file[at++] = 0; /* no augmentation */
	if (size)
		memcpy(file + at, program, size);
	return finish(file, start, at + size);
}

size_t cfi_build(const struct cfi_build *build, uint8_t file[CFI_SIZE])
{
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	};
	const Elf64_Phdr segments[] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_vaddr = CFI_BASE,
		 .p_filesz = CFI_SIZE,
		 .p_memsz = CFI_SIZE},
		{.p_type = PT_GNU_EH_FRAME,
		 .p_vaddr = CFI_BASE + CFI_HEADER,
		 .p_offset = CFI_HEADER,
		 .p_memsz = 12 + 8 * CFI_FUNCTIONS},
	};
	const uint8_t kinds[] = {1, 0x1b, 0x03, 0x3b};
	size_t at, second = 0;

	memset(file, 0, CFI_SIZE);
	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), segments, sizeof(segments));
	memcpy(file + CFI_HEADER, kinds, sizeof(kinds));
	put_u32(file, CFI_HEADER + 8, CFI_FUNCTIONS);
	at = put_common(build, file);
	for (unsigned int i = 0; i < CFI_FUNCTIONS; i++) {
		put_u32(file, CFI_HEADER + 12 + 8 * i,
			(uint32_t)(CFI_CODE + i * CFI_FUNCTION - CFI_HEADER));
		put_u32(file, CFI_HEADER + 16 + 8 * i, (uint32_t)(at - CFI_HEADER));
		if (i == 1)
			second = at;
		at = put_entry(file, at, i, build->program, i == 1 ? build->program_size : 0);
	}
	return second;
}

struct pyro_elf *cfi_open(const uint8_t file[CFI_SIZE], int *ret_fd)
{
	struct pyro_elf *elf = NULL;

	*ret_fd = memfd_create("cfi", MFD_CLOEXEC);
	if (*ret_fd < 0 || pwrite(*ret_fd, file, CFI_SIZE, 0) != CFI_SIZE ||
	    pyro_elf_create_from_fd(*ret_fd, &elf, NULL) != PYRO_RC_OK)
		abort();
	return elf;
}
