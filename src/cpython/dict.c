/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/dict.h"

#include <stdlib.h>
#include <string.h>

#include "cpython/unicode.h"

/* PyDictKeysObject, Objects/dict-common.h (to 3.10), pycore_dict.h: to 3.10 dk_refcnt, dk_size,
 * dk_lookup, dk_usable, dk_nentries, indices; from 3.11 on dk_refcnt, dk_log2_size,
 * dk_log2_index_bytes, dk_kind, dk_version, dk_usable, dk_nentries, indices. */
#define OLD_SIZE           8
#define OLD_ENTRIES        32
#define OLD_INDICES        40
#define NEW_LOG2_BYTES     9
#define NEW_KIND           10
#define NEW_ENTRIES        24
#define NEW_INDICES        32
#define KEYS_HEAD          40
#define KIND_GENERAL       0 /* entries of hash, key, value; otherwise of key, value */

#define FLAG_INLINE_VALUES (1u << 2) /* Py_TPFLAGS_INLINE_VALUES, 3.13 on */
#define FLAG_MANAGED_DICT  (1u << 4) /* Py_TPFLAGS_MANAGED_DICT, 3.11 on */

#define BATCH              1000                /* keys read at once */
#define MAX_ENTRIES        (UINT64_C(1) << 32) /* beyond, an index would have 8 bytes */
#define MAX_LOG2_BYTES     34
#define MAX_OFFSET         (1u << 20) /* of a dict in an object */

void pyro_items_deinit(struct pyro_items *items)
{
	free(items->items);
	items->items = NULL;
	items->count = 0;
	items->total = 0;
}

/* Reads afresh: what was found before is gone. */
static enum pyro_rc read_at(struct pyro_window *window, uint64_t addr, size_t size,
			    struct pyro_bytes *ret_bytes)
{
	enum pyro_rc rc;

	pyro_window_reset(window);
	pyro_window_plan_region(window, addr, size);
	rc = pyro_window_fetch(window);
	if (rc != PYRO_RC_OK)
		return rc;
	*ret_bytes = pyro_window_find(window, addr, size);
	return ret_bytes->data ? PYRO_RC_OK : PYRO_RC_FAULT;
}

static enum pyro_rc read_u64(struct pyro_window *window, uint64_t addr, uint64_t *ret_value)
{
	struct pyro_bytes bytes;
	enum pyro_rc rc = read_at(window, addr, 8, &bytes);

	*ret_value = rc == PYRO_RC_OK ? pyro_bytes_u64(bytes, 0) : 0;
	return rc;
}

struct keys {
	uint64_t entries; /* address */
	size_t count;
	size_t entry_size;
	size_t key_at; /* in an entry */
};

static enum pyro_rc read_keys(struct pyro_window *window, const struct pyro_layout *layout,
			      uint64_t addr, struct keys *ret_keys)
{
	struct pyro_bytes head;
	uint64_t index_bytes, count;
	bool general = true;
	enum pyro_rc rc = read_at(window, addr, KEYS_HEAD, &head);

	if (rc != PYRO_RC_OK)
		return rc;
	if (layout->minor <= 10) {
		const uint64_t size = pyro_bytes_u64(head, OLD_SIZE);

		if (size > MAX_ENTRIES)
			return PYRO_RC_FAULT;
		index_bytes = size <= 0xff ? size : size <= 0xffff ? size * 2 : size * 4;
		count = pyro_bytes_u64(head, OLD_ENTRIES);
		ret_keys->entries = addr + OLD_INDICES + index_bytes;
	} else {
		const unsigned int log2_bytes = pyro_bytes_u8(head, NEW_LOG2_BYTES);

		if (log2_bytes > MAX_LOG2_BYTES)
			return PYRO_RC_FAULT;
		general = pyro_bytes_u8(head, NEW_KIND) == KIND_GENERAL;
		count = pyro_bytes_u64(head, NEW_ENTRIES);
		ret_keys->entries = addr + NEW_INDICES + ((uint64_t)1 << log2_bytes);
	}
	if (count > MAX_ENTRIES)
		return PYRO_RC_FAULT;
	ret_keys->count = count;
	ret_keys->entry_size = general ? 24 : 16;
	ret_keys->key_at = general ? 8 : 0;
	return PYRO_RC_OK;
}

/* The entries from @first on, @limit at most. @values: address of the values' array where they do
 * not lie in the entries, else 0. */
