/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "elf/elf_internal.h"

#define MAX_SYMBOL_NAME 256

/* In memory the loader may have turned addresses of the dynamic segment into real ones (glibc does,
 * musl does not). */
static uint64_t unbias(const struct pyro_elf *elf, uint64_t addr)
{
	uint64_t end = 0;

	for (size_t i = 0; i < elf->segment_count; i++) {
		const uint64_t last = elf->segments[i].addr + elf->segments[i].memory_size;

		end = last > end ? last : end;
	}
	return elf->reader && addr >= end ? addr - elf->bias : addr;
}

enum pyro_rc pyro_elf_load_dynamic(struct pyro_elf *elf)
{
	PYRO_AUTO_FREE Elf64_Dyn *entries = NULL;
	uint64_t count = elf->dynamic_size / sizeof(*entries);
	enum pyro_rc rc;

	if (elf->dynamic_loaded)
		return PYRO_RC_OK;
	if (count == 0)
		return PYRO_RC_NOTFOUND;
	if (count > PYRO_ELF_MAX_DYNAMIC)
		count = PYRO_ELF_MAX_DYNAMIC;
	entries = calloc(count, sizeof(*entries));
	if (!entries)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read(elf, elf->dynamic_addr, entries, count * sizeof(*entries));
	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		const uint64_t value = entries[i].d_un.d_val;

		switch (entries[i].d_tag) {
		case DT_SYMTAB:
			elf->symbols = unbias(elf, value);
			break;
		case DT_STRTAB:
			elf->strings = unbias(elf, value);
			break;
		case DT_STRSZ:
			elf->strings_size = value;
			break;
		case DT_GNU_HASH:
			elf->gnu_hash = unbias(elf, value);
			break;
		case DT_HASH:
			elf->sysv_hash = unbias(elf, value);
			break;
		default:
			break;
		}
	}
	elf->dynamic_loaded = true;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_elf_dynamic_entry(struct pyro_elf *elf, int64_t tag, uint64_t *ret_addr)
{
	for (size_t i = 0; i < PYRO_ELF_MAX_DYNAMIC; i++) {
		const uint64_t at = i * sizeof(Elf64_Dyn);
		Elf64_Dyn entry;
		enum pyro_rc rc;

		if (at >= elf->dynamic_size || elf->dynamic_addr > UINT64_MAX - at)
			break;
		rc = pyro_elf_read(elf, elf->dynamic_addr + at, &entry, sizeof(entry));
		if (rc != PYRO_RC_OK)
			return rc;
		if (entry.d_tag == tag) {
			*ret_addr = elf->dynamic_addr + at + offsetof(Elf64_Dyn, d_un);
			return PYRO_RC_OK;
		}
		if (entry.d_tag == DT_NULL)
			break;
	}
	return PYRO_RC_NOTFOUND;
}

/* Element @index of an array of @size bytes each. */
static enum pyro_rc read_element(struct pyro_elf *elf, uint64_t array, uint64_t index, void *into,
				 size_t size)
{
	if (index > (UINT64_MAX - array) / size)
		return PYRO_RC_FORMAT;
	return pyro_elf_read(elf, array + index * size, into, size);
}

/* OK if the symbol @index is defined here and called @name, else NOTFOUND. */
static enum pyro_rc try_symbol(struct pyro_elf *elf, uint64_t index, const char *name,
			       struct pyro_elf_symbol *ret_symbol)
{
	char text[MAX_SYMBOL_NAME];
	const size_t size = strlen(name) + 1;
	Elf64_Sym symbol;
	enum pyro_rc rc = read_element(elf, elf->symbols, index, &symbol, sizeof(symbol));

	if (rc != PYRO_RC_OK)
		return rc;
	if (symbol.st_shndx == SHN_UNDEF || size > sizeof(text) ||
	    symbol.st_name > elf->strings_size || size > elf->strings_size - symbol.st_name ||
	    elf->strings > UINT64_MAX - symbol.st_name)
		return PYRO_RC_NOTFOUND;
	rc = pyro_elf_read(elf, elf->strings + symbol.st_name, text, size);
	if (rc != PYRO_RC_OK)
		return rc;
	if (memcmp(text, name, size) != 0)
		return PYRO_RC_NOTFOUND;
	*ret_symbol = (struct pyro_elf_symbol){
		.value = symbol.st_value,
		.size = symbol.st_size,
		.type = ELF64_ST_TYPE(symbol.st_info),
	};
	return PYRO_RC_OK;
}

