/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "cli/help.h"

/* What the first argument of a command is, as its table row names it. */
enum operand {
	OPERAND_FILE,
	OPERAND_CAPTURE,
	OPERAND_PID,
	OPERAND_COMMAND,
	OPERAND_NONE
};

static enum operand operand_of(const struct pyro_command *command)
{
	const char *text = command->rules.operands;

	if (strncmp(text, "CAPTURE", 7) == 0)
		return OPERAND_CAPTURE;
	if (strcmp(text, "PID") == 0)
		return OPERAND_PID;
	if (strcmp(text, "[COMMAND]") == 0)
		return OPERAND_COMMAND;
	return *text ? OPERAND_FILE : OPERAND_NONE;
}

static void names(struct pyro_buf *buf)
{
	bool first = true;

	for (const struct pyro_command *command = pyro_commands; command->name; command++) {
		pyro_buf_add_format(buf, "%s%s", first ? "" : " ", command->name);
		first = false;
	}
}

static void choices(struct pyro_buf *buf, const struct pyro_option *option)
{
	for (size_t i = 0; option->choices[i]; i++)
		pyro_buf_add_format(buf, "%s%s", i ? " " : "", option->choices[i]);
}

/* @text inside single quotes of a shell whose way to write a quote there is @quote; characters in
 * @special get a backslash. */
static void quoted(struct pyro_buf *buf, const char *text, const char *quote, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			pyro_buf_add_text(buf, quote);
			continue;
		}
		if (strchr(special, *text))
			pyro_buf_add_char(buf, '\\');
		pyro_buf_add_char(buf, *text);
	}
}

static void bash_pattern(struct pyro_buf *buf, const struct pyro_option *option)
{
	if (option->letter)
		pyro_buf_add_format(buf, "-%c|", option->letter);
	pyro_buf_add_format(buf, "--%s)", option->name);
}

static void bash_values(struct pyro_buf *buf, const struct pyro_option *option)
{
	pyro_buf_add_text(buf, "\t\t");
	bash_pattern(buf, option);
	if (option->kind == PYRO_OPTION_PATH) {
		pyro_buf_add_text(buf, " compopt -o filenames; _pyrometer_reply -f ;;\n");
	} else if (option->kind == PYRO_OPTION_CHOICE) {
		pyro_buf_add_text(buf, " _pyrometer_reply -W '");
		choices(buf, option);
		pyro_buf_add_text(buf, "' ;;\n");
	} else {
		pyro_buf_add_text(buf, " compopt +o default ;;\n");
	}
}

static void bash_operand(struct pyro_buf *buf, enum operand operand)
{
	switch (operand) {
	case OPERAND_CAPTURE:
		pyro_buf_add_text(buf,
				  "compopt -o filenames -o plusdirs; "
				  "_pyrometer_reply -f -X '!*.pyro'");
		break;
	case OPERAND_PID:
		pyro_buf_add_text(buf, "_pyrometer_reply -W \"$(pgrep python 2>/dev/null)\"");
		break;
	case OPERAND_COMMAND:
		pyro_buf_add_text(buf, "_pyrometer_reply -W '");
		names(buf);
		pyro_buf_add_char(buf, '\'');
		break;
	case OPERAND_NONE:
		pyro_buf_add_text(buf, "compopt +o default");
		break;
	case OPERAND_FILE:
		pyro_buf_add_text(buf, ":");
		break;
	}
	pyro_buf_add_text(buf, " ;;\n");
}

