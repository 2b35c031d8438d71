/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/elf_functions.h"

#include <string.h>

#include "elf/elf_internal.h"

enum {
	BLOCK = 512,
	LOOK_BACK = 16 /* functions within functions, one in the other */
};

/* Lies the table in the file or in the segments? */
typedef enum pyro_rc read_at(struct pyro_elf *elf, uint64_t at, void *into, size_t size);

struct table {
	read_at *read;
	uint64_t symbols;
	uint64_t count;
	uint64_t names;
	uint64_t names_size;
};

/* Symbols that all see come before those that give way, and those before a file's own; glibc's
 * names for its inner calls come last. */
static uint32_t rank_of(const Elf64_Sym *symbol, const char *name)
{
	static const uint8_t ranks[16] = {
		[STB_LOCAL] = 2, [STB_GLOBAL] = 0, [STB_WEAK] = 1, [STB_GNU_UNIQUE] = 1};

	return ranks[ELF64_ST_BIND(symbol->st_info)] + (symbol->st_size ? 0 : 4) +
	       (strncmp(name, "__GI_", 5) == 0 ? 8 : 0);
}

static bool is_function(const Elf64_Sym *symbol)
{
	const unsigned int type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC);
}

static enum pyro_rc add(struct pyro_elf_functions *functions, const Elf64_Sym *symbol,
			uint32_t name)
{
	if (functions->count == functions->capacity) {
		const size_t capacity = functions->capacity ? functions->capacity * 2 : 256;
		struct pyro_elf_function *items =
			reallocarray(functions->items, capacity, sizeof(*items));

		if (!items)
			return PYRO_RC_NOMEM;
		functions->items = items;
		functions->capacity = capacity;
	}
	functions->items[functions->count++] = (struct pyro_elf_function){
		.addr = symbol->st_value,
		.size = symbol->st_size,
		.name = name,
		.rank = rank_of(symbol, functions->names + name),
	};
	return PYRO_RC_OK;
}

static enum pyro_rc add_symbols(struct pyro_elf_functions *functions, struct pyro_elf *elf,
				const struct table *table)
{
	const size_t first_name = functions->names_size;
	Elf64_Sym symbols[BLOCK];

	for (uint64_t at = 0; at < table->count; at += BLOCK) {
		const size_t block =
			table->count - at < BLOCK ? (size_t)(table->count - at) : BLOCK;
		enum pyro_rc rc;

		if (table->symbols > UINT64_MAX - at * sizeof(Elf64_Sym))
			return PYRO_RC_FORMAT;
		rc = table->read(elf, table->symbols + at * sizeof(Elf64_Sym), symbols,
				 block * sizeof(Elf64_Sym));
		for (size_t i = 0; rc == PYRO_RC_OK && i < block; i++) {
			if (is_function(&symbols[i]) && symbols[i].st_name < table->names_size &&
			    functions->names[first_name + symbols[i].st_name])
				rc = add(functions, &symbols[i],
					 (uint32_t)(first_name + symbols[i].st_name));
		}
		if (rc != PYRO_RC_OK)
			return rc;
	}
	return PYRO_RC_OK;
}

static int by_address(const void *left, const void *right)
{
	const struct pyro_elf_function *a = left, *b = right;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1; /* the one that is meant comes last */
	return a->name > b->name ? -1 : a->name < b->name;
}

static enum pyro_rc add_table(struct pyro_elf_functions *functions, struct pyro_elf *elf,
			      const struct table *table)
{
	const size_t count = functions->count, names_size = functions->names_size;
	enum pyro_rc rc;
	char *names;

	if (names_size > UINT32_MAX - table->names_size - 1)
		return PYRO_RC_LIMIT;
	names = realloc(functions->names, names_size + table->names_size + 1);
	if (!names)
		return PYRO_RC_NOMEM;
	functions->names = names;
	rc = table->read(elf, table->names, names + names_size, table->names_size);
	names[names_size + table->names_size] = 0;
	if (rc == PYRO_RC_OK)
		rc = add_symbols(functions, elf, table);
	if (rc != PYRO_RC_OK) {
		functions->count = count;
		return rc;
	}
	functions->names_size = names_size + table->names_size + 1;
	if (functions->count)
		qsort(functions->items, functions->count, sizeof(*functions->items), by_address);
	return PYRO_RC_OK;
}

/* The dynamic segment does not say how many symbols there are. The last one that the hash table
 * leads to is the last. */