static enum pyro_rc load(struct pyro_window *window, const struct pyro_layout *layout,
			 uint64_t keys_addr, uint64_t values, size_t first, size_t limit,
			 struct pyro_items *ret_items)
{
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};
	struct pyro_bytes bytes;
	struct keys keys;
	enum pyro_rc rc;

	rc = read_keys(window, layout, keys_addr, &keys);
	if (rc != PYRO_RC_OK)
		return rc;
	if (first < keys.count)
		items.count = keys.count - first < limit ? keys.count - first : limit;
	items.total = keys.count;
	items.items = calloc(items.count ? items.count : 1, sizeof(*items.items));
	if (!items.items)
		return PYRO_RC_NOMEM;
	if (items.count > 0) {
		rc = read_at(window, keys.entries + first * keys.entry_size,
			     items.count * keys.entry_size, &bytes);
		if (rc != PYRO_RC_OK)
			return rc;
	}
	for (size_t i = 0; i < items.count; i++) {
		const size_t at = i * keys.entry_size + keys.key_at;

		items.items[i].key = pyro_bytes_u64(bytes, at);
		items.items[i].value = pyro_bytes_u64(bytes, at + 8);
	}
	if (values != 0 && items.count > 0) {
		rc = read_at(window, values + first * 8, items.count * 8, &bytes);
		if (rc != PYRO_RC_OK)
			return rc;
		for (size_t i = 0; i < items.count; i++)
			items.items[i].value = pyro_bytes_u64(bytes, i * 8);
	}
	*ret_items = items;
	items.items = NULL;
	return PYRO_RC_OK;
}

/* All of them, if they are not too many. */
static enum pyro_rc load_all(struct pyro_window *window, const struct pyro_layout *layout,
			     uint64_t keys, uint64_t values, struct pyro_items *ret_items)
{
	enum pyro_rc rc = load(window, layout, keys, values, 0, PYRO_MAX_DICT, ret_items);

	if (rc == PYRO_RC_OK && ret_items->count < ret_items->total) {
		pyro_items_deinit(ret_items);
		rc = PYRO_RC_FAULT;
	}
	return rc;
}

/* PyDictValues begins with four bytes of sizes from 3.13 on. */
static uint64_t values_of(const struct pyro_layout *layout, uint64_t addr)
{
	return layout->minor >= 13 ? addr + 8 : addr;
}