static void bash_command(struct pyro_buf *buf, const struct pyro_command *command)
{
	const struct pyro_option *option;

	pyro_buf_add_format(buf, "\t%s)\n", command->name);
	if (command->rules.target) {
		/* What follows the program is its own business. */
		pyro_buf_add_text(buf,
				  "\t\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
				  "\t\t\tcase ${COMP_WORDS[i]} in\n"
				  "\t\t\t");
		for (option = command->rules.options; option->name; option++) {
			if (option->kind == PYRO_OPTION_FLAG || option->kind == PYRO_OPTION_REST)
				continue;
			if (option->letter)
				pyro_buf_add_format(buf, "-%c|", option->letter);
			pyro_buf_add_format(buf, "--%s|", option->name);
		}
		pyro_buf_add_text(buf,
				  "'=') ((i++)) ;;\n\t\t\t-m|-c|--|[!-]*) return ;;\n"
				  "\t\t\tesac\n\t\tdone\n");
	}
	pyro_buf_add_text(buf, "\t\tcase $previous in\n");
	for (option = command->rules.options; option->name; option++) {
		if (option->kind != PYRO_OPTION_FLAG && option->kind != PYRO_OPTION_REST)
			bash_values(buf, option);
	}
	pyro_buf_add_text(buf, "\t\t*) case $current in\n\t\t\t-*) _pyrometer_reply -W '");
	for (option = command->rules.options; option->name; option++) {
		if (option->kind == PYRO_OPTION_REST)
			pyro_buf_add_format(buf, "-%c ", option->letter);
		else
			pyro_buf_add_format(buf, "--%s ", option->name);
	}
	pyro_buf_add_text(buf, "--help' ;;\n\t\t\t*) ");
	bash_operand(buf, operand_of(command));
	pyro_buf_add_text(buf, "\t\t\tesac ;;\n\t\tesac ;;\n");
}

void pyro_completion_bash(struct pyro_buf *buf)
{
	pyro_buf_add_text(buf,
			  "# bash completion of pyrometer\n"
			  "_pyrometer_reply()\n{\n"
			  "\tmapfile -t COMPREPLY < <(compgen \"$@\" -- \"$current\")\n}\n"
			  "_pyrometer()\n{\n"
			  "\tlocal current=${COMP_WORDS[COMP_CWORD]}\n"
			  "\tlocal previous=${COMP_WORDS[COMP_CWORD-1]}\n"
			  "\tlocal i\n"
			  "\tCOMPREPLY=()\n"
			  "\tif ((COMP_CWORD == 1)); then\n"
			  "\t\t_pyrometer_reply -W '");
	names(buf);
	pyro_buf_add_text(buf,
			  " --help --version'\n\t\treturn\n\tfi\n"
			  "\tcase ${COMP_WORDS[1]} in\n");
	for (const struct pyro_command *command = pyro_commands; command->name; command++)
		bash_command(buf, command);
	pyro_buf_add_text(buf, "\tesac\n}\ncomplete -o default -F _pyrometer pyrometer\n");
}

#define ZSH_QUOTE "'\\''"

static void zsh_option(struct pyro_buf *buf, const struct pyro_option *option)
{
	pyro_buf_add_text(buf, " \\\n\t\t\t");
	if (option->kind == PYRO_OPTION_REST)
		pyro_buf_add_format(buf, "'(-)-%c[", option->letter);
	else if (option->letter)
		pyro_buf_add_format(buf, "'(-%c --%s)'{-%c,--%s}'[", option->letter, option->name,
				    option->letter, option->name);
	else
		pyro_buf_add_format(buf, "'--%s[", option->name);
	quoted(buf, option->help, ZSH_QUOTE, "[]:\\");
	pyro_buf_add_char(buf, ']');
	if (option->metavar)
		pyro_buf_add_format(buf, ":%s:", option->metavar);
	if (option->kind == PYRO_OPTION_PATH) {
		pyro_buf_add_text(buf, "_files");
	} else if (option->kind == PYRO_OPTION_CHOICE) {
		pyro_buf_add_char(buf, '(');
		choices(buf, option);
		pyro_buf_add_char(buf, ')');
	} else if (option->metavar) {
		pyro_buf_add_char(buf, ' ');
	}
	pyro_buf_add_char(buf, '\'');
}

static void zsh_operand(struct pyro_buf *buf, const struct pyro_command *command)
{
	pyro_buf_add_text(buf, " \\\n\t\t\t");
	switch (operand_of(command)) {
	case OPERAND_CAPTURE:
		pyro_buf_add_text(buf, "'1:capture:_files -g \"*.pyro\"'");
		break;
	case OPERAND_PID:
		pyro_buf_add_text(buf, "'1:process:_pids'");
		break;
	case OPERAND_COMMAND:
		pyro_buf_add_text(buf, "'1:command:(");
		names(buf);
		pyro_buf_add_text(buf, ")'");
		break;
	case OPERAND_FILE:
		pyro_buf_add_text(buf, "'*::program:_files'");
		break;
	case OPERAND_NONE:
		pyro_buf_add_text(buf, "'*: :'");
		break;
	}
	pyro_buf_add_text(buf, " ;;\n");
}

