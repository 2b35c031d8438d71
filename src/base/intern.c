/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/map.h"

struct pyro_intern_entry {
	char *text;
	uint32_t size;
	uint32_t next; /* another entry of the same hash, UINT32_MAX at the end */
};

void pyro_intern_init(struct pyro_intern *intern, size_t limit)
{
	*intern = (struct pyro_intern){.limit = limit};
	pyro_map_init(&intern->by_hash, UINT32_MAX - 1);
}

void pyro_intern_deinit(struct pyro_intern *intern)
{
	for (size_t i = 0; i < intern->count; i++)
		free(intern->entries[i].text);
	free(intern->entries);
	pyro_map_deinit(&intern->by_hash);
	*intern = (struct pyro_intern){.limit = intern->limit};
}

enum pyro_rc pyro_intern_add(struct pyro_intern *intern, const void *bytes, size_t size,
			     uint32_t *ret_index)
{
	const uint64_t hash = pyro_hash_bytes(bytes, size);
	uint64_t first = UINT32_MAX;
	enum pyro_rc rc;
	char *text;

	pyro_map_get(&intern->by_hash, hash, &first);
	for (uint32_t i = (uint32_t)first; i != UINT32_MAX; i = intern->entries[i].next) {
		const struct pyro_intern_entry *entry = &intern->entries[i];

		if (entry->size == size && (!size || memcmp(entry->text, bytes, size) == 0)) {
			*ret_index = i;
			return PYRO_RC_OK;
		}
	}
	if (size >= UINT32_MAX || size > intern->limit - intern->bytes ||
	    intern->count >= UINT32_MAX - 1)
		return PYRO_RC_LIMIT;
	if (intern->count == intern->capacity) {
		size_t capacity = intern->capacity ? intern->capacity * 2 : 64;
		struct pyro_intern_entry *entries =
			reallocarray(intern->entries, capacity, sizeof(*entries));

		if (!entries)
			return PYRO_RC_NOMEM;
		intern->entries = entries;
		intern->capacity = capacity;
	}
	text = malloc(size + 1);
	if (!text)
		return PYRO_RC_NOMEM;
	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	rc = pyro_map_put(&intern->by_hash, hash, intern->count);
	if (rc) {
		free(text);
		return rc;
	}
	intern->entries[intern->count] = (struct pyro_intern_entry){
		.text = text,
		.size = (uint32_t)size,
		.next = (uint32_t)first,
	};
	intern->bytes += size;
	*ret_index = (uint32_t)intern->count++;
	return PYRO_RC_OK;
}

const char *pyro_intern_get(const struct pyro_intern *intern, uint32_t index, size_t *ret_size)
{
	if (index >= intern->count)
		return NULL;
	if (ret_size)
		*ret_size = intern->entries[index].size;
	return intern->entries[index].text;
}
