/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "elf/elf_internal.h"

/* What an ELF header may look like, and which we read. */
static enum pyro_rc check_header(const Elf64_Ehdr *header, struct pyro_err *err)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "not an ELF file");
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "a 32-bit ELF file");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "a big-endian ELF file");
	if (header->e_machine != EM_X86_64 && header->e_machine != EM_AARCH64)
		return pyro_err_set(err, PYRO_RC_UNSUPPORTED, "an ELF file for machine %u",
				    header->e_machine);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return pyro_err_set(err, PYRO_RC_FORMAT, "an ELF file that cannot be loaded");
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
	    header->e_phnum > PYRO_ELF_MAX_SEGMENTS)
		return pyro_err_set(err, PYRO_RC_FORMAT, "an ELF file with broken segments");
	return PYRO_RC_OK;
}

enum pyro_rc pyro_elf_read_offset(struct pyro_elf *elf, uint64_t offset, void *into, size_t size)
{
	size_t done = 0;

	if (elf->fd < 0)
		return PYRO_RC_NOTFOUND;
	if (offset > elf->file_size || size > elf->file_size - offset)
		return PYRO_RC_SHORT;
	while (done < size) {
		const ssize_t got =
			pread(elf->fd, (char *)into + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return PYRO_RC_IO;
		if (got == 0)
			return PYRO_RC_SHORT; /* the file shrank */
		done += (size_t)got;
	}
	return PYRO_RC_OK;
}

static const struct pyro_elf_segment *segment_of(const struct pyro_elf *elf, uint64_t addr)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct pyro_elf_segment *segment = &elf->segments[i];

		if (addr >= segment->addr && addr - segment->addr < segment->memory_size)
			return segment;
	}
	return NULL;
}

enum pyro_rc pyro_elf_read(struct pyro_elf *elf, uint64_t addr, void *into, size_t size)
{
	const struct pyro_elf_segment *segment = segment_of(elf, addr);
	uint64_t at;
	size_t in_file = 0;
	enum pyro_rc rc;

	if (!segment || size > segment->memory_size - (addr - segment->addr))
		return PYRO_RC_FAULT;
	if (elf->reader)
		return pyro_reader_read(elf->reader, elf->bias + addr, into, size);
	at = addr - segment->addr;
	if (at < segment->file_size)
		in_file = size < segment->file_size - at ? size : segment->file_size - at;
	if (segment->offset > UINT64_MAX - at)
		return PYRO_RC_FAULT;
	rc = in_file ? pyro_elf_read_offset(elf, segment->offset + at, into, in_file) : PYRO_RC_OK;
	if (rc == PYRO_RC_OK)
		memset((char *)into + in_file, 0, size - in_file);
	return rc;
}

static enum pyro_rc add_segment(struct pyro_elf *elf, const Elf64_Phdr *phdr)
{
	struct pyro_elf_segment *segment = &elf->segments[elf->segment_count];

	if (phdr->p_filesz > phdr->p_memsz || phdr->p_memsz > UINT64_MAX - phdr->p_vaddr)
		return PYRO_RC_FORMAT;
	*segment = (struct pyro_elf_segment){
		.addr = phdr->p_vaddr,
		.memory_size = phdr->p_memsz,
		.offset = phdr->p_offset,
		.file_size = phdr->p_filesz,
		.read = phdr->p_flags & PF_R,
		.write = phdr->p_flags & PF_W,
		.exec = phdr->p_flags & PF_X,
	};
	elf->segment_count++;
	return PYRO_RC_OK;
}

static enum pyro_rc load_segments(struct pyro_elf *elf, const Elf64_Phdr *phdrs, size_t count,
				  struct pyro_err *err)
{
	elf->segments = calloc(count, sizeof(*elf->segments));
	elf->notes = calloc(count, sizeof(*elf->notes));
	if (!elf->segments || !elf->notes)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *phdr = &phdrs[i];

