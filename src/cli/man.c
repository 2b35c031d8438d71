/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "cli/help.h"

/* Text for roff: a backslash is an escape, a dash would become a hyphen that cannot be searched for
 * or pasted, and a dot or quote at the start of a line would be a request. */
static void text(struct pyro_buf *buf, const char *words)
{
	bool line_start = true;

	for (; *words; words++) {
		if (line_start && (*words == '.' || *words == '\''))
			pyro_buf_add_text(buf, "\\&");
		line_start = *words == '\n';
		if (*words == '\\')
			pyro_buf_add_text(buf, "\\e");
		else if (*words == '-')
			pyro_buf_add_text(buf, "\\-");
		else
			pyro_buf_add_char(buf, *words);
	}
}

static void line(struct pyro_buf *buf, const char *words)
{
	text(buf, words);
	pyro_buf_add_char(buf, '\n');
}

/* A request and its argument, bold. */
static void bold_term(struct pyro_buf *buf, const char *words)
{
	pyro_buf_add_text(buf, ".TP\n\\fB");
	text(buf, words);
	pyro_buf_add_text(buf, "\\fR\n");
}

static void head(struct pyro_buf *buf, const char *command, const char *summary)
{
	pyro_buf_add_text(buf, ".TH \"PYROMETER");
	for (const char *c = command; *c; c++) {
		if (c == command)
			pyro_buf_add_text(buf, "\\-");
		pyro_buf_add_char(buf, (char)toupper((unsigned char)*c));
	}
	pyro_buf_add_text(buf, "\" \"1\" \"\" \"Pyrometer " PYRO_VERSION
			       "\" \"Pyrometer\"\n"
			       ".nh\n.ad l\n.SH NAME\npyrometer");
	if (*command) {
		pyro_buf_add_text(buf, "\\-");
		text(buf, command);
	}
	pyro_buf_add_text(buf, " \\- ");
	line(buf, summary);
}

static void paragraphs(struct pyro_buf *buf, const char *words)
{
	while (*words) {
		const char *end = strstr(words, "\n\n");
		size_t size = end ? (size_t)(end - words) : strlen(words);
		PYRO_AUTO_FREE char *copy = strndup(words, size);

		if (!copy) {
			buf->failed = true;
			return;
		}
		pyro_buf_add_text(buf, ".PP\n");
		line(buf, copy);
		words += end ? size + 2 : size;
	}
}

static void terms(struct pyro_buf *buf, const char *heading, const struct pyro_help_term *term)
{
	pyro_buf_add_text(buf, ".SH ");
	line(buf, heading);
	for (; term->name; term++) {
		bold_term(buf, term->name);
		line(buf, term->text);
	}
}

static void option_entry(struct pyro_buf *buf, const struct pyro_option *option)
{
	pyro_buf_add_text(buf, ".TP\n");
	if (option->letter)
		pyro_buf_add_format(buf, "\\fB\\-%c\\fR", option->letter);
	if (option->letter && option->kind != PYRO_OPTION_REST)
		pyro_buf_add_text(buf, ", ");
	if (option->kind != PYRO_OPTION_REST) {
		pyro_buf_add_text(buf, "\\fB\\-\\-");
		text(buf, option->name);
		pyro_buf_add_text(buf, "\\fR");
	}
	if (option->metavar)
		pyro_buf_add_format(buf, " \\fI%s\\fR", option->metavar);
	pyro_buf_add_char(buf, '\n');
	pyro_buf_add_char(buf, (char)toupper((unsigned char)option->help[0]));
	text(buf, option->help + 1);
	pyro_buf_add_text(buf, ".\n");
}

void pyro_man_command(struct pyro_buf *buf, const struct pyro_command *command)
{
	head(buf, command->name, command->summary);
	pyro_buf_add_text(buf, ".SH SYNOPSIS\n");
	for (size_t i = 0; i < PYRO_COUNT(command->synopsis) && command->synopsis[i]; i++) {
		if (i)
			pyro_buf_add_text(buf, ".br\n");
		pyro_buf_add_format(buf, "\\fBpyrometer %s\\fR ", command->name);
		line(buf, command->synopsis[i]);
	}
	pyro_buf_add_text(buf, ".SH DESCRIPTION\n");
	paragraphs(buf, command->description);
	pyro_buf_add_text(buf, ".SH OPTIONS\n");
	for (const struct pyro_option *option = command->rules.options; option->name; option++)
		option_entry(buf, option);
	pyro_buf_add_text(buf,
			  ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nShow a summary of this.\n"
			  ".SH EXAMPLES\n");
	for (const struct pyro_example *example = command->examples; example->line; example++) {
		bold_term(buf, example->line);
		line(buf, example->why);
	}
	pyro_buf_add_text(buf, ".SH SEE ALSO\n\\fBpyrometer\\fR(1)\n");
}

void pyro_man_all(struct pyro_buf *buf)
{
	head(buf, "", "say where the time of Python programs goes");
	pyro_buf_add_text(buf,
			  ".SH SYNOPSIS\n\\fBpyrometer\\fR \\fICOMMAND\\fR [OPTIONS] "
			  "[ARGUMENTS]\n.br\n\\fBpyrometer \\-\\-version\\fR\n"
			  ".SH DESCRIPTION\n");
	paragraphs(buf, pyro_help_about);
	pyro_buf_add_text(buf, ".SH COMMANDS\n");
	for (const struct pyro_command *command = pyro_commands; command->name; command++) {
		bold_term(buf, command->name);
		text(buf, command->summary);
		pyro_buf_add_format(buf, "; see \\fBpyrometer\\-%s\\fR(1)\n", command->name);
	}
	terms(buf, "EXIT STATUS", pyro_help_statuses);
	terms(buf, "ENVIRONMENT", pyro_help_environment);
}
