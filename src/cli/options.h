/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PYRO_CLI_OPTIONS_H
#define PYRO_CLI_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/** What the value of an option is, and so how it is read and completed. */
enum pyro_option_kind {
	PYRO_OPTION_FLAG,     /**< no value */
	PYRO_OPTION_STRING,   /**< any text */
	PYRO_OPTION_PATH,     /**< a file name, not empty */
	PYRO_OPTION_NUMBER,   /**< a whole number: 10, 1k, 1M */
	PYRO_OPTION_PERCENT,  /**< 2, 2%, 0.5% */
	PYRO_OPTION_DURATION, /**< 10 (seconds), 500ms, 10s, 5m, 1h, 1m30s */
	PYRO_OPTION_RATE,     /**< 100, 100Hz, 1k, 1kHz */
	PYRO_OPTION_CHOICE,   /**< one of `choices` */
	PYRO_OPTION_REST,     /**< this and all that follows are operands, untouched (run -m, -c) */
};

/** One option as the table of commands has it. A list of them ends with a row without a name. */
struct pyro_option {
	const char *name; /**< long name without dashes; of a REST option: what follows it */
	char letter;      /**< short name, 0 if none; a REST option has only this one */
	enum pyro_option_kind kind;
	const char *metavar;        /**< what stands for the value in help, e.g. "FILE" */
	const char *help;           /**< a sentence or two, lower case, no full stop at the end */
	const char *const *choices; /**< CHOICE: NULL-terminated */
	double min;                 /**< NUMBER, PERCENT, DURATION (s), RATE: smallest value */
	double max;                 /**< the same: largest value; 0: no limit */
};

/** The value of one option. */
struct pyro_option_value {
	bool given;
	const char *text; /**< as typed; borrowed from argv */
	uint64_t number;  /**< NUMBER; DURATION in ns; index of CHOICE */
	double real; /**< PERCENT in percent; RATE in Hz; the others as a number (DURATION: s) */
};

/** How a command's arguments are to be read. */
struct pyro_option_rules {
	const struct pyro_option *options;
	unsigned int min_operands;
	unsigned int max_operands; /**< PYRO_OPERANDS_ANY: no limit */
	const char *operands;      /**< for messages and help, e.g. "CAPTURE" */
	bool target; /**< the first operand ends the options; the rest is not looked at */
};

#define PYRO_MAX_OPTIONS  32
#define PYRO_OPERANDS_ANY UINT_MAX

/** What was typed, understood. Borrows argv and the table. */
struct pyro_args {
	const char *program; /**< how messages and hints name this program: "pyrometer" */
	const char *command;
	const struct pyro_option *options;
	struct pyro_option_value values[PYRO_MAX_OPTIONS];
	const char **operands; /**< NULL-terminated; owned */
	size_t operand_count;
	bool help; /**< -h or --help was among the options; nothing else was checked */
};

/** Reads @argv (without the program and the command's own name). "--" ends the options;
 *  "--name=value", "--name value", "-nvalue", "-n value" and joined flags are understood; long
 * names are not abbreviated. Errors: USAGE, one line that names what was typed and what to try;
 * NOMEM.
 *  @ret_args is to be deinitialised whatever the result. */
enum pyro_rc pyro_args_parse(const char *command, const struct pyro_option_rules *rules, int argc,
			     char *const *argv, struct pyro_args *ret_args,
			     struct pyro_err *err) PYRO_NODISCARD;
void pyro_args_deinit(struct pyro_args *args);

/* Looking at it, by the long name. An option that was not given, or that the command does not have,
 * is false, NULL or the fallback. */
bool pyro_args_flag(const struct pyro_args *args, const char *name);
const char *pyro_args_text(const struct pyro_args *args, const char *name);
/** NUMBER, DURATION in ns, or the index of a CHOICE. */
uint64_t pyro_args_number(const struct pyro_args *args, const char *name, uint64_t fallback);
/** PERCENT in percent, RATE in Hz. */
double pyro_args_real(const struct pyro_args *args, const char *name, double fallback);
/** NULL when it was not given. */
const struct pyro_option_value *pyro_args_value(const struct pyro_args *args, const char *name);

/** Reads @text as the value of @option. Errors: USAGE as above. */
enum pyro_rc pyro_option_read(const struct pyro_option *option, const char *text,
			      struct pyro_option_value *ret_value,
			      struct pyro_err *err) PYRO_NODISCARD;

#endif
