/* SPDX-License-Identifier: Apache-2.0 */
#include "format/out.h"

#define PIECE     (64 << 10)
#define MAX_PIECE (16 << 20)

void pyro_format_out_init(struct pyro_format_out *out, const struct pyro_format_sink *sink,
			  struct pyro_err *err)
{
	pyro_buf_init(&out->text, MAX_PIECE);
	out->sink = sink;
	out->err = err;
}

void pyro_format_out_deinit(struct pyro_format_out *out)
{
	pyro_buf_deinit(&out->text);
}

/* @kept: 1 to keep the last character. */
static enum pyro_rc hand_on(struct pyro_format_out *out, size_t kept)
{
	struct pyro_buf *text = &out->text;
	enum pyro_rc rc = pyro_buf_status(text);
	char last;

	if (rc)
		return pyro_err_set(out->err, rc, "out of memory");
	if (text->size <= kept)
		return PYRO_RC_OK;
	last = text->data[text->size - 1];
	rc = out->sink->write(out->sink->context, text->data, text->size - kept, out->err);
	pyro_buf_reset(text);
	if (kept)
		pyro_buf_add_char(text, last);
	return rc;
}

enum pyro_rc pyro_format_out_flush(struct pyro_format_out *out)
{
	return hand_on(out, 0);
}

enum pyro_rc pyro_format_out_settle(struct pyro_format_out *out)
{
	if (out->text.size < PIECE && !out->text.failed)
		return PYRO_RC_OK;
	return hand_on(out, 1);
}
