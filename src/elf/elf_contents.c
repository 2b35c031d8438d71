/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "elf/elf_internal.h"

/* Sections that are packed begin with an Elf64_Chdr (System V ABI, chapter 4). */

/* From binutils 2.40 on; older headers lack it. */
#define PACKED_BY_ZSTD 2

typedef bool unpack(const void *packed, size_t size, void *into, size_t wanted);

static bool unpack_zlib(const void *packed, size_t size, void *into, size_t wanted)
{
	uLongf done = wanted;

	return uncompress(into, &done, packed, size) == Z_OK && done == wanted;
}

static bool unpack_zstd(const void *packed, size_t size, void *into, size_t wanted)
{
	return ZSTD_decompress(into, wanted, packed, size) == wanted;
}

static unpack *unpacker_of(uint32_t type)
{
	static unpack *const unpackers[] = {
		[ELFCOMPRESS_ZLIB] = unpack_zlib, [PACKED_BY_ZSTD] = unpack_zstd};

	return type < PYRO_COUNT(unpackers) ? unpackers[type] : NULL;
}

static enum pyro_rc read_head(struct pyro_elf *elf, const struct pyro_elf_section *section,
			      Elf64_Chdr *ret_head)
{
	if (section->size < sizeof(*ret_head))
		return PYRO_RC_FORMAT;
	return pyro_elf_read_offset(elf, section->offset, ret_head, sizeof(*ret_head));
}

enum pyro_rc pyro_elf_contents_size(struct pyro_elf *elf, const struct pyro_elf_section *section,
				    uint64_t *ret_size)
{
	Elf64_Chdr head;
	enum pyro_rc rc;

	if (section->type == SHT_NOBITS)
		return PYRO_RC_NOTFOUND;
	*ret_size = section->size;
	if (!section->packed)
		return PYRO_RC_OK;
	rc = read_head(elf, section, &head);
	if (rc == PYRO_RC_OK && !unpacker_of(head.ch_type))
		rc = PYRO_RC_UNSUPPORTED;
	if (rc == PYRO_RC_OK)
		*ret_size = head.ch_size;
	return rc;
}

static enum pyro_rc load_packed(struct pyro_elf *elf, const struct pyro_elf_section *section,
				void *into, size_t size)
{
	PYRO_AUTO_FREE uint8_t *packed = NULL;
	Elf64_Chdr head;
	enum pyro_rc rc = read_head(elf, section, &head);

	if (rc != PYRO_RC_OK)
		return rc;
	if (!unpacker_of(head.ch_type))
		return PYRO_RC_UNSUPPORTED;
	if (section->offset > elf->file_size || section->size > elf->file_size - section->offset)
		return PYRO_RC_SHORT;
	packed = malloc(section->size);
	if (!packed)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read_offset(elf, section->offset, packed, section->size);
	if (rc != PYRO_RC_OK)
		return rc;
	return unpacker_of(head.ch_type)(packed + sizeof(head), section->size - sizeof(head), into,
					 size)
		       ? PYRO_RC_OK
		       : PYRO_RC_FORMAT;
}

enum pyro_rc pyro_elf_contents_load(struct pyro_elf *elf, const struct pyro_elf_section *section,
				    void *into, size_t size)
{
	if (section->packed)
		return load_packed(elf, section, into, size);
	return size == section->size ? pyro_elf_read_offset(elf, section->offset, into, size)
				     : PYRO_RC_FORMAT;
}
