/* SPDX-License-Identifier: Apache-2.0 */
#include "elf_build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char strings[] = "\0undefined\0alpha\0beta\0_PyRuntime";
enum {
	NAME_UNDEFINED = 1,
	NAME_ALPHA = 11,
	NAME_BETA = 17,
	NAME_RUNTIME = 22
};

static const char names[] = "\0.dynsym\0.dynstr\0.shstrtab\0.PyRuntime\0.symtab\0.strtab";
enum {
	NAME_DYNSYM = 1,
	NAME_DYNSTR = 9,
	NAME_SHSTRTAB = 17,
	NAME_SECTION = 27,
	NAME_SYMTAB = 38,
	NAME_STRTAB = 46
};

static const char more_strings[] = "\0hidden";

/* In the order of the buckets of DT_GNU_HASH, of which there is one. */
static const Elf64_Sym symbols[] = {
	{0},
	{.st_name = NAME_UNDEFINED, .st_info = STT_OBJECT},
	{.st_name = NAME_ALPHA,
	 .st_info = STT_FUNC,
	 .st_shndx = 5,
	 .st_value = BUILD_ALPHA,
	 .st_size = 10},
	{.st_name = NAME_BETA,
	 .st_info = STT_FUNC,
	 .st_shndx = 5,
	 .st_value = BUILD_BETA,
	 .st_size = 20},
	{.st_name = NAME_RUNTIME,
	 .st_info = STT_OBJECT,
	 .st_shndx = 4,
	 .st_value = BUILD_RUNTIME,
	 .st_size = 30},
};
enum {
	SYMBOLS = sizeof(symbols) / sizeof(symbols[0]),
	FIRST_HASHED = 2
};

static void put(uint8_t *file, size_t offset, const void *bytes, size_t size)
{
	memcpy(file + offset, bytes, size);
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

static void put_gnu_hash(uint8_t *file)
{
	uint32_t header[4] = {1, FIRST_HASHED, 1, 6};
	uint32_t bucket = FIRST_HASHED, chain[SYMBOLS - FIRST_HASHED];
	uint64_t bloom = 0;

	for (size_t i = FIRST_HASHED; i < SYMBOLS; i++) {
		const uint32_t hash = gnu_hash_of(strings + symbols[i].st_name);

		bloom |= 1ull << hash % 64 | 1ull << (hash >> 6) % 64;
		chain[i - FIRST_HASHED] = (hash & ~1u) | (i + 1 == SYMBOLS);
	}
	put(file, BUILD_GNU_HASH, header, sizeof(header));
	put(file, BUILD_GNU_HASH + 16, &bloom, sizeof(bloom));
	put(file, BUILD_GNU_HASH + 24, &bucket, sizeof(bucket));
	put(file, BUILD_GNU_HASH + 28, chain, sizeof(chain));
}

/* One bucket that holds every symbol, the last one first. */
static void put_sysv_hash(uint8_t *file)
{
	uint32_t words[2 + 1 + SYMBOLS] = {1, SYMBOLS, SYMBOLS - 1};

	for (uint32_t i = 1; i < SYMBOLS; i++)
		words[3 + i] = i - 1;
	put(file, BUILD_SYSV_HASH, words, sizeof(words));
}

static void put_dynamic(const struct build *build, uint8_t *file)
{
	Elf64_Dyn entries[16] = {0};
	size_t count = 0;

	entries[count++] = (Elf64_Dyn){DT_DEBUG, {0}};
	entries[count++] = (Elf64_Dyn){DT_SYMTAB, {BUILD_BASE + BUILD_SYMBOLS}};
	entries[count++] = (Elf64_Dyn){DT_STRTAB, {BUILD_BASE + BUILD_STRINGS}};
	entries[count++] = (Elf64_Dyn){DT_STRSZ, {sizeof(strings)}};
	if (build->gnu_hash)
		entries[count++] = (Elf64_Dyn){DT_GNU_HASH, {BUILD_BASE + BUILD_GNU_HASH}};
	if (build->sysv_hash)
		entries[count++] = (Elf64_Dyn){DT_HASH, {BUILD_BASE + BUILD_SYSV_HASH}};
	put(file, BUILD_DYNAMIC, entries, sizeof(entries));
}

static void put_segments(const struct build *build, uint8_t *file, Elf64_Ehdr *header)
{
	Elf64_Phdr segments[5] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_vaddr = BUILD_BASE,
		 .p_filesz = BUILD_DATA_OFFSET,
		 .p_memsz = BUILD_DATA_OFFSET},
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_W,
		 .p_vaddr = BUILD_DATA,
		 .p_offset = BUILD_DATA_OFFSET,
		 .p_filesz = BUILD_DATA_FILE,
		 .p_memsz = BUILD_DATA_MEMORY},
		{.p_type = PT_DYNAMIC,
		 .p_vaddr = BUILD_BASE + BUILD_DYNAMIC,
		 .p_offset = BUILD_DYNAMIC,
		 .p_filesz = 16 * sizeof(Elf64_Dyn)},
	};
	size_t count = 3;

	if (build->build_id)
		segments[count++] = (Elf64_Phdr){.p_type = PT_NOTE,
						 .p_align = 4,
						 .p_vaddr = BUILD_BASE + BUILD_NOTE,
						 .p_offset = BUILD_NOTE,
						 .p_filesz = 24 + 36};
	if (build->interpreter)
		segments[count++] = (Elf64_Phdr){.p_type = PT_INTERP};
	put(file, sizeof(*header), segments, count * sizeof(segments[0]));
	header->e_phoff = sizeof(*header);
	header->e_phentsize = sizeof(segments[0]);
	header->e_phnum = (uint16_t)count;
}

