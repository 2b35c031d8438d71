/* SPDX-License-Identifier: Apache-2.0 */
#include "format/input.h"

#include <string.h>

#include "base/limits.h"

/* One more byte, for the NUL behind a line. */
#define WINDOW ((size_t)PYRO_MAX_IMPORT_LINE + 1)

enum pyro_rc pyro_input_init(struct pyro_input *input, const struct pyro_input_source *source,
			     struct pyro_err *err)
{
	*input = (struct pyro_input){.source = source, .bytes = malloc(WINDOW + 1)};
	return input->bytes ? PYRO_RC_OK : pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");
}

void pyro_input_deinit(struct pyro_input *input)
{
	free(input->bytes);
	*input = (struct pyro_input){.ended = true};
}

/* Reads on until the window is full, or, for @line, until it holds the end of one. */
static enum pyro_rc fill(struct pyro_input *input, bool line, struct pyro_err *err)
{
	size_t seen = input->at;

	if (input->at > 0 && !(line && memchr(input->bytes + seen, '\n', input->end - seen))) {
		memmove(input->bytes, input->bytes + input->at, input->end - input->at);
		input->end -= input->at;
		input->at = seen = 0;
	}
	while (!input->ended && input->end < WINDOW &&
	       !(line && memchr(input->bytes + seen, '\n', input->end - seen))) {
		size_t size = 0;
		enum pyro_rc rc;

		seen = input->end;
		rc = input->source->read(input->source->context, input->bytes + input->end,
					 WINDOW - input->end, &size, err);
		if (rc)
			return rc;
		input->ended = size == 0;
		input->end += size;
	}
	return PYRO_RC_OK;
}

enum pyro_rc pyro_input_peek(struct pyro_input *input, const char **ret_bytes, size_t *ret_size,
			     struct pyro_err *err)
{
	enum pyro_rc rc = fill(input, false, err);

	if (rc)
		return rc;
	*ret_bytes = input->bytes + input->at;
	*ret_size = input->end - input->at;
	return PYRO_RC_OK;
}

/* Goes past the end of the line that fills the window. */
static enum pyro_rc pass_rest(struct pyro_input *input, struct pyro_err *err)
{
	for (;;) {
		const char *end = memchr(input->bytes + input->at, '\n', input->end - input->at);
		enum pyro_rc rc;

		if (end) {
			input->at = (size_t)(end - input->bytes) + 1;
			return PYRO_RC_OK;
		}
		input->at = input->end;
		if (input->ended)
			return PYRO_RC_OK;
		rc = fill(input, true, err);
		if (rc)
			return rc;
	}
}

enum pyro_rc pyro_input_next_line(struct pyro_input *input, struct pyro_input_line *ret_line,
				  struct pyro_err *err)
{
	enum pyro_rc rc;
	char *end;

	/* What was over of a line that was cut, now that nobody looks at the line any more. */
	if (input->passing) {
		input->passing = false;
		rc = pass_rest(input, err);
		if (rc)
			return rc;
	}
	rc = fill(input, true, err);
	if (rc)
		return rc;
	if (input->at == input->end)
		return PYRO_RC_NOTFOUND;
	*ret_line = (struct pyro_input_line){.text = input->bytes + input->at};
	end = memchr(ret_line->text, '\n', input->end - input->at);
	if (end) {
		ret_line->size = (size_t)(end - ret_line->text);
		input->at += ret_line->size + 1;
	} else {
		ret_line->size = input->end - input->at;
		ret_line->cut = ret_line->size > PYRO_MAX_IMPORT_LINE;
		if (ret_line->cut)
			ret_line->size = PYRO_MAX_IMPORT_LINE;
		input->passing = ret_line->cut;
		input->at = input->end;
	}
	if (ret_line->size > 0 && ret_line->text[ret_line->size - 1] == '\r' && !ret_line->cut)
		ret_line->size--;
	ret_line->text[ret_line->size] = '\0';
	input->line++;
	return PYRO_RC_OK;
}
