/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "elf/elf_internal.h"

static enum pyro_rc load_sections(struct pyro_elf *elf)
{
	PYRO_AUTO_FREE Elf64_Shdr *sections = NULL;
	PYRO_AUTO_FREE char *text = NULL;
	const Elf64_Shdr *names;
	enum pyro_rc rc;

	if (elf->sections)
		return PYRO_RC_OK;
	if (elf->section_count == 0 || elf->fd < 0)
		return PYRO_RC_NOTFOUND;
	sections = calloc(elf->section_count, sizeof(*sections));
	if (!sections)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read_offset(elf, elf->section_table, sections,
				  elf->section_count * sizeof(*sections));
	if (rc != PYRO_RC_OK)
		return rc;
	if (elf->section_names >= elf->section_count)
		return PYRO_RC_FORMAT;
	names = &sections[elf->section_names];
	if (names->sh_type != SHT_STRTAB || names->sh_size == 0 ||
	    names->sh_size > PYRO_ELF_MAX_NAMES)
		return PYRO_RC_FORMAT;
	text = malloc(names->sh_size);
	if (!text)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read_offset(elf, names->sh_offset, text, names->sh_size);
	if (rc != PYRO_RC_OK)
		return rc;
	if (text[names->sh_size - 1] != 0)
		return PYRO_RC_FORMAT;
	elf->section_text_size = names->sh_size;
	elf->section_text = PYRO_TAKE_POINTER(text);
	elf->sections = PYRO_TAKE_POINTER(sections);
	return PYRO_RC_OK;
}

/* The first section of @type, or the first called @name. */
static enum pyro_rc find_section(struct pyro_elf *elf, const char *name, uint32_t type,
				 const Elf64_Shdr **ret_section)
{
	enum pyro_rc rc = load_sections(elf);

	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = 1; i < elf->section_count; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (name ? section->sh_name < elf->section_text_size &&
				    strcmp(elf->section_text + section->sh_name, name) == 0
			 : section->sh_type == type) {
			*ret_section = section;
			return PYRO_RC_OK;
		}
	}
	return PYRO_RC_NOTFOUND;
}

enum pyro_rc pyro_elf_section(struct pyro_elf *elf, const char *name,
			      struct pyro_elf_section *ret_section)
{
	const Elf64_Shdr *section;
	enum pyro_rc rc = find_section(elf, name, 0, &section);

	if (rc != PYRO_RC_OK)
		return rc;
	*ret_section = (struct pyro_elf_section){
		.addr = section->sh_addr,
		.offset = section->sh_offset,
		.size = section->sh_size,
		.type = section->sh_type,
		.loaded = section->sh_flags & SHF_ALLOC,
		.packed = section->sh_flags & SHF_COMPRESSED,
	};
	return PYRO_RC_OK;
}

bool pyro_elf_is_stripped(const struct pyro_elf *elf)
{
	const Elf64_Shdr *section;

	/* Loading the table on demand does not change what the object is. */
	return elf->fd >= 0 &&
	       find_section((struct pyro_elf *)elf, NULL, SHT_SYMTAB, &section) != PYRO_RC_OK;
}

static enum pyro_rc walk_symbols(struct pyro_elf *elf, const Elf64_Shdr *table, const char *strings,
				 uint64_t strings_size, const char *name,
				 struct pyro_elf_symbol *ret_symbol)
{
	enum {
		BLOCK = 512
	};
	Elf64_Sym symbols[BLOCK];
	const uint64_t count = table->sh_size / sizeof(Elf64_Sym);

	for (uint64_t first = 0; first < count; first += BLOCK) {
		const size_t block = count - first < BLOCK ? (size_t)(count - first) : BLOCK;
		enum pyro_rc rc;

		if (table->sh_offset > UINT64_MAX - first * sizeof(Elf64_Sym))
			return PYRO_RC_FORMAT;
		rc = pyro_elf_read_offset(elf, table->sh_offset + first * sizeof(Elf64_Sym),
					  symbols, block * sizeof(Elf64_Sym));
		if (rc != PYRO_RC_OK)
			return rc;
		for (size_t i = 0; i < block; i++) {
			const Elf64_Sym *symbol = &symbols[i];

			if (symbol->st_shndx == SHN_UNDEF || symbol->st_name >= strings_size ||
			    strcmp(strings + symbol->st_name, name) != 0)
				continue;
			*ret_symbol = (struct pyro_elf_symbol){
				.value = symbol->st_value,
				.size = symbol->st_size,
				.type = ELF64_ST_TYPE(symbol->st_info),
			};
			return PYRO_RC_OK;
		}
	}
	return PYRO_RC_NOTFOUND;
}

enum pyro_rc pyro_elf_symbol_table(struct pyro_elf *elf, uint32_t type,
				   const Elf64_Shdr **ret_table, const Elf64_Shdr **ret_names)
{
	const Elf64_Shdr *table, *names;
	enum pyro_rc rc = find_section(elf, NULL, type, &table);

	if (rc != PYRO_RC_OK)
		return rc;
	if (table->sh_entsize != sizeof(Elf64_Sym) || table->sh_link >= elf->section_count)
		return PYRO_RC_FORMAT;
	names = &elf->sections[table->sh_link];
	if (names->sh_type != SHT_STRTAB || names->sh_size == 0)
		return PYRO_RC_FORMAT;
	if (names->sh_size > PYRO_ELF_MAX_STRINGS ||
	    table->sh_size / sizeof(Elf64_Sym) > PYRO_ELF_MAX_SYMBOLS)
		return PYRO_RC_LIMIT;
	/* Ask the file before memory: sizes in it are only claims. */
	if (names->sh_offset > elf->file_size || names->sh_size > elf->file_size - names->sh_offset)
		return PYRO_RC_SHORT;
	*ret_table = table;
	*ret_names = names;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_elf_table_symbol(struct pyro_elf *elf, const char *name,
				   struct pyro_elf_symbol *ret_symbol)
{
	PYRO_AUTO_FREE char *strings = NULL;
	const Elf64_Shdr *table, *text;
	enum pyro_rc rc = pyro_elf_symbol_table(elf, SHT_SYMTAB, &table, &text);

	if (rc == PYRO_RC_NOTFOUND)
		rc = pyro_elf_symbol_table(elf, SHT_DYNSYM, &table, &text);
	if (rc != PYRO_RC_OK)
		return rc;
	strings = malloc(text->sh_size);
	if (!strings)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read_offset(elf, text->sh_offset, strings, text->sh_size);
	if (rc != PYRO_RC_OK)
		return rc;
	if (strings[text->sh_size - 1] != 0)
		return PYRO_RC_FORMAT;
	return walk_symbols(elf, table, strings, text->sh_size, name, ret_symbol);
}
