/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "cpython/decoder.h"
#include "cpython/modules.h"
#include "cpython/unicode.h"

/* Lib/threading.py keeps _active, a dict of threads by ident (the pthread_t), and each thread its
 * _name. Reached by way of the interpreter's modules. */

static enum pyro_rc read_name(struct pyro_python *python, uint64_t thread, struct pyro_buf *buf)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_window *window = &python->window;
	struct pyro_items attributes PYRO_CLEANUP(pyro_items_deinit) = {0};
	struct pyro_string string;
	uint64_t name;
	enum pyro_rc rc;

	pyro_buf_reset(buf);
	rc = pyro_attributes_load(window, l, thread, &attributes);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(window, l, &attributes, "_name", &name);
	if (rc == PYRO_RC_OK)
		rc = pyro_string_load(window, l, name, PYRO_MAX_NAME, &string);
	if (rc != PYRO_RC_OK)
		return rc;
	return pyro_string_utf8(window, &string, PYRO_MAX_NAME, buf) ? PYRO_RC_OK : PYRO_RC_FAULT;
}

static void name_threads(struct pyro_python *python, uint64_t interp, struct pyro_buf *buf,
			 void (*each)(void *context, uint64_t pthread, const char *name),
			 void *context)
{
	const struct pyro_layout *l = &python->layout;
	struct pyro_items module PYRO_CLEANUP(pyro_items_deinit) = {0};
	struct pyro_items active PYRO_CLEANUP(pyro_items_deinit) = {0};
	uint64_t dict;
	enum pyro_rc rc;

	rc = pyro_module_load(python, interp, "threading", &module);
	if (rc == PYRO_RC_OK)
		rc = pyro_items_find(&python->window, l, &module, "_active", &dict);
	if (rc == PYRO_RC_OK)
		rc = pyro_dict_load(&python->window, l, dict, &active);
	if (rc != PYRO_RC_OK)
		return;
	for (size_t i = 0; i < active.count && i < PYRO_MAX_THREADS; i++) {
		uint64_t ident;

		if (active.items[i].key == 0 || active.items[i].value == 0 ||
		    pyro_int_read(&python->window, l, active.items[i].key, &ident) != PYRO_RC_OK ||
		    read_name(python, active.items[i].value, buf) != PYRO_RC_OK)
			continue;
		each(context, ident, buf->data ? buf->data : "");
	}
}

void pyro_python_thread_names(struct pyro_python *python,
			      void (*each)(void *context, uint64_t pthread, const char *name),
			      void *context)
{
	const struct pyro_look *look;
	struct pyro_buf buf;

	pyro_python_settle(python, false);
	if (!python->looked && pyro_python_look(python, &look) != PYRO_RC_OK)
		return;
	pyro_buf_init(&buf, 4 * PYRO_MAX_NAME);
	for (size_t i = 0; i < python->interp_count; i++)
		name_threads(python, python->interps[i].addr, &buf, each, context);
	pyro_buf_deinit(&buf);
}
