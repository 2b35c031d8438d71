/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/samples.h"
#include "cli/suggest.h"
#include "cli/terminal.h"
#include "cli/wrap.h"
#include "report/scope.h"

#define NARROW 60

static void list_formats(void)
{
	struct pyro_terminal terminal;
	struct pyro_buf buf;

	pyro_terminal_look(STDOUT_FILENO, &terminal);
	pyro_buf_init(&buf, 1 << 16);
	for (const struct pyro_format *format = pyro_formats; format->name; format++) {
		pyro_buf_add_format(&buf, "%-12s", format->name);
		pyro_wrap_add(&buf, format->description, 12, 12, terminal.width);
		pyro_buf_add_text(&buf, "\n            files:");
		for (size_t i = 0; i < PYRO_COUNT(format->suffixes) && format->suffixes[i]; i++) {
			pyro_buf_add_text(&buf, i && terminal.width < NARROW
							? "\n                   *"
							: " *");
			pyro_buf_add_text(&buf, format->suffixes[i]);
		}
		pyro_buf_add_char(&buf, '\n');
	}
	if (buf.data)
		fputs(buf.data, stdout);
	pyro_buf_deinit(&buf);
}

static enum pyro_rc unknown_format(const char *typed, struct pyro_err *err)
{
	struct pyro_suggest suggest;

	pyro_suggest_init(&suggest, typed);
	for (const struct pyro_format *format = pyro_formats; format->name; format++)
		pyro_suggest_try(&suggest, format->name);
	if (suggest.best)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "convert: there is no format %.64s. Did you mean %s?", typed,
				    suggest.best);
	return pyro_err_set(err, PYRO_RC_USAGE,
			    "convert: there is no format %.64s. Try: pyrometer convert --to list",
			    typed);
}

static enum pyro_rc choose_format(const struct pyro_args *args, const char *path,
				  const struct pyro_format **ret_format, struct pyro_err *err)
{
	const char *name = pyro_args_text(args, "to");

	*ret_format = name ? pyro_format_find(name) : pyro_format_by_path(path);
	if (*ret_format)
		return PYRO_RC_OK;
	if (name)
		return unknown_format(name, err);
	if (strcmp(path, "-") == 0)
		return pyro_err_set(err, PYRO_RC_USAGE,
				    "convert: which format? Try: pyrometer convert %.200s -o - "
				    "--to folded",
				    args->operands[0]);
	return pyro_err_set(err, PYRO_RC_USAGE,
			    "convert: no format ends like %.200s. Try: --to FORMAT; \"--to list\" "
			    "lists them",
			    path);
}

static enum pyro_rc sink_write(void *context, const void *bytes, size_t size, struct pyro_err *err)
{
	return pyro_output_write(context, bytes, size, err);
}

static enum pyro_rc write_output(const struct pyro_args *args, const struct pyro_format *format,
				 struct pyro_capture_reader *reader,
				 const struct pyro_profile *profile, struct pyro_output *output,
				 struct pyro_err *err)
{
	const struct pyro_sample_source source = pyro_capture_source(reader);
	const struct pyro_format_sink sink = {.context = output, .write = sink_write};
	const struct pyro_format_options options = {
		/* As in a report, without its first, which depends on the program. */
		.metric = pyro_scope_metric((enum pyro_report_metric)(
			PYRO_REPORT_WALL + pyro_args_number(args, "mode", 0))),
		.by_line = pyro_args_number(args, "by", 0) == 1,
		.threads = pyro_args_flag(args, "threads"),
	};
	enum pyro_rc rc = format->write(profile, &source, &options, &sink, err);

	if (rc)
		return rc;
	return pyro_output_commit(output, err);
}

static void say_result(const struct pyro_format *format, const struct pyro_output *output,
		       bool complete)
{
	struct pyro_terminal terminal;
	struct pyro_buf text;
	char size[32];

	pyro_terminal_look(STDERR_FILENO, &terminal);
	pyro_buf_init(&text, 1 << 16);
	pyro_buf_add_format(&text, "%s cannot hold: ", format->name);
	pyro_wrap_add(&text, format->lost, text.size, 2, terminal.width);
	pyro_buf_add_char(&text, '\n');
	if (!complete) {
		pyro_wrap_add(&text, "The recording was cut off: all but its last second is there.",
			      0, 2, terminal.width);
		pyro_buf_add_char(&text, '\n');
	}
	if (!output->direct) {
		pyro_output_size_text(output->size, size, sizeof(size));
		pyro_escape_terminal(&text, output->path, strlen(output->path));
		pyro_buf_add_format(&text, " (%s)\n", size);
	}
	if (text.data)
		fputs(text.data, stderr);
	pyro_buf_deinit(&text);
}

static enum pyro_rc convert(const struct pyro_args *args, const char *path, struct pyro_err *err)
{
	struct pyro_capture_reader *reader = NULL;
	struct pyro_profile *profile = NULL;
	const struct pyro_format *format;
	struct pyro_output output;
	enum pyro_rc rc = choose_format(args, path, &format, err);

	if (rc)
		return rc;
	rc = pyro_capture_reader_create(args->operands[0], &reader, err);
	if (rc)
		return rc;
	rc = pyro_capture_reader_profile(reader, &profile, err);
	if (rc == PYRO_RC_OK)
		rc = pyro_output_open(path, pyro_args_flag(args, "force"), &output, err);
	if (rc == PYRO_RC_OK) {
		rc = write_output(args, format, reader, profile, &output, err);
		if (rc == PYRO_RC_OK && !pyro_args_flag(args, "quiet"))
			say_result(format, &output, pyro_capture_reader_complete(reader));
		pyro_output_close(&output);
	}
	pyro_profile_destroy(profile);
	pyro_capture_reader_destroy(reader);
	return rc;
}

int pyro_cmd_convert(const struct pyro_args *args, struct pyro_err *err)
{
	const char *to = pyro_args_text(args, "to");
	const char *path = pyro_args_text(args, "output");
	enum pyro_rc rc;

	if (to && strcmp(to, "list") == 0) {
		list_formats();
		return 0;
	}
	if (args->operand_count == 0)
		rc = pyro_err_set(err, PYRO_RC_USAGE,
				  "convert: CAPTURE is missing. Try: pyrometer convert CAPTURE -o "
				  "FILE");
	else if (!path)
		rc = pyro_err_set(err, PYRO_RC_USAGE,
				  "convert: where to? Try: pyrometer convert %.200s -o "
				  "FILE.speedscope.json",
				  args->operands[0]);
	else
		rc = convert(args, path, err);
	return pyro_rc_exit_status(rc);
}
