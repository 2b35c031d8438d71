/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "base/escape.h"
#include "view/bundle.h"
#include "view/columns.h"
#include "view/facts.h"
#include "view/files.h"
#include "view/pack.h"
#include "view/sources.h"
#include "view/view.h"

/* What all steps of one page need. */
struct page {
	const struct pyro_profile *profile;
	const struct pyro_view_options *options;
	const struct pyro_view_sink *sink;
	struct pyro_view_files files;
	struct pyro_view_sources sources;
	struct pyro_view_pack *pack;
	struct pyro_buf body; /* of the section that is being made */
	struct pyro_err *err;
};

static void page_deinit(struct page *page)
{
	pyro_view_files_deinit(&page->files);
	pyro_view_sources_deinit(&page->sources);
	pyro_view_pack_destroy(page->pack);
	pyro_buf_deinit(&page->body);
}

static enum pyro_rc write_buf(struct page *page, const struct pyro_buf *buf)
{
	if (pyro_buf_status(buf) != PYRO_RC_OK)
		return pyro_err_set(page->err, PYRO_RC_NOMEM,
				    "cannot make the page: out of memory or over 2 GB");
	return page->sink->write(page->sink->context, buf->data, buf->size, page->err);
}

/* The policy names the one script and the one style sheet by their hashes: nothing else in the page
 * can ever run, and nothing can be fetched or sent anywhere. */
static enum pyro_rc write_head(struct page *page)
{
	PYRO_CLEANUP(pyro_buf_deinit) struct pyro_buf buf;
	const char *title = pyro_view_facts_title(page->profile, page->options);

	pyro_buf_init(&buf, 1u << 24);
	pyro_buf_add_text(
		&buf,
		"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"script-src '" PYRO_VIEW_SCRIPT_HASH "'; style-src '" PYRO_VIEW_STYLE_HASH
		"'; "
		"img-src data:; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<meta name=\"generator\" content=\"Pyrometer " PYRO_VERSION "\">\n<title>");
	pyro_escape_html(&buf, title, strlen(title));
	pyro_buf_add_text(&buf,
			  " \xc2\xb7 Pyrometer</title>\n<link rel=\"icon\" href=\"" PYRO_VIEW_ICON
			  "\">\n<style>");
	pyro_buf_add(&buf, pyro_view_style, pyro_view_style_size);
	pyro_buf_add_text(&buf,
			  "</style>\n</head>\n<body>\n<div id=\"app\"><p class=\"wait\">"
			  "Unpacking the profile\xe2\x80\xa6</p></div>\n"
			  "<noscript><p class=\"wait\">This page needs JavaScript to draw. "
			  "<code>pyrometer report</code> shows the same in a terminal.</p>"
			  "</noscript>\n");
	return write_buf(page, &buf);
}

static enum pyro_rc write_tail(struct page *page)
{
	PYRO_CLEANUP(pyro_buf_deinit) struct pyro_buf buf;

	pyro_buf_init(&buf, 1u << 24);
	pyro_buf_add_text(&buf, "<script>");
	pyro_buf_add(&buf, pyro_view_script, pyro_view_script_size);
	pyro_buf_add_text(&buf, "</script>\n</body>\n</html>\n");
	return write_buf(page, &buf);
}

/* Packs page->body as the section @name and empties it. */
static enum pyro_rc pack_section(struct page *page, const char name[4])
{
	PYRO_CLEANUP(pyro_buf_deinit) struct pyro_buf head;
	enum pyro_rc rc;

	pyro_buf_init(&head, 64);
	pyro_buf_add(&head, name, 4);
	pyro_buf_add_varint(&head, page->body.size);
	if (pyro_buf_status(&page->body) != PYRO_RC_OK || pyro_buf_status(&head) != PYRO_RC_OK)
		return pyro_err_set(page->err, PYRO_RC_NOMEM,
				    "cannot make the page: out of memory or over 2 GB");
	rc = pyro_view_pack_add(page->pack, head.data, head.size, page->err);
	if (rc == PYRO_RC_OK && page->body.size > 0)
		rc = pyro_view_pack_add(page->pack, page->body.data, page->body.size, page->err);
	pyro_buf_reset(&page->body);
	return rc;
}

static enum pyro_rc pack_sources(struct page *page)
{
	pyro_buf_add_varint(&page->body, page->sources.count);
	for (size_t i = 0; i < page->sources.count; i++) {
		const struct pyro_view_source *source = &page->sources.sources[i];

		pyro_buf_add_varint(&page->body, source->file);
		pyro_buf_add_varint(&page->body, source->size);
		pyro_buf_add(&page->body, source->text, source->size);
	}
	return pack_section(page, "srcs");
}

static enum pyro_rc pack_data(struct page *page)
{
	static const char magic[] = PYRO_VIEW_MAGIC "\x01";
	enum pyro_rc rc;

	_Static_assert(PYRO_VIEW_VERSION == 1, "the version is in the magic above");
	rc = pyro_view_pack_add(page->pack, magic, sizeof(magic) - 1, page->err);
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_facts_json(&page->body, page->profile, page->options, &page->sources);
	rc = pack_section(page, "meta");
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_columns_strings(&page->body, page->profile);
	rc = pack_section(page, "strs");
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_columns_files(&page->body, &page->files);
	rc = pack_section(page, "file");
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_columns_functions(&page->body, page->profile, &page->files);
	rc = pack_section(page, "func");
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_columns_frames(&page->body, page->profile);
	rc = pack_section(page, "fram");
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_columns_stacks(&page->body, page->profile);
	rc = pack_section(page, "stak");
	if (rc != PYRO_RC_OK)
		return rc;
	pyro_view_columns_totals(&page->body, page->profile);
	rc = pack_section(page, "totl");
	if (rc != PYRO_RC_OK)
		return rc;
	rc = pack_sources(page);
	if (rc != PYRO_RC_OK)
		return rc;
	return pack_section(page, "done");
}

enum pyro_rc pyro_view_write(const struct pyro_profile *profile,
			     const struct pyro_view_options *options,
			     const struct pyro_view_sink *sink, struct pyro_err *err)
{
	PYRO_CLEANUP(page_deinit)
	struct page page = {.profile = profile, .options = options, .sink = sink, .err = err};
	const char *folder = options->source_folder;
	enum pyro_rc rc;

	pyro_buf_init(&page.body, PYRO_VIEW_MAX_SECTION);
	if (!folder)
		folder = pyro_profile_meta_get(profile, "cwd");
	rc = pyro_view_files_init(&page.files, profile, err);
	if (rc == PYRO_RC_OK && options->sources)
		rc = pyro_view_sources_init(&page.sources, profile, &page.files, folder, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_view_pack_create(sink, &page.pack, err);
	if (rc == PYRO_RC_OK)
		rc = write_head(&page);
	if (rc == PYRO_RC_OK)
		rc = pack_data(&page);
	if (rc == PYRO_RC_OK)
		rc = pyro_view_pack_finish(page.pack, err);
	if (rc == PYRO_RC_OK)
		rc = write_tail(&page);
	return rc;
}
