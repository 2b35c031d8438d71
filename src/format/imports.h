/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_FORMAT_IMPORTS_H
#define PYRO_FORMAT_IMPORTS_H

#include "format/gather.h"
#include "format/input.h"

/** What a file of another tool holds, in our terms. */
struct pyro_imported {
	struct pyro_profile *profile; /**< owned; whole but for the samples */
	struct pyro_gather gather;    /**< the samples: pyro_gather_source */
	struct pyro_buf notes; /**< for people: what was chosen, what was passed over; sentences */
};

/** A file of another tool that can be read. A new one is a file src/format/NAME.c and a row in
 *  imports.c. */
struct pyro_import {
	const char *name;
	const char *description; /**< what it is and what writes it */
	const char *lacks;       /**< what it cannot tell, for a sentence */
	/** Whether a file is one, by how it begins: what it is called says nothing. */
	bool (*recognise)(const char *head, size_t size);
	/** Fills @imported, which is empty. Errors: NOMEM, LIMIT, FORMAT (nothing in it can be
	 *  read: names the first bad line), and what the source says. */
	enum pyro_rc (*read)(struct pyro_input *input, struct pyro_imported *imported,
			     struct pyro_err *err);
};

/** All of them, by name; ends with a row without one. */
extern const struct pyro_import pyro_imports[];

/** Reads what @source gives with the first of them that recognises it. Errors: FORMAT (none does:
 *  names the first line), and as above. What was made is to be deinitialised on success only. */
enum pyro_rc pyro_import_read(const struct pyro_input_source *source,
			      const struct pyro_import **ret_import,
			      struct pyro_imported *ret_imported,
			      struct pyro_err *err) PYRO_NODISCARD;
void pyro_imported_deinit(struct pyro_imported *imported);

/** What "perf script" prints, with the frames of Python that CPython 3.12 and later name for it. */
bool pyro_perf_script_recognise(const char *head, size_t size);
enum pyro_rc pyro_perf_script_read(struct pyro_input *input, struct pyro_imported *imported,
				   struct pyro_err *err) PYRO_NODISCARD;

#endif
