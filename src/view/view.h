/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_VIEW_VIEW_H
#define PYRO_VIEW_VIEW_H

#include "profile/profile.h"

/** Where the page goes, piece by piece and in order. */
struct pyro_view_sink {
	/** Takes all @size bytes or fails; a failure ends the page and is returned by the writer.
	 */
	enum pyro_rc (*write)(void *context, const void *bytes, size_t size, struct pyro_err *err);
	void *context;
};

struct pyro_view_options {
	/** Heading of the page; NULL: the recording's own name for its program. */
	const char *title;
	/** Put the text of Python sources that the profile names into the page. Only regular files
	 *  that look like Python are read (see view/sources.h), within caps. */
	bool sources;
	/** Folder that relative file names start from; NULL: the recording's own, "cwd" among its
	 *  facts. */
	const char *source_folder;
	/** The recorder did not finish the recording: said on the page. */
	bool incomplete;
};

/** Writes one self-contained HTML page: viewer, data and sources, no request to any network.
 *  Names and sources are data in it, never markup. The page is not closed if the sink fails.
 *  Errors: NOMEM, LIMIT, and what the sink returns. */
enum pyro_rc pyro_view_write(const struct pyro_profile *profile,
			     const struct pyro_view_options *options,
			     const struct pyro_view_sink *sink,
			     struct pyro_err *err) PYRO_NODISCARD;

#endif
