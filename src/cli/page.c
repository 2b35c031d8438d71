/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page.h"

static enum pyro_rc write_piece(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	return pyro_output_write(context, bytes, size, err);
}

enum pyro_rc pyro_page_write(const struct pyro_profile *profile,
			     const struct pyro_view_options *options, struct pyro_output *output,
			     struct pyro_err *err)
{
	static const struct pyro_view_options usual = {.sources = true};
	const struct pyro_view_sink sink = {.write = write_piece, .context = output};

	return pyro_view_write(profile, options ? options : &usual, &sink, err);
}
