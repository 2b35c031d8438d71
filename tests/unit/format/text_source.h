/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_TESTS_FORMAT_TEXT_SOURCE_H
#define PYRO_TESTS_FORMAT_TEXT_SOURCE_H

#include "format/imports.h"

/** A text as an input, @step bytes at a time. */
struct text_source {
	const char *text;
	size_t size;
	size_t step;
	size_t fail_at; /**< the read that would go past it fails; 0: none does */
	size_t at;
};

enum pyro_rc text_source_read(void *context, void *bytes, size_t capacity, size_t *ret_size,
			      struct pyro_err *err);
/** What @text, which must be readable, is; the caller deinitialises it. */
const struct pyro_import *text_source_import(const char *text, struct pyro_imported *ret_imported);
/** The message of the error that reading @text ends with, which is @rc. */
const char *text_source_refusal(const char *text, size_t size, enum pyro_rc rc);

#endif