static void put_sections(const struct build *build, uint8_t *file, Elf64_Ehdr *header)
{
	const Elf64_Sym hidden[2] = {{0},
				     {.st_name = 1,
				      .st_info = STT_OBJECT,
				      .st_shndx = 4,
				      .st_value = BUILD_HIDDEN,
				      .st_size = 8}};
	const Elf64_Shdr sections[] = {
		{0},
		{.sh_name = NAME_DYNSYM,
		 .sh_type = SHT_DYNSYM,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = BUILD_BASE + BUILD_SYMBOLS,
		 .sh_offset = BUILD_SYMBOLS,
		 .sh_size = sizeof(symbols),
		 .sh_entsize = sizeof(Elf64_Sym),
		 .sh_link = 2},
		{.sh_name = NAME_DYNSTR,
		 .sh_type = SHT_STRTAB,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = BUILD_BASE + BUILD_STRINGS,
		 .sh_offset = BUILD_STRINGS,
		 .sh_size = sizeof(strings)},
		{.sh_name = NAME_SHSTRTAB,
		 .sh_type = SHT_STRTAB,
		 .sh_offset = BUILD_NAMES,
		 .sh_size = sizeof(names)},
		{.sh_name = NAME_SECTION,
		 .sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC,
		 .sh_addr = BUILD_RUNTIME,
		 .sh_offset = BUILD_DATA_OFFSET + 0x40,
		 .sh_size = 30},
		{.sh_name = NAME_SYMTAB,
		 .sh_type = SHT_SYMTAB,
		 .sh_offset = BUILD_SYMTAB,
		 .sh_size = sizeof(hidden),
		 .sh_entsize = sizeof(Elf64_Sym),
		 .sh_link = 6},
		{.sh_name = NAME_STRTAB,
		 .sh_type = SHT_STRTAB,
		 .sh_offset = BUILD_STRTAB,
		 .sh_size = sizeof(more_strings)},
	};

	put(file, BUILD_SECTIONS, sections, sizeof(sections));
	put(file, BUILD_NAMES, names, sizeof(names));
	put(file, BUILD_SYMTAB, hidden, sizeof(hidden));
	put(file, BUILD_STRTAB, more_strings, sizeof(more_strings));
	header->e_shoff = BUILD_SECTIONS;
	header->e_shentsize = sizeof(Elf64_Shdr);
	header->e_shnum = build->symtab ? 7 : 5;
	header->e_shstrndx = 3;
}

void build_elf(const struct build *build, uint8_t file[BUILD_SIZE])
{
	/* Another note first, so that the right one has to be looked for. */
	static const uint32_t notes[] = {4, 5, 1, 0x00554e47, 0xffffffff, 0x000000ff};
	static const uint32_t id_head[] = {4, 20, NT_GNU_BUILD_ID, 0x00554e47};
	Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_DYN,
			     .e_machine = EM_X86_64,
			     .e_version = EV_CURRENT,
			     .e_ehsize = sizeof(header)};

	memset(file, 0, BUILD_SIZE);
	for (size_t i = 0; i < BUILD_DATA_FILE; i++)
		file[BUILD_DATA_OFFSET + i] = (uint8_t)i;
	put(file, BUILD_SYMBOLS, symbols, sizeof(symbols));
	put(file, BUILD_STRINGS, strings, sizeof(strings));
	put_dynamic(build, file);
	put_gnu_hash(file);
	put_sysv_hash(file);
	put(file, BUILD_NOTE, notes, sizeof(notes));
	put(file, BUILD_NOTE + sizeof(notes), id_head, sizeof(id_head));
	for (uint8_t i = 0; i < 20; i++)
		file[BUILD_NOTE + sizeof(notes) + sizeof(id_head) + i] = i + 1;
	put_segments(build, file, &header);
	if (build->sections)
		put_sections(build, file, &header);
	put(file, 0, &header, sizeof(header));
}

int build_open(const void *bytes, size_t size)
{
	const int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size)
		abort();
	return fd;
}

static enum pyro_rc memory_readv(struct pyro_reader *reader, const struct pyro_span *spans,
				 size_t count, size_t *ret_done)
{
	const struct build_memory *memory = (const struct build_memory *)reader;

	for (*ret_done = 0; *ret_done < count; (*ret_done)++) {
		const uint64_t at = spans[*ret_done].addr - memory->bias - BUILD_BASE;

		if (at > sizeof(memory->bytes) ||
		    spans[*ret_done].size > sizeof(memory->bytes) - at)
			return PYRO_RC_FAULT;
		memcpy(spans[*ret_done].into, memory->bytes + at, spans[*ret_done].size);
	}
	return PYRO_RC_OK;
}

void build_load(const uint8_t file[BUILD_SIZE], uint64_t bias, struct build_memory *ret_memory)
{
	memset(ret_memory, 0, sizeof(*ret_memory));
	ret_memory->reader.readv = memory_readv;
	ret_memory->bias = bias;
	memcpy(ret_memory->bytes, file, BUILD_DATA_OFFSET);
	memcpy(ret_memory->bytes + BUILD_DATA - BUILD_BASE, file + BUILD_DATA_OFFSET,
	       BUILD_DATA_FILE);
}