		switch (phdr->p_type) {
		case PT_LOAD:
			if (add_segment(elf, phdr) != PYRO_RC_OK)
				return pyro_err_set(err, PYRO_RC_FORMAT,
						    "an ELF file with a broken segment %zu", i);
			break;
		case PT_DYNAMIC:
			elf->dynamic_addr = phdr->p_vaddr;
			elf->dynamic_size = phdr->p_filesz;
			break;
		case PT_NOTE:
			elf->notes[elf->note_count++] = (struct pyro_elf_note_range){
				.addr = phdr->p_vaddr,
				.size = phdr->p_filesz,
				.align = phdr->p_align == 8 ? 8 : 4,
			};
			break;
		case PT_GNU_EH_FRAME:
			elf->unwind_addr = phdr->p_vaddr;
			elf->unwind_size = phdr->p_memsz;
			break;
		case PT_INTERP:
			elf->interpreter = true;
			break;
		default:
			break;
		}
	}
	if (elf->segment_count == 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "an ELF file that loads nothing");
	return PYRO_RC_OK;
}

static enum pyro_rc create(struct pyro_elf *elf, const Elf64_Ehdr *header, const Elf64_Phdr *phdrs,
			   struct pyro_elf **ret_elf, struct pyro_err *err)
{
	enum pyro_rc rc = load_segments(elf, phdrs, header->e_phnum, err);

	if (rc != PYRO_RC_OK) {
		pyro_elf_destroy(elf);
		return rc;
	}
	elf->machine = header->e_machine;
	elf->section_table = header->e_shoff;
	elf->section_count = header->e_shentsize == sizeof(Elf64_Shdr) ? header->e_shnum : 0;
	elf->section_names = header->e_shstrndx;
	*ret_elf = elf;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_elf_create_from_fd(int fd, struct pyro_elf **ret_elf, struct pyro_err *err)
{
	PYRO_AUTO_FREE Elf64_Phdr *phdrs = NULL;
	struct pyro_elf *elf;
	Elf64_Ehdr header;
	struct stat st;
	enum pyro_rc rc;

	if (fstat(fd, &st) != 0)
		return pyro_err_set_errno(err, PYRO_RC_IO, errno, "cannot look at the file");
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > PYRO_MAX_ELF_FILE)
		return pyro_err_set(err, PYRO_RC_FORMAT, "not a regular file of sensible size");
	elf = calloc(1, sizeof(*elf));
	if (!elf)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	elf->fd = fd;
	elf->file_size = (uint64_t)st.st_size;
	rc = pyro_elf_read_offset(elf, 0, &header, sizeof(header));
	if (rc != PYRO_RC_OK)
		rc = pyro_err_set(err, rc == PYRO_RC_SHORT ? PYRO_RC_FORMAT : rc,
				  "not an ELF file");
	else
		rc = check_header(&header, err);
	if (rc == PYRO_RC_OK) {
		phdrs = calloc(header.e_phnum, sizeof(*phdrs));
		rc = !phdrs ? PYRO_RC_NOMEM
			    : pyro_elf_read_offset(elf, header.e_phoff, phdrs,
						   header.e_phnum * sizeof(*phdrs));
		if (rc != PYRO_RC_OK)
			rc = pyro_err_set(err, rc == PYRO_RC_SHORT ? PYRO_RC_FORMAT : rc,
					  "the ELF file has no segments: it is truncated");
	}
	if (rc != PYRO_RC_OK) {
		pyro_elf_destroy(elf);
		return rc;
	}
	return create(elf, &header, phdrs, ret_elf, err);
}

enum pyro_rc pyro_elf_create_from_memory(struct pyro_reader *reader, uint64_t addr,
					 struct pyro_elf **ret_elf, struct pyro_err *err)
{
	PYRO_AUTO_FREE Elf64_Phdr *phdrs = NULL;
	struct pyro_elf *elf;
	Elf64_Ehdr header;
	uint64_t bias;
	enum pyro_rc rc = pyro_reader_read(reader, addr, &header, sizeof(header));

