/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "cli/suggest.h"

struct parser {
	const struct pyro_option_rules *rules;
	int argc;
	char *const *argv;
	int at;
	struct pyro_args *args;
	struct pyro_err *err;
};

static const struct pyro_option *find_long(const struct pyro_option *options, const char *name,
					   size_t size)
{
	for (; options->name; options++) {
		if (options->kind != PYRO_OPTION_REST && strlen(options->name) == size &&
		    memcmp(options->name, name, size) == 0)
			return options;
	}
	return NULL;
}

static const struct pyro_option *find_short(const struct pyro_option *options, char letter)
{
	for (; options->name; options++) {
		if (options->letter && options->letter == letter)
			return options;
	}
	return NULL;
}

static enum pyro_rc unknown_long(struct parser *parser, const char *typed, size_t size)
{
	const char *command = parser->args->command;
	PYRO_AUTO_FREE char *name = strndup(typed, size);
	struct pyro_suggest suggest;

	if (!name)
		return pyro_err_set(parser->err, PYRO_RC_NOMEM, "out of memory");
	pyro_suggest_init(&suggest, name);
	for (const struct pyro_option *option = parser->rules->options; option->name; option++) {
		if (option->kind != PYRO_OPTION_REST)
			pyro_suggest_try(&suggest, option->name);
	}
	if (suggest.best)
		return pyro_err_set(parser->err, PYRO_RC_USAGE,
				    "%s: there is no option --%.64s. Did you mean --%s?", command,
				    name, suggest.best);
	return pyro_err_set(parser->err, PYRO_RC_USAGE,
			    "%s: there is no option --%.64s. Try: pyrometer %s --help", command,
			    name, command);
}

static enum pyro_rc unknown_short(struct parser *parser, const char *word, char letter)
{
	const char *command = parser->args->command;

	/* Options of the interpreter itself need the interpreter in front of them. */
	if (parser->rules->target)
		return pyro_err_set(
			parser->err, PYRO_RC_USAGE,
			"%s: there is no option -%c. Options of Python go after it: pyrometer %s "
			"python3 %.32s …",
			command, letter, command, word);
	return pyro_err_set(parser->err, PYRO_RC_USAGE,
			    "%s: there is no option -%c. Try: pyrometer %s --help", command, letter,
			    command);
}

static enum pyro_rc set(struct parser *parser, const struct pyro_option *option, const char *text)
{
	struct pyro_option_value value;
	enum pyro_rc rc = pyro_option_read(option, text, &value, parser->err);

	if (rc)
		return pyro_err_prefix(parser->err, rc, "%s", parser->args->command);
	parser->args->values[option - parser->rules->options] = value;
	return PYRO_RC_OK;
}

static enum pyro_rc next_word(struct parser *parser, const struct pyro_option *option,
			      const char **ret_text)
{
	if (parser->at >= parser->argc)
		return pyro_err_set(parser->err, PYRO_RC_USAGE,
				    "%s: --%s needs a value. Try: --%s %s", parser->args->command,
				    option->name, option->name, option->metavar);
	*ret_text = parser->argv[parser->at++];
	return PYRO_RC_OK;
}

static enum pyro_rc parse_long(struct parser *parser, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t size = equals ? (size_t)(equals - word) : strlen(word);
	const struct pyro_option *option = find_long(parser->rules->options, word, size);
	const char *text = "";
	enum pyro_rc rc;

	if (!option && size == 4 && memcmp(word, "help", 4) == 0) {
		parser->args->help = true;
		return PYRO_RC_OK;
	}
	if (!option)
		return unknown_long(parser, word, size);
	if (option->kind == PYRO_OPTION_FLAG && equals)
		return pyro_err_set(parser->err, PYRO_RC_USAGE,
				    "%s: --%s takes no value, not even %.64s",
				    parser->args->command, option->name, equals + 1);
	if (equals)
		return set(parser, option, equals + 1);
	if (option->kind != PYRO_OPTION_FLAG) {
		rc = next_word(parser, option, &text);
		if (rc)
			return rc;
	}
	return set(parser, option, text);
}

/* -q, -qj, -r100, -r 100. *ret_rest: the word is a REST option, it and what follows are operands.
 */
