/* SPDX-License-Identifier: Apache-2.0 */
#include "report/find.h"

#include <string.h>

#include "base/buf.h"
#include "report/text.h"

#define MESSAGE_BYTES 256
#define SUGGESTIONS   3

static const struct pyro_report_look message_look = {.unicode = true};

static bool is_named(const char *full, const char *name)
{
	const char *dot = strrchr(full, '.');
	return strcmp(full, name) == 0 || (dot && strcmp(dot + 1, name) == 0);
}

/* Adds ", NAME" to a list for a message, as long as there is room. */
static void add_suggestion(struct pyro_buf *list, const char *name)
{
	struct pyro_buf safe;
	pyro_buf_init(&safe, MESSAGE_BYTES);
	pyro_text_name(&safe, &message_look, name);
	if (!safe.failed && safe.data && list->size + safe.size + 2 < MESSAGE_BYTES) {
		pyro_buf_add_text(list, list->size > 0 ? ", " : "");
		pyro_buf_add(list, safe.data, safe.size);
	}
	pyro_buf_deinit(&safe);
}

static enum pyro_rc not_found(const struct pyro_rows *rows, const char *what, const char *name,
			      const char *try, struct pyro_err *err)
{
	struct pyro_buf list;
	struct pyro_buf safe;
	size_t found = 0;
	pyro_buf_init(&list, MESSAGE_BYTES);
	pyro_buf_init(&safe, MESSAGE_BYTES);
	for (size_t i = 0; i < rows->count && found < SUGGESTIONS; i++) {
		if (!strcasestr(rows->rows[i].name, name))
			continue;
		add_suggestion(&list, rows->rows[i].name);
		found++;
	}
	pyro_text_name(&safe, &message_look, name);
	enum pyro_rc rc = pyro_err_set(
		err, PYRO_RC_NOTFOUND, "no %s \"%s\" in this capture. Try: %s", what,
		safe.failed || !safe.data ? "" : safe.data, list.size > 0 ? list.data : try);
	pyro_buf_deinit(&list);
	pyro_buf_deinit(&safe);
	return rc;
}

enum pyro_rc pyro_find_functions(const struct pyro_aggregate *aggregate, const char *name,
				 struct pyro_rows *ret_rows, struct pyro_err *err)
{
	struct pyro_rows_options options = {
		.group = PYRO_GROUP_FUNCTION, .metric = PYRO_METRIC_WALL, .by_total = true};
	*ret_rows = (struct pyro_rows){0};
	enum pyro_rc rc = pyro_aggregate_rows(aggregate, &options, ret_rows, err);
	if (rc != PYRO_RC_OK)
		return rc;
	size_t kept = 0;
	for (size_t i = 0; i < ret_rows->count; i++)
		if (is_named(ret_rows->rows[i].name, name))
			kept++;
	if (kept == 0) {
		rc = not_found(ret_rows, "function", name, "pyrometer report --by function --all",
			       err);
		pyro_rows_deinit(ret_rows);
		return rc;
	}
	kept = 0;
	for (size_t i = 0; i < ret_rows->count; i++)
		if (is_named(ret_rows->rows[i].name, name))
			ret_rows->rows[kept++] = ret_rows->rows[i];
	ret_rows->count = kept;
	return PYRO_RC_OK;
}

/* 3: exactly the program's name, 2: exactly as shown, 1: by its last parts, 0: not at all. */
static int file_match(const char *full, const char *shown, const char *name)
{
	size_t size = strlen(full);
	size_t tail = strlen(name);
	if (strcmp(full, name) == 0)
		return 3;
	if (strcmp(shown, name) == 0)
		return 2;
	return tail > 0 && tail < size && full[size - tail - 1] == '/' &&
	       strcmp(full + size - tail, name) == 0;
}

enum pyro_rc pyro_find_file(const struct pyro_aggregate *aggregate, const char *name,
			    struct pyro_profile *profile, uint32_t *ret_file, struct pyro_err *err)
{
	struct pyro_rows_options options = {
		.group = PYRO_GROUP_FILE, .metric = PYRO_METRIC_WALL, .by_total = true};
	struct pyro_rows rows = {0};
	struct pyro_buf list;
	int best = 0;
	size_t matches = 0;
	pyro_buf_init(&list, MESSAGE_BYTES);
	enum pyro_rc rc = pyro_aggregate_rows(aggregate, &options, &rows, err);
	for (size_t i = 0; rc == PYRO_RC_OK && i < rows.count; i++) {
		const char *full = pyro_profile_string_get(profile, rows.rows[i].file, NULL);
		int match = full ? file_match(full, rows.rows[i].name, name) : 0;
		if (match == 0 || match < best)
			continue;
		if (match > best) {
			matches = 0;
			pyro_buf_reset(&list);
			*ret_file = rows.rows[i].file;
		}
		best = match;
		if (matches++ < SUGGESTIONS)
			add_suggestion(&list, full);
	}
	if (rc == PYRO_RC_OK && matches == 0)
		rc = not_found(&rows, "file", name, "pyrometer report --by file --all", err);
	else if (rc == PYRO_RC_OK && matches > 1)
		rc = pyro_err_set(err, PYRO_RC_USAGE,
				  "several files have that name. Try one of: %s",
				  list.data ? list.data : "");
	pyro_rows_deinit(&rows);
	pyro_buf_deinit(&list);
	return rc;
}

enum pyro_rc pyro_find_scope(struct pyro_profile *profile, struct pyro_report_view *view,
			     const char *name, struct pyro_scope *ret_scope, uint32_t *ret_file,
			     struct pyro_err *err)
{
	enum pyro_rc rc = pyro_scope_open(profile, view, NULL, ret_scope, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_find_file(ret_scope->everything, name, profile, ret_file, err);
	if (rc != PYRO_RC_OK || view->unfold)
		return rc;
	const struct pyro_places *places = pyro_aggregate_places(ret_scope->everything);
	if (!pyro_places_get(places, *ret_file)->library)
		return PYRO_RC_OK;
	pyro_scope_close(ret_scope);
	view->unfold = true;
	return pyro_scope_open(profile, view, NULL, ret_scope, err);
}
