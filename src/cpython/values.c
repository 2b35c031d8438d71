/* SPDX-License-Identifier: Apache-2.0 */
#include "cpython/values.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cpython/value.h"

#define PAGE        4096u
#define SMALLEST    24u  /* bytes of an object, at least, with something of its own */
#define SLACK_READS 256u /* what a value may still read once it is to begin nothing more */
#define SLACK_TEXT  8192u
#define MAX_NESTING (2 * PYRO_MAX_VALUE_DEPTH + 2) /* values in values that are no containers */
#define MAX_COUNT   (UINT64_C(1) << 40)            /* references to one object */

enum pyro_rc pyro_values_create(struct pyro_python *python, struct pyro_values **ret_values)
{
	struct pyro_values *values = calloc(1, sizeof(*values));

	*ret_values = NULL;
	if (!values)
		return PYRO_RC_NOMEM;
	values->python = python;
	values->layout = &python->layout;
	values->window = &python->window;
	pyro_buf_init(&values->text, PYRO_MAX_VALUE_TEXT + SLACK_TEXT);
	pyro_map_init(&values->types, PYRO_MAX_VALUE_TYPES);
	pyro_arena_init(&values->type_arena, PYRO_MAX_VALUE_TYPES * (size_t)2048);
	*ret_values = values;
	return PYRO_RC_OK;
}

void pyro_values_destroy(struct pyro_values *values)
{
	if (!values)
		return;
	pyro_buf_deinit(&values->text);
	pyro_map_deinit(&values->types);
	pyro_arena_deinit(&values->type_arena);
	pyro_arena_deinit(&values->arena);
	free(values);
}

void pyro_value_begin(struct pyro_values *values)
{
	pyro_value_types_limit(values);
	pyro_buf_reset(&values->text);
	values->depth = 0;
	values->nesting = 0;
	values->reads = 0;
	values->window_reads = values->window->reads;
}

static uint64_t reads(const struct pyro_values *values)
{
	return values->reads + (values->window->reads - values->window_reads);
}

bool pyro_value_is_full(const struct pyro_values *values)
{
	return values->rc != PYRO_RC_OK || values->text.size >= PYRO_MAX_VALUE_TEXT ||
	       reads(values) >= PYRO_MAX_VALUE_READS;
}

bool pyro_value_ok(struct pyro_values *values, enum pyro_rc rc)
{
	if (rc == PYRO_RC_GONE || rc == PYRO_RC_PERM || rc == PYRO_RC_NOMEM)
		values->rc = rc;
	return rc == PYRO_RC_OK;
}

bool pyro_value_read(struct pyro_values *values, uint64_t addr, void *into, size_t size)
{
	if (size == 0)
		return true;
	if (values->rc != PYRO_RC_OK || addr < PAGE || addr > UINT64_MAX - size ||
	    reads(values) >= PYRO_MAX_VALUE_READS + SLACK_READS)
		return false;
	values->reads++;
	return pyro_value_ok(values, pyro_reader_read(values->python->reader, addr, into, size));
}

/* The allocator keeps a list of what is free in its first eight bytes, where an object has the
 * number of references to it. */
static bool is_freed(const struct pyro_layout *layout, const uint8_t *data)
{
	uint64_t count;

	if (layout->free_threaded)
		return false;
	memcpy(&count, data, sizeof(count));
	if (layout->minor >= 14) /* ob_refcnt, ob_overflow, ob_flags */
		return (count & UINT32_MAX) == 0 || (count >> 32 & UINT16_MAX) != 0;
	return count == 0 || count >= MAX_COUNT;
}

bool pyro_value_open(struct pyro_values *values, uint64_t addr, struct pyro_value *ret_value)
{
	const struct pyro_layout *layout = values->layout;
	const size_t rest = PAGE - addr % PAGE;
	const size_t sizes[] = {PYRO_READ_VALUE, rest, layout->ob_type + 8 + SMALLEST};

	if (addr % 8 != 0)
		return false;
	/* An object may be the last thing in its page, and that the last one that is mapped. */
	for (size_t i = 0; i < PYRO_COUNT(sizes); i++) {
		const size_t size = sizes[i];

		if ((i > 0 && size >= sizes[i - 1]) || size < layout->ob_type + 8 ||
		    !pyro_value_read(values, addr, ret_value->data, size))
			continue;
		ret_value->addr = addr;
		ret_value->bytes = (struct pyro_bytes){ret_value->data, size};
		if (is_freed(layout, ret_value->data))
			return false;
		ret_value->type =
			pyro_value_type(values, pyro_value_u64(ret_value, layout->ob_type));
		return ret_value->type;
	}
	return false;
}

/* Those of derived types in the name of their own. */
static bool write_value(struct pyro_values *values, const struct pyro_value *value)
{
	const struct pyro_value_kind *kind = value->type->kind;
	const bool wraps = kind->style == PYRO_KIND_WRAPPED && !value->type->exact;

	if (wraps) {
		pyro_buf_add_text(&values->text, value->type->name);
		pyro_buf_add_char(&values->text, '(');
	}
	if (!kind->write(values, value))
		return false;
	if (wraps)
		pyro_buf_add_char(&values->text, ')');
	return true;
}

void pyro_value_add(struct pyro_values *values, uint64_t addr)
{
	const size_t start = values->text.size, depth = values->depth;
	struct pyro_value value;

	values->nesting++;
	if (values->nesting <= MAX_NESTING && pyro_value_open(values, addr, &value) &&
	    write_value(values, &value) && !values->text.failed) {
		values->nesting--;
		return;
	}
	values->nesting--;
	values->depth = depth;
	values->text.failed = false;
	values->text.size = start;
	pyro_buf_add_text(&values->text, PYRO_UNREADABLE);
}

bool pyro_value_enter(struct pyro_values *values, uint64_t addr, const char *open, uint64_t count,
		      const char *close)
{
	struct pyro_buf *text = &values->text;

	pyro_buf_add_text(text, open);
	for (size_t i = 0; i < values->depth; i++) {
		if (values->path[i] == addr) {
			pyro_buf_add_format(text, "...%s", close);
			return false;
		}
	}
	if (values->depth == PYRO_MAX_VALUE_DEPTH) {
		if (count > 0)
			pyro_buf_add_format(text, "... %" PRIu64 " more", count);
		pyro_buf_add_text(text, close);
		return false;
	}
	values->path[values->depth++] = addr;
	return true;
}

void pyro_value_leave(struct pyro_values *values, const char *close)
{
	values->depth--;
	pyro_buf_add_text(&values->text, close);
}

bool pyro_value_next(struct pyro_values *values, uint64_t at, uint64_t count)
{
	if (at > 0)
		pyro_buf_add_text(&values->text, ", ");
	if (at < PYRO_MAX_VALUE_ITEMS && !pyro_value_is_full(values))
		return true;
	if (count > at)
		pyro_buf_add_format(&values->text, "... %" PRIu64 " more", count - at);
	else
		pyro_buf_add_text(&values->text, "...");
	return false;
}

void pyro_value_add_plain(struct pyro_values *values, const struct pyro_value *value)
{
	pyro_buf_add_format(&values->text, "<%s at %#" PRIx64 ">", value->type->full, value->addr);
}

enum pyro_rc pyro_values_object(struct pyro_values *values, uint64_t addr, struct pyro_buf *buf)
{
	pyro_value_begin(values);
	pyro_value_add(values, addr);
	pyro_buf_add(buf, values->text.data, values->text.size);
	return values->rc != PYRO_RC_OK ? values->rc : pyro_buf_status(buf);
}
