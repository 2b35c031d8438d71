/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_entry.h"

#include <string.h>

#include "base/limits.h"

/* How a pointer is written (DW_EH_PE_*, LSB 10.5.1). */
enum {
	FORM = 0x0f,
	ABSOLUTE = 0x00,
	UDATA2 = 0x02,
	UDATA4 = 0x03,
	UDATA8 = 0x04,
	SDATA2 = 0x0a,
	SDATA4 = 0x0b,
	SDATA8 = 0x0c,
	BASE = 0x70,
	PC_RELATIVE = 0x10,
	DATA_RELATIVE = 0x30,
	INDIRECT = 0x80,
	OMIT = 0xff,
	SEARCH_TABLE = DATA_RELATIVE | SDATA4 /* the only form of table that linkers make */
};

struct record {
	uint64_t body; /* address of what follows the length */
	struct pyro_cursor cursor;
	uint8_t *bytes;
};

int64_t pyro_cfi_sleb(struct pyro_cursor *cursor)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = pyro_cursor_u8(cursor);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && !cursor->failed && shift < 70);
	if (shift < 64 && byte & 0x40)
		value |= UINT64_MAX << shift;
	return (int64_t)value;
}

static uint64_t read_form(struct pyro_cursor *cursor, uint8_t form)
{
	const uint8_t *bytes;

	switch (form) {
	case ABSOLUTE:
	case UDATA8:
	case SDATA8:
		return pyro_cursor_u64(cursor);
	case UDATA4:
		return pyro_cursor_u32(cursor);
	case SDATA4:
		return (uint64_t)(int64_t)(int32_t)pyro_cursor_u32(cursor);
	case UDATA2:
	case SDATA2:
		bytes = pyro_cursor_bytes(cursor, 2);
		if (!bytes)
			return 0;
		if (form == UDATA2)
			return (uint64_t)(bytes[0] | bytes[1] << 8);
		return (uint64_t)(int64_t)(int16_t)(bytes[0] | bytes[1] << 8);
	default:
		cursor->failed = true;
		return 0;
	}
}

/* A pointer of @encoding, whose first byte is at address @at. */
static uint64_t read_pointer(struct pyro_cursor *cursor, uint8_t encoding, uint64_t at)
{
	const uint64_t value = read_form(cursor, encoding & FORM);

	switch (encoding & (BASE | INDIRECT)) {
	case 0:
		return value;
	case PC_RELATIVE:
		return at + value;
	default:
		cursor->failed = true;
		return 0;
	}
}

/* The length and what it is the length of. */
static enum pyro_rc read_record(struct pyro_elf *elf, uint64_t addr, struct record *ret_record)
{
	uint32_t length;
	uint8_t *bytes;
	enum pyro_rc rc = pyro_elf_read(elf, addr, &length, sizeof(length));

	if (rc != PYRO_RC_OK)
		return rc;
	if (length < 4 || length == UINT32_MAX) /* the end, or one of more than 4 GB */
		return PYRO_RC_FORMAT;
	if (length > PYRO_MAX_UNWIND_ENTRY)
		return PYRO_RC_LIMIT;
	bytes = malloc(length);
	if (!bytes)
		return PYRO_RC_NOMEM;
	rc = pyro_elf_read(elf, addr + sizeof(length), bytes, length);
	if (rc != PYRO_RC_OK) {
		free(bytes);
		return rc;
	}
	ret_record->body = addr + sizeof(length);
	ret_record->bytes = bytes;
	pyro_cursor_init(&ret_record->cursor, bytes, length);
	return PYRO_RC_OK;
}

/* What the letters of an augmentation stand for, in their order. */
static void read_augmentation(struct pyro_cursor *cursor, uint64_t body, const char *letters,
			      struct pyro_cfi_entry *entry, uint8_t *ret_encoding)
{
	for (; *letters; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R': /* how addresses of code are written */
			*ret_encoding = pyro_cursor_u8(cursor);
			break;
		case 'P': /* the language's own routine */
			encoding = pyro_cursor_u8(cursor);
			(void)read_pointer(cursor, encoding & FORM, body + cursor->at);
			break;
		case 'L':
			(void)pyro_cursor_u8(cursor);
			break;
		case 'S':
			entry->signal = true;
			break;
		case 'B': /* signed with the second key */
		case 'G': /* tagged memory */
			break;
		default:
			return; /* the size of all of them is known: what is left can be passed over
				 */
		}
	}
}

/* Sets what entries have in common. *ret_encoding: how they write addresses of code. */
static enum pyro_rc read_common(struct pyro_elf *elf, uint64_t addr, struct pyro_cfi_entry *entry,
				bool *ret_augmented, uint8_t *ret_encoding)
{
	struct record record;
	struct pyro_cursor *cursor = &record.cursor;
	const char *letters;
	uint64_t return_register, augmentation;
	uint8_t version;
	enum pyro_rc rc = read_record(elf, addr, &record);

	if (rc != PYRO_RC_OK)
		return rc;
	entry->bytes[0] = record.bytes;
	if (pyro_cursor_u32(cursor) != 0)
		return PYRO_RC_FORMAT; /* not a CIE: entries may point at each other */
	version = pyro_cursor_u8(cursor);
	letters = (const char *)cursor->data + cursor->at;
	if ((version != 1 && version != 3) || cursor->failed ||
	    !memchr(letters, 0, cursor->size - cursor->at))
		return PYRO_RC_FORMAT;
	(void)pyro_cursor_bytes(cursor, strlen(letters) + 1);
	entry->code_align = pyro_cursor_varint(cursor);
	entry->data_align = pyro_cfi_sleb(cursor);
	return_register = version == 1 ? pyro_cursor_u8(cursor) : pyro_cursor_varint(cursor);
	if (return_register >= PYRO_MAX_REGISTERS)
		return PYRO_RC_FORMAT;
	entry->return_register = (uint8_t)return_register;
	*ret_encoding = ABSOLUTE;
	*ret_augmented = letters[0] == 'z';
	if (*ret_augmented) {
		struct pyro_cursor inside = *cursor;

		augmentation = pyro_cursor_varint(cursor);
		inside.at = cursor->at;
		if (!pyro_cursor_bytes(cursor, augmentation))
			return PYRO_RC_FORMAT;
		inside.size = cursor->at;
		read_augmentation(&inside, record.body, letters + 1, entry, ret_encoding);
		if (inside.failed)
			return PYRO_RC_FORMAT;
	} else if (letters[0]) {
		return PYRO_RC_UNSUPPORTED;
	}
	entry->common = record.bytes + cursor->at;
	entry->common_size = cursor->size - cursor->at;
	return cursor->failed ? PYRO_RC_FORMAT : PYRO_RC_OK;
}