static enum pyro_rc count_by_gnu_hash(struct pyro_elf *elf, uint64_t *ret_count)
{
	uint32_t header[4], buckets[BLOCK], last = 0, chain = 0;
	uint64_t at, chains;
	enum pyro_rc rc = pyro_elf_read(elf, elf->gnu_hash, header, sizeof(header));

	if (rc != PYRO_RC_OK)
		return rc;
	if (elf->gnu_hash > UINT64_MAX / 2 || header[0] > PYRO_ELF_MAX_SYMBOLS)
		return PYRO_RC_FORMAT;
	at = elf->gnu_hash + sizeof(header) + (uint64_t)header[2] * sizeof(uint64_t);
	chains = at + (uint64_t)header[0] * sizeof(uint32_t);
	for (uint32_t done = 0; done < header[0]; done += BLOCK) {
		const uint32_t block = header[0] - done < BLOCK ? header[0] - done : BLOCK;

		rc = pyro_elf_read(elf, at + (uint64_t)done * sizeof(uint32_t), buckets,
				   block * sizeof(uint32_t));
		if (rc != PYRO_RC_OK)
			return rc;
		for (uint32_t i = 0; i < block; i++)
			last = buckets[i] > last ? buckets[i] : last;
	}
	*ret_count = 0;
	if (last < header[1])
		return PYRO_RC_OK;
	for (uint32_t i = 0; !(chain & 1); i++, last++) {
		if (i == PYRO_ELF_MAX_CHAIN)
			return PYRO_RC_LIMIT;
		rc = pyro_elf_read(elf, chains + (uint64_t)(last - header[1]) * sizeof(chain),
				   &chain, sizeof(chain));
		if (rc != PYRO_RC_OK)
			return rc;
	}
	*ret_count = last;
	return PYRO_RC_OK;
}

static enum pyro_rc find_dynamic(struct pyro_elf *elf, struct table *ret_table)
{
	uint32_t header[2];
	enum pyro_rc rc = pyro_elf_load_dynamic(elf);

	if (rc != PYRO_RC_OK)
		return rc;
	if (!elf->symbols || !elf->strings)
		return PYRO_RC_NOTFOUND;
	*ret_table = (struct table){
		.read = pyro_elf_read,
		.symbols = elf->symbols,
		.names = elf->strings,
		.names_size = elf->strings_size,
	};
	if (elf->sysv_hash) {
		rc = pyro_elf_read(elf, elf->sysv_hash, header, sizeof(header));
		ret_table->count = header[1];
	} else if (elf->gnu_hash) {
		rc = count_by_gnu_hash(elf, &ret_table->count);
	} else {
		rc = PYRO_RC_NOTFOUND;
	}
	if (rc == PYRO_RC_OK && (ret_table->count > PYRO_ELF_MAX_SYMBOLS ||
				 ret_table->names_size > PYRO_ELF_MAX_STRINGS))
		return PYRO_RC_LIMIT;
	return rc;
}

enum pyro_rc pyro_elf_functions_add(struct pyro_elf_functions *functions, struct pyro_elf *elf)
{
	const Elf64_Shdr *symbols, *names;
	struct table table;
	enum pyro_rc rc = pyro_elf_symbol_table(elf, SHT_SYMTAB, &symbols, &names);

	if (rc == PYRO_RC_OK)
		table = (struct table){
			.read = pyro_elf_read_offset,
			.symbols = symbols->sh_offset,
			.count = symbols->sh_size / sizeof(Elf64_Sym),
			.names = names->sh_offset,
			.names_size = names->sh_size,
		};
	else
		rc = find_dynamic(elf, &table);
	if (rc == PYRO_RC_NOTFOUND)
		return PYRO_RC_OK;
	return rc == PYRO_RC_OK ? add_table(functions, elf, &table) : rc;
}

void pyro_elf_functions_deinit(struct pyro_elf_functions *functions)
{
	free(functions->items);
	free(functions->names);
	*functions = (struct pyro_elf_functions){0};
}

const struct pyro_elf_function *pyro_elf_functions_find(const struct pyro_elf_functions *functions,
							uint64_t addr)
{
	const struct pyro_elf_function *items = functions->items;
	size_t low = 0, high = functions->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (items[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < LOOK_BACK && i < low; i++) {
		const struct pyro_elf_function *function = &items[low - 1 - i];

		if (function->size ? addr - function->addr < function->size : i == 0)
			return function;
	}
	return NULL;
}
