/* SPDX-License-Identifier: Apache-2.0 */
#include "text_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum pyro_rc text_source_read(void *context, void *bytes, size_t capacity, size_t *ret_size,
			      struct pyro_err *err)
{
	struct text_source *source = context;
	size_t size = source->size - source->at;

	if (source->step && size > source->step)
		size = source->step;
	if (size > capacity)
		size = capacity;
	if (source->fail_at && source->at + size > source->fail_at)
		return pyro_err_set(err, PYRO_RC_IO, "the disk is gone");
	memcpy(bytes, source->text + source->at, size);
	source->at += size;
	*ret_size = size;
	return PYRO_RC_OK;
}

const struct pyro_import *text_source_import(const char *text, struct pyro_imported *ret_imported)
{
	struct text_source text_source = {.text = text, .size = strlen(text), .step = 7};
	const struct pyro_input_source source = {&text_source, text_source_read};
	const struct pyro_import *import = NULL;
	struct pyro_err err = {.rc = PYRO_RC_OK};

	if (pyro_import_read(&source, &import, ret_imported, &err))
		fail_msg("%s", err.message);
	return import;
}

const char *text_source_refusal(const char *text, size_t size, enum pyro_rc rc)
{
	struct text_source text_source = {.text = text, .size = size};
	const struct pyro_input_source source = {&text_source, text_source_read};
	const struct pyro_import *import = NULL;
	struct pyro_imported imported;
	static struct pyro_err err;

	assert_int_equal(pyro_import_read(&source, &import, &imported, &err), rc);
	assert_null(import);
	return err.message;
}
