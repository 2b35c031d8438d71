/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/debug_image.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "base/limits.h"

#define ALIGN 16u

/* What libdw needs for units, lines and inlined calls. All else it would read as well: places of
 * variables, macros, indices. */
static const char *const names[] = {
	".debug_info",        ".debug_abbrev", ".debug_line",     ".debug_str",
	".debug_line_str",    ".debug_ranges", ".debug_rnglists", ".debug_aranges",
	".debug_str_offsets", ".debug_addr",   ".debug_types",
};

enum {
	UNITS,           /* index of .debug_info: without it there is nothing */
	FIRST_TABLE = 1, /* in the table of sections, after the empty one */
	TEXT_TABLE = FIRST_TABLE + PYRO_COUNT(names),
	TABLES = TEXT_TABLE + 1,
	NAME_ROOM = 24 /* bytes for each name */
};

struct part {
	struct pyro_elf_section section;
	uint64_t at; /* in the image */
	uint64_t size;
};

struct head {
	Elf64_Ehdr header;
	Elf64_Shdr sections[TABLES];
	char text[TABLES][NAME_ROOM];
};

static enum pyro_rc place_parts(struct pyro_elf *elf, struct part parts[PYRO_COUNT(names)],
				uint64_t *ret_size)
{
	uint64_t at = sizeof(struct head);

	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		struct part *part = &parts[i];
		enum pyro_rc rc = pyro_elf_section(elf, names[i], &part->section);

		if (rc == PYRO_RC_OK)
			rc = pyro_elf_contents_size(elf, &part->section, &part->size);
		if (rc == PYRO_RC_NOTFOUND && i != UNITS)
			continue;
		if (rc != PYRO_RC_OK)
			return rc;
		at = (at + ALIGN - 1) / ALIGN * ALIGN;
		if (part->size > PYRO_MAX_DEBUG_INFO || at > PYRO_MAX_DEBUG_INFO - part->size)
			return PYRO_RC_LIMIT;
		part->at = at;
		at += part->size;
	}
	*ret_size = at;
	return PYRO_RC_OK;
}

static void write_head(struct head *head, uint16_t machine, const struct part *parts)
{
	head->header = (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_shoff = offsetof(struct head, sections),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = TABLES,
		.e_shstrndx = TEXT_TABLE,
	};
	for (size_t i = 0; i < PYRO_COUNT(names); i++) {
		head->sections[FIRST_TABLE + i] = (Elf64_Shdr){
			.sh_name = (Elf64_Word)((FIRST_TABLE + i) * NAME_ROOM),
			.sh_type = parts[i].at ? SHT_PROGBITS : SHT_NOBITS,
			.sh_offset = parts[i].at,
			.sh_size = parts[i].size,
			.sh_addralign = 1,
		};
		memcpy(head->text[FIRST_TABLE + i], names[i], strlen(names[i]));
	}
	head->sections[TEXT_TABLE] = (Elf64_Shdr){
		.sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct head, text),
		.sh_size = sizeof(head->text),
		.sh_addralign = 1,
	};
}

static enum pyro_rc create(struct pyro_elf *elf, struct pyro_debug_image *ret_image)
{
	struct part parts[PYRO_COUNT(names)] = {{.at = 0}};
	struct pyro_debug_image image;
	struct pyro_elf_section other;
	uint64_t size;
	enum pyro_rc rc = place_parts(elf, parts, &size);

	/* That would have libdw open a file that the object names. */
	if (rc == PYRO_RC_OK &&
	    pyro_elf_section(elf, ".gnu_debugaltlink", &other) != PYRO_RC_NOTFOUND)
		rc = PYRO_RC_NOTFOUND;
	if (rc != PYRO_RC_OK)
		return rc;
	image.size = size;
	image.data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image.data == MAP_FAILED)
		return PYRO_RC_NOMEM;
	/* Tens of megabytes: filled by large pages where there are such. */
	(void)!madvise(image.data, size, MADV_HUGEPAGE);
	write_head((struct head *)(void *)image.data, pyro_elf_machine(elf), parts);
	for (size_t i = 0; i < PYRO_COUNT(names) && rc == PYRO_RC_OK; i++) {
		if (parts[i].at)
			rc = pyro_elf_contents_load(elf, &parts[i].section,
						    image.data + parts[i].at, parts[i].size);
	}
	if (rc == PYRO_RC_OK)
		*ret_image = image;
	else
		pyro_debug_image_deinit(&image);
	return rc;
}

enum pyro_rc pyro_debug_image_create(int fd, struct pyro_debug_image *ret_image)
{
	struct pyro_elf *elf = NULL;
	enum pyro_rc rc = pyro_elf_create_from_fd(fd, &elf, NULL);

	if (rc == PYRO_RC_OK)
		rc = create(elf, ret_image);
	pyro_elf_destroy(elf);
	return rc;
}

void pyro_debug_image_deinit(struct pyro_debug_image *image)
{
	if (image->data)
		munmap(image->data, image->size);
	*image = (struct pyro_debug_image){NULL, 0};
}