void pyro_completion_zsh(struct pyro_buf *buf)
{
	const struct pyro_command *command;

	pyro_buf_add_text(buf,
			  "#compdef pyrometer\n"
			  "_pyrometer() {\n"
			  "\tlocal -a commands=(\n");
	for (command = pyro_commands; command->name; command++) {
		pyro_buf_add_format(buf, "\t\t'%s:", command->name);
		quoted(buf, command->summary, ZSH_QUOTE, ":\\");
		pyro_buf_add_text(buf, "'\n");
	}
	pyro_buf_add_text(buf,
			  "\t)\n"
			  "\tif (( CURRENT == 2 )); then\n"
			  "\t\t_describe -t commands command commands\n"
			  "\t\treturn\n"
			  "\tfi\n"
			  "\tshift words\n"
			  "\t(( CURRENT-- ))\n"
			  "\tcase $words[1] in\n");
	for (command = pyro_commands; command->name; command++) {
		pyro_buf_add_format(buf, "\t%s)\n\t\t_arguments -s%s", command->name,
				    command->rules.target ? " -A '-*'" : "");
		for (const struct pyro_option *option = command->rules.options; option->name;
		     option++)
			zsh_option(buf, option);
		pyro_buf_add_text(buf, " \\\n\t\t\t'(-h --help)'{-h,--help}'[show help]'");
		zsh_operand(buf, command);
	}
	pyro_buf_add_text(buf,
			  "\tesac\n}\nif [ \"$funcstack[1]\" = _pyrometer ]; then\n"
			  "\t_pyrometer \"$@\"\nelse\n\tcompdef _pyrometer pyrometer\nfi\n");
}

#define FISH_QUOTE "\\'"

static void fish_option(struct pyro_buf *buf, const char *command, const struct pyro_option *option)
{
	pyro_buf_add_format(buf, "complete -c pyrometer -n '__fish_seen_subcommand_from %s'",
			    command);
	if (option->letter)
		pyro_buf_add_format(buf, " -s %c", option->letter);
	if (option->kind != PYRO_OPTION_REST)
		pyro_buf_add_format(buf, " -l %s", option->name);
	if (option->kind == PYRO_OPTION_PATH) {
		pyro_buf_add_text(buf, " -r -F");
	} else if (option->kind == PYRO_OPTION_CHOICE) {
		pyro_buf_add_text(buf, " -x -a '");
		choices(buf, option);
		pyro_buf_add_char(buf, '\'');
	} else if (option->metavar) {
		pyro_buf_add_text(buf, " -x");
	}
	pyro_buf_add_text(buf, " -d '");
	quoted(buf, option->help, FISH_QUOTE, "\\");
	pyro_buf_add_text(buf, "'\n");
}

static void fish_operand(struct pyro_buf *buf, const struct pyro_command *command)
{
	enum operand operand = operand_of(command);

	if (operand == OPERAND_FILE)
		return;
	pyro_buf_add_format(buf, "complete -c pyrometer -n '__fish_seen_subcommand_from %s'",
			    command->name);
	if (operand == OPERAND_CAPTURE)
		pyro_buf_add_text(buf, " -k -x -a '(__fish_complete_suffix .pyro)'\n");
	else if (operand == OPERAND_PID)
		pyro_buf_add_text(buf, " -x -a '(__fish_complete_pids)'\n");
	else if (operand == OPERAND_NONE)
		pyro_buf_add_text(buf, " -f\n");
	else {
		pyro_buf_add_text(buf, " -x -a '");
		names(buf);
		pyro_buf_add_text(buf, "'\n");
	}
}

void pyro_completion_fish(struct pyro_buf *buf)
{
	const struct pyro_command *command;

	pyro_buf_add_text(buf,
			  "# fish completion of pyrometer\n"
			  "complete -c pyrometer -n __fish_use_subcommand -l version "
			  "-d 'say which version this is'\n"
			  "complete -c pyrometer -s h -l help -d 'show help'\n");
	for (command = pyro_commands; command->name; command++) {
		pyro_buf_add_format(buf,
				    "complete -c pyrometer -f -n __fish_use_subcommand -a %s -d '",
				    command->name);
		quoted(buf, command->summary, FISH_QUOTE, "\\");
		pyro_buf_add_text(buf, "'\n");
		for (const struct pyro_option *option = command->rules.options; option->name;
		     option++)
			fish_option(buf, command->name, option);
		fish_operand(buf, command);
	}
}
