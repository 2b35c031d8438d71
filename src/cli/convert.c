/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/convert_output.h"
#include "cli/logical.h"
#include "cli/suggest.h"
#include "cli/terminal.h"
#include "cli/wrap.h"
#include "format/sums.h"
#include "profile/logical.h"
#include "report/scope.h"

#define NARROW 60

static void list_format(struct pyro_buf *buf, const struct pyro_format *format, int width)
{
	pyro_buf_add_format(buf, "%-12s", format->name);
	pyro_wrap_add(buf, format->description, 12, 12, width);
	pyro_buf_add_text(buf, "\n            files:");
	for (size_t i = 0; i < PYRO_COUNT(format->suffixes) && format->suffixes[i]; i++) {
		pyro_buf_add_text(buf, i && width < NARROW ? "\n                   *" : " *");
		pyro_buf_add_text(buf, format->suffixes[i]);
	}
	pyro_buf_add_char(buf, '\n');
}

static void list_formats(void)
{
	struct pyro_terminal terminal;
	struct pyro_buf buf;

	pyro_terminal_look(STDOUT_FILENO, &terminal);
	pyro_buf_init(&buf, 1 << 16);
	for (const struct pyro_format *format = pyro_formats; format->name; format++)
		list_format(&buf, format, terminal.width);
	list_format(&buf, &pyro_capture_format, terminal.width);
	pyro_buf_add_text(&buf, "\nRead, besides captures, by what is in them:\n");
	for (const struct pyro_import *import = pyro_imports; import->name; import++) {
		pyro_buf_add_format(&buf, "%-12s", import->name);
		pyro_wrap_add(&buf, import->description, 12, 12, terminal.width);
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
	pyro_suggest_try(&suggest, pyro_capture_format.name);
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
	if (!*ret_format && (name ? strcmp(name, pyro_capture_format.name) == 0
				  : pyro_format_has_suffix(&pyro_capture_format, path)))
		*ret_format = &pyro_capture_format;
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

/* As in a report, without its first, which depends on the program. */
static enum pyro_metric metric_of(const struct pyro_args *args)
{
	return pyro_scope_metric(
		(enum pyro_report_metric)(PYRO_REPORT_WALL + pyro_args_number(args, "mode", 0)));
}

static enum pyro_rc write_format(const struct pyro_args *args, const struct pyro_format *format,
				 const struct pyro_convert_input *input, struct pyro_output *output,
				 struct pyro_err *err)
{
	const struct pyro_format_sink sink = {.context = output, .write = sink_write};
	const struct pyro_format_options options = {
		.metric = metric_of(args),
		.by_line = pyro_args_number(args, "by", 0) == 1,
		.threads = pyro_args_flag(args, "threads"),
	};
	enum pyro_rc rc = format->write(input->profile, &input->source, &options, &sink, err);

	if (rc)
		return rc;
	return pyro_output_commit(output, err);
}

static enum pyro_rc write_output(const struct pyro_args *args, const struct pyro_format *format,
				 struct pyro_convert_input *input, const char *path,
				 struct pyro_output *ret_output, struct pyro_err *err)
{
	const bool force = pyro_args_flag(args, "force");
	enum pyro_rc rc;

	if (format == &pyro_capture_format)
		return pyro_capture_output(path, force, input, ret_output, err);
	rc = pyro_output_open(path, force, ret_output, err);
	if (rc)
		return rc;
	rc = write_format(args, format, input, ret_output, err);
	if (rc)
		pyro_output_close(ret_output);
	return rc;
}

static void say_sentence(struct pyro_buf *text, const char *about, const char *what, int width)
{
	size_t start = text->size;

	if (!*what)
		return;
	pyro_buf_add_text(text, about);
	pyro_wrap_add(text, what, text->size - start, 2, width);
	pyro_buf_add_char(text, '\n');
}

static void say_result(const struct pyro_convert_input *input, const struct pyro_format *format,
		       const struct pyro_output *output)
{
	struct pyro_terminal terminal;
	struct pyro_buf text;
	char about[64], size[32];

	pyro_terminal_look(STDERR_FILENO, &terminal);
	pyro_buf_init(&text, 1 << 17);
	if (input->import) {
		struct pyro_buf notes;

		/* Names of events are the file's. */
		pyro_buf_init(&notes, 1 << 17);
		if (input->imported.notes.data)
			pyro_escape_terminal(&notes, input->imported.notes.data,
					     input->imported.notes.size);
		say_sentence(&text, "", notes.data ? notes.data : "", terminal.width);
		pyro_buf_deinit(&notes);
		snprintf(about, sizeof(about), "%s cannot tell: ", input->import->name);
		say_sentence(&text, about, input->import->lacks, terminal.width);
	}
	snprintf(about, sizeof(about), "%s cannot hold: ", format->name);
	say_sentence(&text, about, format->lost, terminal.width);
	if (pyro_logical_is(input->profile))
		say_sentence(&text, "",
			     "By tasks there are sums alone: their stacks are in no order of time.",
			     terminal.width);
	if (!input->complete)
		say_sentence(&text, "",
			     "The recording was cut off: all but its last second is there.",
			     terminal.width);
	if (!output->direct) {
		pyro_output_size_text(output->size, size, sizeof(size));
		pyro_escape_terminal(&text, output->path, strlen(output->path));
		pyro_buf_add_format(&text, " (%s)\n", size);
	}
	if (text.data)
		fputs(text.data, stderr);
	pyro_buf_deinit(&text);
}

/* By tasks there are sums alone: these take the place of the samples, which are of threads. */
static enum pyro_rc by_tasks(const struct pyro_args *args, struct pyro_convert_input *input,
			     struct pyro_sums **ret_sums, struct pyro_err *err)
{
	enum pyro_rc rc;

	if (!pyro_args_flag(args, "async"))
		return PYRO_RC_OK;
	rc = pyro_logical_apply(args, &input->profile, err);
	if (!rc)
		rc = pyro_sums_create(input->profile, metric_of(args), ret_sums, err);
	if (!rc)
		input->source = pyro_sums_source(*ret_sums);
	return rc;
}

static enum pyro_rc convert(const struct pyro_args *args, const char *path, struct pyro_err *err)
{
	const struct pyro_format *format;
	struct pyro_convert_input input;
	struct pyro_output output;
	struct pyro_sums *sums = NULL;
	enum pyro_rc rc = choose_format(args, path, &format, err);

	if (rc)
		return rc;
	rc = pyro_convert_input_open(args->operands[0], &input, err);
	if (rc)
		return rc;
	rc = by_tasks(args, &input, &sums, err);
	if (rc == PYRO_RC_OK)
		rc = write_output(args, format, &input, path, &output, err);
	if (rc == PYRO_RC_OK) {
		if (!pyro_args_flag(args, "quiet"))
			say_result(&input, format, &output);
		pyro_output_close(&output);
	}
	pyro_sums_destroy(sums);
	pyro_convert_input_close(&input);
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
		rc = pyro_err_set(
			err, PYRO_RC_USAGE,
			"convert: what is to be converted? Try: pyrometer convert CAPTURE -o "
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