/* Layout of DT_GNU_HASH: four words, a Bloom filter of 64-bit words, buckets, chains of hashes
 * whose last has bit 0 set. */
static enum pyro_rc find_by_gnu_hash(struct pyro_elf *elf, const char *name,
				     struct pyro_elf_symbol *ret_symbol)
{
	uint32_t header[4], hash = 5381, bucket, chain;
	uint64_t bloom, word, buckets, chains;
	enum pyro_rc rc = pyro_elf_read(elf, elf->gnu_hash, header, sizeof(header));

	if (rc != PYRO_RC_OK)
		return rc;
	if (header[0] == 0 || header[2] == 0 || elf->gnu_hash > UINT64_MAX / 2)
		return PYRO_RC_FORMAT;
	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	bloom = elf->gnu_hash + sizeof(header);
	rc = read_element(elf, bloom, (hash / 64) % header[2], &word, sizeof(word));
	if (rc != PYRO_RC_OK)
		return rc;
	if (!(word >> (hash % 64) & 1) ||
	    !(word >> ((header[3] < 32 ? hash >> header[3] : 0) % 64) & 1))
		return PYRO_RC_NOTFOUND;
	buckets = bloom + (uint64_t)header[2] * sizeof(word);
	chains = buckets + (uint64_t)header[0] * sizeof(bucket);
	rc = read_element(elf, buckets, hash % header[0], &bucket, sizeof(bucket));
	if (rc != PYRO_RC_OK)
		return rc;
	if (bucket < header[1])
		return PYRO_RC_NOTFOUND; /* an empty bucket */
	for (uint32_t i = 0; i < PYRO_ELF_MAX_CHAIN; i++) {
		const uint64_t index = (uint64_t)bucket + i;

		rc = read_element(elf, chains, index - header[1], &chain, sizeof(chain));
		if (rc != PYRO_RC_OK)
			return rc;
		if ((chain | 1) == (hash | 1)) {
			rc = try_symbol(elf, index, name, ret_symbol);
			if (rc != PYRO_RC_NOTFOUND)
				return rc;
		}
		if (chain & 1)
			return PYRO_RC_NOTFOUND;
	}
	return PYRO_RC_LIMIT;
}

/* Layout of DT_HASH: two counts, buckets, chains of symbol indices that end with 0. */
static enum pyro_rc find_by_sysv_hash(struct pyro_elf *elf, const char *name,
				      struct pyro_elf_symbol *ret_symbol)
{
	uint32_t header[2], hash = 0, index;
	uint64_t buckets, chains;
	enum pyro_rc rc = pyro_elf_read(elf, elf->sysv_hash, header, sizeof(header));

	if (rc != PYRO_RC_OK)
		return rc;
	if (header[0] == 0 || elf->sysv_hash > UINT64_MAX / 2)
		return PYRO_RC_FORMAT;
	for (const char *c = name; *c; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		hash ^= (hash & 0xf0000000) >> 24;
		hash &= 0x0fffffff;
	}
	buckets = elf->sysv_hash + sizeof(header);
	chains = buckets + (uint64_t)header[0] * sizeof(index);
	rc = read_element(elf, buckets, hash % header[0], &index, sizeof(index));
	for (uint32_t i = 0; rc == PYRO_RC_OK && index != 0; i++) {
		if (i == PYRO_ELF_MAX_CHAIN)
			return PYRO_RC_LIMIT;
		rc = try_symbol(elf, index, name, ret_symbol);
		if (rc != PYRO_RC_NOTFOUND)
			return rc;
		rc = read_element(elf, chains, index, &index, sizeof(index));
	}
	return rc == PYRO_RC_OK ? PYRO_RC_NOTFOUND : rc;
}

enum pyro_rc pyro_elf_dynamic_symbol(struct pyro_elf *elf, const char *name,
				     struct pyro_elf_symbol *ret_symbol)
{
	enum pyro_rc rc = pyro_elf_load_dynamic(elf);

	if (rc != PYRO_RC_OK)
		return rc;
	if (!elf->symbols || !elf->strings)
		return PYRO_RC_NOTFOUND;
	if (elf->gnu_hash)
		return find_by_gnu_hash(elf, name, ret_symbol);
	if (elf->sysv_hash)
		return find_by_sysv_hash(elf, name, ret_symbol);
	return PYRO_RC_NOTFOUND;
}
