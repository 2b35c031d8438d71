/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recording.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cli/page.h"
#include "cli/perf_map.h"
#include "cli/show.h"
#include "cli/terminal.h"
#include "profile/logical.h"
#include "report/report.h"

#define DEFAULT_OVERHEAD 2.0 /* percent */
#define MAX_TEXT         (64 << 20)

/* What a signal asked for: one line for each, at once. */
static void show_copy(void *context, const char *path, uint64_t size, const struct pyro_err *err)
{
	const struct pyro_args *args = context;
	struct pyro_buf buf;
	char text[32];

	if (!err && pyro_args_flag(args, "quiet"))
		return;
	pyro_buf_init(&buf, 1 << 16);
	pyro_buf_add_text(&buf, "pyrometer: ");
	if (err) {
		pyro_escape_terminal(&buf, err->message, strlen(err->message));
	} else {
		pyro_output_size_text(size, text, sizeof(text));
		pyro_buf_add_text(&buf, "what was recorded so far is in ");
		pyro_escape_terminal(&buf, path, strlen(path));
		pyro_buf_add_format(&buf, " (%s)", text);
	}
	pyro_buf_add_char(&buf, '\n');
	if (buf.data)
		fputs(buf.data, stderr);
	pyro_buf_deinit(&buf);
}

void pyro_recording_options(const struct pyro_args *args, double hz_max,
			    struct pyro_record_options *ret_options)
{
	bool fixed = pyro_args_value(args, "rate") && !pyro_args_value(args, "overhead");
	double percent = pyro_args_real(args, "overhead", DEFAULT_OVERHEAD);

	*ret_options = (struct pyro_record_options){
		.path = pyro_args_text(args, "output"),
		.duration_ns = pyro_args_number(args, "duration", 0),
		.sampler = {.hz_max = pyro_args_real(args, "rate", hz_max),
			    .budget = fixed ? 0 : percent / 100,
			    /* The choices stand in the order of the enum. */
			    .proof = (enum pyro_proof_method)pyro_args_number(args, "proof",
									      PYRO_PROOF_AUTO),
			    .children = !pyro_args_flag(args, "no-children"),
			    .native = pyro_args_flag(args, "native"),
			    .async = pyro_args_flag(args, "async")},
		.on_copy = show_copy,
		.on_copy_context = (void *)args,
	};
}

static enum pyro_rc show_json(struct pyro_profile *profile, struct pyro_err *err)
{
	const struct pyro_report_view view = {.metric = PYRO_REPORT_TIME};
	struct pyro_buf buf;
	enum pyro_rc rc;

	pyro_buf_init(&buf, MAX_TEXT);
	rc = pyro_report_json(profile, &view, PYRO_REPORT_JSON_ROWS, NULL, &buf, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_show_buf(&buf, stdout, err);
	pyro_buf_deinit(&buf);
	return rc;
}

static enum pyro_rc show_summary(struct pyro_profile *profile, int fd, FILE *stream,
				 struct pyro_err *err)
{
	const struct pyro_report_view view = {.metric = PYRO_REPORT_TIME};
	struct pyro_report_look look;
	struct pyro_buf buf;
	enum pyro_rc rc;

