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

enum pyro_rc pyro_format_out_flush(struct pyro_format_out *out)
{
	enum pyro_rc rc = pyro_buf_status(&out->text);

	if (rc)
		return pyro_err_set(out->err, rc, "out of memory");
	if (out->text.size == 0)
		return PYRO_RC_OK;
	rc = out->sink->write(out->sink->context, out->text.data, out->text.size, out->err);
	pyro_buf_reset(&out->text);
	return rc;
}

enum pyro_rc pyro_format_out_settle(struct pyro_format_out *out)
{
	if (out->text.size < PIECE && !out->text.failed)
		return PYRO_RC_OK;
	return pyro_format_out_flush(out);
}