	if (rc != PYRO_RC_OK)
		return pyro_err_set_addr(err, rc, addr, "cannot read the ELF header in memory");
	rc = check_header(&header, err);
	if (rc != PYRO_RC_OK)
		return rc;
	phdrs = calloc(header.e_phnum, sizeof(*phdrs));
	elf = calloc(1, sizeof(*elf));
	if (!phdrs || !elf) {
		free(elf);
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
	}
	elf->fd = -1;
	elf->reader = reader;
	rc = pyro_reader_read(reader, addr + header.e_phoff, phdrs,
			      header.e_phnum * sizeof(*phdrs));
	if (rc != PYRO_RC_OK) {
		free(elf);
		return pyro_err_set_addr(err, rc, addr, "cannot read the ELF segments in memory");
	}
	header.e_shnum = 0; /* not loaded */
	rc = create(elf, &header, phdrs, &elf, err);
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pyro_elf_bias(elf, addr, 0, 0, &bias);
	if (rc != PYRO_RC_OK) {
		pyro_elf_destroy(elf);
		return pyro_err_set_addr(err, PYRO_RC_FORMAT, addr,
					 "no segment holds the ELF header in memory");
	}
	elf->bias = bias;
	*ret_elf = elf;
	return PYRO_RC_OK;
}

void pyro_elf_destroy(struct pyro_elf *elf)
{
	if (!elf)
		return;
	free(elf->segments);
	free(elf->notes);
	free(elf->sections);
	free(elf->section_text);
	free(elf);
}

const struct pyro_elf_segment *pyro_elf_segments(const struct pyro_elf *elf, size_t *ret_count)
{
	*ret_count = elf->segment_count;
	return elf->segments;
}

uint16_t pyro_elf_machine(const struct pyro_elf *elf)
{
	return elf->machine;
}

enum pyro_rc pyro_elf_unwind_header(const struct pyro_elf *elf, uint64_t *ret_addr,
				    uint64_t *ret_size)
{
	if (elf->unwind_size == 0)
		return PYRO_RC_NOTFOUND;
	*ret_addr = elf->unwind_addr;
	*ret_size = elf->unwind_size;
	return PYRO_RC_OK;
}

bool pyro_elf_has_interpreter(const struct pyro_elf *elf)
{
	return elf->interpreter;
}

enum pyro_rc pyro_elf_bias(const struct pyro_elf *elf, uint64_t start, uint64_t offset, size_t at,
			   uint64_t *ret_bias)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct pyro_elf_segment *segment = &elf->segments[i];
		/* The loader maps whole pages, so from the start of the first page on. */
		const uint64_t slack = segment->offset % page;
		const uint64_t first = segment->offset - slack;

		if (offset < first || segment->file_size == 0 ||
		    offset - first >= segment->file_size + slack)
			continue;
		if (at-- > 0)
			continue;
		*ret_bias = start - (offset - first) - (segment->addr - slack);
		return PYRO_RC_OK;
	}
	return PYRO_RC_NOTFOUND;
}

/* One note: name "GNU", type NT_GNU_BUILD_ID. */
static enum pyro_rc find_build_id(const uint8_t *data, size_t size, size_t align,
				  uint8_t ret_id[PYRO_ELF_BUILD_ID_SIZE], size_t *ret_size)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		size_t name, body;

		memcpy(&note, data + at, sizeof(note));
		at += sizeof(note);
		name = ((size_t)note.n_namesz + align - 1) / align * align;
		body = ((size_t)note.n_descsz + align - 1) / align * align;
		if (name > size - at || note.n_descsz > size - at - name)
			return PYRO_RC_FORMAT;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(data + at, "GNU", 4) == 0 && note.n_descsz > 0 &&
		    note.n_descsz <= PYRO_ELF_BUILD_ID_SIZE) {
			memcpy(ret_id, data + at + name, note.n_descsz);
			*ret_size = note.n_descsz;
			return PYRO_RC_OK;
		}
		if (body > size - at - name)
			break;
		at += name + body;
	}
	return PYRO_RC_NOTFOUND;
}

enum pyro_rc pyro_elf_build_id(struct pyro_elf *elf, uint8_t ret_id[PYRO_ELF_BUILD_ID_SIZE],
			       size_t *ret_size)
{
	enum {
		MAX_NOTES = 4096
	};
	uint8_t data[MAX_NOTES];
	enum pyro_rc rc = PYRO_RC_NOTFOUND;

	for (size_t i = 0; i < elf->note_count && rc != PYRO_RC_OK; i++) {
		const struct pyro_elf_note_range *note = &elf->notes[i];
		const size_t size = note->size < MAX_NOTES ? note->size : MAX_NOTES;

		rc = pyro_elf_read(elf, note->addr, data, size);
		if (rc == PYRO_RC_OK)
			rc = find_build_id(data, size, note->align, ret_id, ret_size);
	}
	return rc;
}