static enum pyro_rc parse_short(struct parser *parser, const char *word, bool *ret_rest)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct pyro_option *option = find_short(parser->rules->options, *letter);
		const char *text;
		enum pyro_rc rc;

		if (!option && *letter == 'h') {
			parser->args->help = true;
			return PYRO_RC_OK;
		}
		if (!option || (option->kind == PYRO_OPTION_REST && letter != word + 1))
			return unknown_short(parser, word, *letter);
		if (option->kind == PYRO_OPTION_REST) {
			if (!letter[1] && parser->at >= parser->argc)
				return pyro_err_set(parser->err, PYRO_RC_USAGE,
						    "%s: -%c needs a value. Try: -%c %s",
						    parser->args->command, option->letter,
						    option->letter, option->metavar);
			*ret_rest = true;
			return PYRO_RC_OK;
		}
		if (option->kind == PYRO_OPTION_FLAG) {
			rc = set(parser, option, "");
			if (rc)
				return rc;
			continue;
		}
		text = letter + 1;
		if (!*text) {
			rc = next_word(parser, option, &text);
			if (rc)
				return rc;
		}
		return set(parser, option, text);
	}
	return PYRO_RC_OK;
}

static void take_operand(struct parser *parser, const char *word)
{
	parser->args->operands[parser->args->operand_count++] = word;
}

static void take_rest(struct parser *parser)
{
	while (parser->at < parser->argc)
		take_operand(parser, parser->argv[parser->at++]);
}

static enum pyro_rc check_operands(const struct parser *parser)
{
	const struct pyro_option_rules *rules = parser->rules;
	const struct pyro_args *args = parser->args;

	if (args->operand_count < rules->min_operands)
		return pyro_err_set(parser->err, PYRO_RC_USAGE,
				    "%s: %s is missing. Try: pyrometer %s %s", args->command,
				    args->operand_count ? "an argument" : rules->operands,
				    args->command, rules->operands);
	if (args->operand_count > rules->max_operands)
		return pyro_err_set(parser->err, PYRO_RC_USAGE,
				    "%s: one argument too many: %.64s. Try: pyrometer %s %s",
				    args->command, args->operands[rules->max_operands],
				    args->command, rules->operands);
	return PYRO_RC_OK;
}

enum pyro_rc pyro_args_parse(const char *command, const struct pyro_option_rules *rules, int argc,
			     char *const *argv, struct pyro_args *ret_args, struct pyro_err *err)
{
	struct parser parser = {
		.rules = rules, .argc = argc, .argv = argv, .args = ret_args, .err = err};

	*ret_args = (struct pyro_args){
		.program = "pyrometer", .command = command, .options = rules->options};
	ret_args->operands = calloc((size_t)argc + 1, sizeof(*ret_args->operands));
	if (!ret_args->operands)
		return pyro_err_set(err, PYRO_RC_NOMEM, "out of memory");

	while (parser.at < argc && !ret_args->help) {
		const char *word = argv[parser.at++];
		bool rest = false;
		enum pyro_rc rc = PYRO_RC_OK;

		if (strcmp(word, "--") == 0) {
			take_rest(&parser);
		} else if (strncmp(word, "--", 2) == 0) {
			rc = parse_long(&parser, word + 2);
		} else if (word[0] == '-' && word[1]) {
			rc = parse_short(&parser, word, &rest);
		} else {
			take_operand(&parser, word);
			if (rules->target)
				take_rest(&parser);
		}
		if (rest) {
			parser.at--;
			take_rest(&parser);
		}
		if (rc)
			return rc;
	}
	return ret_args->help ? PYRO_RC_OK : check_operands(&parser);
}

void pyro_args_deinit(struct pyro_args *args)
{
	free(args->operands);
	args->operands = NULL;
	args->operand_count = 0;
}

const struct pyro_option_value *pyro_args_value(const struct pyro_args *args, const char *name)
{
	for (size_t i = 0; args->options[i].name; i++) {
		if (args->options[i].kind != PYRO_OPTION_REST &&
		    strcmp(args->options[i].name, name) == 0)
			return args->values[i].given ? &args->values[i] : NULL;
	}
	return NULL;
}

bool pyro_args_flag(const struct pyro_args *args, const char *name)
{
	return pyro_args_value(args, name) != NULL;
}

const char *pyro_args_text(const struct pyro_args *args, const char *name)
{
	const struct pyro_option_value *value = pyro_args_value(args, name);

	return value ? value->text : NULL;
}

uint64_t pyro_args_number(const struct pyro_args *args, const char *name, uint64_t fallback)
{
	const struct pyro_option_value *value = pyro_args_value(args, name);

	return value ? value->number : fallback;
}

double pyro_args_real(const struct pyro_args *args, const char *name, double fallback)
{
	const struct pyro_option_value *value = pyro_args_value(args, name);

	return value ? value->real : fallback;
}
