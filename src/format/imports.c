/* SPDX-License-Identifier: Apache-2.0 */
#include "format/imports.h"

#include <string.h>

#include "base/limits.h"

#define NOTES_BYTES 65536

const struct pyro_import pyro_imports[] = {
	{
		.name = "perf-script",
		.description =
			"the text of \"perf script\" (Linux), with frames of Python if the program "
			"ran with \"python -X perf\" (3.12 and later)",
		.lacks = "lines of functions, time off the processor and what it was waited for, "
			 "the GIL",
		.recognise = pyro_perf_script_recognise,
		.read = pyro_perf_script_read,
	},
	{.name = NULL},
};

static const struct pyro_import *find(const char *head, size_t size)
{
	for (const struct pyro_import *import = pyro_imports; import->name; import++) {
		if (import->recognise(head, size))
			return import;
	}
	return NULL;
}

/* What is known not to be read as it is, and how it can be. */
static const struct {
	const char *magic, *hint;
} near_misses[] = {
	{"PERFILE2",
	 "perf's own data. Try: perf script -F +pid -i FILE | pyrometer convert - -o "
	 "OUT.pyro"},
	{"SQLite format 3", "a capture, which cannot be read from a pipe. Try: its name"},
};

static enum pyro_rc unknown(const char *head, size_t size, struct pyro_err *err)
{
	enum {
		SHOWN = 60
	};
	size_t shown = 0;

	if (size == 0)
		return pyro_err_set(err, PYRO_RC_FORMAT, "there is nothing in it");
	for (size_t i = 0; i < PYRO_COUNT(near_misses); i++) {
		const size_t magic = strlen(near_misses[i].magic);

		if (size >= magic && memcmp(head, near_misses[i].magic, magic) == 0)
			return pyro_err_set(err, PYRO_RC_FORMAT, "%s", near_misses[i].hint);
	}
	while (shown < size && shown < SHOWN && head[shown] && head[shown] != '\n')
		shown++;
	return pyro_err_set(err, PYRO_RC_FORMAT,
			    "no file of a kind that can be read: it begins with \"%.*s\". Try: "
			    "pyrometer convert --to list",
			    (int)shown, head);
}

static enum pyro_rc read_with(const struct pyro_import *import, struct pyro_input *input,
			      struct pyro_imported *ret_imported, struct pyro_err *err)
{
	struct pyro_imported imported;
	enum pyro_rc rc;

	rc = pyro_profile_create(&imported.profile, err);
	if (rc)
		return rc;
	pyro_gather_init(&imported.gather, imported.profile);
	pyro_buf_init(&imported.notes, NOTES_BYTES);
	rc = import->read(input, &imported, err);
	if (rc == PYRO_RC_OK) {
		const struct {
			const char *key, *value;
		} facts[] = {
			{"mode", "convert"},
			{"profiler", "pyrometer " PYRO_VERSION},
			{"imported_from", import->name},
			{"imported_lacks", import->lacks},
			{"imported_notes", imported.notes.data ? imported.notes.data : ""},
		};

		for (size_t i = 0; rc == PYRO_RC_OK && i < PYRO_COUNT(facts); i++)
			rc = pyro_profile_meta_set(imported.profile, facts[i].key, facts[i].value);
		if (rc)
			pyro_err_set(err, rc, "%s", pyro_rc_text(rc));
	}
	if (rc)
		pyro_imported_deinit(&imported);
	else
		*ret_imported = imported;
	return rc;
}

enum pyro_rc pyro_import_read(const struct pyro_input_source *source,
			      const struct pyro_import **ret_import,
			      struct pyro_imported *ret_imported, struct pyro_err *err)
{
	const struct pyro_import *import = NULL;
	struct pyro_input input;
	const char *head;
	size_t size;
	enum pyro_rc rc = pyro_input_init(&input, source, err);

	if (rc)
		return rc;
	rc = pyro_input_peek(&input, &head, &size, err);
	if (rc == PYRO_RC_OK) {
		import = find(head, size);
		rc = import ? read_with(import, &input, ret_imported, err)
			    : unknown(head, size, err);
	}
	pyro_input_deinit(&input);
	if (rc == PYRO_RC_OK)
		*ret_import = import;
	return rc;
}

void pyro_imported_deinit(struct pyro_imported *imported)
{
	pyro_gather_deinit(&imported->gather);
	pyro_profile_destroy(imported->profile);
	pyro_buf_deinit(&imported->notes);
}
