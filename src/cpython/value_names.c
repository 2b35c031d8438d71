/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cpython/value.h"

/* What has a name: modules, classes, functions; and what holds another thing: cells, methods. */

#define FIRST_NAMES 64 /* of a module: its own is among the first */

/* "<WHAT NAME at 0x…>", or without a name where there is none. */
static void add_named(struct pyro_values *values, const char *what, uint64_t name, uint64_t addr)
{
	struct pyro_buf *text = &values->text;
	const size_t start = text->size;

	pyro_buf_add_format(text, "<%s ", what);
	if (!pyro_value_add_string(values, name, false, PYRO_MAX_VALUE_NAME))
		text->size = start + 1 + strlen(what);
	pyro_buf_add_format(text, " at %#" PRIx64 ">", addr);
}

bool pyro_value_write_cell(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t content = pyro_value_u64(value, values->layout->cell_content);

	if (content == 0) {
		pyro_buf_add_format(&values->text, "<cell at %#" PRIx64 ": empty>", value->addr);
		return true;
	}
	pyro_buf_add_format(&values->text, "<cell at %#" PRIx64 ": ", value->addr);
	pyro_value_add(values, content);
	pyro_buf_add_char(&values->text, '>');
	return true;
}

bool pyro_value_write_module(struct pyro_values *values, const struct pyro_value *value)
{
	struct pyro_items items PYRO_CLEANUP(pyro_items_deinit) = {0};
	uint64_t name = 0;
	enum pyro_rc rc;

	rc = pyro_dict_load_some(values->window, values->layout,
				 pyro_value_u64(value, values->layout->mod_dict), 0, FIRST_NAMES,
				 &items);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(values->window, values->layout, &items, "__name__", &name);
	if (!pyro_value_ok(values, rc)) {
		pyro_value_add_plain(values, value);
		return true;
	}
	pyro_buf_add_text(&values->text, "<module ");
	if (!pyro_value_add_string(values, name, true, PYRO_MAX_VALUE_NAME))
		return false;
	pyro_buf_add_char(&values->text, '>');
	return true;
}

bool pyro_value_write_class(struct pyro_values *values, const struct pyro_value *value)
{
	const struct pyro_value_type *type = pyro_value_type(values, value->addr);

	if (!type)
		return false;
	pyro_buf_add_format(&values->text, "<class '%s'>", type->full);
	return true;
}

bool pyro_value_write_function(struct pyro_values *values, const struct pyro_value *value)
{
	add_named(values, "function", pyro_value_u64(value, values->layout->func_qualname),
		  value->addr);
	return true;
}

bool pyro_value_write_generator(struct pyro_values *values, const struct pyro_value *value)
{
	char what[64];

	snprintf(what, sizeof(what), "%s object", value->type->name);
	add_named(values, what, pyro_value_u64(value, values->layout->gen_qualname), value->addr);
	return true;
}

bool pyro_value_write_method(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t addr = pyro_value_u64(value, values->layout->meth_func);
	struct pyro_value function, self;

	if (!pyro_value_open(values, addr, &function) ||
	    !pyro_value_open(values, pyro_value_u64(value, values->layout->meth_func + 8), &self))
		return false;
	pyro_buf_add_text(&values->text, "<bound method ");
	if (function.type->kind->write == pyro_value_write_function) {
		if (!pyro_value_add_string(values,
					   pyro_value_u64(&function, values->layout->func_qualname),
					   false, PYRO_MAX_VALUE_NAME))
			return false;
	} else {
		pyro_value_add_plain(values, &function);
	}
	pyro_buf_add_text(&values->text, " of ");
	pyro_value_add_plain(values, &self);
	pyro_buf_add_char(&values->text, '>');
	return true;
}

/* PyCFunctionObject: the definition, self, the module; a PyMethodDef begins with its name. */
bool pyro_value_write_builtin(struct pyro_values *values, const struct pyro_value *value)
{
	const uint64_t definition = pyro_value_u64(value, values->layout->builtin_def);
	const uint64_t owner = pyro_value_u64(value, values->layout->builtin_def + 8);
	char name[64] = "";
	struct pyro_value self;
	uint64_t addr;

	if (!pyro_value_read(values, definition, &addr, sizeof(addr)) ||
	    !pyro_value_read(values, addr, name, sizeof(name) - 1) || name[0] == '\0')
		return false;
	for (const char *c = name; *c; c++) {
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	}
	if (owner == 0 || !pyro_value_open(values, owner, &self) ||
	    self.type->kind->write == pyro_value_write_module) {
		pyro_buf_add_format(&values->text, "<built-in function %s>", name);
		return true;
	}
	pyro_buf_add_format(&values->text, "<built-in method %s of %s object at %#" PRIx64 ">",
			    name, self.type->full, self.addr);
	return true;
}
