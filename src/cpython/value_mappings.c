/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "cpython/value.h"

#define PART      64 /* entries read at once ... */
#define PARTS     16 /* ... so often: those in front may have been deleted */
#define MAX_COUNT (UINT64_C(1) << 32)

/* How each item is written: {key: value} or [(key, value)]. */
struct shape {
	const char *open, *before, *between, *after, *close;
};

static const struct shape braces = {"{", "", ": ", "", "}"};
static const struct shape pairs = {"[", "(", ", ", ")", "]"};

/* False when the dict makes no sense from the start. */
static bool add_entries(struct pyro_values *values, uint64_t dict, uint64_t used,
			const struct shape *shape)
{
	struct pyro_buf *text = &values->text;
	uint64_t shown = 0;

	for (size_t first = 0; shown < used && first < (size_t)PART * PARTS; first += PART) {
		struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};

		if (!pyro_value_ok(values, pyro_dict_load_some(values->window, values->layout, dict,
							       first, PART, &items))) {
			if (first == 0)
				return false;
			break;
		}
		for (size_t i = 0; i < items.count && shown < used; i++) {
			if (items.items[i].value == 0)
				continue;
			if (!pyro_value_next(values, shown, used))
				return true;
			pyro_buf_add_text(text, shape->before);
			pyro_value_add(values, items.items[i].key);
			pyro_buf_add_text(text, shape->between);
			pyro_value_add(values, items.items[i].value);
			pyro_buf_add_text(text, shape->after);
			shown++;
		}
		if (first + PART >= items.total)
			break;
	}
	if (shown < used) /* it was not read to the end, or has less than it says */
		pyro_buf_add_format(text, "%s... %" PRIu64 " more", shown ? ", " : "",
				    used - shown);
	return true;
}

static bool add_dict(struct pyro_values *values, const struct pyro_value *value,
		     const struct shape *shape)
{
	const uint64_t used = pyro_value_u64(value, values->layout->di_used);

	if (used > MAX_COUNT)
		return false;
	if (!pyro_value_enter(values, value->addr, shape->open, used, shape->close))
		return true;
	if (!add_entries(values, value->addr, used, shape))
		return false;
	pyro_value_leave(values, shape->close);
	return true;
}

bool pyro_value_write_dict(struct pyro_values *values, const struct pyro_value *value)
{
	return add_dict(values, value, &braces);
}

static bool add_wrapped(struct pyro_values *values, const struct pyro_value *value,
			const struct shape *shape)
{
	pyro_buf_add_format(&values->text, "%s(", value->type->name);
	if (!add_dict(values, value, shape))
		return false;
	pyro_buf_add_char(&values->text, ')');
	return true;
}

bool pyro_value_write_frozendict(struct pyro_values *values, const struct pyro_value *value)
{
	return add_wrapped(values, value, &braces);
}

/* In the order of the dict; after a move_to_end that of its list is another one. */
bool pyro_value_write_ordered(struct pyro_values *values, const struct pyro_value *value)
{
	if (pyro_value_u64(value, values->layout->di_used) == 0) {
		pyro_buf_add_format(&values->text, "%s()", value->type->name);
		return true;
	}
	return add_wrapped(values, value, values->layout->minor >= 12 ? &braces : &pairs);
}

/* defdictobject, Modules/_collectionsmodule.c: a dict, then default_factory. */
bool pyro_value_write_default(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t factory = pyro_value_u64(value, values->layout->di_values + 8);

	pyro_buf_add_format(&values->text, "%s(", value->type->name);
	pyro_value_add(values, factory);
	pyro_buf_add_text(&values->text, ", ");
	if (!add_dict(values, value, &braces))
		return false;
	pyro_buf_add_char(&values->text, ')');
	return true;
}