	pyro_show_look(fd, &look);
	pyro_buf_init(&buf, MAX_TEXT);
	/* A line between what the program wrote and what we have to say. */
	pyro_buf_add_char(&buf, '\n');
	rc = pyro_report_summary(profile, &view, &look, &buf, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_show_buf(&buf, stream, err);
	pyro_buf_deinit(&buf);
	return rc;
}

/* The last line: the files written and the command to open them. */
static void show_files(const struct pyro_record_result *result, const struct pyro_output *page,
		       int fd, FILE *stream)
{
	char size[32];
	struct pyro_report_look look;
	struct pyro_buf buf, command;
	size_t line;

	pyro_show_look(fd, &look);
	pyro_buf_init(&buf, 1 << 16);
	if (page) {
		pyro_output_size_text(page->size, size, sizeof(size));
		pyro_buf_add_text(&buf, "  ");
		pyro_escape_terminal(&buf, page->path, strlen(page->path));
		pyro_buf_add_format(&buf, " (%s)\n", size);
	}
	pyro_output_size_text(result->size, size, sizeof(size));
	line = buf.size;
	pyro_buf_add_text(&buf, "  ");
	pyro_escape_terminal(&buf, result->path, strlen(result->path));
	pyro_buf_add_format(&buf, " (%s)", size);
	pyro_buf_init(&command, 1 << 16);
	pyro_buf_add_text(&command, "pyrometer view ");
	pyro_show_shell_word(&command, result->path);
	/* What is to be copied is never broken, only moved to a line of its own. */
	if (command.data) {
		const size_t columns = look.columns ? look.columns : 80;
		const size_t used =
			buf.size - line + 4 + pyro_escape_columns(command.data, command.size);

		pyro_buf_add_text(&buf, used > columns ? "\n  " : "    ");
		pyro_buf_add_text(&buf, command.data);
	}
	pyro_buf_deinit(&command);
	pyro_buf_add_char(&buf, '\n');
	if (buf.data)
		fputs(buf.data, stream);
	pyro_buf_deinit(&buf);
}

static void show_trouble(const struct pyro_err *trouble)
{
	struct pyro_buf buf;

	if (trouble->rc == PYRO_RC_OK)
		return;
	pyro_buf_init(&buf, 1 << 16);
	pyro_escape_terminal(&buf, trouble->message, strlen(trouble->message));
	fprintf(stderr, "pyrometer: %s\n", buf.data ? buf.data : trouble->message);
	pyro_buf_deinit(&buf);
}

/* By tasks, if some were seen. */
static enum pyro_rc write_page(const struct pyro_args *args, struct pyro_profile *profile,
			       struct pyro_output *page, struct pyro_err *err)
{
	struct pyro_profile *logical = NULL;
	enum pyro_rc rc = PYRO_RC_NOTFOUND;

	if (pyro_args_flag(args, "async"))
		rc = pyro_logical_create(profile, &logical, err);
	if (rc == PYRO_RC_NOTFOUND)
		return pyro_page_write(profile, NULL, page, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_page_write(logical, NULL, page, err);
	pyro_profile_destroy(logical);
	return rc;
}

static enum pyro_rc show(const struct pyro_args *args, int fd,
			 const struct pyro_record_result *result, struct pyro_output *page,
			 struct pyro_err *err)
{
	FILE *stream = fd == STDOUT_FILENO ? stdout : stderr;
	bool words = !pyro_args_flag(args, "quiet") && !pyro_args_flag(args, "json");
	struct pyro_err unmapped;
	enum pyro_rc rc = PYRO_RC_OK;

	if (page) {
		rc = write_page(args, result->profile, page, err);
		if (rc == PYRO_RC_OK)
			rc = pyro_output_commit(page, err);
	}
	if (rc == PYRO_RC_OK && pyro_args_flag(args, "json"))
		rc = show_json(result->profile, err);
	if (rc == PYRO_RC_OK && words)
		rc = show_summary(result->profile, fd, stream, err);
	if (words && rc == PYRO_RC_OK)
		fputc('\n', stream);
	show_trouble(&result->trouble);
	if (pyro_args_flag(args, "perf-map") &&
	    pyro_perf_map_check(result->profile, &unmapped) != PYRO_RC_OK)
		show_trouble(&unmapped);
	if (words)
		show_files(result, rc == PYRO_RC_OK ? page : NULL, fd, stream);
	return rc;
}

enum pyro_rc pyro_recording_make(const struct pyro_args *args,
				 const struct pyro_record_options *options, int fd,
				 struct pyro_record_result *ret_result, struct pyro_err *err)
{
	const char *html = pyro_args_text(args, "html");
	struct pyro_output page;
	enum pyro_rc rc;

	*ret_result = (struct pyro_record_result){.profile = NULL};
	if (html) {
		rc = pyro_output_open(html, pyro_args_flag(args, "force"), &page, err);
		if (rc)
			return rc;
	}
	rc = pyro_record(options, ret_result, err);
	if (rc == PYRO_RC_OK) {
		/* From here on a reader who leaves must not take the exit status along. */
		pyro_terminal_ignore_closed_pipes();
		rc = show(args, fd, ret_result, html ? &page : NULL, err);
		pyro_profile_destroy(ret_result->profile);
		ret_result->profile = NULL;
	}
	if (html)
		pyro_output_close(&page);
	return rc;
}