static enum pyro_rc read_dict(struct pyro_window *window, const struct pyro_layout *layout,
			      uint64_t addr, uint64_t *ret_keys, uint64_t *ret_values)
{
	struct pyro_bytes dict;
	enum pyro_rc rc = read_at(window, addr, layout->di_values + 8, &dict);

	if (rc != PYRO_RC_OK)
		return rc;
	*ret_keys = pyro_bytes_u64(dict, layout->di_keys);
	*ret_values = pyro_bytes_u64(dict, layout->di_values);
	if (*ret_values)
		*ret_values = values_of(layout, *ret_values);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_dict_load(struct pyro_window *window, const struct pyro_layout *layout,
			    uint64_t addr, struct pyro_items *ret_items)
{
	uint64_t keys, values;
	enum pyro_rc rc = read_dict(window, layout, addr, &keys, &values);

	*ret_items = (struct pyro_items){0};
	return rc == PYRO_RC_OK ? load_all(window, layout, keys, values, ret_items) : rc;
}

enum pyro_rc pyro_dict_load_some(struct pyro_window *window, const struct pyro_layout *layout,
				 uint64_t addr, size_t first, size_t limit,
				 struct pyro_items *ret_items)
{
	uint64_t keys, values;
	enum pyro_rc rc = read_dict(window, layout, addr, &keys, &values);

	*ret_items = (struct pyro_items){0};
	return rc == PYRO_RC_OK ? load(window, layout, keys, values, first, limit, ret_items) : rc;
}

/* Where an object is of variable size, such as an int to 3.11 or a tuple, its dict comes last. */
static enum pyro_rc offset_from_end(struct pyro_window *window, const struct pyro_layout *layout,
				    uint64_t addr, uint64_t type, uint64_t *offset)
{
	uint64_t basicsize, itemsize, count, size;
	enum pyro_rc rc = read_u64(window, type + layout->ty_basicsize, &basicsize);

	if (rc == PYRO_RC_OK)
		rc = read_u64(window, type + layout->ty_itemsize, &itemsize);
	if (rc == PYRO_RC_OK)
		rc = read_u64(window, addr + layout->ob_type + 8, &count);
	if (rc != PYRO_RC_OK)
		return rc;
	if (count >> 63) /* an int below zero */
		count = 0 - count;
	if (basicsize > MAX_OFFSET || itemsize > MAX_OFFSET || count > MAX_OFFSET)
		return PYRO_RC_FAULT;
	size = (basicsize + count * itemsize + 7) & ~(uint64_t)7;
	if (size < 0 - *offset)
		return PYRO_RC_FAULT;
	*offset += size;
	return PYRO_RC_OK;
}

enum pyro_rc pyro_attributes_load(struct pyro_window *window, const struct pyro_layout *layout,
				  uint64_t addr, struct pyro_items *ret_items)
{
	/* Before the object, in pointers: 3.11 has values and dict apart, then they share a place.
	 */
	const uint64_t managed = layout->free_threaded ? 8 : 24;
	uint64_t type, flags, place, keys, basicsize, dictoffset, values;
	enum pyro_rc rc;

	*ret_items = (struct pyro_items){0};
	rc = read_u64(window, addr + layout->ob_type, &type);
	if (rc == PYRO_RC_OK)
		rc = read_u64(window, type + layout->ty_flags, &flags);
	if (rc == PYRO_RC_OK)
		rc = read_u64(window, type + layout->ty_basicsize, &basicsize);
	if (rc == PYRO_RC_OK)
		rc = read_u64(window, type + layout->ty_dictoffset, &dictoffset);
	if (rc != PYRO_RC_OK)
		return rc;
	if (layout->minor <= 10 || !(flags & FLAG_MANAGED_DICT)) {
		if ((int64_t)dictoffset < 0)
			rc = offset_from_end(window, layout, addr, type, &dictoffset);
		if (rc == PYRO_RC_OK && (dictoffset == 0 || dictoffset > MAX_OFFSET))
			rc = PYRO_RC_FAULT;
		if (rc == PYRO_RC_OK)
			rc = read_u64(window, addr + dictoffset, &place);
		return rc == PYRO_RC_OK ? pyro_dict_load(window, layout, place, ret_items) : rc;
	}
	rc = read_u64(window, type + layout->ty_cached_keys, &keys);
	if (rc == PYRO_RC_OK && layout->minor == 11) {
		rc = read_u64(window, addr - 32, &values);
		if (rc == PYRO_RC_OK && values != 0)
			return load_all(window, layout, keys, values, ret_items);
	}
	if (rc == PYRO_RC_OK)
		rc = read_u64(window, addr - managed, &place);
	if (rc != PYRO_RC_OK)
		return rc;
	if (layout->minor == 12 && (place & 1)) /* PyDictOrValues: values, one less */
		return load_all(window, layout, keys, place + 1, ret_items);
	if (place == 0 && layout->minor >= 13 && (flags & FLAG_INLINE_VALUES) &&
	    basicsize <= MAX_OFFSET)
		return load_all(window, layout, keys, values_of(layout, addr + basicsize),
				ret_items);
	return pyro_dict_load(window, layout, place, ret_items);
}

enum pyro_rc pyro_items_find(struct pyro_window *window, const struct pyro_layout *layout,
			     const struct pyro_items *items, const char *name, uint64_t *ret_value)
{
	const size_t size = strlen(name);

	for (size_t first = 0; first < items->count; first += BATCH) {
		const size_t end = items->count - first < BATCH ? items->count : first + BATCH;
		enum pyro_rc rc;

		pyro_window_reset(window);
		for (size_t i = first; i < end; i++)
			pyro_string_plan(window, layout, items->items[i].key);
		rc = pyro_window_fetch(window);
		if (rc != PYRO_RC_OK)
			return rc;
		for (size_t i = first; i < end; i++) {
			struct pyro_string key;
			struct pyro_bytes raw;

			if (items->items[i].value == 0 ||
			    !pyro_string_head(window, layout, items->items[i].key, size + 1,
					      &key) ||
			    !key.ascii || key.total != size)
				continue;
			/* It may go on in the next page. */
			rc = pyro_window_get(window, key.text, size, &raw);
			if (rc != PYRO_RC_OK && rc != PYRO_RC_FAULT)
				return rc;
			if (raw.data && memcmp(raw.data, name, size) == 0) {
				*ret_value = items->items[i].value;
				return PYRO_RC_OK;
			}
		}
	}
	return PYRO_RC_NOTFOUND;
}

uint64_t pyro_int_size(const struct pyro_layout *layout, uint64_t word, bool *ret_negative)
{
	/* ob_size, below zero for a number below zero; lv_tag from 3.12 on: sign, flag, count */
	if (layout->minor >= 12) {
		*ret_negative = (word & 3) == 2;
		return word >> 3;
	}
	*ret_negative = word >> 63;
	return *ret_negative ? 0 - word : word;
}

enum pyro_rc pyro_int_read(struct pyro_window *window, const struct pyro_layout *layout,
			   uint64_t addr, uint64_t *ret_value)
{
	const uint32_t head = layout->long_digits - 8;
	struct pyro_bytes bytes;
	uint64_t digits, value = 0;
	bool negative;
	enum pyro_rc rc;

	/* An int of one digit may be the last thing in its page. */
	rc = read_at(window, addr + head, 12, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	digits = pyro_int_size(layout, pyro_bytes_u64(bytes, 0), &negative);
	if (negative || digits > 3)
		return PYRO_RC_FAULT;
	rc = read_at(window, addr + layout->long_digits, digits ? digits * 4 : 1, &bytes);
	if (rc != PYRO_RC_OK)
		return rc;
	for (size_t i = digits; i > 0; i--)
		value = value << 30 | pyro_bytes_u32(bytes, (i - 1) * 4);
	*ret_value = value;
	return PYRO_RC_OK;
}
