/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cli/wrap.h"

#define MAX_WIDTH   80
#define NARROW      60 /* below it, explanations go under what they explain */
#define TERM_COLUMN 24

const char pyro_help_about[] =
	"Pyrometer says where the time of Python programs goes, down to the line, without touching "
	"them: it reads a running CPython (3.8 to 3.15) from outside.";

const struct pyro_help_term pyro_help_statuses[] = {
	{"0", "success; of run: the program's own exit status"},
	{"64", "wrong usage"},
	{"125", "Pyrometer itself failed"},
	{"126", "the program cannot be executed"},
	{"127", "the program was not found"},
	{"128+N", "signal N ended the program"},
	{NULL, NULL},
};

const struct pyro_help_term pyro_help_environment[] = {
	{"NO_COLOR", "when set, no colours"},
	{"FORCE_COLOR", "when set, colours also into pipes"},
	{"COLUMNS", "width of the output"},
	{"PYROMETER_PYTHON",
	 "the interpreter of scripts, -m and -c of run (default: python3, that of VENV for "
	 "VENV/bin/pyrometer)"},
	{"PYROMETER_DEBUG", "when set, debug lines on standard error"},
	{NULL, NULL},
};

struct page {
	struct pyro_buf *buf;
	const struct pyro_terminal *terminal;
	size_t width;
};

static void styled(struct page *page, enum pyro_style style, const char *text)
{
	pyro_buf_add_text(page->buf, pyro_terminal_style(page->terminal, style));
	pyro_buf_add_text(page->buf, text);
	pyro_buf_add_text(page->buf, pyro_terminal_style(page->terminal, PYRO_STYLE_PLAIN));
}

static void heading(struct page *page, const char *text)
{
	pyro_buf_add_char(page->buf, '\n');
	styled(page, PYRO_STYLE_HEAD, text);
	pyro_buf_add_char(page->buf, '\n');
}

/* A name and, in the second column or below it, what it means. */
static void term(struct page *page, const char *name, const char *text, size_t column)
{
	size_t at = 2 + pyro_escape_columns(name, strlen(name));

	pyro_wrap_blanks(page->buf, 2);
	styled(page, PYRO_STYLE_HEAD, name);
	if (page->width < NARROW)
		column = 6;
	if (at + 2 > column) {
		pyro_buf_add_char(page->buf, '\n');
		at = 0;
	}
	pyro_wrap_blanks(page->buf, column - at);
	pyro_wrap_add(page->buf, text, column, column, page->width);
	pyro_buf_add_char(page->buf, '\n');
}

static void paragraphs(struct page *page, const char *text)
{
	pyro_buf_add_char(page->buf, '\n');
	pyro_wrap_add(page->buf, text, 0, 0, page->width);
	pyro_buf_add_char(page->buf, '\n');
}

static struct page open_page(struct pyro_buf *buf, const struct pyro_terminal *terminal)
{
	return (struct page){
		.buf = buf,
		.terminal = terminal,
		.width = terminal->width < MAX_WIDTH ? terminal->width : MAX_WIDTH,
	};
}

static void option_term(struct page *page, const struct pyro_option *option)
{
	char name[64];

	if (option->kind == PYRO_OPTION_REST)
		snprintf(name, sizeof(name), "-%c %s", option->letter, option->metavar);
	else if (option->letter)
		snprintf(name, sizeof(name), "-%c, --%s%s%s", option->letter, option->name,
			 option->metavar ? " " : "", option->metavar ? option->metavar : "");
	else
		snprintf(name, sizeof(name), "    --%s%s%s", option->name,
			 option->metavar ? " " : "", option->metavar ? option->metavar : "");
	term(page, name, option->help, TERM_COLUMN + 2);
}

void pyro_help_all(struct pyro_buf *buf, const struct pyro_terminal *terminal)
{
	struct page page = open_page(buf, terminal);

	pyro_wrap_add(buf, "usage: pyrometer COMMAND [OPTIONS] [ARGUMENTS]", 0, 17, page.width);
	pyro_buf_add_char(buf, '\n');
	paragraphs(&page, pyro_help_about);
	heading(&page, "First steps");
	term(&page, "pyrometer run shop.py", "profile a program, print the summary", 30);
	term(&page, "pyrometer attach 4127", "the same for one that runs already", 30);
	term(&page, "pyrometer view FILE.pyro", "flame graph and source as a page", 30);
	heading(&page, "Commands");
	for (const struct pyro_command *command = pyro_commands; command->name; command++)
		term(&page, command->name, command->summary, 12);
	paragraphs(&page,
		   "\"pyrometer help COMMAND\" explains one; \"pyrometer --version\" says "
		   "which version this is.");
}

void pyro_help_command(struct pyro_buf *buf, const struct pyro_terminal *terminal,
		       const struct pyro_command *command)
{
	struct page page = open_page(buf, terminal);

	for (size_t i = 0; i < PYRO_COUNT(command->synopsis) && command->synopsis[i]; i++) {
		char line[160];

		snprintf(line, sizeof(line), "pyrometer %s %s", command->name,
			 command->synopsis[i]);
		pyro_buf_add_text(buf, i ? "       " : "usage: ");
		pyro_wrap_add(buf, line, 7, 18, page.width);
		pyro_buf_add_char(buf, '\n');
	}
	paragraphs(&page, command->description);
	if (command->rules.options->name) {
		heading(&page, "Options");
		for (const struct pyro_option *option = command->rules.options; option->name;
		     option++)
			option_term(&page, option);
		term(&page, "-h, --help", "show this", TERM_COLUMN + 2);
	}
	heading(&page, "Examples");
	for (const struct pyro_example *example = command->examples; example->line; example++) {
		pyro_wrap_blanks(buf, 2);
		styled(&page, PYRO_STYLE_HEAD, example->line);
		pyro_buf_add_text(buf, "\n      ");
		pyro_wrap_add(buf, example->why, 6, 6, page.width);
		pyro_buf_add_char(buf, '\n');
	}
}