static enum pyro_rc read_entry(struct pyro_elf *elf, uint64_t addr, struct pyro_cfi_entry *entry)
{
	struct record record;
	struct pyro_cursor *cursor = &record.cursor;
	bool augmented = false;
	uint8_t encoding = OMIT;
	uint32_t back;
	enum pyro_rc rc = read_record(elf, addr, &record);

	if (rc != PYRO_RC_OK)
		return rc;
	entry->bytes[1] = record.bytes;
	back = pyro_cursor_u32(cursor);
	if (back == 0 || back > record.body)
		return PYRO_RC_FORMAT;
	rc = read_common(elf, record.body - back, entry, &augmented, &encoding);
	if (rc != PYRO_RC_OK)
		return rc;
	entry->range.start = read_pointer(cursor, encoding, record.body + cursor->at);
	entry->range.end = read_form(cursor, encoding & FORM);
	if (augmented)
		(void)pyro_cursor_bytes(cursor, pyro_cursor_varint(cursor));
	if (cursor->failed || entry->range.end > UINT64_MAX - entry->range.start)
		return PYRO_RC_FORMAT;
	entry->range.end += entry->range.start;
	entry->program = record.bytes + cursor->at;
	entry->program_size = cursor->size - cursor->at;
	return PYRO_RC_OK;
}

/* The table has pairs (start of code, entry), relative to the header and in order. */
static enum pyro_rc search(struct pyro_elf *elf, uint64_t header, uint64_t table, uint64_t count,
			   uint64_t addr, uint64_t *ret_entry)
{
	uint64_t low = 0, high = count;

	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;
		int32_t pair[2];
		enum pyro_rc rc =
			pyro_elf_read(elf, table + middle * sizeof(pair), pair, sizeof(pair));

		if (rc != PYRO_RC_OK)
			return rc;
		if (header + (uint64_t)(int64_t)pair[0] <= addr) {
			low = middle + 1;
			*ret_entry = header + (uint64_t)(int64_t)pair[1];
		} else {
			high = middle;
		}
	}
	return low > 0 ? PYRO_RC_OK : PYRO_RC_NOTFOUND;
}

static enum pyro_rc find_entry(struct pyro_elf *elf, uint64_t addr, uint64_t *ret_entry)
{
	uint8_t bytes[32];
	uint64_t header, size, count;
	struct pyro_cursor cursor;
	const uint8_t *kinds;
	enum pyro_rc rc = pyro_elf_unwind_header(elf, &header, &size);

	if (rc != PYRO_RC_OK)
		return rc;
	if (size < sizeof(bytes))
		return PYRO_RC_NOTFOUND;
	rc = pyro_elf_read(elf, header, bytes, sizeof(bytes));
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_cursor_init(&cursor, bytes, sizeof(bytes));
	kinds = pyro_cursor_bytes(&cursor, 4); /* version; of a pointer, a count and the table */
	if (kinds[0] != 1)
		return PYRO_RC_FORMAT;
	if (kinds[2] == OMIT || kinds[3] == OMIT)
		return PYRO_RC_NOTFOUND;
	if (kinds[3] != SEARCH_TABLE)
		return PYRO_RC_UNSUPPORTED;
	(void)read_form(&cursor, kinds[1] & FORM);
	count = read_form(&cursor, kinds[2] & FORM);
	if (cursor.failed || count > (size - cursor.at) / 8)
		return PYRO_RC_FORMAT;
	return search(elf, header, header + cursor.at, count, addr, ret_entry);
}

enum pyro_rc pyro_cfi_entry_find(struct pyro_elf *elf, uint64_t addr,
				 struct pyro_cfi_entry *ret_entry)
{
	struct pyro_cfi_entry entry = {.common = NULL};
	uint64_t at;
	enum pyro_rc rc = find_entry(elf, addr, &at);

	if (rc != PYRO_RC_OK)
		return rc;
	rc = read_entry(elf, at, &entry);
	if (rc == PYRO_RC_OK && (addr < entry.range.start || addr >= entry.range.end))
		rc = PYRO_RC_NOTFOUND;
	if (rc == PYRO_RC_OK)
		*ret_entry = entry;
	else
		pyro_cfi_entry_deinit(&entry);
	return rc;
}

void pyro_cfi_entry_deinit(struct pyro_cfi_entry *entry)
{
	free(entry->bytes[0]);
	free(entry->bytes[1]);
	*entry = (struct pyro_cfi_entry){.common = NULL};
}
